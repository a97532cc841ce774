"""How soon the team answers who asks: what waits longer a manager is told of, and it stands out on the first staff page."""

from datetime import datetime, time, timedelta

from ctac.uk import uk_datetime, uk_day
from ctac.working_days import OURS, before_working_days

WITHIN_WORKING_DAYS = 2


def asked_too_long_ago(now: datetime) -> datetime:
    """What was asked before then waits too long. A request of a weekend counts from the working day after it."""
    last = before_working_days(uk_day(now), WITHIN_WORKING_DAYS, OURS)
    return uk_datetime(last + timedelta(days=1), time.min)
