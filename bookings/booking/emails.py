"""The emails about a booking: to the professional, to the presenter, to the team, and to the manager when requests wait."""

from copy import copy
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings import text as bookings_text
from bookings.booking.services.links import make_booking_links
from bookings.booking.services.request import ESCALATION_KIND, has_overdue_requests, waiting_too_long, with_waiting_since
from bookings.booking.services.transitions import wants_reminders
from bookings.calendars import ical
from bookings.emails import (
    SAMPLE_NO_TIME_FIELDS,
    SAMPLE_ONLINE_FIELDS,
    SAMPLE_START,
    BookingEmail,
    ClosedEmail,
    DatesEmail,
    DetailsEmail,
    MovedEmail,
    NewsEmail,
    PresenterEmail,
    TeamEmail,
    UndecidedEmail,
    presenter_detail_rows,
    sample_booking,
    sample_brought,
    sample_long_fields,
    sample_person,
    sample_presenter,
)
from bookings.models import (
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    DateOption,
    DateOptionKind,
    DateOptionState,
    LinkPurpose,
    NotKeptReason,
    Precision,
)
from bookings.models.booking import OPEN_BOOKING_STATES
from bookings.text import SummaryRow, summary_row
from bookings.visits.services import minute_number
from core.dates import format_day
from leaflets.models import Order, OrderState
from notifications.registry import Desk, Email, Topic
from notifications.samples import PRESENTER_ADDRESS, SAMPLE_NOW, Example, example
from professionals.models import Profession
from professionals.services import is_work_address

URL_NAME_BY_PURPOSE: dict[str, str] = {LinkPurpose.CHANGE: "link_booking", LinkPurpose.CANCEL: "link_cancel"}


class ProfessionalEmail(BookingEmail):
    """An email to the professional who booked. Its links work without signing in."""

    @cached_property
    def links(self) -> dict[str, str]:
        """New links each time the message is rendered, only to what can still be done."""
        booking, now = self.booking, timezone.now()
        if booking.starts_at is not None and booking.starts_at <= now:
            return {}
        purposes = [LinkPurpose.CHANGE] if booking.may_reschedule(now) else []
        tokens = make_booking_links(
            booking=booking, address=booking.person.email, purposes=[*purposes, LinkPurpose.CANCEL], now=now
        )
        return {
            purpose: f"{settings.SITE_URL}{reverse(URL_NAME_BY_PURPOSE[purpose], args=[token])}"
            for purpose, token in tokens.items()
        }

    def context(self) -> dict[str, object]:
        return {**super().context(), "links": self.links}


class ReminderEmail(BookingEmail):
    """The day before, or some days before (`early`). It has no calendar entry, which would invite people again."""

    early = False
    can_wait = True
    has_joining_link = True

    def is_still_due(self) -> bool:
        """Not without a presenter: a reminder would not help then."""
        booking = self.booking
        if booking.state != BookingState.CONFIRMED or booking.presenter_id is None or booking.agreed_times[0] <= timezone.now():
            return False
        return minute_number(booking.reminder_due_at) == self.notification.version

    def context(self) -> dict[str, object]:
        return {**super().context(), "early": self.early}


# To the professional


class BookingConfirmed(NewsEmail, ProfessionalEmail):
    name = "booking-confirmed"
    label = _("Booking confirmed")
    subject = _("Your presentation is booked: %(day)s (%(reference)s)")
    subject_of_link = _("Your joining link for %(day)s has changed (%(reference)s)")
    subject_of_presenter = _("Your presentation on %(day)s has changed (%(reference)s)")
    subject_of_restored = _("Your presentation on %(day)s is going ahead after all (%(reference)s)")
    version_field = "sequence"

    @cached_property
    def reminds(self) -> bool:
        """Whether they want reminders."""
        return wants_reminders(self.booking.person)

    def context(self) -> dict[str, object]:
        at = self.notification.created_at
        return {
            **super().context(),
            "new_presenter": self.news == BookingEventKind.REASSIGNED,
            "restored": self.news == BookingEventKind.RESTORED,
            "reminded": self.reminds and self.booking.reminder_due_at > at,
            "reminded_twice": self.reminds and self.booking.first_reminder_due_at > at,
        }


