"""Emails to professionals about open sessions: their place, reminders, invitations; when each goes, and if it still should."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from bookings.booking.services.notify import gets_reminders, reminder_moment, reminder_version
from bookings.calendars import ical
from bookings.email_samples import NOW, STARTS, longest_fields, sample_person, sample_presenter
from bookings.feedback import emails as feedback_emails
from bookings.models import (
    Afterwards,
    Channel,
    OpenSession,
    PlaceLinkPurpose,
    PlaceState,
    Presentation,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
)
from bookings.open_sessions import text as session_text
from bookings.open_sessions.emails import presenters
from bookings.open_sessions.emails.presenters import is_theirs, presenter_facts, session_of
from bookings.open_sessions.services.notify import unsure_version
from bookings.open_sessions.services.places import make_place_links
from bookings.open_sessions.services.sessions import INVITATION as NAME
from bookings.open_sessions.text import may_be_joined, room_in_words
from bookings.text import moment_text, times_of_move
from ctac.dates import format_day, uk_datetime
from notifications.models import Notification
from notifications.registry import Kind, Message, Topic
from notifications.samples import Example
from professionals.models import Person

# What each email about a place at an open session says: a place in, a message out.


@dataclass(frozen=True)
class PlaceEmailContext:
    """What a message is made from beside the place: when it was written, and the links that its reader may use."""

    now: datetime
    links: dict[str, str]
    # Of who waits: the how manieth; 0 if it does not matter.
    number: int = 0
    # Whether the reader's calendar has an entry of it already.
    in_calendars: bool = False
    # Whether the reader wants reminders.
    reminds: bool = True


def place_message(
    sentence: str | Promise, template: str, place: SessionPlace, telling: PlaceEmailContext, **more: object
) -> Message:
    """The sentence is the subject; it may name %(day)s and %(reference)s."""
    session = place.session
    day = format_day(session.starts_at)
    context: dict[str, object] = {
        "place": place,
        "session": session,
        "rows": session_text.place_facts(place),
        "has_link": bool(session.joining_link),
        "links": telling.links,
        "line": session_text.line_in_words(telling.number) if telling.number else "",
        "until": place.offered_until,
        "reminded": telling.reminds and session.reminder_due_at > telling.now,
        "reminded_twice": telling.reminds and session.week_reminder_due_at > telling.now,
        "in_calendars": telling.in_calendars,
        "url": f"{settings.SITE_URL}{reverse('session_mine', args=[session.reference])}",
        "session_url": f"{settings.SITE_URL}{session.get_absolute_url()}",
        "sessions_url": f"{settings.SITE_URL}{reverse('sessions')}",
    }
    return Message(str(sentence) % {"day": day, "reference": session.reference}, template, {**context, **more})


def with_place_entry(said: Message, place: SessionPlace, method: str, now: datetime) -> Message:
    """The same with what its person's calendar is to do."""
    to = ical.Attendee(place.person.email, place.person.name)
    entry = ical.session_calendar(place.session, method, now=now, to=to, sequence=ical.place_sequence(place))
    return replace(said, calendar=entry, calendar_method=method)


def place_taken(place: SessionPlace, telling: PlaceEmailContext, *, from_the_line: bool = False) -> Message:
    sentence = _("You have a place: %(day)s (%(reference)s)")
    said = place_message(sentence, "place_taken", place, telling, from_the_line=from_the_line)
    return with_place_entry(said, place, "REQUEST", telling.now)


