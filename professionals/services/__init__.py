"""Every write about who people are. Other apps import from here."""
