"""What is exported of a guest, and what happens to seats when guest or host is erased, and when they are no longer kept."""

import pytest

from bookings import privacy as bookings_privacy
from bookings.models import Booking, Seat, SeatState
from bookings.seats.services import approve_seat
from notifications.models import Notification
from privacy.services import erase_person, export_person
from tests.bookings.rows import NOW
from tests.bookings.seats.scene import ask, midwife, offered, told

pytestmark = pytest.mark.django_db
CANARY = "Canary Wharton"


def test_the_export_has_each_seat_of_a_guest_and_the_hosts_names_no_guest() -> None:
    booking, guest = offered(), midwife(name=CANARY)
    approve_seat(ask(booking, guest, "Captions"), by=None, now=NOW)
    [exported] = export_person(guest)["seats"]
    found = (exported["reference"], exported["state"], exported["access_needs"])
    assert found == (booking.reference, "approved", "Captions")
    assert CANARY not in str(export_person(booking.person))


def test_an_erased_guest_gives_the_seat_up_and_leaves_no_word() -> None:
    booking, guest = offered(), midwife(name=CANARY, email="canary@leeds.nhs.uk")
    seat = approve_seat(ask(booking, guest, CANARY), by=None, now=NOW)
    assert bookings_privacy.upcoming_seats_notice(guest, NOW) == ["We will give up your seat at 1 presentation of another team."]
    erase_person(guest, by=None, now=NOW)
    booking.refresh_from_db()
    assert (booking.seats_taken, Seat.objects.get().state) == (0, SeatState.GIVEN_UP)
    assert told(seat)[-1] == ("seat-free", "host@leeds.nhs.uk")
    everything = [*Seat.objects.values(), *Notification.objects.values()]
    assert [row for row in everything if "canary" in str(row).lower()] == []


def test_an_erased_host_cancels_and_the_guest_hears() -> None:
    booking = offered()
    seat = approve_seat(ask(booking, needs="Captions"), by=None, now=NOW)
    Notification.objects.filter(about=f"seat:{seat.pk}").update(text_body="Ask for Jo Green, 0113 496 0001")
    erase_person(booking.person, by=None, now=NOW)
    assert told(seat)[-1][0] == "seat-cancelled"
    assert "Jo Green" not in str(list(Notification.objects.values()))
    assert Seat.objects.get().access_needs == ""


def test_retention_takes_the_seats_of_what_is_long_over() -> None:
    booking = offered()
    approve_seat(ask(booking, needs="Captions"), by=None, now=NOW)
    bookings_privacy.forget_bookings([booking.pk], NOW)
    assert not Seat.objects.exists()
    assert Booking.objects.get().seats_taken == 0
