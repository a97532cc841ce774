"""What booking through the pages asks of the database: few statements, however many rows there are."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, Presentation, Presenter
from professionals.models import Person
from tests.bookings.flow import TEN, WHERE, fill_in, hidden, text
from tests.bookings.rows import NOW, YORK, at, make_booking, make_presentation, make_presenter
from tests.factories import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


# As bench/compare.py counts: what begins, ends or checks a transaction asks no question of the database.
NOT_COUNTED = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE", "SET CONSTRAINTS")


def asked(client: Client, method: str, url: str, data: dict[str, str] | None = None) -> tuple[HttpResponse, int]:
    """The answer, and how many statements it took."""
    with CaptureQueriesContext(connection) as queries:
        response = getattr(client, method)(url, data or {})
    assert response.status_code in (200, 302)
    return response, sum(not query["sql"].startswith(NOT_COUNTED) for query in queries.captured_queries)


def statements(client: Client, method: str, url: str, data: dict[str, str] | None = None) -> int:
    return asked(client, method, url, data)[1]


def whole_booking(client: Client, where: dict[str, str]) -> dict[str, int]:
    """From the first page to the confirmation, in seven requests: each answer leads to the next page by itself."""
    taken = {}
    path, sent = "/book/signs/where/", {"where": where, "when": {"start": TEN}}
    for page in ("where", "when", "check", "confirmation"):
        shown, taken[f"GET {page}"] = asked(client, "get", path)
        if page == "confirmation":
            break
        answer, taken[f"POST {page}"] = asked(client, "post", path, sent.get(page) or hidden(shown))
        path = answer.url
    assert f"Your reference {Booking.objects.get().reference}" in text(shown)
    return taken


def test_a_signed_in_booking_takes_seven_requests_and_few_statements(
    client: Client, presentation: Presentation, presenter: Presenter, person: Person
) -> None:
    sign_in(client, person)
    taken = whole_booking(client, WHERE)
    assert taken == {
        "GET where": 6,
        "POST where": 6,
        "GET when": 9,
        "POST when": 19,  # one of them: what is held for the area of the place gives way
        "GET check": 4,  # one of them: whether staff must agree, which the page says before it is sent
        "POST check": 19,  # and here the same
        "GET confirmation": 5,  # one of them: whom to tell about a child there
    }
    assert sum(taken.values()) <= 68
    assert max(taken.values()) <= 20


def test_a_booking_online_asks_less(client: Client, presentation: Presentation, presenter: Presenter, person: Person) -> None:
    """Nobody is on duty for it, no address decides whether staff must agree, and no journey is read unless a visit is near."""
    sign_in(client, person)
    assert sum(whole_booking(client, {**WHERE, "format": "online"}).values()) <= 60


@pytest.mark.parametrize(
    "page",
    [
        "/presentations/",
        "/presentations/signs/",
        "/book/signs/where/",
        "/book/signs/when/",
        "/book/signs/check/",
    ],
)
def test_pages_keep_to_their_statements_however_many_rows_there_are(
    client: Client, presentation: Presentation, presenter: Presenter, person: Person, page: str
) -> None:
    sign_in(client, person)
    fill_in(client)
    one = statements(client, "get", page)
    for number in range(3):
        make_presentation()
        make_booking(make_presenter(base_postcode=YORK), at("10:00") + timedelta(hours=number))
    assert statements(client, "get", page) == one
    assert one <= 12


def test_booking_without_a_hold_takes_a_few_statements_more(
    client: Client, presentation: Presentation, person: Person, clock: time_machine.Traveller
) -> None:
    """It looks for a presenter first: the rare way of someone who comes back after an hour."""
    sign_in(client, person)
    fill_in(client)
    clock.shift(timedelta(hours=1))
    answers = hidden(client.get("/book/signs/check/"))
    assert statements(client, "post", "/book/signs/check/", answers) <= 30


def test_the_check_page_keeps_to_its_statements_after_the_hold_has_expired(
    client: Client, presentation: Presentation, person: Person, clock: time_machine.Traveller
) -> None:
    sign_in(client, person)
    fill_in(client)
    clock.shift(timedelta(minutes=16))
    assert statements(client, "get", "/book/signs/check/") <= 12
    answers = hidden(client.get("/book/signs/check/"))
    assert statements(client, "post", "/book/signs/check/", answers) <= 20


def test_placing_a_booking_takes_at_most_twenty_statements(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    fill_in(client)
    answers = hidden(client.get("/book/signs/check/"))
    assert statements(client, "post", "/book/signs/check/", answers) <= 20


def test_choosing_a_time_takes_at_most_twenty_statements(client: Client, presentation: Presentation, person: Person) -> None:
    sign_in(client, person)
    client.post("/book/signs/where/", WHERE)
    assert statements(client, "post", "/book/signs/when/", {"start": TEN}) <= 20
