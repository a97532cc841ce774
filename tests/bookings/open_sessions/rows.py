"""Rows of open sessions, as they are, past every service: what the database lets in."""

import itertools
from datetime import datetime, timedelta
from typing import Any

from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.models import BusyKind, BusyTime, OpenSession, PlaceState, Presenter, SessionPlace
from professionals.models import Person
from tests.bookings.rows import NOW, at, make_presentation
from tests.factories import make_person

_number = itertools.count(1)


def make_session(presenter: Presenter | None, start: datetime | None = None, *, capacity: int = 2, **fields: Any) -> OpenSession:
    starts, minutes = start or at("10:00"), fields.pop("minutes", 60)
    session = OpenSession.objects.create(
        reference=f"OS-{next(_number):04d}-XX",
        presentation=fields.pop("presentation", None) or make_presentation(length_minutes=minutes),
        presenter=presenter,
        starts_at=starts,
        ends_at=starts + timedelta(minutes=minutes),
        capacity=capacity,
        created_at=NOW,
        **fields,
    )
    if presenter and session.is_scheduled:
        claim = {"presenter": presenter, "kind": BusyKind.SESSION, "session": session}
        BusyTime.objects.create(busy=DateTimeTZRange(session.starts_at, session.ends_at), **claim)
    return session


def make_place(session: OpenSession, state: str = PlaceState.TAKEN, person: Person | None = None, **fields: Any) -> SessionPlace:
    until = NOW + timedelta(hours=24) if state == PlaceState.OFFERED else None
    row = {"offer_expires_at": until, "channel": "web", "created_at": NOW, **fields}
    return SessionPlace.objects.create(session=session, person=person or make_person(), state=state, **row)


def make_world_of_sessions(owner: Person, presenter: Presenter, now: datetime) -> dict[str, Any]:
    """What the test of routes needs: a session to come, at which its owner has a place."""
    session = make_session(presenter, now + timedelta(days=40))
    return {"bookings_opensession": session, "bookings_sessionplace": make_place(session, person=owner)}
