"""The emails about open sessions: to people with a place or in the line, to presenters, to the team, and invitations."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django.conf import settings
from django.db.models import F, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings import text as session_text
from bookings.booking.services.transitions import wants_reminders
from bookings.calendars import ical
from bookings.emails import SAMPLE_START, sample_long_fields, sample_person, sample_presentation, sample_presenter
from bookings.feedback.emails import SessionAfterwards, YearLaterEmail
from bookings.models import (
    PLACE_GAINED_EVENTS,
    BookingChannel,
    FollowUp,
    OpenSession,
    PlaceLinkPurpose,
    PlaceState,
    SessionEvent,
    SessionEventKind,
    SessionPlace,
    SessionState,
)
from bookings.open_sessions.queries import places_text
from bookings.open_sessions.services.notify import CONCERNED_STATES, unsure_version
from bookings.open_sessions.services.places import make_place_links
from bookings.open_sessions.services.sessions import INVITATION_KIND
from bookings.text import SummaryRow, moment_text, summary_row, times_of_move
from bookings.visits.services import minute_number
from core.dates import format_datetime_range, format_day, uk_datetime
from notifications.registry import Desk, Email, Topic
from notifications.samples import PRESENTER_ADDRESS, SAMPLE_NOW, Example, example
from professionals.models import Person
from professionals.safeguarding.services import is_text_kept_back

URL_NAME_BY_PURPOSE: dict[str, str] = {PlaceLinkPurpose.SEE: "place_link", PlaceLinkPurpose.LEAVE: "place_link_leave"}
WAITING_LIST_EVENTS = (SessionEventKind.JOINED, SessionEventKind.OFFERED, SessionEventKind.BUMPED)
# The events that say how somebody stood.
PLACE_STATE_EVENTS = (*PLACE_GAINED_EVENTS, *WAITING_LIST_EVENTS, SessionEventKind.LAPSED, SessionEventKind.GIVEN_UP)


class OpenSessionEmail(Email):
    desk = Desk.BOOKINGS

    @property
    def first_sent_at(self) -> datetime:
        """When the email was first written, also if this one is sent again: its event has the same moment."""
        return (self.notification.resend_of or self.notification).created_at


class PlaceEmail(OpenSessionEmail):
    """About "place:12". Its subject may name %(day)s and %(reference)s."""

    states: tuple[PlaceState, ...] = ()  # the states in which it is due while the session is to come
    has_links = True
    may_join = True  # if not, it leaves out the joining link, which would invite people

    @cached_property
    def place(self) -> SessionPlace:
        places = SessionPlace.objects.select_related("session__presentation", "session__presenter", "person")
        return places.get(pk=self.about_key)

    def is_still_due(self) -> bool:
        return session_text.may_be_joined(self.place.session, timezone.now()) and self.place.state in self.states

    @cached_property
    def links(self) -> dict[str, str]:
        """Links that work without signing in. Each time the message is rendered it gets new ones."""
        now = timezone.now()
        if not self.has_links or self.place.session.has_begun(now):
            return {}  # it was sent late, and there is nothing left to do
        offered = self.place.state == PlaceState.OFFERED
        purposes = [PlaceLinkPurpose.SEE, PlaceLinkPurpose.LEAVE] if offered else [PlaceLinkPurpose.LEAVE]
        tokens = make_place_links(place=self.place, purposes=purposes, now=now)
        return {
            purpose: f"{settings.SITE_URL}{reverse(URL_NAME_BY_PURPOSE[purpose], args=[token])}"
            for purpose, token in tokens.items()
        }

    @cached_property
    def number(self) -> int:
        """Their place in the line; 0 if they don't wait."""
        return session_text.waiting_list_number(self.place) if self.place.state == PlaceState.WAITING else 0

    @cached_property
    def in_calendars(self) -> bool:
        """Whether the reader's calendar has an entry for it, or gets one now."""
        return self.place.has_a_place

    @cached_property
    def previous_event_kind(self) -> str:
        """The event kind that says how the place stood before this message's event; empty if there was none.

        Events have the same version numbers as messages.
        """
        before = self.place.events.filter(kind__in=PLACE_STATE_EVENTS, changes__version__lt=self.notification.version)
        return before.order_by("at", "pk").values_list("kind", flat=True).last() or ""

    def context(self) -> dict[str, object]:
        place, session = self.place, self.place.session
        return {
            "place": place,
            "session": session,
            "day": format_day(session.starts_at),
            "reference": session.reference,
            "rows": session_text.place_facts(place) if self.may_join else session_text.session_facts(session),
            "has_link": bool(session.joining_link),
            "links": self.links,
            "line": session_text.waiting_list_text(self.number) if self.number else "",
            "until": place.offered_until,
            "in_calendars": self.in_calendars,
            "url": f"{settings.SITE_URL}{reverse('session_mine', args=[session.reference])}",
            "session_url": f"{settings.SITE_URL}{session.get_absolute_url()}",
            "sessions_url": f"{settings.SITE_URL}{reverse('sessions')}",
        }

    def get_calendar_method(self) -> str:
        return self.calendar_method if self.in_calendars else ""

    def calendar(self, method: str) -> bytes:
        place, at = self.place, self.notification.created_at
        to = ical.Attendee(place.person.email, place.person.name)
        return ical.session_calendar(place.session, method, now=at, to=to, sequence=ical.place_sequence(place))