class BookingRequested(DatesEmail):
    name = "booking-requested"
    label = _("Booking requested")
    template_without_time = "bookings/booking_dates_requested"
    subject = _("We have your request for %(day)s (%(reference)s)")
    subject_without_time = _("We have your request (%(reference)s)")
    states = (BookingState.REQUESTED,)

    def context(self) -> dict[str, object]:
        if self.booking.has_time:
            return super().context()
        return {**super().context(), "date_rows": bookings_text.date_rows(self.options, self.now)}


class BookingOffered(DatesEmail):
    name = "booking-offered"
    label = _("Times offered")
    subject = _("Please choose a time for your presentation (%(reference)s)")

    def is_still_due(self) -> bool:
        """Only while the booking is requested and the newest time offered (the version is its key) is still open."""
        offered = self.booking.options.proposed().open().filter(pk=self.notification.version)
        return self.booking.state == BookingState.REQUESTED and offered.exists()

    def context(self) -> dict[str, object]:
        offers = bookings_text.open_offers(self.options)
        rows = [summary_row(gettext("Time %(number)d") % {"number": n}, option.when) for n, option in enumerate(offers, start=1)]
        return {**super().context(), "date_rows": rows, "until": bookings_text.offers_kept_until_text(offers)}


class BookingDatesLapsed(UndecidedEmail):
    """They did not answer our offer, or we did not answer their request, or the presenter is away then."""

    name = "booking-dates-lapsed"
    label = _("Dates no longer kept")
    subject = _("We no longer keep the dates you asked for (%(reference)s)")
    subject_of_offers = _("We no longer keep the times we offered (%(reference)s)")

    def get_subject(self) -> str | Promise:
        return self.subject_of_offers if self.lapsed_offers else self.subject

    def context(self) -> dict[str, object]:
        return {
            **super().context(),
            "ours": bool(self.lapsed_offers),
            "date_rows": self.lapsed_rows(bookings_text.lapsed_text),
        }


class BookingDeclined(BookingEmail):
    name = "booking-declined"
    label = _("Booking declined")
    subject = _("We can’t give your presentation on %(day)s (%(reference)s)")
    subject_without_time = _("We can’t give the presentation you asked for (%(reference)s)")
    states = (BookingState.DECLINED,)


class BookingCancelled(ClosedEmail):
    name = "booking-cancelled"
    label = _("Booking cancelled")
    subject = _("Your presentation on %(day)s is cancelled (%(reference)s)")
    subject_of_request = _("Your request is withdrawn (%(reference)s)")
    states = (BookingState.CANCELLED,)

    def get_subject(self) -> Promise:
        """A request counts as withdrawn, even one that has a time."""
        return self.subject if self.in_calendars else self.subject_of_request


class BookingReminder(ReminderEmail, ProfessionalEmail):
    name = "booking-reminder"
    label = _("Booking reminder")
    subject = _("Reminder: your presentation on %(day)s (%(reference)s)")
    topic = Topic.REMINDERS


class BookingReminderWeek(BookingReminder):
    name = "booking-reminder-week"
    label = _("First reminder")
    template = "bookings/booking_reminder"
    subject = _("Coming up: your presentation on %(day)s (%(reference)s)")
    early = True


class BookingMoved(MovedEmail, ProfessionalEmail):
    name = "booking-moved"
    label = _("Booking moved")
    subject = _("Your presentation has moved to %(day)s, %(clock)s (%(reference)s)")
    has_joining_link = True


class BookingChanged(DetailsEmail, ProfessionalEmail):
    name = "booking-changed"
    label = _("Booking changed")
    subject = _("Your presentation on %(day)s has changed (%(reference)s)")
    subject_without_time = _("Your request has changed (%(reference)s)")
    has_joining_link = True


