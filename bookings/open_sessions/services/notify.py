"""Emails about open sessions, reminders, and warnings that one may not take place; also their refusals, events and locks."""

import hashlib
import logging
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext_lazy as _, ngettext_lazy

from accounts.models import User
from bookings.booking.services.transitions import latest_reminded_start, notify_once, reminders_due
from bookings.errors import SlotTaken
from bookings.models import OpenSession, PlaceState, Presenter, SessionEvent, SessionEventKind, SessionPlace, SessionState
from bookings.schedule.locks import lock_presenters
from bookings.visits.services import minute_number
from core.dates import TEAM_NATION, add_working_days, subtract_working_days, uk_datetime, uk_day
from core.errors import DomainError
from notifications.models import Notification
from notifications.outbox import NewMessage, notify, notify_many
from office.closures.queries import office_closed_days
from office.site_settings.queries import site_settings

if TYPE_CHECKING:
    from bookings.open_sessions.queries import PlannedSession

# When everybody with a place hears that a session has no presenter; after a later loss the team has the delay to find one.
NO_PRESENTER_NOTICE_WORKING_DAYS, NO_PRESENTER_NOTICE_TIME = 1, time(9)
NO_PRESENTER_NOTICE_DELAY = timedelta(minutes=30)


# Rows of the outbox, written in the transaction of the thing itself.
#
# Each message to a professional raises the version of their place and has that version, so it is written once however often
# somebody tries, and later messages have higher ones. A message to a presenter has the session's calendar sequence.

HAS_PLACE_STATES = (PlaceState.TAKEN, PlaceState.ATTENDED)
CONCERNED_STATES = (PlaceState.TAKEN, PlaceState.OFFERED, PlaceState.WAITING)


def notify_places(
    kind: str, places: Sequence[SessionPlace], session: OpenSession, now: datetime, *, left_to_sweep: bool = False
) -> None:
    """Email the people with these places, whose versions are raised already. Staff ring those without an address."""
    about = [NewMessage(f"place:{place.pk}", place.person.email, session.reference, place.version) for place in places]
    notify_many(about, kind=kind, now=now, left_to_sweep=left_to_sweep)


def notify_everybody(kind: str, session: OpenSession, now: datetime, *, states: Iterable[str] = CONCERNED_STATES) -> int:
    """Email everybody whose place is in one of these states; returns how many. Three statements, however many people."""
    places = session.places.filter(state__in=list(states))
    places.update(version=F("version") + 1)
    recipients = list(places.select_related("person").exclude(person__email=""))
    notify_places(kind, recipients, session, now, left_to_sweep=True)
    return len(recipients)


def notify_presenter(session: OpenSession, now: datetime) -> None:
    """Tell the presenter how the session stands now."""
    if session.presenter is not None:
        notify_of_session("session-for-presenter", session, session.presenter.email, now)


def notify_former_presenter(session: OpenSession, before: Presenter | None, now: datetime) -> None:
    """Tell the presenter who no longer gives it, because somebody else does or it is cancelled."""
    if before is not None:
        notify_of_session("session-closed-for-presenter", session, before.email, now)


def notify_of_session(kind: str, session: OpenSession, to: str, now: datetime) -> None:
    about, version = f"session:{session.pk}", session.sequence
    notify(kind=kind, about=about, to=[to], reference=session.reference, version=version, now=now)


# Reminders of open sessions: some days before and the day before, to everybody with a place and to the presenter.
#
# Like those of bookings they are written when they fall due (bookings.booking.services.transitions). Nobody gets one who had an
# email with all the details since that moment: with a new place or session, a move, a restored session, or how to join. There
# is none for a session without a presenter: those people read that it may not take place.

EVENTS_SENT_TO_EVERYBODY = (SessionEventKind.MOVED, SessionEventKind.RESTORED)
REMINDER_REPLACING_EVENTS = (
    *EVENTS_SENT_TO_EVERYBODY,
    SessionEventKind.REASSIGNED,
    SessionEventKind.TAKEN,
    SessionEventKind.ACCEPTED,
)


