"""What every write to open sessions shares: its refusals, its locks, and the events that it records."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext_lazy

from accounts.models import User
from bookings import rules
from bookings.errors import SlotTaken
from bookings.models import OpenSession, Presenter, SessionEvent, SessionEventKind, SessionPlace
from bookings.schedule.locks import lock_presenters
from ctac.errors import DomainError

if TYPE_CHECKING:
    from bookings.open_sessions.queries import PlannedSession


class SessionClosed(DomainError):
    """It was cancelled, has taken place, or has begun."""

    message = _("This session has begun, is over or was cancelled. Choose another one.")


class SessionMoved(DomainError):
    """Somebody changed it while we waited, or since the page was drawn."""

    message = _("This session was changed while you had the page open. Look at it as it stands now, then change it again.")


class PersonErased(SessionClosed):
    """Their account was deleted while they took a place: it is closed to them."""

    message = _("This account has been deleted, so no place was taken.")


class TimeChanged(SessionClosed):
    """It was moved after the page was drawn: nobody takes a place at a time that they have not read."""

    message = _("This session has moved to another time since you opened the page. Read when it is now, then press again.")


class PlaceMoved(DomainError):
    """The place is not in a state that allows this, perhaps no longer."""

    message = _("This place has changed meanwhile. Look at it again.")


class OfferOver(DomainError):
    """It ran out, or was withdrawn."""

    message = _("This offer has ended, so the place went to the next person. You can ask for a place again.")


class DateTaken(SlotTaken):
    """One of the dates that were to be planned: its presenter is busy then."""

    def __init__(self, planned: "PlannedSession") -> None:
        self.planned = planned
        super().__init__(_("%(name)s is busy then, or could not get there in time.") % {"name": planned.presenter})


class TimePassed(DomainError):
    message = _("This time has passed. Choose one that is still to come.")


class SizeRefused(DomainError):
    message = _("A session has between 1 and %(most)d places.") % {"most": rules.MAX_SESSION_CAPACITY}


class WouldDrop(DomainError):
    """So many people would go back to the line: whoever cuts the places says that they know."""

    def __init__(self, people: int) -> None:
        self.people = people
        sentence = ngettext_lazy(
            "%(people)d person has a place, or an offer of one, that there would be no more. Say that they go back to the line.",
            "%(people)d people have a place, or an offer of one, that there would be no more. Say that they go back to the line.",
            "people",
        )
        super().__init__(sentence % {"people": people})


# What happened to a session and its places: append-only, written by each service.


def record_session_event(
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


def record_place_events(kind: SessionEventKind, places: Iterable[SessionPlace], *, by: User | None, now: datetime) -> None:
    """The same of several places at once: one statement. Each says of which message it is (see notify.py)."""
    SessionEvent.objects.bulk_create(
        SessionEvent(session_id=place.session_id, kind=kind, by=by, at=now, place=place, changes={"version": place.version})
        for place in places
    )


def link_digest(link: str) -> str:
    """Compares joining links in the history, which is never erased, without keeping a way in; empty if there is none."""
    return hashlib.sha256(link.encode()).hexdigest() if link else ""


# Who locks what at open sessions: presenters by key, then the session, then nothing more: its places belong to its lock.
#
# Whoever writes a row that points to a person keeps that person first (professionals.services.lock_person).


def lock_session(session: OpenSession) -> OpenSession:
    """As it stands, until the transaction ends."""
    return lock_sessions([session.pk])[0]


def lock_sessions(keys: Iterable[int]) -> list[OpenSession]:
    """By their keys, in that order, whoever locks several."""
    rows = OpenSession.objects.filter(pk__in=list(keys)).order_by("pk")
    # Locked first, then read: who waits for a row is given it as it has become, but beside its presenter as that was.
    locked = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    return list(OpenSession.objects.with_names().filter(pk__in=locked).order_by("pk"))


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