class BookingGivenAway(BookingEmail):
    """To the previous owner, without a link to the booking.

    It is sent for a booking cancelled meanwhile too, so that the entry in their calendar is struck out.
    """

    name = "booking-given-away"
    label = _("Booking taken over by a colleague")
    subject = _("A colleague is taking over your presentation on %(day)s (%(reference)s)")
    subject_without_time = _("A colleague is taking over your request (%(reference)s)")
    calendar_method = "CANCEL"

    def is_still_due(self) -> bool:
        return self.booking.person.email.lower() != self.notification.recipient.lower()

    @cached_property
    def in_calendars(self) -> bool:
        return self.booking.has_time and self.booking.state not in (BookingState.REQUESTED, BookingState.DECLINED)

    def context(self) -> dict[str, object]:
        return {**super().context(), "leaflet_rows": []}

    def attendee(self) -> ical.Attendee:
        return ical.Attendee(self.notification.recipient)


class BookingTakenOver(ProfessionalEmail):
    name = "booking-taken-over"
    label = _("Booking of a colleague taken over")
    subject = _("You are taking over a presentation: %(day)s (%(reference)s)")
    subject_without_time = _("You are taking over a request (%(reference)s)")
    calendar_method = "REQUEST"
    has_joining_link = True

    def is_still_due(self) -> bool:
        return self.booking.is_open and self.booking.person.email.lower() == self.notification.recipient.lower()


# To the presenter


class PresenterBooked(PresenterEmail, NewsEmail):
    name = "presenter-booked"
    label = _("To the presenter: booked")
    subject = _("You are giving a presentation on %(day)s (%(reference)s)")
    subject_of_link = _("Your joining link for %(day)s has changed (%(reference)s)")


class PresenterKept(PresenterBooked):
    name = "presenter-kept"
    label = _("To the presenter: time kept")
    template = "bookings/presenter_booked"
    subject = _("We are keeping your time for a request: %(day)s (%(reference)s)")
    states = (BookingState.REQUESTED,)


class PresenterReminder(PresenterEmail, ReminderEmail):
    """A reminder with what the presenter needs on the day."""

    name = "presenter-reminder"
    label = _("To the presenter: the day before")
    subject = _("Reminder: your presentation on %(day)s (%(reference)s)")


class PresenterReminderWeek(PresenterReminder):
    name = "presenter-reminder-week"
    label = _("To the presenter: first reminder")
    template = "bookings/presenter_reminder"
    subject = _("Coming up: your presentation on %(day)s (%(reference)s)")
    early = True


class PresenterCancelled(PresenterEmail, ClosedEmail):
    name = "presenter-cancelled"
    label = _("To the presenter: cancelled")
    subject = _("You are no longer needed on %(day)s (%(reference)s)")
    states = (BookingState.CANCELLED, BookingState.DECLINED)

    def context(self) -> dict[str, object]:
        sentence = gettext("You were given them already (%(reference)s). Please bring them back.")
        return {**super().context(), "back_rows": bookings_text.leaflets_to_return_rows(self.booking, sentence)}


class PresenterFreed(TeamEmail):
    """To the previous presenter. If the booking was moved, it shows the booking as it was for them."""

    name = "presenter-freed"
    label = _("To the presenter: presentation no longer theirs")
    subject = _("You are no longer giving the presentation on %(day)s (%(reference)s)")
    subject_without_time = _("You are no longer giving %(reference)s")
    calendar_method = "CANCEL"

    @cached_property
    def booking(self) -> Booking:
        """A copy with the time before it moved, for the calendar entry that is to be taken out."""
        booking = super().booking
        moves = BookingEvent.objects.filter(booking=self.about_key, kind=BookingEventKind.RESCHEDULED)
        moments = bookings_text.times_of_move(moves.filter(changes__sequence=self.notification.version).first())
        if moments and booking.has_time:
            start, end = booking.agreed_times
            booking = copy(booking)
            booking.starts_at, booking.ends_at = moments[0], moments[0] + (end - start)
        return booking

    def is_still_due(self) -> bool:
        presenter = self.booking.presenter
        return presenter is None or presenter.email.lower() != self.notification.recipient.lower()

    @cached_property
    def in_calendars(self) -> bool:
        return self.booking.state != BookingState.REQUESTED

    def context(self) -> dict[str, object]:
        sentence = gettext("If you were given them already (%(reference)s), please hand them to the team.")
        return {**super().context(), "back_rows": bookings_text.leaflets_to_return_rows(self.booking, sentence)}

    def calendar(self, method: str) -> bytes:
        to, at = ical.Attendee(self.notification.recipient, is_presenter=True), self.notification.created_at
        return ical.booking_calendar(self.booking, method, now=at, to=to, sequence=self.notification.version)


