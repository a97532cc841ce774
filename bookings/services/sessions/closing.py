"""How a session ends: cancelled, or delivered."""

from datetime import datetime

from django.db import transaction

from bookings.models import BusyTime, OpenSession, SessionEventKind, SessionState
from bookings.services.afterwards import open_afterwards
from bookings.services.errors import NotStarted
from bookings.services.sessions.errors import SessionClosed, SessionNeedsPresenter
from bookings.services.sessions.locking import lock_session, lock_session_and_presenters
from bookings.services.sessions.offering import end_lapsed
from bookings.services.sessions.recording import record
from bookings.services.sessions.telling import tell_everybody, tell_no_longer_theirs, tell_who_had_a_place
from professionals.models import User
from professionals.services.safeguarding import tell_lead


@transaction.atomic
def cancel_session(*, session: OpenSession, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Give its presenter's time back and tell everybody who has a place, is offered one or waits. Places stay as they stood.

    `flagged`: the reason looks like a child's details, so that no page and no email has it. Raises SessionClosed, SessionMoved.
    """
    locked = lock_session_and_presenters(session, now=now)
    refuse_unless_scheduled(locked, SessionState.CANCELLED)
    end_lapsed(locked, now=now)
    locked.state, locked.sequence = SessionState.CANCELLED, locked.sequence + 1
    locked.closed_reason = "" if flagged else reason
    locked.save(update_fields=["state", "sequence", "closed_reason"])
    BusyTime.objects.filter(session=locked).delete()
    noted: dict[str, object] = {"sequence": locked.sequence, **({"flagged": True} if flagged else {})}
    record(locked, SessionEventKind.CANCELLED, by=by, now=now, reason=reason, changes=noted)
    tell_everybody("session-cancelled", locked, now)
    tell_no_longer_theirs(locked, locked.presenter, now)
    if flagged:
        tell_lead(about=f"session:{locked.pk}:cancelled", reference=locked.reference, now=now)


@transaction.atomic
def mark_session_delivered(*, session: OpenSession, by: User | None, now: datetime) -> None:
    """It took place, and has its short link from now on; who had a place is asked how it was.

    Raises NotStarted, SessionNeedsPresenter, SessionClosed.
    """
    locked = lock_session(session)
    refuse_unless_scheduled(locked, SessionState.DELIVERED)
    if not locked.has_begun(now):
        raise NotStarted
    if locked.needs_a_presenter:
        raise SessionNeedsPresenter
    end_lapsed(locked, now=now)
    OpenSession.objects.filter(pk=locked.pk).update(state=SessionState.DELIVERED)
    afterwards = open_afterwards(given=locked, now=now)
    record(locked, SessionEventKind.DELIVERED, by=by, now=now)
    tell_who_had_a_place(locked, afterwards.closes_at, now)


def refuse_unless_scheduled(session: OpenSession, to: SessionState) -> None:
    if not session.can_become(to):
        raise SessionClosed
