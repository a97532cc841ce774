"""Staff see who could give a booking, ranked, and why each other presenter could not."""

import pytest
from django.test import Client

from bookings.models import JourneyTime, Presenter
from tests.bookings.admin.desk import BOOKINGS, text
from tests.bookings.admin.test_for_caller import caller_form
from tests.bookings.rows import LEEDS_TOO, LONDON, MONDAY, YORK, at, make_booking, make_leave, make_presentation, make_presenter
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db


@pytest.fixture
def others(presenter: Presenter) -> None:
    near = make_presenter(name="Near Leeds", base_postcode=LEEDS_TOO)
    away, busy, late = (make_presenter(name=name) for name in ("On Leave", "Full Diary", "Just York"))
    make_presenter(name="In London", base_postcode=LONDON)
    make_leave(away, at("00:00"), at("23:59"))
    make_booking(busy, at("10:00"))
    make_booking(late, at("08:30"), postcode=YORK)
    assert near.active


@pytest.mark.parametrize("path", ["change/", "do/reassign/"])
def test_each_presenter_stands_there_once_with_the_reason(desk: Client, presenter: Presenter, others: None, path: str) -> None:
    booking = make_booking(presenter, at("10:00"))
    said = text(desk.get(f"{BOOKINGS}{booking.pk}/{path}"))
    table = said[said.index("Extra minutes of travel") :]
    for words in (
        "On Leave No Away: Monday 25 January 2027, all day.",
        "Full Diary No Has a booking: Monday 25 January 2027, 10am to 11am, LS1 4AP.",
        "Just York No Comes from YO1 7HH at 9:30am. The journey takes ",
        "In London With a reason It is further than the presenter can travel.",
        "Near Leeds Yes 60 ",
    ):
        assert words in table
    order = ["Near Leeds", "In London", "On Leave", "Full Diary", "Just York"]
    assert sorted(order, key=table.index) == order


def test_book_for_a_caller_says_who_could_when_it_is_refused(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    page = text(
        desk.post(f"{BOOKINGS}add/", caller_form(make_presentation(), **{"time-day": "2027-01-25", "time-clock": "10:30"}))
    )
    assert "Who can give it then" in page
    assert "No Has a booking: Monday 25 January 2027, 10am to 11am" in page


def test_the_page_takes_as_many_statements_for_forty_presenters(desk: Client, presenter: Presenter) -> None:
    booking, counts = make_booking(presenter, at("10:00")), []
    desk.get(f"{BOOKINGS}{booking.pk}/change/")  # what is kept once is read
    for more in (0, 39):
        for _number in range(more):
            make_booking(make_presenter(), at("13:00"))
        JourneyTime.objects.get_or_create(
            area_a="LS", area_b="YO", defaults={"minutes": 45, "reason": "A64", "set_at": at("08:00")}
        )
        counts.append(len(statements(lambda: desk.get(f"{BOOKINGS}{booking.pk}/change/"))))
    assert counts[0] == counts[1] <= 18


def test_a_booking_without_a_time_or_closed_shows_no_table(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), state="cancelled", claim=False)
    assert "Who can give it" not in text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert MONDAY.weekday() == 0
