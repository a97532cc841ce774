"""As whom the site is scanned. Both are of the sample data."""

PROFESSIONAL, STAFF = "asha.patel@leeds.nhs.uk", "staff@ctac.test"