class PlaceTaken(PlaceEmail):
    """They took a place, accepted an offer, or were given one without asking because the session is near."""

    name = "place-taken"
    label = _("Place taken")
    subject = _("You have a place: %(day)s (%(reference)s)")
    calendar_method = "REQUEST"
    states = (PlaceState.TAKEN,)

    @cached_property
    def from_waiting_list(self) -> bool:
        taken = self.place.events.filter(kind=SessionEventKind.TAKEN, changes__version=self.notification.version)
        return taken.exists() and self.previous_event_kind in WAITING_LIST_EVENTS

    @cached_property
    def reminds(self) -> bool:
        return wants_reminders(self.place.person)

    def context(self) -> dict[str, object]:
        session, at = self.place.session, self.notification.created_at
        return {
            **super().context(),
            "from_waiting_list": self.from_waiting_list,
            "reminded": self.reminds and session.reminder_due_at > at,
            "reminded_twice": self.reminds and session.first_reminder_due_at > at,
        }


class PlaceWaiting(PlaceEmail):
    name = "place-waiting"
    label = _("On the waiting list")
    subject = _("You are on the waiting list: %(day)s (%(reference)s)")
    states = (PlaceState.WAITING,)


class PlaceOffered(PlaceEmail):
    name = "place-offered"
    label = _("Place offered")
    subject = _("A place is free for you: %(day)s (%(reference)s)")

    def is_still_due(self) -> bool:
        place = self.place
        return place.state == PlaceState.OFFERED and bool(place.offer_expires_at and place.offer_expires_at > timezone.now())


class PlaceLapsed(PlaceEmail):
    name = "place-lapsed"
    label = _("Offer ran out")
    subject = _("We no longer keep a place for you on %(day)s (%(reference)s)")
    states = (PlaceState.GIVEN_UP,)
    has_links = False


class PlaceLost(PlaceEmail):
    """They lost a place, or their turn in the line. Only somebody who had a place has a calendar entry to remove."""

    calendar_method = "CANCEL"

    @cached_property
    def in_calendars(self) -> bool:
        return self.previous_event_kind in PLACE_GAINED_EVENTS


class PlaceGivenUp(PlaceLost):
    name = "place-given-up"
    label = _("Place given up")
    subject = _("You have given up your place: %(day)s (%(reference)s)")
    subject_of_waiting = _("You are no longer on the waiting list: %(day)s (%(reference)s)")
    states = (PlaceState.GIVEN_UP,)
    has_links = False

    def get_subject(self) -> str | Promise:
        return self.subject if self.in_calendars else self.subject_of_waiting


