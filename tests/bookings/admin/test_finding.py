"""The list of bookings: in order of need, narrowed, searched."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, BookingState, Presenter
from tests.bookings.admin.desk import BOOKINGS, text
from tests.bookings.rows import NOW, YORK, at, make_booking, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person

pytestmark = pytest.mark.django_db


def test_the_list_narrows_to_what_needs_a_presenter(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    make_booking(None, at("12:00"))
    only = desk.get(BOOKINGS, {"needs_presenter": "yes"}).context["cl"].result_list
    assert [booking.presenter for booking in only] == [None]


def test_what_needs_a_decision_comes_first_then_what_is_next_then_what_to_mark_then_what_is_done_with(
    desk: Client, presenter: Presenter
) -> None:
    day = timedelta(days=1)
    over, long_over = (make_booking(presenter, NOW - number * day) for number in (1, 9))
    late, soon = (make_booking(presenter, at("10:00") + number * day) for number in (2, 1))
    cancelled = make_booking(presenter, at("10:00"), state=BookingState.CANCELLED, claim=False)
    asked = make_booking(presenter, at("10:00") + 9 * day, state=BookingState.REQUESTED)
    alone = make_booking(None, at("10:00") + 8 * day)
    found = list(desk.get(BOOKINGS).context["cl"].result_list)
    assert found == [alone, asked, soon, late, over, long_over, cancelled]
    assert desk.get(BOOKINGS).context["cl"].get_ordering_field_columns() == {}


def cells(desk: Client, **query: str) -> list[list[str]]:
    """The words of each row, column by column, without the space around them, and without the box that ticks it."""
    page = Page(desk.get(BOOKINGS, query).content.decode())
    table = page.one("table", id="result_list")
    rows = [row for row in page.all("tr") if table in row.inside][1:]
    return [[cell.text for cell in page.elements if cell.tag in {"th", "td"} and row in cell.inside][1:] for row in rows]


def test_a_row_says_what_when_where_by_whom_for_whom_and_since_when(desk: Client, presenter: Presenter) -> None:
    person = make_person(name="Sam O’Brien", organisation=make_organisation("Selby Trust"))
    booking = make_booking(presenter, at("13:30"), person=person, postcode=YORK, created_at=NOW - timedelta(days=2))
    online = make_booking(None, at("12:00"), person=person, postcode="", state=BookingState.REQUESTED, created_at=NOW)
    for_whom = "Sam O’Brien Selby Trust"
    assert cells(desk) == [
        [online.reference, "Requested", "Mon 25 Jan 2027, midday", "Online", "Needs a presenter", for_whom, "just now"],
        [booking.reference, "Confirmed", "Mon 25 Jan 2027, 1:30pm", "Leeds YO1 7HH", "Asha Patel", for_whom, "2 days ago"],
    ]


@pytest.mark.parametrize(
    ("query", "days"),
    [("when=soon", [0, 1]), ("when=week", [0, 1, 6]), ("when=over", [-1]), ("when=whenever", [0, 1, 6, 7, -1])],
)
def test_the_list_narrows_to_days(desk: Client, presenter: Presenter, query: str, days: list[int]) -> None:
    made = {day: make_booking(presenter, NOW + timedelta(days=day, hours=1)) for day in (-1, 0, 1, 6, 7)}
    assert list(desk.get(f"{BOOKINGS}?{query}").context["cl"].result_list) == [made[day] for day in days]


@pytest.mark.parametrize(("query", "found"), [("where=online", 1), ("where=workplace", 2), ("where=moon", 3)])
def test_the_list_narrows_to_a_place(desk: Client, presenter: Presenter, query: str, found: int) -> None:
    for clock, postcode in (("10:00", ""), ("12:00", YORK), ("15:00", YORK)):
        make_booking(presenter, at(clock), postcode=postcode)
    assert desk.get(f"{BOOKINGS}?{query}").context["cl"].result_count == found


AREAS = [("nation=england", 2), ("nation=england&authority=E06000014", 1), ("authority=E08000035", 1), ("nation=jersey", 0)]


@pytest.mark.parametrize(("query", "found"), [*AREAS, ("nation=moon", 3), ("authority=moon", 3), ("authority=%C3%A900000000", 3)])
def test_the_list_narrows_to_an_area(desk: Client, presenter: Presenter, query: str, found: int) -> None:
    for clock, area in (("10:00", ("england", "E08000035")), ("12:00", ("england", "E06000014")), ("15:00", ("isle-of-man", ""))):
        make_booking(presenter, at(clock), nation=area[0], local_authority=area[1])
    page = desk.get(f"{BOOKINGS}?{query}")
    assert page.context["cl"].result_count == found
    shown = {name for name in ("Leeds", "York", "Bradford") if f">{name}</a>" in page.content.decode()}
    assert shown == ({"Leeds", "York"} if "england" in query or "E08" in query else set())


@pytest.mark.parametrize("wanted", ["{key}", "x", "99999999999999999999"])
def test_the_list_narrows_to_a_presenter_and_survives_nonsense(desk: Client, presenter: Presenter, wanted: str) -> None:
    booking, other = make_booking(presenter, at("10:00")), make_booking(make_presenter(), at("12:00"))
    found = list(desk.get(BOOKINGS, {"presenter": wanted.format(key=presenter.pk)}).context["cl"].result_list)
    assert found == ([booking] if wanted == "{key}" else [booking, other])


@pytest.mark.parametrize("filtered", ["state__exact=confirmed", "where=workplace", "period=2027"])
def test_the_list_filters(desk: Client, presenter: Presenter, filtered: str) -> None:
    booking = make_booking(presenter, at("10:00"))
    make_booking(presenter, at("10:00") + timedelta(days=365), postcode="", state=BookingState.REQUESTED, channel="phone")
    assert list(desk.get(f"{BOOKINGS}?{filtered}").context["cl"].result_list) == [booking]


WHOLE = ["bk 9999xx", "BK-9999-XX", "bk9999xx"]
PIECES = ["9999", "9999xx", "9999-x", "9999 xx", "99xx", "k-9999", "bk 999"]
WORDS = ["O'Brien", "OBRIEN@LEEDS.NHS.UK", "yo17hh", "Selby Trust", "999 8877"]


@pytest.mark.parametrize("term", WHOLE + PIECES + WORDS)
def test_the_list_finds_by_what_is_quoted_on_the_phone(desk: Client, presenter: Presenter, term: str) -> None:
    other = make_booking(presenter, at("10:00"))
    person = make_person(name="Sam O'Brien", email="obrien@leeds.nhs.uk", organisation=make_organisation("Selby Trust"))
    booking = make_booking(presenter, at("15:00"), postcode=YORK, person=person, contact_phone="0161 999 8877")
    Booking.objects.filter(pk=other.pk).update(reference="BK-1500-XX")
    Booking.objects.filter(pk=booking.pk).update(reference="BK-9999-XX")
    assert list(desk.get(BOOKINGS, {"q": term}).context["cl"].result_list) == [booking]


@pytest.mark.parametrize("path", ["", "{booking}/change/", "{booking}/do/reassign/", "{booking}/do/cancel/", "add/"])
def test_staff_pages_keep_to_their_queries(desk: Client, presenter: Presenter, path: str) -> None:
    booking = make_booking(presenter, at("09:00"))
    desk.get(f"{BOOKINGS}{path.format(booking=booking.pk)}")  # the process learns its content types once
    counts = []
    for hour in (11, 13):
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(f"{BOOKINGS}{path.format(booking=booking.pk)}").status_code == 200
        counts.append(len(queries))
        for minutes in (0, 60):
            make_booking(presenter, at(f"{hour}:00") + timedelta(minutes=minutes))
    assert counts[0] == counts[1]


def test_buttons_say_what_they_do_and_none_leads_to_an_empty_log(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    assert "Book for a caller" in text(desk.get(BOOKINGS))
    assert "Add booking" not in text(desk.get(BOOKINGS))
    assert "Enter leave" in text(desk.get("/staff/bookings/leave/"))
    for path, there in ((f"booking/{booking.pk}", False), (f"presenter/{presenter.pk}", True)):
        page = desk.get(f"/staff/bookings/{path}/change/").content.decode()
        assert ('class="historylink"' in page) == there