def place_waiting(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    return place_message(_("You are on the waiting list: %(day)s (%(reference)s)"), "place_waiting", place, telling)


def place_offered(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    return place_message(_("A place is free for you: %(day)s (%(reference)s)"), "place_offered", place, telling)


def place_lapsed(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    return place_message(_("The place on %(day)s is not kept any more (%(reference)s)"), "place_lapsed", place, telling)


def place_given_up(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    sentence = _("You are off the waiting list: %(day)s (%(reference)s)")
    if telling.in_calendars:
        sentence = _("You have given up your place: %(day)s (%(reference)s)")
    said = place_message(sentence, "place_given_up", place, telling)
    return with_place_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def place_bumped(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    said = place_message(_("We need your place on %(day)s back (%(reference)s)"), "place_bumped", place, telling)
    return with_place_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def session_moved(place: SessionPlace, telling: PlaceEmailContext, *, before: str, reason: str = "") -> Message:
    """`before`: when it was until now. Who waits has no entry that could move."""
    sentence = _("The session has moved to %(day)s (%(reference)s)")
    said = place_message(sentence, "session_moved", place, telling, before=before, reason=reason)
    return with_place_entry(said, place, "REQUEST", telling.now) if place.has_a_place else said


def session_cancelled(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    sentence = _("The session on %(day)s is cancelled (%(reference)s)")
    # Without the joining link: nobody is there.
    more = {"rows": session_text.session_facts(place.session), "reason": place.session.closed_reason}
    said = place_message(sentence, "session_cancelled", place, telling, **more)
    return with_place_entry(said, place, "CANCEL", telling.now) if telling.in_calendars else said


def session_details(place: SessionPlace, telling: PlaceEmailContext, *, takes_place: bool = False) -> Message:
    """How to join; the calendar entry has it too. `takes_place`: until now they had read that it may not."""
    sentence = _("How to join on %(day)s (%(reference)s)")
    if takes_place:
        sentence = _("The session on %(day)s takes place (%(reference)s)")
    elif not place.session.joining_link:
        sentence = _("Please don’t use the joining link for %(day)s (%(reference)s)")
    said = place_message(sentence, "session_details", place, telling, takes_place=takes_place)
    return with_place_entry(said, place, "REQUEST", telling.now)


def session_unsure(place: SessionPlace, telling: PlaceEmailContext) -> Message:
    """Nobody gives it yet. Without the joining link, which would invite; the calendar keeps its entry."""
    sentence = _("The session on %(day)s may not take place (%(reference)s)")
    return place_message(sentence, "session_unsure", place, telling, rows=session_text.session_facts(place.session))


# Kinds of email to professionals about open sessions: how each is built when it is sent, and whether it should still go then.

LINK_PAGES: dict[str, str] = {PlaceLinkPurpose.SEE: "place_link", PlaceLinkPurpose.LEAVE: "place_link_leave"}
# What says how somebody stood before the newest event.
STANDINGS = (
    SessionEventKind.TAKEN,
    SessionEventKind.JOINED,
    SessionEventKind.OFFERED,
    SessionEventKind.ACCEPTED,
    SessionEventKind.LAPSED,
    SessionEventKind.GIVEN_UP,
    SessionEventKind.BUMPED,
)
HAD_A_PLACE = (SessionEventKind.TAKEN, SessionEventKind.ACCEPTED)
IN_LINE = (SessionEventKind.JOINED, SessionEventKind.OFFERED, SessionEventKind.BUMPED)


def place_of(notification: Notification) -> SessionPlace:
    """The place that `about` names ("place:12")."""
    places = SessionPlace.objects.select_related("session__presentation", "session__presenter", "person")
    return places.get(pk=int(notification.about.partition(":")[2]))


def email_context(
    notification: Notification, place: SessionPlace, *purposes: PlaceLinkPurpose, **more: bool
) -> PlaceEmailContext:
    number = session_text.number_in_line(place) if place.state == PlaceState.WAITING else 0
    return PlaceEmailContext(notification.created_at, place_links(place, purposes), number, **more)


def place_links(place: SessionPlace, purposes: Iterable[PlaceLinkPurpose]) -> dict[str, str]:
    """Addresses that work without signing in, made anew whenever the message is written."""
    now = timezone.now()
    if not purposes or place.session.has_begun(now):
        return {}  # it was sent late, and there is nothing left to do
    tokens = make_place_links(place=place, purposes=purposes, now=now)
    return {purpose: f"{settings.SITE_URL}{reverse(LINK_PAGES[purpose], args=[token])}" for purpose, token in tokens.items()}


def stood_before(place: SessionPlace, notification: Notification) -> str:
    """What had become of the place before what this message tells of; empty if nothing had. Events count as messages do."""
    before = place.events.filter(kind__in=STANDINGS, changes__version__lt=notification.version)
    return before.order_by("at", "pk").values_list("kind", flat=True).last() or ""


def build_taken(notification: Notification) -> Message:
    """Taken, an offer accepted, or given without asking because the session is near."""
    place = place_of(notification)
    given = place.events.filter(kind=SessionEventKind.TAKEN, changes__version=notification.version).exists()
    from_the_line = given and stood_before(place, notification) in IN_LINE
    told = email_context(notification, place, PlaceLinkPurpose.LEAVE, reminds=gets_reminders(place.person))
    return place_taken(place, told, from_the_line=from_the_line)


def build_given_up(notification: Notification) -> Message:
    place = place_of(notification)
    had = stood_before(place, notification) in HAD_A_PLACE
    return place_given_up(place, email_context(notification, place, in_calendars=had))


def build_bumped(notification: Notification) -> Message:
    place = place_of(notification)
    had = stood_before(place, notification) in HAD_A_PLACE
    return place_bumped(place, email_context(notification, place, PlaceLinkPurpose.LEAVE, in_calendars=had))


def build_moved(notification: Notification) -> Message:
    place, event = place_of(notification), move_of(notification)
    times = times_of_move(event)
    purposes = list(PlaceLinkPurpose) if place.state == PlaceState.OFFERED else [PlaceLinkPurpose.LEAVE]
    before = moment_text(times[0]) if times else ""
    # Nothing that looks like a child's details reaches an email.
    reason = event.reason if event and not event.changes.get("flagged") else ""
    return session_moved(place, email_context(notification, place, *purposes), before=before, reason=reason)


def build_cancelled(notification: Notification) -> Message:
    place = place_of(notification)
    return session_cancelled(place, email_context(notification, place, in_calendars=place.has_a_place))


def build_details(notification: Notification) -> Message:
    place = place_of(notification)
    said = email_context(notification, place, PlaceLinkPurpose.LEAVE)
    return session_details(place, said, takes_place=says_it_takes_place(notification, place))


def says_it_takes_place(notification: Notification, place: SessionPlace) -> bool:
    """Written at the moment at which somebody took the session over, if people had read that it may not take place."""
    first = notification.resend_of or notification
    taken_over = place.session.events.filter(kind=SessionEventKind.REASSIGNED, changes__unsure=True, at=first.created_at)
    return taken_over.exists()


def move_of(notification: Notification) -> SessionEvent | None:
    """The move that this message tells of, written at the same moment."""
    first = notification.resend_of or notification
    moves = SessionEvent.objects.filter(session__places=place_key(notification), kind=SessionEventKind.MOVED)
    return moves.filter(at__lte=first.created_at).order_by("at", "pk").last()


def place_key(notification: Notification) -> int:
    return int(notification.about.partition(":")[2])


def builder_of(
    words: Callable[[SessionPlace, PlaceEmailContext], Message], *purposes: PlaceLinkPurpose
) -> Callable[[Notification], Message]:
    def build(notification: Notification) -> Message:
        place = place_of(notification)
        return words(place, email_context(notification, place, *purposes))

    return build


def while_to_come(*states: PlaceState) -> Callable[[Notification], bool]:
    """The session is to come and the place stands as it was told."""

    def check(notification: Notification) -> bool:
        place = place_of(notification)
        return session_text.may_be_joined(place.session, timezone.now()) and place.state in states

    return check


def is_still_offered(notification: Notification) -> bool:
    place = place_of(notification)
    return place.state == PlaceState.OFFERED and bool(place.offer_expires_at and place.offer_expires_at > timezone.now())


def has_not_moved_again(notification: Notification) -> bool:
    """A later move is told by a message of its own."""
    first = notification.resend_of or notification
    moves = SessionEvent.objects.filter(session__places=place_key(notification), kind=SessionEventKind.MOVED)
    stands = while_to_come(PlaceState.TAKEN, PlaceState.WAITING, PlaceState.OFFERED)(notification)
    return stands and not moves.filter(at__gt=first.created_at).exists()


def is_cancelled(notification: Notification) -> bool:
    return place_of(notification).session.state == SessionState.CANCELLED


def is_unsure(notification: Notification) -> bool:
    """Nobody gives it since that loss; whoever does makes everybody told of it, and what is lost again has its own message."""
    session = place_of(notification).session
    stands = while_to_come(PlaceState.TAKEN)(notification) and session.needs_a_presenter
    return stands and unsure_version(session) == notification.version


def details_still_true(notification: Notification) -> bool:
    """That it takes place is untrue once who took it over is lost too."""
    place = place_of(notification)
    stands = while_to_come(PlaceState.TAKEN)(notification)
    return stands and not (place.session.needs_a_presenter and says_it_takes_place(notification, place))


SEE, LEAVE = PlaceLinkPurpose.SEE, PlaceLinkPurpose.LEAVE
TAKEN, WAITING, GIVEN_UP = PlaceState.TAKEN, PlaceState.WAITING, PlaceState.GIVEN_UP
PLACE_KINDS = (
    Kind("place-taken", gettext_lazy("Place taken"), build_taken, while_to_come(TAKEN)),
    Kind("place-waiting", gettext_lazy("On the waiting list"), builder_of(place_waiting, LEAVE), while_to_come(WAITING)),
    Kind("place-offered", gettext_lazy("Place offered"), builder_of(place_offered, SEE, LEAVE), is_still_offered),
    Kind("place-lapsed", gettext_lazy("Offer ran out"), builder_of(place_lapsed), while_to_come(GIVEN_UP)),
    Kind("place-given-up", gettext_lazy("Place given up"), build_given_up, while_to_come(GIVEN_UP)),
    Kind("place-bumped", gettext_lazy("Back on the waiting list"), build_bumped, while_to_come(WAITING)),
    Kind("session-moved", gettext_lazy("Open session moved"), build_moved, has_not_moved_again),
    Kind("session-cancelled", gettext_lazy("Open session cancelled"), build_cancelled, is_cancelled),
    Kind("session-details", gettext_lazy("How to join"), build_details, details_still_true),
    Kind("session-unsure", gettext_lazy("May not take place"), builder_of(session_unsure, LEAVE), is_unsure),
)


# Emails that remind of an open session, a week before and the day before: to who has a place, and to who gives it.


def place_reminder(place: SessionPlace, said: PlaceEmailContext, *, early: bool) -> Message:
    """How to join, and how to give the place to somebody else. No calendar part: it would invite again."""
    sentence = _("Reminder: your session on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: your session on %(day)s (%(reference)s)")
    return place_message(sentence, "session_reminder", place, said, early=early)


def presenter_reminder(session: OpenSession, *, early: bool) -> Message:
    sentence = _("Reminder: you are giving an open session on %(day)s (%(reference)s)")
    if early:
        sentence = _("Coming up: you are giving an open session on %(day)s (%(reference)s)")
    rows = presenter_facts(session, may_join=True)
    return presenters.presenter_message(sentence, "session_presenter_reminder", session, rows=rows, early=early)


# When it goes, and whether it still should


def build_reminder(notification: Notification, *, early: bool) -> Message:
    place = place_of(notification)
    return place_reminder(place, email_context(notification, place, PlaceLinkPurpose.LEAVE), early=early)


def build_presenter_reminder(notification: Notification, *, early: bool) -> Message:
    return presenter_reminder(session_of(notification), early=early)


def reminds_of(session: OpenSession, notification: Notification, *, early: bool) -> bool:
    """The session is to come, on the day of which this reminds."""
    stands = reminder_version(reminder_moment(session, early=early)) == notification.version
    return stands and may_be_joined(session, timezone.now())


def reminder_still_true(notification: Notification, *, early: bool) -> bool:
    place = place_of(notification)
    return place.state == PlaceState.TAKEN and reminds_of(place.session, notification, early=early)


def presenter_reminder_still_true(notification: Notification, *, early: bool) -> bool:
    session = session_of(notification)
    return is_theirs(session, notification) and reminds_of(session, notification, early=early)


# What builds it, and whether it still goes: of a week before, then of the day before.
PLACE_REMINDERS = [(partial(build_reminder, early=early), partial(reminder_still_true, early=early)) for early in (True, False)]
PRESENTER_REMINDERS = [
    (partial(build_presenter_reminder, early=early), partial(presenter_reminder_still_true, early=early))
    for early in (True, False)
]
REMINDER_KINDS = (
    Kind(
        "session-reminder-week",
        gettext_lazy("Open session: a week before"),
        *PLACE_REMINDERS[0],
        topic=Topic.REMINDERS,
        can_wait=True,
    ),
    Kind(
        "session-reminder",
        gettext_lazy("Open session: the day before"),
        *PLACE_REMINDERS[1],
        topic=Topic.REMINDERS,
        can_wait=True,
    ),
    Kind(
        "session-presenter-reminder-week",
        gettext_lazy("To the presenter: session, a week before"),
        *PRESENTER_REMINDERS[0],
        can_wait=True,
    ),
    Kind(
        "session-presenter-reminder",
        gettext_lazy("To the presenter: session, the day before"),
        *PRESENTER_REMINDERS[1],
        can_wait=True,
    ),
)


# For the styleguide


def reminder_examples() -> Iterator[Example]:
    from bookings.email_samples import NOW, sample_presenter

    said = PlaceEmailContext(NOW, SAMPLE_LINKS)
    place = partial(sample_place, joining_help=SAMPLE_HELP)
    nobody = sample_presenter(joining_link="")
    week, day, presenter_week, presenter_day = REMINDER_KINDS
    no_link = _("%(label)s, no link yet") % {"label": week.label}
    yield Example(week.name, week.label, lambda: place_reminder(place(), said, early=True))
    yield Example(week.name, no_link, lambda: place_reminder(place(presenter=nobody), said, early=True))
    yield Example(day.name, day.label, lambda: place_reminder(place(), said, early=False))
    given = presenters.sample_for_presenter
    yield Example(presenter_week.name, presenter_week.label, lambda: presenter_reminder(given(), early=True))
    yield Example(presenter_day.name, presenter_day.label, lambda: presenter_reminder(given(), early=False))


# The email that invites to new open sessions: those planned on one day that can still be joined when it is sent.

MOST_LISTED = 10


def invitation(sessions: Sequence[OpenSession]) -> Message:
    first, count = sessions[0], len(sessions)
    subject = ngettext("New open session on %(day)s: “%(title)s”", "%(count)d new open sessions", count)
    path = first.get_absolute_url() if count == 1 else reverse("sessions")
    context: dict[str, object] = {
        "sessions": [
            {"session": each, "room": room_in_words(each), "url": f"{settings.SITE_URL}{each.get_absolute_url()}"}
            for each in sessions[:MOST_LISTED]
        ],
        "more": max(count - MOST_LISTED, 0),
        "count": count,
        "url": f"{settings.SITE_URL}{path}",
    }
    said = {"day": format_day(first.starts_at), "title": first.presentation.title, "count": count}
    return Message(subject % said, "session_invitation", context)


def sessions_open_to(notification: Notification, now: datetime) -> list[OpenSession]:
    """Planned on that day, with room, and without those that this reader has a place at or gave one up: one statement."""
    day = date.fromisoformat(notification.about.partition(":")[2])
    from_, until = (uk_datetime(each, time.min).astimezone(UTC) for each in (day, day + timedelta(days=1)))
    planned = OpenSession.objects.with_names().to_come(now).filter(created_at__gte=from_, created_at__lt=until)
    person = Person.objects.with_email(notification.recipient)
    known = SessionPlace.objects.filter(person__in=person).values("session")
    return list(planned.filter(occupied__lt=F("capacity"), waiting=0).exclude(pk__in=known))


def invitation_still_true(notification: Notification) -> bool:
    """Somebody reads there still, and may still come."""
    known = Person.objects.with_email(notification.recipient).exists()
    return known and bool(sessions_open_to(notification, timezone.now()))


INVITATION_KINDS = (
    Kind(
        NAME,
        gettext_lazy("Invitation to open sessions"),
        lambda notification: invitation(sessions_open_to(notification, timezone.now())),
        invitation_still_true,
        topic=Topic.INVITATIONS,
        can_wait=True,
    ),
)


def invitation_examples() -> Iterator[Example]:
    from bookings.email_samples import STARTS

    [kind] = INVITATION_KINDS
    one = sample_session()
    later = sample_session(starts_at=STARTS + timedelta(days=7), ends_at=STARTS + timedelta(days=7, minutes=90))
    yield Example(kind.name, kind.label, partial(invitation, [one]))
    yield Example(kind.name, _("Invitation to several open sessions"), partial(invitation, [one, later]))


# Places at open sessions that exist only to be shown in emails: nothing of them is stored.

# Nobody's: there is no such link.
SAMPLE_LINKS = {"leave": "https://ctac.example/place-links/private/leave/"}
SAMPLE_OFFER_LINKS = {"see": "https://ctac.example/place-links/private/", **SAMPLE_LINKS}
LABELS = {kind.name: kind.label for kind in (*PLACE_KINDS, *feedback_emails.KINDS)}
SAMPLE_REASON = "Our presenter is ill. We plan another session in April."
SAMPLE_HELP = "Meeting code 482 913. Please keep your camera off while you join."


def place_examples() -> Iterator[Example]:
    """Each kind in its usual case; after it the cases that read differently, and the longest words."""
    yield from _of_a_place()
    yield from _of_the_line()
    yield from _of_the_session()
    yield from _after_it()


def _of_a_place() -> Iterator[Example]:
    taken = partial(place_taken, telling=PlaceEmailContext(NOW, SAMPLE_LINKS))
    yield _example("place-taken", "", taken)
    yield _example("place-taken", _("no link yet"), taken, presenter=sample_presenter(joining_link=""))
    yield _example("place-taken", _("from the waiting list"), partial(taken, from_the_line=True))
    yield _example("place-taken", _("longest words"), taken, **{name: longest_fields()[name] for name in LONGEST_FIELDS})
    gone = {"state": PlaceState.GIVEN_UP}
    given_up = place_given_up
    yield _example("place-given-up", "", partial(given_up, telling=PlaceEmailContext(NOW, {}, in_calendars=True)), **gone)
    yield _example("place-given-up", _("from the waiting list"), partial(given_up, telling=PlaceEmailContext(NOW, {})), **gone)


def _of_the_line() -> Iterator[Example]:
    third, waits = PlaceEmailContext(NOW, SAMPLE_LINKS, 3), {"state": PlaceState.WAITING}
    yield _example("place-waiting", "", partial(place_waiting, telling=third), **waits)
    yield _example(
        "place-waiting", _("next in line"), partial(place_waiting, telling=PlaceEmailContext(NOW, SAMPLE_LINKS, 1)), **waits
    )
    yield _example(
        "place-offered", "", partial(place_offered, telling=PlaceEmailContext(NOW, SAMPLE_OFFER_LINKS)), **SAMPLE_OFFER
    )
    lapsed = {"state": PlaceState.GIVEN_UP}
    yield _example("place-lapsed", "", partial(place_lapsed, telling=PlaceEmailContext(NOW, {})), **lapsed)
    first = PlaceEmailContext(NOW, SAMPLE_LINKS, 1, in_calendars=True)
    yield _example("place-bumped", "", partial(place_bumped, telling=first), **waits)


def _of_the_session() -> Iterator[Example]:
    before = moment_text(STARTS - timedelta(days=7))
    moved = partial(session_moved, before=before, reason="Our presenter has to be in court on the day that we had planned.")
    yield _example("session-moved", "", partial(moved, telling=PlaceEmailContext(NOW, SAMPLE_LINKS)), sequence=1)
    waits = partial(moved, telling=PlaceEmailContext(NOW, SAMPLE_LINKS, 3))
    yield _example("session-moved", _("on the waiting list"), waits, sequence=1, state=PlaceState.WAITING)
    yield _example(
        "session-moved",
        _("a place offered"),
        partial(moved, telling=PlaceEmailContext(NOW, SAMPLE_OFFER_LINKS)),
        sequence=1,
        **SAMPLE_OFFER,
    )
    cancelled, off = session_cancelled, {"session_state": SessionState.CANCELLED, "closed_reason": SAMPLE_REASON}
    yield _example("session-cancelled", "", partial(cancelled, telling=PlaceEmailContext(NOW, {}, in_calendars=True)), **off)
    waited = partial(cancelled, telling=PlaceEmailContext(NOW, {}))
    yield _example("session-cancelled", _("on the waiting list"), waited, state=PlaceState.WAITING, **off)
    details = partial(session_details, telling=PlaceEmailContext(NOW, SAMPLE_LINKS))
    yield _example("session-details", "", details, joining_help=SAMPLE_HELP)
    yield _example("session-details", _("link taken away"), details, presenter=sample_presenter(joining_link=""))
    takes_place = partial(details, takes_place=True)
    yield _example("session-details", _("takes place after all"), takes_place)
    yield _example(
        "session-details", _("takes place after all, no link yet"), takes_place, presenter=sample_presenter(joining_link="")
    )
    yield _example("session-unsure", "", partial(session_unsure, telling=PlaceEmailContext(NOW, SAMPLE_LINKS)), presenter=None)


def _after_it() -> Iterator[Example]:
    of: dict[str, Any] = {"session_state": SessionState.DELIVERED}
    for case, more in (("", {}), (_("longest words"), {name: longest_fields()[name] for name in LONGEST_FIELDS})):
        yield _example("session-afterwards", case, _asked, **of, **more)
    yield _example("year-later", _("of a place"), feedback_emails.year_later, **of)


def _asked(place: SessionPlace) -> Message:
    return feedback_emails.session_afterwards(place, Afterwards(session=place.session, code="7Q4M2F"))


LONGEST_FIELDS = ("person", "presenter", "presentation")  # of what is longest, what a session has
SAMPLE_OFFER: dict[str, Any] = {"state": PlaceState.OFFERED, "offer_expires_at": NOW + timedelta(hours=24)}
PLACE_FIELDS = ("state", "offer_expires_at", "person", "version")


def _example(kind: str, case: str, words: Any, **fields: Any) -> Example:
    title = f"{LABELS[kind]}, {case}" if case else LABELS[kind]
    return Example(kind, title, lambda: words(sample_place(**fields)))


def sample_place(**fields: Any) -> SessionPlace:
    own = {name: fields.pop(name) for name in PLACE_FIELDS if name in fields}
    defaults = {"person": sample_person(), "state": PlaceState.TAKEN, "channel": Channel.WEB, "version": 1, "created_at": NOW}
    return SessionPlace(pk=1, session=sample_session(**fields), position=1, **{**defaults, **own})


def sample_session(**fields: Any) -> OpenSession:
    state = fields.pop("session_state", SessionState.SCHEDULED)
    defaults = {
        "reference": "OS-4T9K-2M",
        "presentation": Presentation(pk=1, slug="signs", title="Spotting the signs of child trafficking", length_minutes=90),
        "presenter": sample_presenter(),
        "starts_at": STARTS,
        "ends_at": STARTS + timedelta(minutes=90),
        "capacity": 30,
        "ical_uid": "sample-session@ctac.example",
        "created_at": NOW,
    }
    return OpenSession(pk=1, state=state, **{**defaults, **fields})
