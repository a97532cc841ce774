"""Who locks what at open sessions: presenters by key, then the session, then nothing more: its places belong to its lock.

Whoever writes a row that points to a person keeps that person first (professionals.services.lock_person).
"""

from collections.abc import Iterable
from datetime import datetime

from bookings.models import OpenSession, Presenter, SessionPlace
from bookings.services.locking import lock_presenters
from bookings.services.sessions.errors import PersonErased, SessionClosed, SessionMoved
from professionals.models import Person
from professionals.services.accounts import AccountGoneError
from professionals.services.locking import lock_person


def lock_session(session: OpenSession) -> OpenSession:
    """As it stands, until the transaction ends."""
    return lock_sessions([session.pk])[0]


def lock_sessions(keys: Iterable[int]) -> list[OpenSession]:
    """By their keys, in that order, whoever locks several."""
    found = OpenSession.objects.filter(pk__in=list(keys)).order_by("pk")
    # Locked first, then read: who waits for a row is given it as it has become, but beside its presenter as that was.
    locked = list(found.select_for_update(no_key=True).values_list("pk", flat=True))
    return list(OpenSession.objects.with_names().filter(pk__in=locked).order_by("pk"))


def lock_session_for(person: Person, session: OpenSession) -> OpenSession:
    """For who gets a row of this person: they are kept first, as who erases them locks them first and then their sessions.

    Raises PersonErased if that was while we waited.
    """
    try:
        lock_person(person)
    except AccountGoneError:
        raise PersonErased from None
    return lock_session(session)


def lock_session_and_presenters(session: OpenSession, *, now: datetime, also: Iterable[Presenter] = ()) -> OpenSession:
    """For who moves it in a presenter's time. Raises SessionMoved if its presenter changed while we waited."""
    seen = OpenSession.objects.filter(pk=session.pk).values_list("presenter", flat=True).get()
    lock_presenters({seen, *(presenter.pk for presenter in also)}, now=now)
    locked = lock_session(session)
    if locked.presenter_id != seen:
        raise SessionMoved
    return locked


def lock_place(place: SessionPlace) -> SessionPlace:
    """As it stands, its session locked; `place.session` is that one."""
    session = lock_sessions([place.session_id])[0]
    locked = SessionPlace.objects.select_related("person").get(pk=place.pk)
    locked.session = session
    return locked


def refuse_unless_to_come(session: OpenSession, now: datetime) -> None:
    """Raises SessionClosed."""
    if not session.is_scheduled or session.has_begun(now):
        raise SessionClosed
