"""Our kinds of email: how each is built when it is sent, and whether it should still go then."""

from collections.abc import Callable

from django.utils import timezone
from django.utils.translation import gettext_lazy

from bookings import messages, request_messages
from bookings.models import Booking, DateOption, EventKind, OptionKind, State
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


def dates_of(booking: Booking) -> list[DateOption]:
    options = list(booking.options.select_related("presenter"))
    for option in options:
        option.booking = booking
    return options


def build_requested(notification: Notification) -> Message:
    booking = booking_of(notification)
    if booking.has_time:
        return messages.requested(booking)
    return request_messages.requested(booking, dates_of(booking), now=timezone.now())


def build_new_for_team(notification: Notification) -> Message:
    booking = booking_of(notification)
    if booking.has_time:
        return messages.new_for_team(booking)
    return request_messages.new_for_team(booking, dates_of(booking), now=timezone.now())


def build_offered(notification: Notification) -> Message:
    booking = booking_of(notification)
    return request_messages.offered(booking, dates_of(booking))


def build_lapsed(notification: Notification) -> Message:
    booking = booking_of(notification)
    return request_messages.lapsed(booking, dates_of(booking))


def build_others_asked(notification: Notification) -> Message:
    booking = booking_of(notification)
    asked = booking.events.filter(kind=EventKind.OTHERS_ASKED).last()
    return request_messages.others_asked(booking, asked.reason if asked else "")


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


def still_stands(booking: Booking, notification: Notification) -> bool:
    """Requested, and what was offered (the newest of it is the version) is still open."""
    offered = booking.options.open().filter(kind=OptionKind.PROPOSED, pk=notification.version)
    return booking.state == State.REQUESTED and offered.exists()


def waits_for_us(booking: Booking, notification: Notification) -> bool:
    """Requested, and nothing that the professional could still answer."""
    offered = booking.options.open().filter(kind=OptionKind.PROPOSED)
    return booking.state == State.REQUESTED and not offered.exists()


def is_theirs(booking: Booking, notification: Notification) -> bool:
    return booking.presenter is not None and booking.presenter.email.lower() == notification.recipient.lower()


def in_state(*states: State) -> Check:
    return lambda booking, notification: booking.state in states


def theirs_in_state(*states: State) -> Check:
    """For a presenter who still has it."""
    return lambda booking, notification: booking.state in states and is_theirs(booking, notification)


KINDS = (
    Kind("booking-confirmed", gettext_lazy("Booking confirmed"), build_confirmed, still(is_confirmed_as_told)),
    Kind("booking-requested", gettext_lazy("Booking requested"), build_requested, still(in_state(State.REQUESTED))),
    Kind("booking-offered", gettext_lazy("Times offered"), build_offered, still(still_stands)),
    Kind("booking-dates-lapsed", gettext_lazy("Dates no longer kept"), build_lapsed, still(waits_for_us)),
    Kind("booking-declined", gettext_lazy("Booking declined"), said(messages.declined), still(in_state(State.DECLINED))),
    Kind("booking-cancelled", gettext_lazy("Booking cancelled"), build_cancelled, still(in_state(State.CANCELLED))),
    Kind("booking-reminder", gettext_lazy("Booking reminder"), said(messages.reminder), still(has_who_comes)),
    Kind("staff-new-booking", gettext_lazy("To staff: new booking"), build_new_for_team, still(is_new_to_staff)),
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
        "staff-time-taken",
        gettext_lazy("To staff: offered time taken"),
        said(request_messages.time_taken),
        still(in_state(State.CONFIRMED)),
    ),
    Kind("staff-others-asked", gettext_lazy("To staff: other times asked for"), build_others_asked, still(waits_for_us)),
    Kind(
        "staff-dates-lapsed",
        gettext_lazy("To staff: dates lapsed"),
        said(request_messages.lapsed_for_team),
        still(waits_for_us),
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
