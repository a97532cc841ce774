"""Whether the audit goes on, for /readyz."""

from django.db import connection

# By the database's clock, which is the one that rows go by.
HALF_A_YEAR_AHEAD = """
SELECT to_char(ahead, 'YYYY-MM') FROM (SELECT now() AT TIME ZONE 'UTC' + interval '6 months' AS ahead) AS later
WHERE to_regclass(audit_month(ahead::date)) IS NULL
"""


def audit() -> str:
    """What is wrong: without a table for the month nothing can be done on the staff site, so it is told half a year before."""
    with connection.cursor() as cursor:
        cursor.execute(HALF_A_YEAR_AHEAD)
        missing = cursor.fetchone()
    return f"the audit has no table for {missing[0]}: does beat run?" if missing else ""
