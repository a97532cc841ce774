"""How every model field is classified; each app's privacy.py has the table, tests/test_consistency.py keeps it whole."""

NONE = "none"
PERSONAL = "personal"
FREE_TEXT = "free text"
