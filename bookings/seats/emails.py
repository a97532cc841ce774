"""The emails about spare seats: to the host, who gives each by name, and to the guests."""

from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.translation import gettext as _, gettext_lazy

from bookings.calendars import ical
from bookings.emails import (
    SAMPLE_ONLINE_FIELDS,
    SAMPLE_START,
    sample_booking,
    sample_long_fields,
    sample_person,
    sample_presenter,
)
from bookings.models import BookingEventKind, BookingState, Seat, SeatState
from bookings.seats.queries import approved_seat_rows, guest_text, offer_rows
from bookings.text import moment_text, summary_row, times_of_move
from bookings.visits.services import minute_number
from core.dates import format_day
from notifications.registry import Desk, Email, Topic
from notifications.samples import SAMPLE_NOW, Example, example
from professionals.models import Organisation, Profession


class SeatEmail(Email):
    """About "seat:12". Its subject may name %(day)s and %(reference)s."""

    desk = Desk.BOOKINGS
    states: tuple[str, ...] = ()  # the states in which it is due while the presentation is to come

    @cached_property
    def seat(self) -> Seat:
        return Seat.objects.with_booking().get(pk=self.about_key)

    def is_still_due(self) -> bool:
        return self.seat.state in self.states and self.seat.booking.may_offer_seats(timezone.now())

    @cached_property
    def in_calendars(self) -> bool:
        """Whether the guest's calendar has an entry for it, or gets one now."""
        return self.seat.approved_at is not None

    def context(self) -> dict[str, object]:
        seat, booking = self.seat, self.seat.booking
        return {
            "seat": seat,
            "booking": booking,
            "day": format_day(booking.agreed_times[0]),
            "reference": booking.reference,
            "rows": [
                *(approved_seat_rows(booking) if seat.has_a_seat else offer_rows(booking)),
                summary_row(_("Reference"), booking.reference),
            ],
            "in_calendars": self.in_calendars,
            "awaits_link": seat.has_a_seat and booking.awaits_link,
            "url": f"{settings.SITE_URL}{reverse('seat', args=[booking.reference])}",
            "seats_url": f"{settings.SITE_URL}{reverse('seats')}",
        }

    def get_calendar_method(self) -> str:
        return self.calendar_method if self.in_calendars else ""

    def calendar(self, method: str) -> bytes:
        return ical.seat_calendar(self.seat, method, now=self.notification.created_at)


class HostSeatEmail(SeatEmail):
    """To the host: who it is about, and the page on which they answer."""

    def context(self) -> dict[str, object]:
        seat, booking = self.seat, self.seat.booking
        gone = seat.person.erased_at is not None
        return {
            **super().context(),
            "rows": [
                summary_row(_("Guest"), "" if gone else guest_text(seat)),
                summary_row(_("Presentation"), booking.presentation.title),
                summary_row(_("When"), booking.when),
                summary_row(_("Seats left"), str(booking.seats_left)),
                summary_row(_("Reference"), booking.reference),
            ],
            "url": f"{settings.SITE_URL}{reverse('booking_seats', args=[booking.reference])}",
        }


class SeatAsked(HostSeatEmail):
    name = "seat-asked"
    label = gettext_lazy("To the host: seat asked for")
    subject = gettext_lazy("Someone has asked for a seat on %(day)s (%(reference)s)")
    states = (SeatState.ASKED,)


class SeatFree(HostSeatEmail):
    name = "seat-free"
    label = gettext_lazy("To the host: seat given up")
    subject = gettext_lazy("A guest has given up a seat on %(day)s (%(reference)s)")
    states = (SeatState.GIVEN_UP,)


class SeatApproved(SeatEmail):
    name = "seat-approved"
    label = gettext_lazy("Seat given")
    subject = gettext_lazy("You have a seat on %(day)s (%(reference)s)")
    calendar_method = "REQUEST"
    states = (SeatState.APPROVED,)


class SeatDeclined(SeatEmail):
    """The host may have given the seat before: then its calendar entry goes."""

    name = "seat-declined"
    label = gettext_lazy("Seat declined")
    subject = gettext_lazy("There is no seat for you on %(day)s (%(reference)s)")
    calendar_method = "CANCEL"
    states = (SeatState.DECLINED,)


class SeatGivenUp(SeatEmail):
    name = "seat-given-up"
    label = gettext_lazy("Seat given up")
    subject = gettext_lazy("You have given up your seat on %(day)s (%(reference)s)")
    calendar_method = "CANCEL"
    states = (SeatState.GIVEN_UP,)


class SeatChanged(SeatEmail):
    """The presentation has moved, has other details, or will take place after all."""

    template = "bookings/seat_changed"
    calendar_method = "REQUEST"
    states: tuple[str, ...] = (SeatState.ASKED, SeatState.APPROVED)

    @cached_property
    def before(self) -> datetime | None:
        """The time before the move, if this tells of a move, which was recorded at the same moment."""
        return None

    def context(self) -> dict[str, object]:
        return {**super().context(), "news": self.name, "before": moment_text(self.before) if self.before else ""}


