"""How people join a session: a link, words beside it, and telling who has a place."""

from datetime import datetime

from django.db import transaction

from bookings.models import OpenSession, Presenter, SessionEventKind, SessionState
from bookings.services.errors import NothingChanged
from bookings.services.sessions.errors import DetailsSent, NoJoiningLink, SessionClosed
from bookings.services.sessions.locking import lock_session, lock_sessions, refuse_unless_to_come
from bookings.services.sessions.recording import mark_of, record
from bookings.services.sessions.telling import HAVE_A_PLACE, tell_everybody, tell_presenter
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def set_joining(
    *, session: OpenSession, own_joining_link: str, joining_help: str, by: User | None, now: datetime, flagged: bool = False
) -> int:
    """A link of its own (https; empty: its presenter's) and how to join. How many are told: everybody with a place, if they can
    have read how to join.

    `flagged`: what was written looks like a child's details. Raises NothingChanged, SessionClosed.
    """
    locked = lock_session(session)
    if not locked.is_scheduled:
        raise SessionClosed
    if (locked.own_joining_link, locked.joining_help) == (own_joining_link, joining_help):
        raise NothingChanged
    known = can_be_known(locked)
    locked.own_joining_link, locked.joining_help, locked.sequence = own_joining_link, joining_help, locked.sequence + 1
    locked.save(update_fields=["own_joining_link", "joining_help", "sequence"])
    record(locked, SessionEventKind.LINK_SET, by=by, now=now, changes={"sequence": locked.sequence, "details": known})
    tell_presenter(locked, now)
    told = tell_details(locked, now) if known else 0
    if flagged:
        tell_lead(about=f"session:{locked.pk}:joining:{now.isoformat()}", reference=locked.reference, now=now)
    return told


@transaction.atomic
def send_details(*, session: OpenSession, by: User | None, now: datetime) -> int:
    """Tell everybody with a place how to join; how many are told. Who gets one later reads it with their place.

    Raises NoJoiningLink, DetailsSent (once is enough), SessionClosed.
    """
    locked = lock_session(session)
    refuse_unless_to_come(locked, now)
    if not locked.joining_link:
        raise NoJoiningLink
    if locked.details_sent_at:
        raise DetailsSent
    OpenSession.objects.filter(pk=locked.pk).update(details_sent_at=now)
    record(locked, SessionEventKind.DETAILS_SENT, by=by, now=now, changes={"details": True})
    return tell_details(locked, now)


def tell_details(session: OpenSession, now: datetime) -> int:
    """Everybody with a place; how many. The event of it says "details"."""
    return tell_everybody("session-details", session, now, states=HAVE_A_PLACE)


def can_be_known(session: OpenSession) -> bool:
    """Whether people with a place can have read how to join: they were told, or there was something to read with their place."""
    return bool(session.joining_help or link_of_people(session) or were_told(session))


def were_told(session: OpenSession) -> bool:
    """How to join, or that they get another link: then they wait for the next, also where there is none now."""
    return session.details_sent_at is not None or session.events.filter(changes__details=True).exists()


def link_of_people(session: OpenSession) -> str:
    """The mark of the link that people read with their place; empty if none.

    Of a session that lost its presenter it is the link of that moment, whatever became of it, or none if people were told of a
    change since. A loss that was recorded without it counts as a link that is like no other.
    """
    if session.joining_link or session.presenter_id is not None:
        return mark_of(session.joining_link)
    kinds = (SessionEventKind.PRESENTER_FREED, SessionEventKind.LINK_SET)
    last = session.events.filter(kind__in=kinds).order_by("at", "pk").last()
    return str(last.changes.get("link", "unknown")) if last and last.kind == SessionEventKind.PRESENTER_FREED else ""


def would_come_elsewhere(session: OpenSession, before: str) -> bool:
    """Whether people with a place can have read a link, or wait for one that we promised, and it is another now.

    `before`: link_of_people.
    """
    return mark_of(session.joining_link) != before and bool(before or were_told(session))


def presenters_link_changed_for_sessions(*, presenter: Presenter, before: str, by: User | None, now: datetime) -> None:
    """Each session to come that uses the presenter's link, `before` until now, in the caller's transaction; the presenter is
    locked already."""
    to_come = OpenSession.objects.filter(
        presenter=presenter, state=SessionState.SCHEDULED, own_joining_link="", starts_at__gt=now
    )
    for session in lock_sessions(to_come.values_list("pk", flat=True)):
        session.sequence += 1
        session.save(update_fields=["sequence"])
        known = would_come_elsewhere(session, mark_of(before))
        record(session, SessionEventKind.LINK_SET, by=by, now=now, changes={"sequence": session.sequence, "details": known})
        if by is None or by.pk != presenter.user_id:
            tell_presenter(session, now)
        if known:
            tell_details(session, now)
