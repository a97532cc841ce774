"""After an order or a place a visit is offered to who works where nobody has attended lately; no sentence says so."""

from datetime import date

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.models import PlaceState
from professionals.models import Person
from reach.models import CountKind, ReachCount
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db
OFFER = "We can come to your team"
SAYS_WHERE_NOBODY_WAS = ("nobody", "never been", "not been", "not reached", "no one")


def attended(authority: str, month: date = date(2026, 11, 1)) -> None:
    ReachCount.objects.create(kind=CountKind.ATTENDED, month=month, nation="england", authority=authority, count=9)


@pytest.fixture
def person() -> Person:
    return make_person(postcode="LS1 4AP")


def order_page(person: Person) -> str:
    order = make_order(person, NOW)
    return sign_in(Client(), person).get(f"/orders/{order.reference}/placed/").content.decode()


def test_it_is_offered_after_an_order_and_a_place_from_there(person: Person) -> None:
    attended("E06000014")
    page = order_page(person)
    assert OFFER in page
    offer = page[page.index('id="offer-title"') :].partition("</section>")[0].lower()
    assert not [words for words in SAYS_WHERE_NOBODY_WAS if words in offer]
    session = make_session(make_presenter(), at("10:00"))
    make_place(session, PlaceState.TAKEN, person)
    assert OFFER in sign_in(Client(), person).get(f"/sessions/{session.reference}/mine/").content.decode()


def test_it_is_not_offered_where_somebody_attended_lately_or_before_anything_was_counted(person: Person) -> None:
    assert OFFER not in order_page(person)
    attended("E08000035")
    assert OFFER not in order_page(person)


def test_what_was_long_ago_is_not_lately(person: Person) -> None:
    attended("E08000035", date(2025, 12, 1))
    attended("E06000014")
    assert OFFER in order_page(person)


def test_nor_is_it_to_who_has_a_booking_ahead_or_no_known_workplace(person: Person) -> None:
    attended("E06000014")
    make_booking(make_presenter(), at("10:00"), person=person)
    assert OFFER not in order_page(person)
    assert OFFER not in order_page(make_person(postcode=""))


def test_most_are_answered_from_the_cache(person: Person) -> None:
    attended("E08000035")
    order, client = make_order(person, NOW), sign_in(Client(), person)
    path = f"/orders/{order.reference}/placed/"
    client.get(path)
    with CaptureQueriesContext(connection) as asked:
        client.get(path)
    assert not [query for query in asked.captured_queries if "reach_reachcount" in query["sql"]]
    assert len(asked) <= 20