class PlaceBumped(PlaceLost):
    name = "place-bumped"
    label = _("Back on the waiting list")
    subject = _("You are back on the waiting list: %(day)s (%(reference)s)")
    states = (PlaceState.WAITING,)


class SessionNews(PlaceEmail):
    """To everybody, about an event of the session. A later event of that kind has its own email."""

    event: SessionEventKind
    calendar_method = "REQUEST"
    states = CONCERNED_STATES

    @property
    def events(self) -> QuerySet[SessionEvent]:
        return self.place.session.events.filter(kind=self.event)

    def is_still_due(self) -> bool:
        return super().is_still_due() and not self.events.filter(at__gt=self.first_sent_at).exists()


class SessionMoved(SessionNews):
    """To everybody with a place, an offer or a turn in the line. Somebody who waits has no calendar entry that could move."""

    name = "session-moved"
    label = _("Open session moved")
    subject = _("The session has moved to %(day)s (%(reference)s)")
    event = SessionEventKind.MOVED

    @cached_property
    def move(self) -> SessionEvent | None:
        """The move that this message is about: the last one recorded by the moment when it was first written."""
        return self.events.filter(at__lte=self.first_sent_at).order_by("at", "pk").last()

    def context(self) -> dict[str, object]:
        """`before`: the time that it had until now."""
        times = times_of_move(self.move)
        # Nothing that looks like a child's details reaches an email.
        reason = self.move.reason if self.move and not self.move.changes.get("flagged") else ""
        return {**super().context(), "before": moment_text(times[0]) if times else "", "reason": reason}


class SessionRestored(SessionNews):
    """To everybody with a place, an offer or a turn in the line: it was cancelled, and takes place after all."""

    name = "session-restored"
    label = _("Open session no longer cancelled")
    subject = _("The session on %(day)s will go ahead after all (%(reference)s)")
    event = SessionEventKind.RESTORED


def cancellation_reason(session: OpenSession) -> str:
    """Empty while it waits for the safeguarding lead."""
    return "" if is_text_kept_back(session, "closed_reason") else session.closed_reason


class SessionCancelled(PlaceEmail):
    name = "session-cancelled"
    label = _("Open session cancelled")
    subject = _("The session on %(day)s is cancelled (%(reference)s)")
    calendar_method = "CANCEL"
    has_links = False
    may_join = False

    def is_still_due(self) -> bool:
        return self.place.session.state == SessionState.CANCELLED

    def context(self) -> dict[str, object]:
        return {**super().context(), "reason": cancellation_reason(self.place.session)}


class SessionDetails(PlaceEmail):
    """How to join; the calendar entry has it too."""

    name = "session-details"
    label = _("How to join")
    subject = _("How to join on %(day)s (%(reference)s)")
    subject_of_certain = _("The session on %(day)s will go ahead (%(reference)s)")
    subject_without_link = _("Please stop using your joining link for %(day)s (%(reference)s)")
    calendar_method = "REQUEST"
    states = (PlaceState.TAKEN,)

    def is_still_due(self) -> bool:
        """Not if it says that the session goes ahead, and the new presenter is lost too."""
        return super().is_still_due() and not (self.place.session.needs_a_presenter and self.takes_place)

    @cached_property
    def takes_place(self) -> bool:
        """Whether this message says that the session will go ahead.

        It does if somebody took the session over at that moment, after people had read that it may not take place.
        """
        events = self.place.session.events.filter(kind=SessionEventKind.REASSIGNED, changes__unsure=True)
        return events.filter(at=self.first_sent_at).exists()

    def get_subject(self) -> str | Promise:
        if self.takes_place:
            return self.subject_of_certain
        return self.subject if self.place.session.joining_link else self.subject_without_link

    def context(self) -> dict[str, object]:
        return {**super().context(), "takes_place": self.takes_place}


