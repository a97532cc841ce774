"""The alerts to staff: a presenter is overdue, a booking has no presenter or no joining link."""

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import text
from bookings.email_samples import ONLINE, STARTS, example_of, longest_fields, sample_presenter, sample_visit
from bookings.emails import booking_of, phone_row, staff_message
from bookings.models import Booking, Visit
from bookings.models.booking import CHECK_IN, CHECK_OUT
from bookings.text import Row, row
from bookings.visits.services import minute_of, minute_of_loss, without_presenter
from ctac.dates import format_clock, format_day
from notifications.models import Notification
from notifications.registry import Kind, Message
from notifications.samples import Example


def name_of_visitor(booking: Booking) -> str:
    """Of whoever checked in, or else of whoever gives it now."""
    presenter = text.presenter_of_visit(booking)
    return presenter.name if presenter else str(_("the presenter"))


def no_check_in(booking: Booking, *, escalated: bool = False) -> Message:
    missed = _("%(name)s was expected at %(clock)s on %(day)s and has not checked in.") % email_context(
        booking, booking.agreed[0]
    )
    return overdue_message(_("No check-in from %(name)s (%(reference)s)"), booking, missed, escalated)


def no_check_out(booking: Booking, *, escalated: bool = False) -> Message:
    sentence = _("The visit of %(name)s ended at %(clock)s on %(day)s, and there is no check-out.")
    missed = sentence % email_context(booking, booking.agreed[1])
    return overdue_message(_("No check-out from %(name)s (%(reference)s)"), booking, missed, escalated)


def email_context(booking: Booking, moment: datetime) -> dict[str, str]:
    """With the day: after an outage this may be read on another."""
    return {"name": name_of_visitor(booking), "clock": format_clock(moment), "day": format_day(moment)}


def overdue_message(sentence: str | Promise, booking: Booking, missed: str, escalated: bool) -> Message:
    name = name_of_visitor(booking)
    subject = str(sentence).replace("%(name)s", name.replace("%", "%%"))
    if escalated:
        subject = _("Still nothing: %(subject)s") % {"subject": subject}
    url = reverse("staff:bookings_booking_action", args=[booking.pk, "safe"])
    more = {"whom_to_call": whom_to_call(booking), "place_rows": place_rows(booking), "missed": missed, "escalated": escalated}
    return staff_message(subject, "booking_staff_overdue", booking, name=name, resolve_url=f"{settings.SITE_URL}{url}", **more)


def whom_to_call(booking: Booking) -> list[Row]:
    """The presenter, then whoever is with them."""
    presenter = text.presenter_of_visit(booking)
    number = presenter.phone if presenter else ""
    return [
        phone_row(_("1. The presenter"), number) if number else row(_("1. The presenter"), _("We keep no phone number")),
        row(_("2. Contact on site"), booking.contact_name),
        phone_row(_("Their phone"), booking.contact_phone),
    ]


def place_rows(booking: Booking) -> list[Row]:
    visit: Visit | None = getattr(booking, "visit", None)
    arrived = visit.checked_in_at if visit and visit.belongs(visit.checked_in_at) else None
    room = "" if booking.flagged_child_details else booking.room
    return [
        row(_("Where"), text.where_text(booking)),
        row(_("Room, parking or entrance"), room),
        row(_("When"), booking.when),
        row(_("Checked in"), text.moment_text(arrived) if arrived else _("No")),
        row(_("Reference"), booking.reference),
    ]


def still_no_presenter(booking: Booking) -> Message:
    """With whom to ring: the host knows nothing of it yet."""
    person = booking.person
    ring_rows = [
        row(_("1. Who booked"), person.name),
        phone_row(_("Their phone"), person.phone) if person.phone else row(_("Their phone"), _("We keep no phone number")),
        row(_("2. Contact on the day"), booking.contact_name),
        phone_row(_("Contact’s phone"), booking.contact_phone),
    ]
    url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_stand_ins')}#{booking.reference}"
    sentence = _("Still no presenter for %(reference)s on %(day)s")
    return staff_message(sentence, "booking_staff_no_presenter", booking, stand_ins_url=url, ring_rows=ring_rows)


