"""Spare seats on real connections: what only the lock and the database's guard keep apart."""

import pytest

from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, Seat, SeatState
from bookings.seats import services
from bookings.seats.services import approve_seat, give_up_seat
from tests.bookings.rows import NOW
from tests.bookings.seats.scene import ask, offered
from tests.bookings.test_races import all_at_once

# Rows that migrations loaded come back before each test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)


@pytest.fixture
def unlocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: the same services without their lock."""
    monkeypatch.setattr(services, "lock_bookings", lambda rows: rows.with_related())


def test_the_last_seat_is_given_once() -> None:
    booking = offered(1)
    seats = [ask(booking) for _number in range(4)]
    ends = all_at_once([lambda seat=seat: approve_seat(seat, by=None, now=NOW) for seat in seats])
    assert ends == {"done": 1, "SeatsFull": 3}
    assert (Booking.objects.get().seats_taken, Seat.objects.approved().count()) == (1, 1)


def test_without_the_lock_the_database_still_refuses(unlocked: None) -> None:
    booking = offered(1)
    seats = [ask(booking) for _number in range(4)]
    ends = all_at_once([lambda seat=seat: approve_seat(seat, by=None, now=NOW) for seat in seats])
    assert ends["done"] == 1
    assert Seat.objects.approved().count() == 1


def test_a_seat_given_as_its_guest_gives_up_is_counted_right() -> None:
    booking = offered(1)
    seat = ask(booking)
    all_at_once([lambda: approve_seat(seat, by=None, now=NOW), lambda: give_up_seat(seat, by=None, now=NOW)])
    assert (Seat.objects.get().state, Booking.objects.get().seats_taken) == (SeatState.GIVEN_UP, 0)


def test_a_seat_given_as_the_visit_is_cancelled_is_told_of_it_or_refused() -> None:
    booking = offered(1)
    seat = ask(booking)
    stale = Booking.objects.get()
    ends = all_at_once([lambda: approve_seat(seat, by=None, now=NOW), lambda: cancel_booking(stale, by=None, now=NOW)])
    assert ends["done"] in (1, 2)
    last = Seat.objects.get()
    given = last.state == SeatState.APPROVED
    assert (ends["done"] == 2) is given