class SessionUnsure(PlaceEmail):
    """Nobody gives the session yet; the calendar entry stays."""

    name = "session-unsure"
    label = _("May not take place")
    subject = _("The session on %(day)s may not take place (%(reference)s)")
    states = (PlaceState.TAKEN,)
    may_join = False

    def is_still_due(self) -> bool:
        """Whether the session has had no presenter since that loss. A later loss has its own email."""
        session = self.place.session
        stands = super().is_still_due() and session.needs_a_presenter
        return stands and unsure_version(session) == self.notification.version


def is_reminder_due(session: OpenSession, version: int) -> bool:
    """The session is still to come, and at the time that this reminder is about."""
    stands = minute_number(session.reminder_due_at) == version
    return stands and session_text.may_be_joined(session, timezone.now())


class SessionReminder(PlaceEmail):
    """How to join, and how to give the place to somebody else. No calendar part: it would invite again."""

    name = "session-reminder"
    label = _("Open session: the day before")
    subject = _("Reminder: your session on %(day)s (%(reference)s)")
    topic = Topic.REMINDERS
    can_wait = True
    early = False

    def is_still_due(self) -> bool:
        place = self.place
        return place.state == PlaceState.TAKEN and is_reminder_due(place.session, self.notification.version)

    def context(self) -> dict[str, object]:
        return {**super().context(), "early": self.early}


class SessionReminderWeek(SessionReminder):
    name = "session-reminder-week"
    label = _("Open session: first reminder")
    template = "bookings/session_reminder"
    subject = _("Coming up: your session on %(day)s (%(reference)s)")
    early = True


class SessionEmail(OpenSessionEmail):
    """About "session:12", to its presenter or to staff. Its subject may name %(day)s and %(reference)s."""

    @cached_property
    def session(self) -> OpenSession:
        return OpenSession.objects.with_related().get(pk=self.about_key)

    @property
    def is_to_current_presenter(self) -> bool:
        presenter = self.session.presenter
        return presenter is not None and presenter.email.lower() == self.notification.recipient.lower()

    def context(self) -> dict[str, object]:
        session = self.session
        url = f"{settings.SITE_URL}{reverse('presenter_session', args=[session.reference])}"
        return {"session": session, "day": format_day(session.starts_at), "reference": session.reference, "own_url": url}

    def presenter_facts(self, *, may_join: bool) -> list[SummaryRow]:
        session = self.session
        rows = [
            summary_row(gettext("Open session"), session.presentation.title),
            summary_row(gettext("When"), session.when),
            summary_row(gettext("Where"), gettext("Online")),
        ]
        if may_join:
            label, link = gettext("Joining link"), session.joining_link
            none = summary_row(label, gettext("Not set yet. The team will set one, and we will email it to you."))
            rows.append({**summary_row(label, link), "href": link, "is_private": True} if link else none)
            if session.joining_help:
                rows.append({**summary_row(gettext("How to join"), session.joining_help), "is_private": True})
            rows.append(summary_row(gettext("Who is coming"), places_text(session)))
        return [*rows, summary_row(gettext("Reference"), session.reference)]


