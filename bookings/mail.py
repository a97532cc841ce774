"""Our kinds of email: how each is built when it is sent, and whether it should still go then."""

from collections.abc import Callable

from django.utils.translation import gettext_lazy

from bookings import messages
from bookings.models import Booking, EventKind, State
from notifications.models import Notification
from notifications.registry import Kind, Message


def booking_of(notification: Notification) -> Booking:
    """The booking that `about` names ("booking:12")."""
    bookings = Booking.objects.with_names().select_related("person__organisation", "visit__presenter")
    return bookings.get(pk=int(notification.about.partition(":")[2]))


def build_confirmed(notification: Notification) -> Message:
    return messages.confirmed(booking_of(notification), now=notification.created_at)


def build_cancelled(notification: Notification) -> Message:
    booking = booking_of(notification)
    was_confirmed = booking.events.filter(kind=EventKind.CANCELLED, from_state=State.CONFIRMED).exists()
    return messages.cancelled(booking, now=notification.created_at, in_calendars=was_confirmed)


def said(words: Callable[[Booking], Message]) -> Callable[[Notification], Message]:
    return lambda notification: words(booking_of(notification))


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


def is_theirs(booking: Booking, notification: Notification) -> bool:
    return booking.presenter is not None and booking.presenter.email.lower() == notification.recipient.lower()


def in_state(*states: State) -> Check:
    return lambda booking, notification: booking.state in states


def theirs_in_state(*states: State) -> Check:
    """For a presenter who still has it."""
    return lambda booking, notification: booking.state in states and is_theirs(booking, notification)


KINDS = (
    Kind("booking-confirmed", gettext_lazy("Booking confirmed"), build_confirmed, still(is_confirmed_as_told)),
    Kind("booking-requested", gettext_lazy("Booking requested"), said(messages.requested), still(in_state(State.REQUESTED))),
    Kind("booking-declined", gettext_lazy("Booking declined"), said(messages.declined), still(in_state(State.DECLINED))),
    Kind("booking-cancelled", gettext_lazy("Booking cancelled"), build_cancelled, still(in_state(State.CANCELLED))),
    Kind("booking-reminder", gettext_lazy("Booking reminder"), said(messages.reminder), still(has_who_comes)),
    Kind("staff-new-booking", gettext_lazy("To staff: new booking"), said(messages.new_for_team), still(is_new_to_staff)),
    Kind(
        "staff-booking-cancelled",
        gettext_lazy("To staff: cancelled"),
        said(messages.closed_for_team),
        still(in_state(State.CANCELLED, State.DECLINED)),
    ),
    Kind(
        "staff-needs-presenter",
        gettext_lazy("To staff: needs a presenter"),
        said(messages.needs_presenter),
        still(lambda booking, notification: booking.needs_a_presenter),
    ),
    Kind(
        "presenter-kept",
        gettext_lazy("To the presenter: time kept"),
        said(messages.for_presenter),
        still(theirs_in_state(State.REQUESTED)),
    ),
    Kind(
        "presenter-booked",
        gettext_lazy("To the presenter: booked"),
        said(messages.for_presenter),
        still(theirs_in_state(State.CONFIRMED)),
    ),
    Kind(
        "presenter-cancelled",
        gettext_lazy("To the presenter: cancelled"),
        said(messages.closed_for_presenter),
        still(theirs_in_state(State.CANCELLED, State.DECLINED)),
    ),
    Kind(
        "presenter-freed",
        gettext_lazy("To the presenter: no longer theirs"),
        said(messages.freed),
        still(lambda booking, notification: not is_theirs(booking, notification)),
    ),
)
