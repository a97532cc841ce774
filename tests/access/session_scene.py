"""Open sessions for the tour and for journeys. Runs inside a live copy, through the same services as the pages."""

from datetime import time, timedelta

from django.utils import timezone

from bookings.models import LIVE_PLACE_STATES, OpenSession, Presentation, SessionPlace
from bookings.open_sessions.queries import PlannedSession
from bookings.open_sessions.services.places import give_up_place, take_place
from bookings.open_sessions.services.sessions import cancel_session, plan_sessions
from core.dates import uk_datetime, uk_day
from tests.factories import make_person

OWN_LINK = "https://meet.example/open-session"


def plan(days_ahead: int, places: int) -> str:
    """A session at 6pm, which nobody gives yet; its reference."""
    now = timezone.now()
    starts_at = uk_datetime(uk_day(now) + timedelta(days=days_ahead), time(18))
    dates = [PlannedSession(Presentation.objects.earliest("pk"), None, starts_at, places, own_joining_link=OWN_LINK)]
    return plan_sessions(sessions=dates, by=None, now=now)[0].reference


def plan_full(days_ahead: int) -> str:
    """The same with one place, which somebody has."""
    reference = plan(days_ahead, 1)
    take_place(session=session(reference), person=make_person(), by=None, now=timezone.now(), channel="phone")
    return reference


def free_a_place(reference: str) -> None:
    """Who has the place gives it up, so that it is offered to who waits."""
    place = SessionPlace.objects.filter(session__reference=reference, state__in=LIVE_PLACE_STATES).earliest("position")
    give_up_place(place=place, by=None, now=timezone.now())


def cancel(reference: str) -> None:
    cancel_session(session=session(reference), by=None, now=timezone.now(), reason="Our presenter is ill.")


def session(reference: str) -> OpenSession:
    return OpenSession.objects.get(reference=reference)