class SessionForPresenter(SessionEmail):
    name = "session-for-presenter"
    label = _("To the presenter: open session")
    subject = _("You are giving an open session: %(day)s (%(reference)s)")
    subject_of_moved = _("Your open session has moved: %(day)s (%(reference)s)")
    subject_of_link = _("How to join your open session: %(day)s (%(reference)s)")
    calendar_method = "REQUEST"

    def is_still_due(self) -> bool:
        """Unless the session has changed since: the newest change has its own email."""
        session = self.session
        return session.is_scheduled and session.sequence == self.notification.version and self.is_to_current_presenter

    @cached_property
    def change(self) -> SessionEvent | None:
        """The move or new link that this is about. None for any other change of the sequence: that reads as "yours" now."""
        kinds = (SessionEventKind.MOVED, SessionEventKind.LINK_SET)
        return self.session.events.filter(at=self.first_sent_at, kind__in=kinds).first()

    def get_subject(self) -> str | Promise:
        if self.change and self.change.kind == SessionEventKind.MOVED:
            return self.subject_of_moved
        return self.subject_of_link if self.change else self.subject

    def context(self) -> dict[str, object]:
        session, change = self.session, self.change
        times = times_of_move(change)
        return {
            **super().context(),
            "why": change.kind if change else "",
            "before": format_datetime_range(times[0], times[0] + (session.ends_at - session.starts_at)) if times else "",
            "rows": self.presenter_facts(may_join=True),
        }

    def calendar(self, method: str) -> bytes:
        session, at = self.session, self.notification.created_at
        to = ical.presenter_attendee(session)
        return ical.session_calendar(session, method, now=at, to=to, sequence=session.sequence)


class SessionClosedForPresenter(SessionEmail):
    """To the former presenter: the session is cancelled, or somebody else gives it now."""

    name = "session-closed-for-presenter"
    label = _("To the presenter: session no longer theirs")
    subject = _("You are no longer giving the open session on %(day)s (%(reference)s)")
    subject_of_cancelled = _("Your open session on %(day)s is cancelled (%(reference)s)")
    calendar_method = "CANCEL"

    @cached_property
    def session(self) -> OpenSession:
        """The session as it was when it was theirs, though it may have moved since."""
        session = super().session
        moves = session.events.filter(kind=SessionEventKind.MOVED, at__gt=self.first_sent_at)
        if times := times_of_move(moves.order_by("at", "pk").first()):
            session.starts_at, session.ends_at = times[0], times[0] + (session.ends_at - session.starts_at)
        return session

    @property
    def is_cancelled(self) -> bool:
        return self.session.state == SessionState.CANCELLED

    def is_still_due(self) -> bool:
        return self.is_cancelled or not self.is_to_current_presenter

    def get_subject(self) -> str | Promise:
        return self.subject_of_cancelled if self.is_cancelled else self.subject

    def context(self) -> dict[str, object]:
        return {
            **super().context(),
            "cancelled": self.is_cancelled,
            "rows": self.presenter_facts(may_join=False),
            "reason": cancellation_reason(self.session) if self.is_cancelled else "",
        }

    def calendar(self, method: str) -> bytes:
        to, at = ical.Attendee(self.notification.recipient, is_presenter=True), self.notification.created_at
        return ical.session_calendar(self.session, method, now=at, to=to, sequence=self.notification.version)


class SessionPresenterReminder(SessionEmail):
    name = "session-presenter-reminder"
    label = _("To the presenter: session, the day before")
    subject = _("Reminder: you are giving an open session on %(day)s (%(reference)s)")
    can_wait = True
    early = False

    def is_still_due(self) -> bool:
        return self.is_to_current_presenter and is_reminder_due(self.session, self.notification.version)

    def context(self) -> dict[str, object]:
        return {**super().context(), "rows": self.presenter_facts(may_join=True), "early": self.early}


class SessionPresenterReminderWeek(SessionPresenterReminder):
    name = "session-presenter-reminder-week"
    label = _("To the presenter: session, first reminder")
    template = "bookings/session_presenter_reminder"
    subject = _("Coming up: you are giving an open session on %(day)s (%(reference)s)")
    early = True


