"""Times held for an area, by many at once on real connections: what only the presenter's lock and the database keep apart."""

from datetime import timedelta
from functools import partial

import pytest

from bookings.booking.services.create import place_booking
from bookings.leave.services import record_leave
from bookings.models import Booking, BusyKind, BusyTime, HeldEndReason, HeldTime
from bookings.schedule.holds import AreaToVisit, hold_times, lapse_held_times, release_held_time
from bookings.travel import Place, find_place
from tests.bookings.rows import (
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_presentation,
    make_presenter,
    unsaved_booking,
    visit_address,
)
from tests.bookings.test_races import all_at_once
from tests.factories import make_person

# Rows that migrations loaded come back before each test.
pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
TUESDAY, TWO = MONDAY + timedelta(days=1), at("14:00")
THERE = visit_address("The Shambles", "York", YORK)


def york() -> AreaToVisit:
    place = find_place(YORK)
    middle = Place("YO1", place.latitude, place.longitude, place.nation, place.zone)
    return AreaToVisit("E06000014", "York", {"E06000014"}, middle)


def hold(visit: Booking, *starts: object) -> list[HeldTime]:
    return hold_times(visit=visit, area=york(), starts=starts, by=None, now=NOW)  # type: ignore[arg-type]


def a_booking(now: object = NOW) -> partial[Booking]:
    person = make_person()
    booking = unsaved_booking(person, TWO, address=THERE, presentation=make_presentation())
    return partial(place_booking, booking=booking, by=person.user, now=now)  # type: ignore[arg-type]


def test_two_coordinators_hold_the_same_time_once() -> None:
    visit = make_booking(make_presenter(), at("10:00"))
    ends = all_at_once([partial(hold, visit, TWO)] * 4)
    assert ends == {"done": 1, "SlotTaken": 3}
    assert HeldTime.objects.count() == BusyTime.objects.filter(kind=BusyKind.HELD).count() == 1


def test_two_coordinators_never_hold_more_than_three_of_a_presenter() -> None:
    visit = make_booking(make_presenter(), at("10:00"))
    ends = all_at_once([partial(hold, visit, TWO, at("09:30", TUESDAY)), partial(hold, visit, at("12:30", TUESDAY), at("15:30"))])
    assert ends == {"done": 1, "DomainError": 1}
    assert HeldTime.objects.open().count() == 2


def test_two_people_there_want_it_and_one_takes_it() -> None:
    visit = make_booking(make_presenter(), at("10:00"))
    (held,) = hold(visit, TWO)
    ends = all_at_once([a_booking() for _number in range(4)])
    assert ends == {"done": 1, "SlotTaken": 3}
    held.refresh_from_db()
    assert (held.ended, held.booking) == (HeldEndReason.TAKEN, Booking.objects.get(starts_at=TWO))


@pytest.mark.parametrize("number", range(3))
def test_taken_and_lapsed_at_once_ends_once(number: int) -> None:
    visit = make_booking(make_presenter(), at("10:00"))
    (held,) = hold(visit, TWO)
    ends = all_at_once(
        [a_booking(held.expires_at - timedelta(days=2)), partial(lapse_held_times, held.presenter_id, now=held.expires_at)]
    )
    assert ends == {"done": 2}
    held.refresh_from_db()
    assert held.ended in (HeldEndReason.TAKEN, HeldEndReason.LAPSED)
    assert (held.booking is not None) == (held.ended == HeldEndReason.TAKEN)
    assert not BusyTime.objects.filter(held=held).exists()
    assert Booking.objects.filter(starts_at=TWO).count() == 1


@pytest.mark.parametrize("number", range(3))
def test_taken_and_released_at_once_ends_once(number: int) -> None:
    visit = make_booking(make_presenter(), at("10:00"))
    (held,) = hold(visit, TWO)
    ends = all_at_once([a_booking(), partial(release_held_time, held, by=None, now=NOW)])
    assert ends["done"] + ends["NotHeld"] == 2
    held.refresh_from_db()
    assert held.ended in (HeldEndReason.TAKEN, HeldEndReason.RELEASED)
    assert not BusyTime.objects.filter(held=held).exists()


def test_held_and_leave_at_once_leave_no_time_in_leave() -> None:
    presenter = make_presenter()
    visit = make_booking(presenter, at("10:00"))
    away = {"presenter": presenter, "starts_at": at("13:00"), "ends_at": at("17:00"), "kind": "holiday"}
    ends = all_at_once([partial(hold, visit, TWO), partial(record_leave, by=None, now=NOW, **away)])  # type: ignore[arg-type]
    assert ends["done"] >= 1
    assert not HeldTime.objects.open().exists()
    assert not BusyTime.objects.filter(kind=BusyKind.HELD).exists()
