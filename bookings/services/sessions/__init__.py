"""Every write to open sessions and their places (ADR 49)."""