class PresenterMoved(PresenterEmail, MovedEmail):
    name = "presenter-moved"
    label = _("To the presenter: moved")
    template = "bookings/presenter_changed"
    subject = _("Your presentation has moved to %(day)s, %(clock)s (%(reference)s)")
    has_joining_link = True


class PresenterChanged(PresenterEmail, DetailsEmail):
    name = "presenter-changed"
    label = _("To the presenter: changed")
    subject = _("Your presentation on %(day)s has changed (%(reference)s)")
    has_joining_link = True


# To the team


class StaffNewBooking(TeamEmail, DatesEmail):
    """A booking, or a request to decide: for a time of ours, or with dates of their own."""

    name = "staff-new-booking"
    label = _("To staff: new booking")
    subject = _("New booking %(reference)s on %(day)s")
    subject_of_request = _("Please decide: request %(reference)s for %(day)s")
    subject_without_time = _("Please decide: request %(reference)s suggests dates")
    template_without_time = "bookings/booking_staff_dates"
    states = OPEN_BOOKING_STATES
    in_digest = True

    def get_subject(self) -> str | Promise:
        asks = self.booking.has_time and self.booking.state == BookingState.REQUESTED
        return self.subject_of_request if asks else super().get_subject()

    def context(self) -> dict[str, object]:
        booking = self.booking
        person = booking.person
        domain_text = _("%(domain)s is recognised") if is_work_address(person.email) else _("%(domain)s is not recognised")
        caller_rows = [
            summary_row(gettext("Name"), person.name),
            summary_row(gettext("Profession"), Profession(person.profession).label),
            summary_row(gettext("Organisation"), person.organisation.name if person.organisation else ""),
            summary_row(gettext("Email"), person.email),
            summary_row(gettext("Domain"), domain_text % {"domain": person.email.rpartition("@")[2]} if person.email else ""),
            summary_row(gettext("Phone"), person.phone, is_phone=True),
            summary_row(gettext("How they asked"), booking.get_channel_display()),
        ]
        context = {**super().context(), "caller_rows": caller_rows, "day_rows": presenter_detail_rows(booking)}
        if booking.has_time:
            return context
        # Each date, with the presenter whose time we keep or why we don't keep it.
        asked = bookings_text.labelled_dates([option for option in self.options if option.kind == DateOptionKind.PREFERRED])
        labels = [gettext("Asked for")] if len(asked) == 1 else [label for label, _option in asked]
        rows = [
            summary_row(label, f"{option.when}\n{bookings_text.date_text_for_staff(option, self.now)}")
            for label, (_label, option) in zip(labels, asked, strict=True)
        ]
        reason = "" if booking.flagged_child_details else booking.request_reason
        return {**context, "date_rows": rows, "request_reason": reason}


class StaffBookingCancelled(TeamEmail):
    name = "staff-booking-cancelled"
    label = _("To staff: cancelled")
    subject = _("Cancelled: %(reference)s on %(day)s")
    subject_of_declined = _("Declined: %(reference)s on %(day)s")
    subject_without_time = _("Request %(reference)s is closed")
    states = (BookingState.CANCELLED, BookingState.DECLINED)
    in_digest = True

    def get_subject(self) -> str | Promise:
        declined = self.booking.has_time and self.booking.state == BookingState.DECLINED
        return self.subject_of_declined if declined else super().get_subject()

    def context(self) -> dict[str, object]:
        brought = bookings_text.get_leaflets_to_bring(self.booking)
        if brought is None or brought.order is None:
            return {**super().context(), "back_rows": []}
        sentence = gettext("%(reference)s is cancelled with it. If it is packed, put the copies back on the shelf.")
        if brought.order.state == OrderState.DISPATCHED:
            sentence = gettext("%(reference)s was given to the presenter. Count what comes back into stock.")
        back_rows = [summary_row(gettext("Leaflets"), sentence % {"reference": brought.order.reference})]
        return {**super().context(), "back_rows": back_rows}


