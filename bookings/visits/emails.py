"""The emails about visits: the alarm, a disclosure, a late presenter, and bookings without a presenter or a joining link."""

from datetime import timedelta

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise, cached_property
from django.utils.translation import gettext, gettext_lazy as _

from bookings import text as bookings_text
from bookings.emails import (
    SAMPLE_ONLINE_FIELDS,
    SAMPLE_START,
    BookingEmail,
    TeamEmail,
    sample_booking,
    sample_long_fields,
    sample_presenter,
    sample_visit,
)
from bookings.models import Booking, BookingState, Presenter, Visit
from bookings.models.booking import CHECK_IN, CHECK_OUT, HELP
from bookings.text import SummaryRow, summary_row
from bookings.visits.services import last_alarm_minute, minute_number, presenter_loss_minute, without_presenter
from core.dates import format_day, format_uk_time
from notifications.samples import Example, example
from office.texts.queries import worded_text


def visit_presenter_name(booking: Booking) -> str:
    """The name of the presenter who went or is sought, or else of the one who gives it now."""
    presenter = bookings_text.presenter_of_visit(booking)
    return presenter.name if presenter else gettext("the presenter")


def phone_row(label: str, number: str) -> SummaryRow:
    return (
        summary_row(label, number, is_phone=True) if number else summary_row(label, gettext("We don’t have their phone number"))
    )


def alarm_taken_on_text(visit: Visit | None) -> str:
    """'lee@ctac.example, since 10:20am'; empty while the alarm is nobody's."""
    if visit is None or visit.taken_on_at is None or visit.taken_on_by is None:
        return ""
    return gettext("%(name)s, since %(clock)s") % {"name": visit.taken_on_by, "clock": format_uk_time(visit.taken_on_at)}


MISSED_SENTENCES = {
    CHECK_IN: _("%(name)s was expected at %(clock)s on %(day)s and has not checked in."),
    CHECK_OUT: _("The visit ended at %(clock)s on %(day)s, and %(name)s has not checked out."),
    HELP: _("%(name)s asked for help at %(clock)s on %(day)s."),
}


class OverdueEmail(TeamEmail):
    """A presenter has not checked in or out: to staff, then to the manager (`escalated`)."""

    template = "bookings/booking_staff_overdue"
    subject_of_escalated = _("Still no news: %(subject)s")
    missed: str
    escalated = False

    def is_still_due(self) -> bool:
        """Only while it is overdue in that way and has not moved; the first email only while nobody is on it."""
        late = self.booking.find_overdue(timezone.now())
        if late is None or late.missed != self.missed:
            return False
        visit: Visit | None = getattr(self.booking, "visit", None)
        if not self.escalated and visit is not None and visit.is_alarm_taken_on(late.missed_at):
            return False
        return minute_number(self.booking.agreed_times[0]) == self.notification.version

    def get_subject(self) -> str | Promise:
        return self.subject_of_escalated if self.escalated else self.subject

    def context(self) -> dict[str, object]:
        booking = self.booking
        presenter, visit = bookings_text.presenter_of_visit(booking), getattr(booking, "visit", None)
        moment = booking.agreed_times[0 if self.missed == CHECK_IN else 1]
        if self.missed == HELP and visit and visit.help_at:
            moment = visit.help_at
        arrived = visit.checked_in_at if visit and visit.is_current(visit.checked_in_at) else None
        # With the day: after an outage this may be read on another.
        facts = {"name": visit_presenter_name(booking), "clock": format_uk_time(moment), "day": format_day(moment)}
        url = reverse("staff:bookings_booking_action", args=[booking.pk, "safe"])
        context = {**super().context(), "name": facts["name"]}
        return {
            **context,
            "subject": worded_text(str(self.subject), context),
            "resolve_url": f"{settings.SITE_URL}{url}",
            "call_first": presenter.phone if presenter and presenter.phone else gettext("the presenter"),
            "whom_to_call": [
                phone_row(gettext("1. The presenter"), presenter.phone if presenter else ""),
                summary_row(gettext("2. Contact on site"), booking.contact_name),
                summary_row(gettext("Their phone"), booking.contact_phone, is_phone=True),
            ],
            "place_rows": [
                summary_row(gettext("Where"), bookings_text.where_text(booking)),
                summary_row(gettext("Room, parking or entrance"), "" if booking.flagged_child_details else booking.room),
                summary_row(gettext("When"), booking.when),
                summary_row(gettext("Checked in"), bookings_text.moment_text(arrived) if arrived else gettext("No")),
                summary_row(gettext("Who is on it"), alarm_taken_on_text(visit)),
                summary_row(gettext("Reference"), booking.reference),
            ],
            "missed": str(MISSED_SENTENCES[self.missed]) % facts,
            "escalated": self.escalated,
        }


