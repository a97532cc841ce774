"""A visit with spare seats, and people near it."""

from datetime import date
from typing import Any

from bookings.models import Booking, Seat, SeatState
from bookings.seats.services import ask_for_seat, offer_seats
from notifications.models import Notification
from professionals.models import Person, Profession
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_organisation, make_person

LAST_DAY = date(2027, 1, 20)
LEEDS_CODE = "E08000035"


def offered(seats: int = 2, *professions: str, **fields: Any) -> Booking:
    """In Leeds on Monday at 10, by a health visitor who offers seats to midwives."""
    host = fields.pop("person", None) or make_person(email="host@leeds.nhs.uk", organisation=make_organisation("Host Trust"))
    columns = {"local_authority": LEEDS_CODE if fields.get("postcode", "LS") else "", "nation": "england", **fields}
    booking = make_booking(make_presenter(), at("10:00"), person=host, **columns)
    return offer_seats(
        booking, seats=seats, professions=professions or [Profession.MIDWIFE], until=LAST_DAY, by=host.user, now=NOW
    )


def midwife(**fields: Any) -> Person:
    return make_person(**{"profession": Profession.MIDWIFE, "name": "Nadia Khan", "postcode": "LS9 7TF", **fields})


def ask(booking: Booking, person: Person | None = None, needs: str = "") -> Seat:
    guest = person or midwife()
    return ask_for_seat(booking=booking, person=guest, access_needs=needs, by=guest.user, now=NOW)


def make_seat(booking: Booking, state: str = SeatState.ASKED, person: Person | None = None, **fields: Any) -> Seat:
    """A row as it is, past every service."""
    given = NOW if state == SeatState.APPROVED else None
    row = {"approved_at": given, "created_at": NOW, **fields}
    return Seat.objects.create(booking=booking, person=person or midwife(), state=state, **row)


def told(seat: Seat) -> list[tuple[str, str]]:
    """Which messages there are about a seat, and to whom."""
    rows = Notification.objects.filter(about=f"seat:{seat.pk}").order_by("version", "pk")
    return list(rows.values_list("kind", "recipient"))
