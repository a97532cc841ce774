"""New open sessions are told to whoever asked for invitations: one email a person for all that is planned on one day (ADR 58)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bookings import rules
from bookings.models import OpenSession
from ctac.uk import days_before, uk_day
from notifications.services import notify_found
from notifications.topics import Topic
from professionals.services.wishes import WHO_ASKED

KIND = "session-invitation"
OF_USE_FOR = timedelta(days=7)
# Sessions are online, so it is the same for everybody who asked, wherever they work.
READERS = f"""
    {WHO_ASKED}, found AS (
        SELECT concat('invited:', %(day)s::text) AS about, asked.email AS recipient,
            %(due)s::timestamptz AS due_at, %(expires)s::timestamptz AS expires_at
        FROM asked
    )
"""  # noqa: S608 - constant


def invite(planned: Sequence[OpenSession], now: datetime) -> int:
    """Due tomorrow morning, so that what was planned by mistake can be put right. One statement; how many are told.

    Nobody twice of one day.
    """
    if not planned:
        return 0
    due = days_before(now, -1, rules.REMINDER_AT).astimezone(UTC)
    values = {"topic": Topic.INVITATIONS, "day": uk_day(now).isoformat(), "due": due, "expires": due + OF_USE_FOR}
    return notify_found(kind=KIND, found=READERS, values=values, now=now, own=["due_at", "expires_at"])