class StaffNeedsPresenter(TeamEmail):
    name = "staff-needs-presenter"
    label = _("To staff: needs a presenter")
    subject = _("%(reference)s on %(day)s needs a presenter")

    def is_still_due(self) -> bool:
        return self.booking.needs_a_presenter

    def context(self) -> dict[str, object]:
        url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_stand_ins')}#{self.booking.reference}"
        return {**super().context(), "stand_ins_url": url}


class StaffTimeTaken(TeamEmail):
    name = "staff-time-taken"
    label = _("To staff: offered time taken")
    template = "bookings/booking_staff_request"
    subject = _("Agreed: %(reference)s on %(day)s")
    states = (BookingState.CONFIRMED,)
    in_digest = True

    def context(self) -> dict[str, object]:
        return {**super().context(), "what": "taken"}


class StaffOthersAsked(TeamEmail, UndecidedEmail):
    name = "staff-others-asked"
    label = _("To staff: other times asked for")
    template = "bookings/booking_staff_request"
    subject = _("Please offer other times: request %(reference)s")
    in_digest = True

    @cached_property
    def other_times_reason(self) -> str:
        asked = self.booking.events.filter(kind=BookingEventKind.OTHERS_ASKED).last()
        return asked.reason if asked else ""

    def context(self) -> dict[str, object]:
        shown = "" if self.booking.flagged_child_details else self.other_times_reason
        return {**super().context(), "what": "others", "words": shown}


class StaffDatesLapsed(TeamEmail, UndecidedEmail):
    name = "staff-dates-lapsed"
    label = _("To staff: dates lapsed")
    template = "bookings/booking_staff_request"
    subject = _("We no longer keep the dates for request %(reference)s")
    in_digest = True

    def context(self) -> dict[str, object]:
        return {**super().context(), "what": "lapsed", "date_rows": self.lapsed_rows(bookings_text.date_text_for_staff)}


class StaffBookingMoved(TeamEmail, MovedEmail):
    name = "staff-booking-moved"
    label = _("To staff: moved")
    template = "bookings/staff_booking_changed"
    subject = _("Moved: %(reference)s to %(day)s, %(clock)s")
    calendar_method = ""
    in_digest = True


class StaffBookingChanged(TeamEmail, DetailsEmail):
    name = "staff-booking-changed"
    label = _("To staff: changed")
    subject = _("Changed: %(reference)s on %(day)s")
    subject_without_time = _("Changed: %(reference)s")
    calendar_method = ""
    in_digest = True


# To the manager


class ManagerRequestsWaiting(Email):
    """Requests for bookings and for leaflets that have waited too long for our answer."""

    name = ESCALATION_KIND
    label = _("To the manager: requests wait")
    subject = _("%(count)d requests have waited too long for our answer")
    subject_of_one = _("%(count)d request has waited too long for our answer")
    desk = Desk.BOOKINGS
    max_listed = 30  # as many as anybody will read; the staff site lists them all

    def is_still_due(self) -> bool:
        return has_overdue_requests(timezone.now())

    def get_subject(self) -> str | Promise:
        return self.subject_of_one if sum(self.counts) == 1 else self.subject

    @cached_property
    def counts(self) -> tuple[int, int]:
        """How many bookings and how many orders wait."""
        now = timezone.now()
        return waiting_too_long(Booking.objects.all(), now).count(), Order.objects.decision_overdue(now).count()

    @cached_property
    def rows(self) -> list[SummaryRow]:
        now = timezone.now()
        bookings = with_waiting_since(waiting_too_long(Booking.objects.with_related(), now))[: self.max_listed]
        rows = [self.waiting_row(booking.reference, booking.presentation.title, booking.waits_since) for booking in bookings]
        orders = Order.objects.decision_overdue(now).order_by("created_at", "pk")[: self.max_listed - len(rows)]
        title = gettext("A request for leaflets")
        return rows + [self.waiting_row(order.reference, title, order.created_at) for order in orders]

    @staticmethod
    def waiting_row(reference: str, title: str, since: datetime) -> SummaryRow:
        facts = {"title": title, "day": format_day(since)}
        return summary_row(reference, gettext("%(title)s\nWaiting for us since %(day)s") % facts)

    def context(self) -> dict[str, object]:
        """With the address of the full list.

        If both bookings and orders wait, the address is the first staff page, which leads to both lists.
        """
        (bookings, orders), count = self.counts, sum(self.counts)
        path = f"{reverse('staff:leaflets_order_changelist' if orders else 'staff:bookings_booking_changelist')}?waits=long"
        url = f"{settings.SITE_URL}{reverse('staff:index') if bookings and orders else path}"
        return {"facts": self.rows, "count": count, "more": count - len(self.rows), "url": url}


