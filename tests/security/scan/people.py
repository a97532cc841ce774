"""As whom the site is scanned. Both are of the sample data."""

PROFESSIONAL, STAFF = "nadia.rahman@leeds.nhs.uk", "staff@ctac.test"
