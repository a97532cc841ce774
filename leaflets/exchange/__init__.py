"""Orders, the stock list and the catalogue as spreadsheets, and back (ADR 47)."""