# Examples of these emails, with made-up bookings.

# Nobody's links: these addresses don't exist.
SAMPLE_LINKS = {"change": "https://ctac.example/links/private/", "cancel": "https://ctac.example/links/private/cancel/"}
SAMPLE_MOVE_EVENT = BookingEvent(changes={"time": [(SAMPLE_START - timedelta(days=7)).isoformat(), SAMPLE_START.isoformat()]})
SAMPLE_CHANGE_EVENT = BookingEvent(changes={"fields": ["audience_size", "contact_name", "contact_phone", "room"]})
SAMPLE_REASON = "Our hall is flooded. We hope to ask again in May."
SAMPLE_KEPT_UNTIL = datetime(2027, 2, 24, 17, tzinfo=UTC)
SAMPLE_CANCELLED_FIELDS: dict[str, Any] = {"state": BookingState.CANCELLED, "closed_reason": SAMPLE_REASON}


def _example(email: type[BookingEmail], case: str = "", facts: dict[str, Any] | None = None, **fields: Any) -> Example:
    """An example of that email about a booking with these fields; `facts` are what else it would read."""
    to = {"recipient": PRESENTER_ADDRESS} if issubclass(email, PresenterEmail) else {}
    return example(email, case, booking=sample_booking(**fields), **{**to, **(facts or {})})


def examples() -> list[Example]:
    """Each email in its usual case, then the cases that read differently, and the longest words."""
    closed = {"in_calendars": True}
    off: dict[str, Any] = {"state": BookingState.CANCELLED, "brought": sample_brought(state=OrderState.DISPATCHED)}
    email = ManagerRequestsWaiting
    booking = email.waiting_row("BK-7Q4M-2F", "Spotting the signs of child trafficking", SAMPLE_NOW)
    order = email.waiting_row("LO-3XK9-PT", gettext("A request for leaflets"), SAMPLE_NOW)
    return [
        *_professional_examples(),
        *_staff_examples(),
        _example(PresenterBooked),
        _example(PresenterReminderWeek, brought=sample_brought()),
        _example(PresenterReminder),
        _example(PresenterReminder, gettext("online"), **SAMPLE_ONLINE_FIELDS),
        _example(PresenterBooked, gettext("with leaflets"), brought=sample_brought()),
        _example(PresenterCancelled, gettext("with leaflets"), closed, **off),
        _example(PresenterKept, state=BookingState.REQUESTED),
        _example(PresenterCancelled, "", closed, state=BookingState.CANCELLED),
        _example(PresenterFreed, "", {"recipient": PRESENTER_ADDRESS, "version": 1}, presenter=None),
        _example(PresenterMoved, "", {"change": SAMPLE_MOVE_EVENT}),
        _example(PresenterChanged, "", {"change": SAMPLE_CHANGE_EVENT, "in_calendars": True}),
        example(email, rows=[booking, order], counts=(1, 1)),
        example(email, gettext("very many"), rows=[booking] * email.max_listed, counts=(email.max_listed + 12, 0)),
    ]


