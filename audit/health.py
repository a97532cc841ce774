"""Whether the audit goes on, for /readyz."""

from django.utils import timezone

from audit.services import first_of_month, month_after, months_there


def audit() -> str:
    """What is wrong: without a table for the month nothing can be done on the staff site, so it is told half a year before."""
    ahead = month_after(first_of_month(timezone.now()), 6)
    return "" if ahead in months_there() else f"the audit has no table for {ahead:%Y-%m}: does beat run?"
