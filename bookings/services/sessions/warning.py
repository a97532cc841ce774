"""A session that is soon and that nobody gives: everybody with a place hears that it may not take place, and the team hears that.

From 9am UK time on our office's working day before it; of what loses its presenter later than that, half an hour after, in
which the team may find somebody. Run every few minutes: each is told once, until somebody gives it or it is moved, and who
takes a place meanwhile is told too. Who gives it then makes them told that it takes place (changing.assign_presenter).
"""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from bookings import rules
from bookings.models import OpenSession, PlaceState, SessionEventKind
from bookings.services.reminding import version_of
from bookings.services.sessions.locking import lock_session
from bookings.services.telling import tell_once
from ctac.uk import uk_datetime, uk_day
from ctac.working_days import OURS, before_working_days
from notifications.models import Notification
from notifications.services.writing import About, notify

logger = logging.getLogger(__name__)
PEOPLE, TEAM = "session-unsure", "staff-session-unsure"
AHEAD = timedelta(days=14)  # no two working days are further apart


def warn_of_sessions(*, now: datetime) -> int:
    """Tell all of whom this is true now; how many people with a place. Each session stands for itself."""
    told = 0
    for session in OpenSession.objects.needing_a_presenter(now).filter(starts_at__gt=now, starts_at__lt=now + AHEAD):
        try:
            told += warn(session, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in some minutes; the team knows of it since it was freed
            logger.error("Nobody could be told that %s has no presenter: %s", session.reference, type(error).__name__)
    return told


@transaction.atomic
def warn(session: OpenSession, *, now: datetime) -> int:
    locked = lock_session(session)
    if not is_unsure(locked, now):
        return 0
    lost = since(locked)
    if now < lost + rules.UNSURE_AFTER:
        return 0
    case = version_of(lost)
    notify(kind=TEAM, about=f"session:{locked.pk}", to=[settings.STAFF_EMAIL], reference=locked.reference, version=case, now=now)
    places = locked.places.filter(state=PlaceState.TAKEN).select_related("person")
    told = [
        About(f"place:{place.pk}", place.person.email, locked.reference, case, expires_at=locked.starts_at) for place in places
    ]
    return tell_once({PEOPLE: told}, now)


def soon_from(session: OpenSession) -> datetime:
    day = before_working_days(uk_day(session.starts_at), rules.UNSURE_WORKING_DAYS_BEFORE, OURS)
    return uk_datetime(day, rules.UNSURE_AT)


def is_unsure(session: OpenSession, now: datetime) -> bool:
    """Whether people with a place hear that the session may not take place; the page of a place says so from then on."""
    return session.needs_a_presenter and soon_from(session) <= now < session.starts_at


def since(session: OpenSession) -> datetime:
    """When it lost its presenter, or was moved without one. In a case that begins then people are told once."""
    kinds = (SessionEventKind.PRESENTER_FREED, SessionEventKind.MOVED)
    moments = session.events.filter(kind__in=kinds).order_by("at", "pk").values_list("at", flat=True)
    return moments.last() or session.created_at


def case_of(session: OpenSession) -> int:
    """The version of what is told of it: a message of another case is not true any more."""
    return version_of(since(session))


def were_warned(session: OpenSession) -> bool:
    """Whether people with a place can have read that it may not take place, by email or on its page, and nothing since."""
    if not session.needs_a_presenter:
        return False
    about = {"about": f"session:{session.pk}", "kind": TEAM, "version": case_of(session)}
    return Notification.objects.filter(**about).exists()