def remind_of_sessions(*, now: datetime) -> int:
    """Write the reminders that have fallen due, and return how many. Many cost as many statements as one."""
    ahead = OpenSession.objects.filter(state=SessionState.SCHEDULED, starts_at__gt=now, starts_at__lt=latest_reminded_start(now))
    due = reminders_due(ahead.exclude(presenter=None).select_related("presenter"), now)
    if not due:
        return 0
    sessions = [reminder.of for reminder in due]
    since = min(reminder.moment for reminder in due)
    events = list(SessionEvent.objects.filter(session__in=sessions, kind__in=REMINDER_REPLACING_EVENTS, at__gt=since))
    places = list(SessionPlace.objects.filter(session__in=sessions, state=PlaceState.TAKEN).select_related("person"))
    messages = defaultdict[str, list[NewMessage]](list)
    for reminder in due:
        session, suffix = reminder.of, "-week" if reminder.early else ""
        after = [event for event in events if event.session_id == session.pk and event.at > reminder.moment]
        if any(event.kind in EVENTS_SENT_TO_EVERYBODY for event in after):
            continue
        reassigned = [event for event in after if event.kind == SessionEventKind.REASSIGNED]
        if not any(event.changes.get("details") for event in reassigned):
            just_informed = {event.place_id for event in after}
            messages[f"session-reminder{suffix}"] += [
                reminder.about(f"place:{place.pk}", place.person.email)
                for place in places
                if place.session_id == session.pk and place.pk not in just_informed
            ]
        if not reassigned:
            messages[f"session-presenter-reminder{suffix}"].append(
                reminder.about(f"session:{session.pk}", session.presenter.email)
            )
    return notify_once(messages, now)


# Warnings about a session that is soon and has no presenter: to everybody with a place, and to the team.
#
# They go from 9am UK time on our office's working day before it. If the presenter is lost later than that, they go half an hour
# after the loss, so that the team can find somebody. Run every few minutes: everybody gets one for each loss, also people who
# take a place meanwhile. Once there is a new presenter, they read that it takes place (sessions.assign_presenter).

logger = logging.getLogger(__name__)
UNSURE_EMAIL_KIND, STAFF_UNSURE_EMAIL_KIND = "session-unsure", "staff-session-unsure"


def warn_of_sessions(*, now: datetime) -> int:
    """Send the warnings that are due, and return to how many people with a place. A failure stops only its own session."""
    count, last = 0, add_working_days(uk_day(now), NO_PRESENTER_NOTICE_WORKING_DAYS, TEAM_NATION, office_closed_days())
    after = uk_datetime(last + timedelta(days=1), time.min)
    for session in OpenSession.objects.needing_a_presenter(now).filter(starts_at__gt=now, starts_at__lt=after):
        try:
            count += warn_of_session(session, now=now)
        except Exception as error:  # noqa: BLE001 - tried again in some minutes; the team knows of it since it was freed
            logger.error("Nobody could be told that %s has no presenter: %s", session.reference, type(error).__name__)
    return count


@transaction.atomic
def warn_of_session(session: OpenSession, *, now: datetime) -> int:
    locked = lock_session(session)
    if not is_unsure(locked, now):
        return 0
    lost = presenter_lost_at(locked)
    if now < lost + NO_PRESENTER_NOTICE_DELAY:
        return 0
    version, to = minute_number(lost), [site_settings().team_email]
    notify(
        kind=STAFF_UNSURE_EMAIL_KIND, about=f"session:{locked.pk}", to=to, reference=locked.reference, version=version, now=now
    )
    places = locked.places.filter(state=PlaceState.TAKEN).select_related("person")
    about = [
        NewMessage(f"place:{place.pk}", place.person.email, locked.reference, version, expires_at=locked.starts_at)
        for place in places
    ]
    return notify_once({UNSURE_EMAIL_KIND: about}, now)


def is_unsure(session: OpenSession, now: datetime) -> bool:
    """Whether people with a place hear that the session may not take place; their page says so from then on."""
    day = subtract_working_days(uk_day(session.starts_at), NO_PRESENTER_NOTICE_WORKING_DAYS, TEAM_NATION, office_closed_days())
    return session.needs_a_presenter and uk_datetime(day, NO_PRESENTER_NOTICE_TIME) <= now < session.starts_at


def presenter_lost_at(session: OpenSession) -> datetime:
    """When it lost its presenter, or was last moved without one. People are warned once of each loss."""
    kinds = (SessionEventKind.PRESENTER_FREED, SessionEventKind.MOVED)
    moments = session.events.filter(kind__in=kinds).order_by("at", "pk").values_list("at", flat=True)
    return moments.last() or session.created_at


def unsure_version(session: OpenSession) -> int:
    """The version of the warnings about that loss; a warning about another one is out of date."""
    return minute_number(presenter_lost_at(session))


def were_warned(session: OpenSession) -> bool:
    """Whether people with a place may have read that it may not take place, by email or on its page, and nothing since."""
    if not session.needs_a_presenter:
        return False
    about = {"about": f"session:{session.pk}", "kind": STAFF_UNSURE_EMAIL_KIND, "version": unsure_version(session)}
    return Notification.objects.filter(**about).exists()


# What all services of open sessions share: refusals, events and locks.


class SessionClosed(DomainError):
    """The session was cancelled, is over, or has begun."""

    message = _("This session has begun, is over or was cancelled. Choose another one.")


class SessionChanged(DomainError):
    """Somebody changed the session while we waited, or since the page was drawn."""

    message = _("This session was changed while you had the page open. Check how it is now, then make your changes again.")


