"""The emails about a booking that a colleague takes over: to who had it, and to who has it now."""

from django.utils.translation import gettext_lazy

from bookings import handing_over_messages
from bookings.mail import links_for
from bookings.told_of import booking_of
from notifications.models import Notification
from notifications.registry import Kind, Message


def build_given_away(notification: Notification) -> Message:
    booking = booking_of(notification)
    return handing_over_messages.given_away(booking, now=notification.created_at, to=notification.recipient)


def build_taken_over(notification: Notification) -> Message:
    booking = booking_of(notification)
    return handing_over_messages.taken_over(booking, now=notification.created_at, links=links_for(booking))


def is_its_owners(notification: Notification) -> bool:
    return booking_of(notification).person.email.lower() == notification.recipient.lower()


def is_anothers(notification: Notification) -> bool:
    """Also of one that was cancelled meanwhile: of that its new owner is told, so this strikes the entry out."""
    return not is_its_owners(notification)


def is_taken_over(notification: Notification) -> bool:
    return booking_of(notification).is_open and is_its_owners(notification)


KINDS = (
    Kind("booking-given-away", gettext_lazy("Booking taken over by a colleague"), build_given_away, is_anothers),
    Kind("booking-taken-over", gettext_lazy("Booking of a colleague taken over"), build_taken_over, is_taken_over),
)
