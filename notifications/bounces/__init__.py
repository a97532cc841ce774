"""Reading what comes back: reports by email, and what a mail provider tells (ADR 3)."""