class StaffNoCheckIn(OverdueEmail):
    name = "staff-no-check-in"
    label = _("To staff: no check-in")
    subject = _("No check-in from %(name)s (%(reference)s)")
    sms = _("Call %(call_first)s now. CTAC: no check-in at visit %(reference)s. Then tell us how they are: %(resolve_url)s")
    missed = CHECK_IN


class StaffNoCheckOut(OverdueEmail):
    name = "staff-no-check-out"
    label = _("To staff: no check-out")
    subject = _("No check-out from %(name)s (%(reference)s)")
    sms = _("Call %(call_first)s now. CTAC: no check-out from visit %(reference)s. Then tell us how they are: %(resolve_url)s")
    missed = CHECK_OUT


class ManagerNoCheckIn(StaffNoCheckIn):
    name = "manager-no-check-in"
    label = _("To the manager: no check-in")
    escalated = True


class ManagerNoCheckOut(StaffNoCheckOut):
    name = "manager-no-check-out"
    label = _("To the manager: no check-out")
    escalated = True


class DutyAlarm(OverdueEmail):
    """To the duty person and the deputy, until one of them is on it. Versioned by the minute it is sent."""

    name = "duty-alarm"
    label = _("To the duty person and the deputy: alarm")
    subject = _("%(name)s needs help (%(reference)s)")
    subject_of_check_in = StaffNoCheckIn.subject
    subject_of_check_out = StaffNoCheckOut.subject
    sms = _("Call %(call_first)s now. CTAC: alarm at visit %(reference)s. Say that you are on it: %(take_on_url)s")

    def is_still_due(self) -> bool:
        """Only while nobody is on it, and if it has not rung again since."""
        now = timezone.now()
        late = self.booking.find_overdue(now)
        if late is None or self.notification.version != last_alarm_minute(late, now):
            return False
        visit: Visit | None = getattr(self.booking, "visit", None)
        return visit is None or not visit.is_alarm_taken_on(late.missed_at)

    @cached_property
    def missed(self) -> str:  # type: ignore[override]
        late = self.booking.find_overdue(timezone.now())
        return late.missed if late else HELP

    def get_subject(self) -> str | Promise:
        of_kind = {CHECK_IN: self.subject_of_check_in, CHECK_OUT: self.subject_of_check_out}
        return of_kind.get(self.missed, self.subject)

    def context(self) -> dict[str, object]:
        url = reverse("staff:bookings_booking_action", args=[self.booking.pk, "on-it"])
        return {**super().context(), "take_on_url": f"{settings.SITE_URL}{url}"}


class DutyDisclosure(TeamEmail):
    """About "booking:12:7", 7 being the presenter to ring. The disclosure itself is written nowhere."""

    name = "duty-disclosure"
    label = _("To the duty person and the deputy: disclosure")
    keeps_words = False
    subject = _("Please call %(name)s: something was disclosed (%(reference)s)")
    sms = _("CTAC: please call the presenter of visit %(reference)s now. The email has their name and number.")

    @cached_property
    def presenter(self) -> Presenter:
        return Presenter.objects.get(pk=self.notification.about.split(":")[2])

    def is_still_due(self) -> bool:
        return True

    def context(self) -> dict[str, object]:
        presenter = self.presenter
        whom = [summary_row(gettext("Presenter"), presenter.name), phone_row(gettext("Their phone"), presenter.phone)]
        return {**super().context(), "name": presenter.name, "whom_to_call": whom}


