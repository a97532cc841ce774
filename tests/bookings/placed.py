"""Placing bookings as the services do it, and what they then say and send."""

from datetime import datetime
from typing import Any

from bookings.booking.services.create import place_booking
from bookings.models import Booking, BookingChannel
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.rows import NOW, at, make_presentation, unsaved_booking
from tests.factories import make_person, make_staff

TEN = at("10:00")
STRANGER = "someone@unknown.example"


def place(person: Person, start: datetime = TEN, **more: Any) -> Booking:
    of_service = ("by", "now", "presenter", "override_reason", "leaflets")
    asked = {"by": person.user, "now": NOW, **{name: more.pop(name) for name in of_service if name in more}}
    presentation = more.pop("presentation", None) or make_presentation()
    return place_booking(booking=unsaved_booking(person, start, presentation=presentation, **more), **asked)


def sent(booking: Booking) -> list[tuple[str, str, int]]:
    rows = Notification.objects.filter(about=f"booking:{booking.pk}").order_by("pk")
    return [(row.kind, row.recipient, row.version) for row in rows]


def history(booking: Booking) -> list[tuple[str, str, str]]:
    return [(event.kind, event.from_state, event.to_state) for event in booking.events.all()]


def place_as_staff(**more: Any) -> Booking:
    person = Person.objects.filter(email=STRANGER).first() or make_person(with_user=False, email=STRANGER)
    return place(person, **{"by": make_staff(), "channel": BookingChannel.PHONE, **more})
