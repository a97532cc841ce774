"""Which email tells whom of what happened at open sessions. Rows of the outbox, written in the transaction of the thing itself.

Each message to a professional raises the version of their place, and is about that version: it is written once, whoever tries
again, and what comes later has a higher one. A presenter's has the calendar sequence of the session.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.conf import settings

from bookings.models import OpenSession, PlaceState, Presenter, SessionPlace
from notifications.services import About, notify, notify_about, notify_found

HAVE_A_PLACE = (PlaceState.TAKEN, PlaceState.ATTENDED)
TO_COME = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def tell(kind: str, places: Sequence[SessionPlace], session: OpenSession, now: datetime) -> None:
    """People whose places have the version of this message already. Who has no address is told by phone."""
    told = [About(f"place:{place.pk}", place.person.email, session.reference, place.version) for place in places]
    notify_about(told, kind=kind, now=now)


# Raises the versions and writes the messages: one statement, however many people.
EVERYBODY = """
    told AS (
        UPDATE bookings_sessionplace SET version = version + 1
        WHERE session_id = %(session)s AND state = ANY(%(states)s)
        RETURNING id, version, person_id
    ), found AS (
        SELECT concat('place:', told.id) AS about, person.email AS recipient, told.version
        FROM told JOIN professionals_person AS person ON person.id = told.person_id
        WHERE person.email <> ''
    )
"""


def tell_everybody(kind: str, session: OpenSession, now: datetime, *, states: Iterable[str] = TO_COME) -> int:
    """Everybody whose place is in one of these states; how many are told."""
    values = {"session": session.pk, "states": list(map(str, states))}
    return notify_found(kind=kind, found=EVERYBODY, values=values, now=now, reference=session.reference, own=["version"])


# Of one that is over nothing is changed, so the version is not raised: the kind is told once of each place.
WHO_HAD_A_PLACE = """
    found AS (
        SELECT concat('place:', place.id) AS about, person.email AS recipient,
            %(due)s::timestamptz AS due_at, %(closes)s::timestamptz AS expires_at
        FROM bookings_sessionplace AS place JOIN professionals_person AS person ON person.id = place.person_id
        WHERE place.session_id = %(session)s AND place.state = ANY(%(states)s) AND person.email <> ''
    )
"""


def tell_who_had_a_place(session: OpenSession, closes_at: datetime, now: datetime) -> int:
    """Once it is over: how it was, and a certificate; until `closes_at`. One statement; how many are told."""
    due_at = max(now, session.ends_at)
    if due_at >= closes_at:
        return 0
    values = {"session": session.pk, "states": list(map(str, HAVE_A_PLACE)), "due": due_at, "closes": closes_at}
    own, reference = ["due_at", "expires_at"], session.reference
    return notify_found(kind="session-afterwards", found=WHO_HAD_A_PLACE, values=values, now=now, reference=reference, own=own)


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
