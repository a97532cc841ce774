"""What happened to a session and its places: append-only, written by each service."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime

from bookings.models import OpenSession, SessionEvent, SessionEventKind, SessionPlace
from professionals.models import User


def record(
    session: OpenSession,
    kind: SessionEventKind,
    *,
    by: User | None,
    now: datetime,
    place: SessionPlace | None = None,
    reason: str = "",
    changes: Mapping[str, object] | None = None,
) -> None:
    SessionEvent.objects.create(
        session=session, kind=kind, by=by, at=now, place=place, reason=reason, changes=dict(changes or {})
    )


def record_each(kind: SessionEventKind, places: Iterable[SessionPlace], *, by: User | None, now: datetime) -> None:
    """The same of several places at once: one statement. Each says of which message it is (see telling)."""
    SessionEvent.objects.bulk_create(
        SessionEvent(session_id=place.session_id, kind=kind, by=by, at=now, place=place, changes={"version": place.version})
        for place in places
    )


def mark_of(link: str) -> str:
    """Tells joining links apart in history, which nothing is ever taken out of, without keeping a way in; empty if none."""
    return hashlib.sha256(link.encode()).hexdigest() if link else ""