class BookingLate(BookingEmail):
    """To the host: the presenter runs late."""

    name = "booking-late"
    label = _("Presenter is running late")
    subject = _("Our presenter is running late on %(day)s (%(reference)s)")
    states = (BookingState.CONFIRMED,)

    def is_still_due(self) -> bool:
        visit: Visit | None = getattr(self.booking, "visit", None)
        late_until = visit.late_until if visit is not None and not visit.is_checked_in and not visit.is_checked_out else None
        return super().is_still_due() and late_until is not None and minute_number(late_until) == self.notification.version

    def context(self) -> dict[str, object]:
        visit: Visit = self.booking.visit
        return {**super().context(), "begins": format_uk_time(visit.late_until) if visit.late_until else ""}


class StaffStillNoPresenter(TeamEmail):
    """It gives staff the people to ring: the host does not know yet."""

    name = "staff-still-no-presenter"
    label = _("To staff: still no presenter")
    subject = _("Still no presenter for %(reference)s on %(day)s")

    def is_still_due(self) -> bool:
        """The visit is to come and has had no presenter since the same loss."""
        bookings = without_presenter(Booking.objects.filter(pk=self.booking.pk), timezone.now())
        return bookings.exists() and presenter_loss_minute(self.booking) == self.notification.version

    def context(self) -> dict[str, object]:
        booking, person = self.booking, self.booking.person
        url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_stand_ins')}#{booking.reference}"
        ring_rows = [
            summary_row(gettext("1. The person who booked"), person.name),
            phone_row(gettext("Their phone"), person.phone),
            summary_row(gettext("2. Contact on the day"), booking.contact_name),
            summary_row(gettext("Contact’s phone"), booking.contact_phone, is_phone=True),
        ]
        return {**super().context(), "stand_ins_url": url, "ring_rows": ring_rows}


class StaffNoJoiningLink(TeamEmail):
    name = "staff-no-joining-link"
    label = _("To staff: no joining link")
    subject = _("No joining link for %(reference)s on %(day)s")

    def is_still_due(self) -> bool:
        """It is to come and still has no link."""
        bookings = Booking.objects.filter(pk=self.booking.pk).without_joining_link(timezone.now())
        return bookings.exists() and minute_number(self.booking.agreed_times[0]) == self.notification.version

    def context(self) -> dict[str, object]:
        """`ask_rows`: the presenter, who may have a link already."""
        presenter = self.booking.presenter
        url = reverse("staff:bookings_booking_action", args=[self.booking.pk, "link"])
        ask_rows = [summary_row(gettext("Presenter"), presenter.name if presenter else gettext("Nobody yet"))]
        if presenter:
            ask_rows.append(phone_row(gettext("Their phone"), presenter.phone))
        return {**super().context(), "link_url": f"{settings.SITE_URL}{url}", "ask_rows": ask_rows}


def examples() -> list[Example]:
    there = sample_visit(checked_in_at=SAMPLE_START - timedelta(minutes=20))
    longest = sample_booking(visit=sample_visit(), **sample_long_fields())
    nobody = sample_booking(visit=sample_visit(), presenter=sample_presenter(phone=""))
    alarmed = sample_booking(visit=sample_visit(help_at=SAMPLE_START, seeks_help=sample_presenter()))
    late = sample_visit(late_until=SAMPLE_START + timedelta(minutes=30))
    no_link = sample_booking(**SAMPLE_ONLINE_FIELDS, presenter=sample_presenter(joining_link=""))
    return [
        example(StaffNoCheckIn, booking=sample_booking(visit=sample_visit())),
        example(StaffNoCheckOut, booking=sample_booking(visit=there)),
        example(StaffNoCheckOut, gettext("longest words"), booking=longest),
        example(ManagerNoCheckIn, booking=nobody),
        example(ManagerNoCheckOut, booking=sample_booking(visit=there)),
        example(DutyAlarm, booking=alarmed, missed=HELP),
        example(DutyAlarm, gettext("no check-in"), booking=sample_booking(visit=sample_visit()), missed=CHECK_IN),
        example(DutyDisclosure, booking=sample_booking(), presenter=sample_presenter()),
        example(BookingLate, booking=sample_booking(visit=late)),
        example(StaffStillNoPresenter, booking=sample_booking(presenter=None)),
        example(StaffNoJoiningLink, booking=no_link),
    ]
