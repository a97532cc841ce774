"""Our kinds of email: how each is built when it is sent, and whether it should still go then."""

from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import ical, words
from bookings.models import Booking, EventKind, State
from ctac.uk import format_clock, format_day
from notifications.models import Notification
from notifications.registry import Kind, Message


def booking_of(notification: Notification) -> Booking:
    """The booking that `about` names ("booking:12")."""
    return Booking.objects.with_names().get(pk=int(notification.about.partition(":")[2]))


def context(booking: Booking, **more: object) -> dict[str, object]:
    return {
        "booking": booking,
        "name": booking.person.name,
        "rows": words.facts(booking),
        "day": format_day(booking.starts_at),
        "clock": format_clock(booking.starts_at),
        # Nothing that looks like a child's details reaches an email.
        "reason": "" if booking.flagged_child_details else booking.closed_reason,
        "url": f"{settings.SITE_URL}{booking.get_absolute_url()}",
        **more,
    }


def staff_context(booking: Booking) -> dict[str, object]:
    url = f"{settings.SITE_URL}{reverse('staff:bookings_booking_change', args=[booking.pk])}"
    return context(booking, staff_url=url, person=booking.person, presenter_rows=words.for_presenter(booking))


def subject(sentence: str | Promise, booking: Booking) -> str:
    return str(sentence) % {"day": format_day(booking.starts_at), "reference": booking.reference}


def build_confirmed(notification: Notification) -> Message:
    booking = booking_of(notification)
    words_ = _("Your presentation is booked: %(day)s") if booking.sequence == 0 else _("Your presentation on %(day)s has changed")
    return Message(
        subject=subject(words_, booking),
        template="booking_confirmed",
        context=context(booking, changed=booking.sequence > 0, reminded=booking.reminder_due_at > notification.created_at),
        calendar=ical.calendar(booking, "REQUEST", now=notification.created_at),
        calendar_method="REQUEST",
    )


def build_cancelled(notification: Notification) -> Message:
    """Calendars are told only of what they were told before: a request has sent no entry."""
    booking = booking_of(notification)
    message = Message(subject(_("Your presentation on %(day)s is cancelled"), booking), "booking_cancelled", context(booking))
    if not booking.events.filter(kind=EventKind.CANCELLED, from_state=State.CONFIRMED).exists():
        return message
    calendar = ical.calendar(booking, "CANCEL", now=notification.created_at)
    return replace(message, context={**message.context, "in_calendars": True}, calendar=calendar, calendar_method="CANCEL")


def build_requested(notification: Notification) -> Message:
    booking = booking_of(notification)
    return Message(subject(_("We have your request for %(day)s"), booking), "booking_requested", context(booking))


def build_declined(notification: Notification) -> Message:
    booking = booking_of(notification)
    return Message(subject(_("We can’t come on %(day)s"), booking), "booking_declined", context(booking))


def build_reminder(notification: Notification) -> Message:
    """No calendar part: it would invite again."""
    booking = booking_of(notification)
    return Message(subject(_("Reminder: your presentation on %(day)s"), booking), "booking_reminder", context(booking))


def build_staff_new(notification: Notification) -> Message:
    booking = booking_of(notification)
    if booking.state == State.REQUESTED:
        words_ = _("Please decide: request %(reference)s for %(day)s")
    else:
        words_ = _("New booking %(reference)s on %(day)s")
    return Message(subject(words_, booking), "booking_staff_new", staff_context(booking))


def build_staff_cancelled(notification: Notification) -> Message:
    booking = booking_of(notification)
    words_ = _("Declined: %(reference)s on %(day)s")
    if booking.state != State.DECLINED:
        words_ = _("Cancelled: %(reference)s on %(day)s")
    return Message(subject(words_, booking), "booking_staff_cancelled", staff_context(booking))


def build_needs_presenter(notification: Notification) -> Message:
    booking = booking_of(notification)
    words_ = _("%(reference)s on %(day)s needs a presenter")
    return Message(subject(words_, booking), "booking_staff_needs_presenter", staff_context(booking))


def build_freed(notification: Notification) -> Message:
    booking = booking_of(notification)
    words_ = _("%(reference)s on %(day)s is no longer yours")
    return Message(subject(words_, booking), "booking_presenter_freed", staff_context(booking))


Check = Callable[[Booking, Notification], bool]


def still(check: Check) -> Callable[[Notification], bool]:
    return lambda notification: check(booking_of(notification), notification)


def is_confirmed_as_told(booking: Booking, notification: Notification) -> bool:
    """Confirmed and not changed since this was written. It stands also while it needs another presenter."""
    return booking.state == State.CONFIRMED and booking.sequence == notification.version


def has_who_comes(booking: Booking, notification: Notification) -> bool:
    """Confirmed as told, with a presenter: a reminder without one would be no help."""
    return booking.presenter_id is not None and is_confirmed_as_told(booking, notification)


def is_new_to_staff(booking: Booking, notification: Notification) -> bool:
    return booking.is_open and booking.sequence == notification.version


def is_no_longer_theirs(booking: Booking, notification: Notification) -> bool:
    return booking.presenter is None or booking.presenter.email.lower() != notification.recipient.lower()


def in_state(*states: State) -> Check:
    return lambda booking, notification: booking.state in states


KINDS = (
    Kind("booking-confirmed", gettext_lazy("Booking confirmed"), build_confirmed, still(is_confirmed_as_told)),
    Kind("booking-requested", gettext_lazy("Booking requested"), build_requested, still(in_state(State.REQUESTED))),
    Kind("booking-declined", gettext_lazy("Booking declined"), build_declined, still(in_state(State.DECLINED))),
    Kind("booking-cancelled", gettext_lazy("Booking cancelled"), build_cancelled, still(in_state(State.CANCELLED))),
    Kind("booking-reminder", gettext_lazy("Booking reminder"), build_reminder, still(has_who_comes)),
    Kind("staff-new-booking", gettext_lazy("To staff: new booking"), build_staff_new, still(is_new_to_staff)),
    Kind(
        "staff-booking-cancelled",
        gettext_lazy("To staff: cancelled"),
        build_staff_cancelled,
        still(in_state(State.CANCELLED, State.DECLINED)),
    ),
    Kind(
        "staff-needs-presenter",
        gettext_lazy("To staff: needs a presenter"),
        build_needs_presenter,
        still(lambda booking, notification: booking.needs_a_presenter),
    ),
    Kind("presenter-freed", gettext_lazy("To the presenter: no longer theirs"), build_freed, still(is_no_longer_theirs)),
)
