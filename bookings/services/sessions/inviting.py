"""New open sessions are told to whoever asked for invitations: one email a person for all that is planned on one day (ADR 58)."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from bookings import rules
from bookings.models import OpenSession
from ctac.uk import days_before, uk_day
from notifications.models import Notification
from notifications.services.writing import notify
from notifications.topics import Topic
from professionals.services.wishes import who_asked

KIND = "session-invitation"
OF_USE_FOR = timedelta(days=7)


def invite(planned: Sequence[OpenSession], now: datetime) -> int:
    """Due tomorrow morning, so that what was planned by mistake can be put right. How many are told.

    Nobody twice of one day.
    """
    if not planned:
        return 0
    due = days_before(now, -1, rules.REMINDER_AT).astimezone(UTC)
    about = f"invited:{uk_day(now).isoformat()}"
    told = set(Notification.objects.filter(kind=KIND, about=about).values_list("recipient", flat=True))
    # Sessions are online, so it is the same for everybody who asked, wherever they work.
    asked = [person.email for person in who_asked(Topic.INVITATIONS) if person.email not in told]
    notify(kind=KIND, about=about, to=asked, now=now, due_at=due, expires_at=due + OF_USE_FOR)
    return len(asked)
