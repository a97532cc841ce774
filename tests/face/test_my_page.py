"""One's own page: what is begun and what comes next before what was, each with the next thing to do."""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.booking.forms import WHERE_ANSWERS
from bookings.models import Booking, BookingState, PlaceState, SessionEvent, SessionEventKind
from leaflets.models import Order, OrderState
from professionals.models import Draft, DraftKind, Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presentation, make_presenter
from tests.face.page import Page
from tests.factories import make_person, make_staff, sign_in
from tests.leaflets.factories import make_order

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def owner(client: Client) -> Person:
    person = make_person()
    sign_in(client, person)
    return person


def read(client: Client, path: str = "/my/") -> Page:
    page = Page(client.get(path).content.decode())
    assert page.mistakes == []
    return page


def headings(page: Page) -> list[str]:
    return [heading.text for heading in page.all("h2")]


def references_below(page: Page, id_: str) -> list[str]:
    section = page.one("section", aria_labelledby=id_)
    return [each.text for each in page.all("span", "reference") if section in each.inside]


def book(owner: Person, clock: str, *, day: date = MONDAY, **fields: Any) -> Booking:
    return make_booking(make_presenter(), at(clock, day), person=owner, **fields)


def order(owner: Person, state: OrderState = OrderState.RECEIVED) -> Order:
    placed = make_order(owner, NOW)
    Order.objects.filter(pk=placed.pk).update(state=state)
    return placed


def test_with_nothing_there_it_says_how_to_begin(client: Client, owner: Person) -> None:
    page = read(client)
    assert headings(page) == ["Presentations coming up", "Leaflets to come", "Your account"]
    assert [(a.text, a.attrs["href"]) for a in page.all("a", "govuk-button")] == [
        ("Choose a presentation", "/presentations/"),
        ("Choose leaflets", "/leaflets/"),
    ]


def test_the_soonest_stands_first_and_what_was_stands_below(client: Client, owner: Person) -> None:
    late, soon = book(owner, "14:00"), book(owner, "10:00")
    cancelled, past = book(owner, "11:00", state=BookingState.CANCELLED), book(owner, "12:00", day=date(2026, 12, 1))
    page = read(client)
    assert references_below(page, "coming-heading") == [soon.reference, late.reference]
    assert references_below(page, "past-bookings-heading") == [cancelled.reference, past.reference]


def test_each_booking_says_what_comes_next(client: Client, owner: Person) -> None:
    confirmed = book(owner, "10:00")
    book(owner, "14:00", state=BookingState.REQUESTED)
    next_lines = [line.text for line in read(client).all("p", "entry__next")]
    assert next_lines == [
        f"Add it to your calendar: {confirmed.presentation.title}, or see, change or cancel it: {confirmed.presentation.title}.",
        "We are keeping this time for you. We will email you as soon as one of us has looked at your request.",
    ]


def test_orders_to_come_stand_apart_from_those_that_left(client: Client, owner: Person) -> None:
    received, packing, sent = order(owner), order(owner, OrderState.PACKING), order(owner, OrderState.DISPATCHED)
    page = read(client)
    assert sorted(references_below(page, "orders-heading")) == sorted([received.reference, packing.reference])
    assert references_below(page, "past-orders-heading") == [sent.reference]


def test_places_at_open_sessions_say_what_to_do_and_go_down_when_they_are_over(client: Client, owner: Person) -> None:
    states = (PlaceState.TAKEN, PlaceState.WAITING, PlaceState.OFFERED, PlaceState.GIVEN_UP)
    sessions = [make_session(None, at(f"{10 + hour}:00")) for hour in range(4)]
    for session, state in zip(sessions, states, strict=True):
        place = make_place(session, state, owner)
    SessionEvent.objects.create(session=sessions[3], place=place, at=NOW, kind=SessionEventKind.TAKEN)
    past = make_session(None, at("10:00", date(2026, 12, 1)))
    make_place(past, PlaceState.ATTENDED, owner)
    page = read(client)
    assert references_below(page, "places-heading") == [session.reference for session in sessions[:3]]
    assert references_below(page, "past-places-heading") == [sessions[3].reference, past.reference]
    assert [line.text.split(f": {sessions[0].presentation.title}")[0] for line in page.all("p", "entry__next")] == [
        "Add it to your calendar",
        "You are on the waiting list. See your place in the queue",
        "We are keeping a place for you until Wednesday 13 January 2027, 10am. Take it",
    ]


def past_of(owner: Person, count: int) -> tuple[list[str], list[str]]:
    """So many bookings and orders of the past: their references, the newest first."""
    presenter, made = make_presenter(), make_order(owner, NOW)
    bookings = [
        make_booking(presenter, NOW - timedelta(days=5 + n), person=owner, state=BookingState.DELIVERED).reference
        for n in range(count)
    ]
    copies = [
        Order(reference=f"LO-{n:04}-22", person=owner, created_at=NOW - timedelta(days=n), state=OrderState.DISPATCHED)
        for n in range(count)
    ]
    Order.objects.bulk_create(copies)
    Order.objects.filter(pk=made.pk).update(state=OrderState.CANCELLED, created_at=NOW + timedelta(minutes=1))
    return bookings, [made.reference, *(order.reference for order in copies)]


