"""Placing bookings as the services do it, and what they then say and send."""

from datetime import datetime
from typing import Any

from bookings.booking.services.place import place_booking
from bookings.models import Booking, Channel
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.rows import (
    ADDRESS,
    DETAILS,
    NOW,
    at,
    make_presentation,
)
from tests.factories import make_person, make_staff

TEN = at("10:00")
STRANGER = "someone@unknown.example"


def place(person: Person, start: datetime = TEN, **more: Any) -> Booking:
    defaults: dict[str, Any] = {
        "by": person.user,
        "channel": Channel.WEB,
        "presentation": more.pop("presentation", None) or make_presentation(),
        "format": "workplace",
        "address": ADDRESS,
        "details": DETAILS,
        "now": NOW,
    }
    return place_booking(person=person, start=start, **{**defaults, **more})


def sent(booking: Booking) -> list[tuple[str, str, int]]:
    rows = Notification.objects.filter(about=f"booking:{booking.pk}").order_by("pk")
    return [(row.kind, row.recipient, row.version) for row in rows]


def history(booking: Booking) -> list[tuple[str, str, str]]:
    return [(event.kind, event.from_state, event.to_state) for event in booking.events.all()]


def place_as_staff(**more: Any) -> Booking:
    person = Person.objects.filter(email=STRANGER).first() or make_person(with_user=False, email=STRANGER)
    return place(person, **{"by": make_staff(), "channel": Channel.PHONE, **more})
