"""Which email tells whom of what happened at open sessions. Rows of the outbox, written in the transaction of the thing itself.

Each message to a professional raises the version of their place, and is about that version: it is written once, whoever tries
again, and what comes later has a higher one. A presenter's has the calendar sequence of the session.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings
from django.db.models import F

from bookings.models import OpenSession, PlaceState, Presenter, SessionPlace
from notifications.services.writing import About, notify, notify_about

HAVE_A_PLACE = (PlaceState.TAKEN, PlaceState.ATTENDED)
TO_COME = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def tell(kind: str, places: Sequence[SessionPlace], session: OpenSession, now: datetime, *, left_to_sweep: bool = False) -> None:
    """People whose places have the version of this message already. Who has no address is told by phone."""
    told = [About(f"place:{place.pk}", place.person.email, session.reference, place.version) for place in places]
    notify_about(told, kind=kind, now=now, left_to_sweep=left_to_sweep)


def tell_everybody(kind: str, session: OpenSession, now: datetime, *, states: Iterable[str] = TO_COME) -> int:
    """Everybody whose place is in one of these states; how many are told. Three statements, however many people."""
    places = session.places.filter(state__in=list(states))
    places.update(version=F("version") + 1)
    told = list(places.select_related("person").exclude(person__email=""))
    tell(kind, told, session, now, left_to_sweep=True)
    return len(told)


def tell_who_had_a_place(session: OpenSession, closes_at: datetime, now: datetime) -> int:
    """Once it is over: how it was, and a certificate; until `closes_at`. How many are told.

    Of one that is over nothing is changed, so the version is not raised: the kind is told once of each place.
    """
    due_at = max(now, session.ends_at)
    if due_at >= closes_at:
        return 0
    places = session.places.filter(state__in=HAVE_A_PLACE).select_related("person").exclude(person__email="")
    told = [
        About(f"place:{place.pk}", place.person.email, session.reference, due_at=due_at, expires_at=closes_at) for place in places
    ]
    notify_about(told, kind="session-afterwards", now=now, left_to_sweep=True)
    return len(told)


def tell_presenter(session: OpenSession, now: datetime) -> None:
    """Who gives it, of how it stands now."""
    if session.presenter is not None:
        tell_about(session, "session-for-presenter", session.presenter.email, now)


def tell_no_longer_theirs(session: OpenSession, before: Presenter | None, now: datetime) -> None:
    """Who gave it until now, or would have given what is cancelled."""
    if before is not None:
        tell_about(session, "session-closed-for-presenter", before.email, now)


def tell_needs_presenter(session: OpenSession, now: datetime) -> None:
    tell_about(session, "staff-session-needs-presenter", settings.STAFF_EMAIL, now)


def tell_about(session: OpenSession, kind: str, to: str, now: datetime) -> None:
    about = {"about": f"session:{session.pk}", "version": session.sequence, "reference": session.reference}
    notify(kind=kind, to=[to], now=now, **about)  # type: ignore[arg-type]