class SeatMoved(SeatChanged):
    name = "seat-moved"
    label = gettext_lazy("Seat: presentation moved")
    subject = gettext_lazy("The presentation has moved to %(day)s (%(reference)s)")

    @property
    def first_sent_at(self) -> datetime:
        """When the email was first written, also if this one is sent again."""
        return (self.notification.resend_of or self.notification).created_at

    def moves(self, **when: Any) -> Any:
        return self.seat.booking.events.filter(kind=BookingEventKind.RESCHEDULED, **when).order_by("at", "pk")

    def is_still_due(self) -> bool:
        """Not if there was a later move: that one has its own message."""
        return super().is_still_due() and not self.moves(at__gt=self.first_sent_at).exists()

    @cached_property
    def before(self) -> datetime | None:
        return next(iter(times_of_move(self.moves(at__lte=self.first_sent_at).last())), None)


class SeatDetails(SeatChanged):
    name = "seat-details"
    label = gettext_lazy("Seat: details changed")
    subject = gettext_lazy("The details of the presentation on %(day)s have changed (%(reference)s)")
    states = (SeatState.APPROVED,)


class SeatRestored(SeatChanged):
    name = "seat-restored"
    label = gettext_lazy("Seat: presentation no longer cancelled")
    subject = gettext_lazy("The presentation on %(day)s will go ahead after all (%(reference)s)")


class SeatCancelled(SeatEmail):
    name = "seat-cancelled"
    label = gettext_lazy("Seat: presentation cancelled")
    subject = gettext_lazy("The presentation on %(day)s is cancelled (%(reference)s)")
    calendar_method = "CANCEL"

    def is_still_due(self) -> bool:
        return self.seat.booking.state == BookingState.CANCELLED

    def context(self) -> dict[str, object]:
        """Without the address: nobody is to come."""
        booking = self.seat.booking
        return {**super().context(), "rows": [*offer_rows(booking), summary_row(_("Reference"), booking.reference)]}


class SeatReminder(SeatEmail):
    """The day before. It has no calendar part, which would invite people again."""

    name = "seat-reminder"
    label = gettext_lazy("Seat: the day before")
    subject = gettext_lazy("Reminder: your seat on %(day)s (%(reference)s)")
    topic = Topic.REMINDERS
    can_wait = True
    states = (SeatState.APPROVED,)

    def is_still_due(self) -> bool:
        return super().is_still_due() and minute_number(self.seat.booking.reminder_due_at) == self.notification.version


# Examples of each email, with made-up bookings and guests.

SAMPLE_HOST_EMAIL = "jo.green@leeds.nhs.uk"


def _example(email: type[Email], case: str = "", state: str = SeatState.APPROVED, facts: Any = None, **fields: Any) -> Example:
    """An example of this email about a seat in that state, at a booking with these fields."""
    given = {"approved_at": SAMPLE_NOW} if state == SeatState.APPROVED else fields.pop("given", {})
    return example(email, case, seat=sample_seat(state=state, booking=fields, **given), **(facts or {}))


def examples() -> list[Example]:
    """Each email in its usual case, then the cases that read differently, and the longest words."""
    to_host, asked = {"recipient": SAMPLE_HOST_EMAIL}, SeatState.ASKED
    nobody = {**SAMPLE_ONLINE_FIELDS, "presenter": sample_presenter(joining_link="")}
    moved = {"before": SAMPLE_START - timedelta(days=7)}
    return [
        _example(SeatAsked, "", asked, to_host),
        _example(SeatFree, "", SeatState.GIVEN_UP, to_host),
        _example(SeatApproved),
        _example(SeatApproved, _("online"), **SAMPLE_ONLINE_FIELDS),
        _example(SeatApproved, _("online, no link yet"), **nobody),
        _example(SeatApproved, _("longest words"), **sample_long_fields()),
        _example(SeatDeclined, "", SeatState.DECLINED),
        _example(SeatDeclined, _("taken back"), SeatState.DECLINED, given={"approved_at": SAMPLE_NOW}),
        _example(SeatGivenUp, "", SeatState.GIVEN_UP, given={"approved_at": SAMPLE_NOW}),
        _example(SeatMoved, "", facts=moved, sequence=1),
        _example(SeatMoved, _("not answered yet"), asked, moved, sequence=1),
        _example(SeatDetails, sequence=1),
        _example(SeatRestored, sequence=2),
        _example(SeatCancelled, state=SeatState.APPROVED, state_of_booking=BookingState.CANCELLED),
        _example(SeatReminder),
        _example(SeatReminder, _("online, no link yet"), **nobody),
    ]


def sample_seat(booking: dict[str, Any], **fields: Any) -> Seat:
    state = {"state": booking.pop("state_of_booking")} if "state_of_booking" in booking else {}
    host = sample_person(name="Jo Green", email=SAMPLE_HOST_EMAIL)
    guest = sample_person(profession=Profession.MIDWIFE, organisation=Organisation(pk=2, name="Leeds Maternity Care"))
    made = sample_booking(**{"person": host, "seats_offered": 4, "seats_taken": 1, **booking, **state})
    return Seat(pk=0, booking=made, version=1, created_at=SAMPLE_NOW, **{"person": guest, **fields})