def _professional_examples() -> list[Example]:
    links = {"links": SAMPLE_LINKS}
    usual = {**links, "reminds": True}
    confirmed = partial(_example, BookingConfirmed)
    another = {**usual, "news": BookingEventKind.REASSIGNED}
    asked = {"options": sample_preferred_dates(), "now": SAMPLE_NOW}
    ours = [*sample_preferred_dates(), *sample_offered_dates(state=DateOptionState.EXPIRED)]
    ours[-1].why_not = NotKeptReason.AWAY
    waited = {"options": sample_preferred_dates(state=DateOptionState.EXPIRED), "now": SAMPLE_KEPT_UNTIL}
    declined = {**SAMPLE_NO_TIME_FIELDS, "state": BookingState.DECLINED, "closed_reason": "All of us are away in March."}
    withdrawn = {**SAMPLE_NO_TIME_FIELDS, "state": BookingState.CANCELLED}
    to_cancel = {"links": {"cancel": SAMPLE_LINKS["cancel"]}}
    moved = {**links, "change": SAMPLE_MOVE_EVENT}
    changed = {**links, "change": SAMPLE_CHANGE_EVENT}
    in_none = {**changed, "in_calendars": False}
    return [
        confirmed("", usual),
        confirmed(gettext("online"), usual, **SAMPLE_ONLINE_FIELDS),
        confirmed(gettext("another presenter"), another, sequence=1),
        confirmed(gettext("changed, no presenter yet"), another, sequence=1, presenter=None),
        confirmed(gettext("no longer cancelled"), {**usual, "news": BookingEventKind.RESTORED}, sequence=2),
        confirmed(gettext("longest words"), usual, **sample_long_fields()),
        confirmed(gettext("with leaflets, not all"), usual, brought=sample_brought()),
        _example(BookingRequested, state=BookingState.REQUESTED),
        _example(BookingRequested, gettext("dates of one’s own"), asked, **SAMPLE_NO_TIME_FIELDS),
        _example(BookingOffered, "", {"options": sample_offered_dates()}, **SAMPLE_NO_TIME_FIELDS),
        _example(BookingDatesLapsed, "", {"options": ours, "now": SAMPLE_KEPT_UNTIL}, **SAMPLE_NO_TIME_FIELDS),
        _example(BookingDatesLapsed, gettext("we did not answer"), waited, **SAMPLE_NO_TIME_FIELDS),
        _example(BookingDeclined, gettext("no time was found"), **declined),
        _example(BookingCancelled, gettext("request withdrawn"), {"in_calendars": False}, **withdrawn),
        _example(BookingDeclined, state=BookingState.DECLINED, closed_reason="We were with you in May."),
        _example(BookingCancelled, "", {"in_calendars": True}, **SAMPLE_CANCELLED_FIELDS),
        _example(BookingReminder, "", to_cancel),
        _example(BookingReminder, gettext("online"), to_cancel, **SAMPLE_ONLINE_FIELDS),
        _example(BookingReminderWeek, "", links),
        _example(BookingMoved, "", moved, sequence=1),
        _example(BookingMoved, gettext("a request"), moved, sequence=1, state=BookingState.REQUESTED),
        _example(BookingGivenAway, sequence=1),
        _example(BookingGivenAway, gettext("a request"), **SAMPLE_NO_TIME_FIELDS),
        _example(BookingTakenOver, "", links, sequence=1),
        _example(BookingTakenOver, gettext("a request"), links, **SAMPLE_NO_TIME_FIELDS),
        _example(BookingChanged, "", {**changed, "in_calendars": True}, sequence=1, revision=1),
        _example(BookingChanged, gettext("longest words"), in_none, revision=1, **sample_long_fields()),
    ]


def sample_preferred_dates(**fields: Any) -> list[DateOption]:
    """Three dates: one that we keep, one that we don't, and one named less exactly. `fields` are of the two that we keep."""
    kept = {"presenter": sample_presenter(), "expires_at": SAMPLE_KEPT_UNTIL, **fields}
    morning = (SAMPLE_START - timedelta(hours=5, minutes=30), SAMPLE_START - timedelta(minutes=30))
    return [
        _option(1, SAMPLE_START, kept_from=SAMPLE_START, **kept),
        _option(2, SAMPLE_START + timedelta(days=2, hours=5), why_not=NotKeptReason.OUTSIDE),
        _option(
            3, morning[0], ends_at=morning[1], precision=Precision.MORNING, kept_from=SAMPLE_START - timedelta(hours=4), **kept
        ),
    ]