class PersonErased(SessionClosed):
    """Their account was deleted while they took a place: it is closed to them."""

    message = _("This account has been deleted, so no place was taken.")


class TimeChanged(SessionClosed):
    """The session was moved after the page was drawn: nobody takes a place at a time that they have not read."""

    message = _(
        "This session has moved to another time since you opened the page. Check the new time, then press the button again."
    )


class PlaceStateChanged(DomainError):
    """The place is in a state, perhaps a new one, that does not allow this."""

    message = _("This place has changed in the meantime. Please look at it again.")


class OfferOver(DomainError):
    """The offer ran out, or was withdrawn."""

    message = _("This offer has ended, so the place went to the next person. You can ask for a place again.")


class DateTaken(SlotTaken):
    """One of the planned dates is taken: its presenter is busy then."""

    def __init__(self, planned: "PlannedSession") -> None:
        self.planned = planned
        super().__init__(_("%(name)s is busy then, or could not get there in time.") % {"name": planned.presenter})


class TimePassed(DomainError):
    message = _("This time has passed. Choose one that is still to come.")


class CapacityRefused(DomainError):
    def __init__(self) -> None:
        super().__init__(_("A session has between 1 and %(most)d places.") % {"most": site_settings().max_session_capacity})


class UnconfirmedCapacityCut(DomainError):
    """That many people would go back to the line: staff who cut the places must confirm the number."""

    def __init__(self, people: int) -> None:
        self.people = people
        sentence = ngettext_lazy(
            "%(people)d person would lose a place or an offer of one. Confirm that they go back to the waiting list.",
            "%(people)d people would lose a place or an offer of one. Confirm that they go back to the waiting list.",
            "people",
        )
        super().__init__(sentence % {"people": people})


# Events of a session and its places. The table is append-only.


def record_session_event(
    session: OpenSession,
    kind: SessionEventKind,
    *,
    by: User | None,
    now: datetime,
    place: SessionPlace | None = None,
    reason: str = "",
    flagged: bool = False,
    changes: Mapping[str, object] | None = None,
) -> None:
    """`flagged`: the reason looks like a child's details, so no email and no page repeats it."""
    details = {**(changes or {}), **({"flagged": True} if flagged else {})}
    SessionEvent.objects.create(session=session, kind=kind, by=by, at=now, place=place, reason=reason, changes=details)


def record_place_events(kind: SessionEventKind, places: Iterable[SessionPlace], *, by: User | None, now: datetime) -> None:
    """The same event for several places, in one statement. `version` says which message each belongs to."""
    SessionEvent.objects.bulk_create(
        SessionEvent(session_id=place.session_id, kind=kind, by=by, at=now, place=place, changes={"version": place.version})
        for place in places
    )


def link_digest(link: str) -> str:
    """A digest of a joining link; empty if there is none.

    The history is never erased. The digest lets us compare links in it without keeping a way in.
    """
    return hashlib.sha256(link.encode()).hexdigest() if link else ""


# The order of locks: presenters by key, then the session. The lock of a session covers its places.
#
# Before any row that points to a person is written, that person is locked (professionals.services.lock_person).


def lock_session(session: OpenSession) -> OpenSession:
    """The session as it is now, locked until the transaction ends."""
    return lock_sessions([session.pk])[0]


def lock_sessions(keys: Iterable[int]) -> list[OpenSession]:
    """These sessions as they stand, locked in the order of their keys."""
    rows = OpenSession.objects.filter(pk__in=list(keys)).order_by("pk")
    # Lock first, then read: after waiting for a lock, a joined presenter would be as it was before the wait.
    locked = list(rows.select_for_update(no_key=True).values_list("pk", flat=True))
    return list(OpenSession.objects.with_related().filter(pk__in=locked).order_by("pk"))


def lock_session_and_presenters(session: OpenSession, *, now: datetime, also: Iterable[Presenter] = ()) -> OpenSession:
    """For changes of its time or presenter. Raises SessionChanged if its presenter changed while we waited."""
    seen = OpenSession.objects.filter(pk=session.pk).values_list("presenter", flat=True).get()
    lock_presenters({seen, *(presenter.pk for presenter in also)}, now=now)
    locked = lock_session(session)
    if locked.presenter_id != seen:
        raise SessionChanged
    return locked


def lock_place(place: SessionPlace) -> SessionPlace:
    """The place as it is now, with its session locked as `place.session`."""
    session = lock_sessions([place.session_id])[0]
    locked = SessionPlace.objects.select_related("person").get(pk=place.pk)
    locked.session = session
    return locked


def refuse_unless_upcoming(session: OpenSession, now: datetime) -> None:
    """Raises SessionClosed."""
    if not session.is_scheduled or session.has_begun(now):
        raise SessionClosed