class StaffSessionNeedsPresenter(SessionEmail):
    name = "staff-session-needs-presenter"
    label = _("To staff: session needs a presenter")
    subject = _("The open session on %(day)s needs a presenter (%(reference)s)")
    people_know = False  # whether those with a place know that it may not take place

    def is_still_due(self) -> bool:
        """Whether the session still has no presenter. A later loss has its own email."""
        return self.session.needs_a_presenter and self.session.sequence == self.notification.version

    def context(self) -> dict[str, object]:
        session = self.session
        rows = [
            summary_row(gettext("Open session"), session.presentation.title),
            summary_row(gettext("When"), session.when),
            summary_row(gettext("Who is coming"), places_text(session)),
            summary_row(gettext("Reference"), session.reference),
        ]
        url = f"{settings.SITE_URL}{reverse('staff:bookings_opensession_change', args=[session.pk])}"
        return {**super().context(), "rows": rows, "staff_url": url, "people_know": self.people_know}


class StaffSessionUnsure(StaffSessionNeedsPresenter):
    name = "staff-session-unsure"
    label = _("To staff: session still needs a presenter")
    template = "bookings/staff_session_needs_presenter"
    subject = _("The open session on %(day)s still needs a presenter (%(reference)s)")
    people_know = True

    def is_still_due(self) -> bool:
        """Only while nobody gives it since the same loss."""
        return self.session.needs_a_presenter and unsure_version(self.session) == self.notification.version


class SessionInvitation(Email):
    """To everybody who asked for invitations: the sessions planned on one day ("invited:2027-02-22") that still have room."""

    name = INVITATION_KIND
    label = _("Invitation to open sessions")
    subject = _("%(count)d new open sessions")
    subject_of_one = _("New open session on %(day)s: “%(title)s”")
    desk = Desk.BOOKINGS
    topic = Topic.INVITATIONS
    can_wait = True
    max_listed = 10

    @cached_property
    def now(self) -> datetime:
        return timezone.now()

    @cached_property
    def sessions(self) -> list[OpenSession]:
        """The sessions with room, but for those where this reader has a place or gave one up. One statement."""
        day = date.fromisoformat(self.notification.about.partition(":")[2])
        from_, until = (uk_datetime(midnight, time.min).astimezone(UTC) for midnight in (day, day + timedelta(days=1)))
        planned = OpenSession.objects.with_related().upcoming(self.now).filter(created_at__gte=from_, created_at__lt=until)
        person = Person.objects.with_email(self.notification.recipient)
        known = SessionPlace.objects.filter(person__in=person).values("session")
        return list(planned.filter(occupied__lt=F("capacity"), waiting=0).exclude(pk__in=known))

    def is_still_due(self) -> bool:
        """Somebody still has this address, and at least one session still has room."""
        return Person.objects.with_email(self.notification.recipient).exists() and bool(self.sessions)

    def get_subject(self) -> str | Promise:
        return self.subject_of_one if len(self.sessions) == 1 else self.subject

    def context(self) -> dict[str, object]:
        first, count = self.sessions[0], len(self.sessions)
        path = first.get_absolute_url() if count == 1 else reverse("sessions")
        listed = self.sessions[: self.max_listed]
        return {
            "sessions": [
                {
                    "session": session,
                    "room": session_text.room_text(session),
                    "url": f"{settings.SITE_URL}{session.get_absolute_url()}",
                }
                for session in listed
            ],
            "more": count - len(listed),
            "count": count,
            "day": format_day(first.starts_at),
            "title": first.presentation.title,
            "url": f"{settings.SITE_URL}{path}",
        }


# Examples of each email, with made-up sessions and places.

# Links that don't exist.
SAMPLE_LEAVE_LINKS = {"leave": "https://ctac.example/place-links/private/leave/"}
SAMPLE_OFFER_LINKS = {"see": "https://ctac.example/place-links/private/", **SAMPLE_LEAVE_LINKS}
SAMPLE_REASON = "Our presenter is ill. We plan another session in April."
SAMPLE_JOINING_HELP = "Meeting code 482 913. Please keep your camera off while you join."
SAMPLE_OFFER_FIELDS: dict[str, Any] = {"state": PlaceState.OFFERED, "offer_expires_at": SAMPLE_NOW + timedelta(hours=24)}
PLACE_FIELDS = ("state", "offer_expires_at", "person", "version")
SAMPLE_SESSION_START = datetime(2027, 3, 9, 10, tzinfo=UTC)