def sample_offered_dates(**fields: Any) -> list[DateOption]:
    starts = [SAMPLE_START + timedelta(days=days) for days in (0, 1, 3)]
    kept = {"kind": DateOptionKind.PROPOSED, "presenter": sample_presenter(), "expires_at": SAMPLE_KEPT_UNTIL}
    return [_option(4 + number, start, kept_from=start, **{**kept, **fields}) for number, start in enumerate(starts)]


def _option(number: int, start: datetime, **fields: Any) -> DateOption:
    defaults = {"kind": DateOptionKind.PREFERRED, "starts_at": start, "ends_at": start + timedelta(minutes=90)}
    return DateOption(pk=number, booking=sample_booking(**SAMPLE_NO_TIME_FIELDS), **{**defaults, **fields})


def _staff_examples() -> list[Example]:
    asks = sample_person(email="nadia@rahman-nursing.example")
    asked = {"options": sample_preferred_dates(), "now": SAMPLE_NOW}
    reason = {**SAMPLE_NO_TIME_FIELDS, "request_reason": "We have clinics every Monday."}
    lapsed = {"options": sample_offered_dates(state=DateOptionState.EXPIRED), "now": SAMPLE_NOW}
    freed = {"recipient": PRESENTER_ADDRESS, "version": 1}
    off: dict[str, Any] = {"state": BookingState.CANCELLED, "brought": sample_brought(state=OrderState.CANCELLED)}
    nobody = {**SAMPLE_ONLINE_FIELDS, "presenter": sample_presenter(joining_link="")}
    own = {**SAMPLE_ONLINE_FIELDS, "own_joining_link": "https://meet.example/own-room-of-this-team", "sequence": 1}
    usual: dict[str, Any] = {"links": {}, "reminds": True}
    relinked = {**usual, "news": BookingEventKind.LINK_SET}
    return [
        _example(StaffNewBooking),
        _example(StaffNewBooking, gettext("please decide"), state=BookingState.REQUESTED, person=asks),
        _example(StaffNewBooking, gettext("words kept back"), flagged_child_details=True),
        _example(StaffNewBooking, gettext("longest words"), **sample_long_fields()),
        _example(StaffNewBooking, gettext("dates of one’s own"), asked, **reason),
        _example(StaffTimeTaken),
        _example(StaffOthersAsked, "", {"other_times_reason": "Mondays never work for us."}, **SAMPLE_NO_TIME_FIELDS),
        _example(StaffDatesLapsed, "", lapsed, **SAMPLE_NO_TIME_FIELDS),
        _example(
            StaffBookingCancelled, gettext("request withdrawn"), **{**SAMPLE_NO_TIME_FIELDS, "state": BookingState.CANCELLED}
        ),
        _example(PresenterFreed, gettext("other times offered"), freed, **SAMPLE_NO_TIME_FIELDS),
        _example(StaffBookingCancelled, **SAMPLE_CANCELLED_FIELDS),
        _example(StaffBookingCancelled, gettext("declined"), state=BookingState.DECLINED),
        _example(StaffBookingCancelled, gettext("with leaflets"), **off),
        _example(StaffNeedsPresenter, presenter=None),
        _example(StaffBookingMoved, "", {"change": SAMPLE_MOVE_EVENT}),
        _example(StaffBookingChanged, "", {"change": SAMPLE_CHANGE_EVENT}, presenter=None),
        _example(BookingConfirmed, gettext("new joining link"), relinked, **own),
        _example(BookingConfirmed, gettext("joining link taken away"), relinked, **{**nobody, "sequence": 1}),
        _example(PresenterBooked, gettext("new joining link"), {"news": BookingEventKind.LINK_SET}, **own),
        _example(BookingConfirmed, gettext("online, no link yet"), usual, **nobody),
        _example(BookingReminder, gettext("online, no link yet"), {"links": {}}, **nobody),
    ]