def no_joining_link(booking: Booking) -> Message:
    url = reverse("staff:bookings_booking_action", args=[booking.pk, "link"])
    sentence = _("No joining link for %(reference)s on %(day)s")
    return staff_message(
        sentence, "booking_staff_no_link", booking, link_url=f"{settings.SITE_URL}{url}", ask_rows=whom_to_ask(booking)
    )


def whom_to_ask(booking: Booking) -> list[Row]:
    """The presenter, who may have a link already."""
    presenter = booking.presenter
    if presenter is None:
        return [row(_("Presenter"), _("Nobody yet"))]
    number = (
        phone_row(_("Their phone"), presenter.phone) if presenter.phone else row(_("Their phone"), _("We keep no phone number"))
    )
    return [row(_("Presenter"), presenter.name), number]


# Kinds


def is_still_missed(missed: str) -> Callable[[Notification], bool]:
    """Overdue in that way at this moment, and not moved since."""

    def still_true(notification: Notification) -> bool:
        booking = booking_of(notification)
        late = booking.overdue_at(timezone.now())
        return late is not None and late.missed == missed and minute_of(booking.agreed[0]) == notification.version

    return still_true


def still_has_no_presenter(notification: Notification) -> bool:
    """To come, with nobody to give it since the same loss; once it has started, an email is too late."""
    booking = booking_of(notification)
    found = without_presenter(Booking.objects.filter(pk=booking.pk), timezone.now())
    return found.exists() and minute_of_loss(booking) == notification.version


def still_has_no_link(notification: Notification) -> bool:
    """To come, with no link; what has started is too late to mend."""
    booking = booking_of(notification)
    found = Booking.objects.filter(pk=booking.pk).without_joining_link(timezone.now())
    return found.exists() and minute_of(booking.agreed[0]) == notification.version


def message_of_booking(message: Callable[..., Message], **how: bool) -> Callable[[Notification], Message]:
    return lambda notification: message(booking_of(notification), **how)


KINDS = (
    Kind("staff-no-check-in", gettext_lazy("To staff: no check-in"), message_of_booking(no_check_in), is_still_missed(CHECK_IN)),
    Kind(
        "staff-no-check-out", gettext_lazy("To staff: no check-out"), message_of_booking(no_check_out), is_still_missed(CHECK_OUT)
    ),
    Kind(
        "manager-no-check-in",
        gettext_lazy("To the manager: no check-in"),
        message_of_booking(no_check_in, escalated=True),
        is_still_missed(CHECK_IN),
    ),
    Kind(
        "manager-no-check-out",
        gettext_lazy("To the manager: no check-out"),
        message_of_booking(no_check_out, escalated=True),
        is_still_missed(CHECK_OUT),
    ),
    Kind(
        "staff-still-no-presenter",
        gettext_lazy("To staff: still no presenter"),
        message_of_booking(still_no_presenter),
        still_has_no_presenter,
    ),
    Kind(
        "staff-no-joining-link", gettext_lazy("To staff: no joining link"), message_of_booking(no_joining_link), still_has_no_link
    ),
)


# What the alerts of bookings.visits.emails look like, with made-up visits.

LABELS = {kind.name: kind.label for kind in KINDS}
_example = partial(example_of, LABELS)


def examples() -> Iterator[Example]:
    there, nowhere = sample_visit(checked_in_at=STARTS - timedelta(minutes=20)), sample_visit()
    yield _example("staff-no-check-in", "", no_check_in, visit=nowhere)
    yield _example("staff-no-check-out", "", no_check_out, visit=there)
    yield _example("staff-no-check-out", _("longest words"), no_check_out, visit=nowhere, **longest_fields())
    yield _example(
        "manager-no-check-in",
        "",
        partial(no_check_in, escalated=True),
        visit=sample_visit(),
        presenter=sample_presenter(phone=""),
    )
    yield _example("manager-no-check-out", "", partial(no_check_out, escalated=True), visit=there)
    nobody = {**ONLINE, "presenter": sample_presenter(joining_link="")}
    yield _example("staff-still-no-presenter", "", still_no_presenter, presenter=None)
    yield _example("staff-no-joining-link", "", no_joining_link, **nobody)