def _example(email: type[Email], case: str = "", facts: dict[str, Any] | None = None, **fields: Any) -> Example:
    """An example of this email about a place with these fields; `facts` are what it would read besides the place."""
    return example(email, case, place=sample_place(**fields), **{"links": SAMPLE_LEAVE_LINKS, **(facts or {})})


def examples() -> list[Example]:
    """Each email in its usual case, then the cases that read differently, and the longest words."""
    longest = {name: value for name, value in sample_long_fields().items() if name in ("person", "presenter", "presentation")}
    no_link: dict[str, Any] = {"presenter": sample_presenter(joining_link="")}
    given_up, waits = {"state": PlaceState.GIVEN_UP}, {"state": PlaceState.WAITING}
    taken = {"reminds": True, "from_waiting_list": False}
    move = SessionEvent(
        reason="Our presenter has to be in court on the day that we had planned.",
        changes={"time": [(SAMPLE_START - timedelta(days=7)).isoformat(), SAMPLE_START.isoformat()]},
    )
    cancelled = {"session_state": SessionState.CANCELLED, "closed_reason": SAMPLE_REASON}
    after, long_after = (sample_place(session_state=SessionState.DELIVERED, **fields) for fields in ({}, longest))
    for place in (after, long_after):
        FollowUp(session=place.session, code="7Q4M2F")  # this sets place.session.follow_up too
    mine: dict[str, Any] = {"recipient": PRESENTER_ADDRESS}
    to = {**mine, "version": 1}
    times = [(SAMPLE_SESSION_START - timedelta(days=7)).isoformat(), SAMPLE_SESSION_START.isoformat()]
    moved = SessionEvent(kind=SessionEventKind.MOVED, changes={"time": times})
    off = sample_presenter_session(
        state=SessionState.CANCELLED, closed_reason="Our presenter is ill, and nobody else can step in."
    )
    one = sample_session()
    later = sample_session(starts_at=SAMPLE_START + timedelta(days=7), ends_at=SAMPLE_START + timedelta(days=7, minutes=90))
    return [
        # A place that somebody has, or waits for.
        _example(PlaceTaken, "", taken),
        _example(PlaceTaken, gettext("no link yet"), taken, **no_link),
        _example(PlaceTaken, gettext("from the waiting list"), {**taken, "from_waiting_list": True}),
        _example(PlaceTaken, gettext("longest words"), taken, **longest),
        _example(PlaceGivenUp, "", {"links": {}, "in_calendars": True}, **given_up),
        _example(PlaceGivenUp, gettext("from the waiting list"), {"links": {}, "in_calendars": False}, **given_up),
        _example(PlaceWaiting, "", {"number": 3}, **waits),
        _example(PlaceWaiting, gettext("first on the list"), {"number": 1}, **waits),
        _example(PlaceOffered, "", {"links": SAMPLE_OFFER_LINKS}, **SAMPLE_OFFER_FIELDS),
        _example(PlaceLapsed, "", {"links": {}}, **given_up),
        _example(PlaceBumped, "", {"number": 1, "in_calendars": True}, **waits),
        # The session itself.
        _example(SessionMoved, "", {"move": move}, sequence=1),
        _example(SessionMoved, gettext("on the waiting list"), {"move": move, "number": 3}, sequence=1, **waits),
        _example(
            SessionMoved,
            gettext("a place offered"),
            {"move": move, "links": SAMPLE_OFFER_LINKS},
            sequence=1,
            **SAMPLE_OFFER_FIELDS,
        ),
        _example(SessionRestored, "", sequence=2),
        _example(SessionRestored, gettext("on the waiting list"), {"number": 3}, sequence=2, **waits),
        _example(SessionRestored, gettext("a place offered"), {"links": SAMPLE_OFFER_LINKS}, sequence=2, **SAMPLE_OFFER_FIELDS),
        _example(SessionCancelled, "", {"links": {}}, **cancelled),
        _example(SessionCancelled, gettext("on the waiting list"), {"links": {}, "number": 0}, **waits, **cancelled),
        _example(SessionDetails, "", {"takes_place": False}, joining_help=SAMPLE_JOINING_HELP),
        _example(SessionDetails, gettext("link taken away"), {"takes_place": False}, **no_link),
        _example(SessionDetails, gettext("takes place after all"), {"takes_place": True}),
        _example(SessionDetails, gettext("takes place after all, no link yet"), {"takes_place": True}, **no_link),
        _example(SessionUnsure, presenter=None),
        # After it.
        example(SessionAfterwards, place=after),
        example(SessionAfterwards, gettext("longest words"), place=long_after),
        example(YearLaterEmail, gettext("of a place"), booking_or_place=after),
        # To presenter and team.
        example(SessionForPresenter, session=sample_presenter_session(), change=None, **mine),
        example(SessionForPresenter, gettext("moved"), session=sample_presenter_session(sequence=1), change=moved, **mine),
        example(
            SessionForPresenter,
            gettext("how to join"),
            session=sample_presenter_session(sequence=1),
            change=SessionEvent(kind=SessionEventKind.LINK_SET),
            **mine,
        ),
        example(SessionClosedForPresenter, session=sample_presenter_session(presenter=None), **to),
        example(SessionClosedForPresenter, gettext("cancelled"), session=off, **to),
        example(StaffSessionNeedsPresenter, session=sample_presenter_session(presenter=None)),
        example(StaffSessionUnsure, session=sample_presenter_session(presenter=None)),
        # Reminders and invitations.
        _example(SessionReminderWeek, joining_help=SAMPLE_JOINING_HELP),
        _example(SessionReminderWeek, gettext("no link yet"), joining_help=SAMPLE_JOINING_HELP, **no_link),
        _example(SessionReminder, joining_help=SAMPLE_JOINING_HELP),
        example(SessionPresenterReminderWeek, session=sample_presenter_session(), **mine),
        example(SessionPresenterReminder, session=sample_presenter_session(), **mine),
        example(SessionInvitation, sessions=[one]),
        example(SessionInvitation, title=gettext("Invitation to several open sessions"), sessions=[one, later]),
    ]