def test_what_was_is_shown_ten_at_a_time_and_each_list_keeps_its_place(client: Client, owner: Person) -> None:
    bookings, orders = past_of(owner, 23)
    page, shown = read(client), []
    while True:
        shown += references_below(page, "past-bookings-heading")
        assert references_below(page, "past-orders-heading") == (orders[:10] if len(shown) <= 10 else orders[10:20])
        if len(shown) == 10:
            page = read(client, f"/my/{link_to(page, 'Show older leaflet orders')}")
            assert references_below(page, "past-bookings-heading") == bookings[:10]
        if len(shown) == 23:
            break
        page = read(client, f"/my/{link_to(page, 'Show older presentations')}")
    assert shown == bookings
    assert link_to(page, "Show newer presentations") == "?bookings=2&orders=2#past-bookings-heading"
    assert page.one("nav", aria_label="Pages of earlier presentations").text == "Page 3 Show newer presentations"


def link_to(page: Page, words: str) -> str:
    return next(str(a.attrs["href"]) for a in page.all("a") if a.text == words)


def test_ten_need_no_pages(client: Client, owner: Person) -> None:
    past_of(owner, 9)  # and one order more
    assert len(references_below(read(client), "past-orders-heading")) == 10
    assert read(client).all("nav", "entry-pages") == []


def test_a_page_beyond_the_last_leads_back_and_nonsense_is_the_first(client: Client, owner: Person) -> None:
    bookings, _orders = past_of(owner, 3)
    page = read(client, "/my/?bookings=9999")
    assert "There is nothing older to show." in page.one("section", aria_labelledby="past-bookings-heading").text
    assert link_to(page, "Go to the newest presentations") == "?#past-bookings-heading"
    for nonsense in ("0", "-1", "x", "²", "99999", "1e3", ""):
        assert references_below(read(client, f"/my/?bookings={nonsense}"), "past-bookings-heading") == bookings


def test_a_long_past_takes_no_statement_more(client: Client, owner: Person) -> None:
    counts = []
    for _ in range(2):
        for _ in range(12):
            make_booking(None, NOW - timedelta(days=9), person=owner, state=BookingState.DECLINED)
        order(owner, OrderState.DISPATCHED)
        with CaptureQueriesContext(connection) as found:
            client.get("/my/?bookings=2")
        counts.append(len(found))
    assert counts[0] == counts[1] <= 12


def begin(owner: Person, kind: DraftKind, answers: dict[str, object]) -> None:
    fields = {"key_hash": kind, "token": kind, "expires_at": NOW + timedelta(hours=1)}
    Draft.objects.create(person=owner, kind=kind, answers=answers, **fields)


def test_a_booking_that_was_begun_is_offered_at_its_next_page(client: Client, owner: Person) -> None:
    presentation = make_presentation()
    answers = {"where": {**dict.fromkeys(WHERE_ANSWERS, ""), "presentation": presentation.slug, "format": "online"}}
    begin(owner, DraftKind.BOOKING, answers)
    page = read(client)
    assert headings(page)[0] == "Not finished yet"
    assert page.all("a", "govuk-button")[0].attrs["href"] == f"/book/{presentation.slug}/when/"


def test_leaflets_in_the_basket_are_not_forgotten(client: Client, owner: Person) -> None:
    begin(owner, DraftKind.ORDER, {"basket": {"social-workers": 15, "all-professionals": 5}})
    page = read(client)
    assert "20 leaflets are in your basket. They are not ordered yet." in page.one("main").text
    assert page.all("a", "govuk-button")[0].attrs["href"] == "/basket/"


def test_a_draft_without_a_presentation_that_we_still_offer_is_not_shown(client: Client, owner: Person) -> None:
    begin(owner, DraftKind.BOOKING, {"where": {"presentation": "gone"}})
    assert headings(read(client))[0] == "Presentations coming up"


def test_statements_stay_few_however_much_there_is(client: Client, owner: Person) -> None:
    begin(owner, DraftKind.BOOKING, {"where": {"presentation": make_presentation().slug, "format": "online"}})
    counts = []
    for clock in ("10:00", "11:00", "14:00"):
        book(owner, clock)
        order(owner)
        with CaptureQueriesContext(connection) as found:
            client.get("/my/")
        counts.append(len(found))
    assert counts[0] == counts[2]
    assert counts[0] <= 12


def test_the_account_list_names_every_page_and_where_one_is(client: Client, owner: Person) -> None:
    page = read(client, "/account/2fa/")
    nav = page.one("nav", "account-nav")
    links = [(a.text, a.attrs["href"], a.attrs.get("aria-current")) for a in page.all("a") if nav in a.inside]
    assert links == [
        ("Your details", "/account/details/", None),
        ("Delivery addresses", "/my/addresses/", None),
        ("Your calendar", "/my/calendar/", None),
        ("What you get by email", "/my/mail/", None),
        ("Email address", "/account/email/", None),
        ("Password", "/account/password/set/", None),
        ("Second factor", "/account/2fa/", "page"),
        ("Passkeys", "/account/passkeys/", None),
        ("Where you are signed in", "/account/sessions/", None),
        ("Your data", "/account/my-data/", None),
        ("Delete your account", "/account/delete/", None),
        ("Sign out", "/account/logout/", None),
    ]


@pytest.mark.parametrize(
    "path", ["/my/", "/account/details/", "/account/email/", "/account/password/set/", "/account/2fa/", "/account/my-data/"]
)
def test_the_account_list_stands_on_each_of_its_pages(client: Client, owner: Person, path: str) -> None:
    assert len(read(client, path).all("nav", "account-nav")) == 1


def test_staff_come_back_to_the_staff_site(client: Client) -> None:
    client.force_login(make_staff())
    page = read(client, "/account/2fa/")
    assert [(a.text, a.attrs["href"]) for a in page.all("a", "govuk-back-link")] == [("Staff site", "/staff/")]
    assert "Your details" not in page.one("nav", "account-nav").text
