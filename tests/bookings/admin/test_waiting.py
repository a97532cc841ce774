"""What waits among the bookings: each figure of the first page is the number of rows behind its link."""

from collections.abc import Callable
from datetime import date, datetime, timedelta

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingState, DateOptionKind, DateOptionState, Presenter
from bookings.visits.services import check_out
from staff.site import staff_site
from tests.bookings.rows import at, make_booking, make_option, make_presentation, make_request
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
TODAY = date(2027, 1, 12)
Make = Callable[[Presenter, datetime], Booking]


def line(user: User, label: str) -> dict[str, object]:
    [section] = [each for each in staff_site.get_waiting_lines(user) if each["heading"] == "Bookings"]
    return next(each for each in section["lines"] if str(each["label"]) == label)


def rows_behind(desk: Client, href: object) -> list[Booking]:
    response = desk.get(href)
    assert response.status_code == 200
    return list(response.context["cl"].result_list)


def offered_request(presenter: Presenter, start: datetime) -> Booking:
    booking = make_request()
    make_option(booking, presenter, start, kind=DateOptionKind.PROPOSED)
    return booking


WAYS: dict[str, tuple[Make, datetime]] = {
    "to decide": (lambda presenter, start: make_booking(presenter, start, state=BookingState.REQUESTED), at("09:00")),
    "waiting for the professional’s answer": (offered_request, at("05:00")),
    "without a presenter": (lambda presenter, start: make_booking(None, start), at("09:00")),
    "today or tomorrow": (make_booking, at("13:00", TODAY)),
    "to mark as delivered": (make_booking, at("09:00", TODAY - timedelta(days=4))),
}


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("label", WAYS)
def test_a_figure_is_the_number_of_rows_of_its_list(
    desk: Client, staff: User, presenter: Presenter, label: str, count: int
) -> None:
    make, start = WAYS[label]
    for way, (other, when) in WAYS.items():  # one of each other way, which must not be counted
        if way != label:
            other(presenter, when + timedelta(days=0 if way == "today or tomorrow" else 1))
    make_booking(presenter, at("16:00"), state=BookingState.DECLINED, claim=False)
    mine = [make(presenter, start + timedelta(hours=number)) for number in range(count)]
    waits = line(staff, label)
    assert waits["figure"] == count
    assert sorted(booking.pk for booking in rows_behind(desk, waits["href"])) == [booking.pk for booking in mine]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_requests_whose_dates_lapsed_are_counted_among_those_to_decide_and_marked(
    desk: Client, staff: User, presenter: Presenter, count: int
) -> None:
    make_option(make_request(), None, at("09:00"))
    offered_request(presenter, at("09:00"))
    mine = [make_request() for _each in range(count)]
    for booking in mine:
        make_option(booking, None, at("09:00"), state=DateOptionState.EXPIRED)
    waits = line(staff, "to decide, with dates that we no longer keep")
    assert (waits["figure"], waits["urgent"], line(staff, "to decide")["figure"]) == (count, True, count + 1)
    assert sorted(booking.pk for booking in rows_behind(desk, waits["href"])) == [booking.pk for booking in mine]


SAFETY: dict[str, tuple[Make, datetime]] = {
    "with no check-in or check-out": (make_booking, at("04:00", TODAY)),
    "online without a joining link": (lambda presenter, start: make_booking(None, start, postcode=""), at("11:00", TODAY)),
}


@pytest.mark.parametrize("count", [0, 1, 3])
@pytest.mark.parametrize("label", SAFETY)
def test_what_a_person_may_be_harmed_by_is_counted_too(
    desk: Client, staff: User, presenter: Presenter, label: str, count: int
) -> None:
    made = {
        way: [make(presenter, start + timedelta(hours=number)) for number in range(count if way == label else 2)]
        for way, (make, start) in SAFETY.items()
    }
    waits = line(staff, label)
    assert (waits["figure"], waits["urgent"]) == (count, True)
    assert sorted(booking.pk for booking in rows_behind(desk, waits["href"])) == [booking.pk for booking in made[label]]


@pytest.mark.parametrize(
    ("start", "counts"),
    [
        (datetime.fromisoformat("2027-06-07T23:30:00+00:00"), True),  # half past midnight on the 8th in the UK
        (datetime.fromisoformat("2027-06-07T22:30:00+00:00"), False),  # half past eleven on the 7th
        (datetime.fromisoformat("2027-06-09T22:59:00+00:00"), True),
        (datetime.fromisoformat("2027-06-09T23:00:00+00:00"), False),
    ],
)
def test_today_and_tomorrow_are_days_of_a_uk_calendar(
    desk: Client, staff: User, presenter: Presenter, clock: time_machine.Traveller, start: datetime, counts: bool
) -> None:
    clock.move_to(at("12:00", date(2027, 6, 8)))
    make_booking(presenter, start)
    assert line(staff, "today or tomorrow")["figure"] == int(counts)


def test_what_is_under_way_stays_among_today_until_its_presenter_has_checked_out(
    desk: Client, staff: User, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("08:00", TODAY), state=BookingState.DELIVERED)
    waits = line(staff, "today or tomorrow")
    assert (waits["figure"], rows_behind(desk, waits["href"])) == (1, [booking])
    check_out(booking=booking, presenter=presenter, by=staff, now=at("09:00", TODAY))
    waits = line(staff, "today or tomorrow")
    assert (waits["figure"], rows_behind(desk, waits["href"])) == (0, [])


def test_the_first_page_counts_with_the_same_few_statements(desk: Client, staff: User, presenter: Presenter) -> None:
    desk.get("/staff/")
    counts = []
    for day in range(2):
        for hour in range(1 + 2 * day):
            make_booking(presenter, at("09:00") + timedelta(days=day, hours=2 * hour), presentation=make_presentation())
        counts.append(len(statements(lambda: desk.get("/staff/"))))
    assert counts[0] == counts[1] <= 12