def sample_place(**fields: Any) -> SessionPlace:
    own = {name: fields.pop(name) for name in PLACE_FIELDS if name in fields}
    defaults = {
        "person": sample_person(),
        "state": PlaceState.TAKEN,
        "channel": BookingChannel.WEB,
        "version": 1,
        "created_at": SAMPLE_NOW,
    }
    return SessionPlace(pk=0, session=sample_session(**fields), position=1, **{**defaults, **own})


def sample_session(**fields: Any) -> OpenSession:
    state = fields.pop("session_state", SessionState.SCHEDULED)
    defaults = {
        "reference": "OS-4T9K-2M",
        "presentation": sample_presentation(),
        "presenter": sample_presenter(),
        "starts_at": SAMPLE_START,
        "ends_at": SAMPLE_START + timedelta(minutes=90),
        "capacity": 30,
        "ical_uid": "sample-session@ctac.example",
        "created_at": SAMPLE_NOW,
    }
    return OpenSession(pk=0, **{"state": state, **defaults, **fields})


def sample_presenter_session(**fields: Any) -> OpenSession:
    defaults = {
        "reference": "OS-7Q4M-2F",
        "presentation": sample_presentation(length_minutes=60),
        "starts_at": SAMPLE_SESSION_START,
        "ends_at": SAMPLE_SESSION_START + timedelta(minutes=60),
        "capacity": 20,
        "occupied": 12,
        "waiting": 0,
        "joining_help": "The meeting code is 4821.",
    }
    return sample_session(**{**defaults, **fields})
