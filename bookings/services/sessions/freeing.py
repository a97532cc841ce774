"""Leave that hits sessions: their time is given back, and they need a presenter."""

from collections.abc import Iterable
from datetime import datetime

from bookings.models import BusyTime, OpenSession, Presenter, SessionEventKind
from bookings.services.sessions.locking import lock_sessions
from bookings.services.sessions.recording import mark_of, record
from bookings.services.sessions.telling import tell_needs_presenter, tell_no_longer_theirs
from professionals.models import User


def free_sessions(hit: Iterable[BusyTime], presenter: Presenter, *, by: User | None, now: datetime) -> list[OpenSession]:
    """In the caller's transaction, which has locked the presenter. Staff and the presenter are told."""
    freed = lock_sessions(row.session_id for row in hit if row.session_id)
    BusyTime.objects.filter(session__in=freed).delete()
    for session in freed:
        session.presenter, session.sequence = None, session.sequence + 1
        session.save(update_fields=["presenter", "sequence"])
        link = mark_of(session.own_joining_link or presenter.joining_link)
        who = {"presenter": [presenter.pk, None], "sequence": session.sequence, "link": link}
        record(session, SessionEventKind.PRESENTER_FREED, by=by, now=now, changes=who)
        tell_needs_presenter(session, now)
        tell_no_longer_theirs(session, presenter, now)
    return freed
