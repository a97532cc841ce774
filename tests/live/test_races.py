"""Twenty people at the live server at the same moment: what they read, what is stored, what is sent.

Everything here is made for these tests (Lerwick is out of every sample presenter's reach), so no other journey sees it.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import partial
from typing import Any

import pytest

from .clients import CROWD, Answer, Client, all_of, at_once, inside, server_without_guards
from .mail import read
from .stack import Live

EMAILS = [f"crowd{number}@shetland.nhs.uk" for number in range(CROWD)]
SLUG = "working-in-the-far-north"
BOOK = f"/book/{SLUG}"
# Each presenter serves only the postcode where they live, so each of these has slots of its own: so many.
SLOTS = {"ZE1 0AA": 1, "ZE1 0AB": 2, "ZE1 0AD": 1, "ZE1 0AE": 1}
ONLY_SLOT, TWO_SLOTS, DOUBLE, CONTROL = SLOTS
STOCK = {"far-north-race": 7, "far-north-double": 50, "far-north-control": 7}
RACE_LEAFLET, DOUBLE_LEAFLET, CONTROL_LEAFLET = STOCK
COPIES = 5
STREET, TOWN = "12 Commercial Street", "Lerwick"
GONE = (200, "That time has just gone")
DETAILS = {"audience_size": "12", "contact_name": "Inga Tait", "contact_phone": "01595 693 000", "room": "Second floor"}


def lay_out(slots: dict[str, int], stock: dict[str, int]) -> dict[str, list[str]]:
    """Runs inside the live copy: a presentation, presenters and leaflets; the start times by postcode."""
    from bookings.models import Nation
    from bookings.working_days import after_working_days
    from ctac.uk import uk_day
    from tests.bookings.rows import make_presentation
    from tests.leaflets.factories import make_edition

    now = datetime.now(UTC)
    days = [after_working_days(uk_day(now), number, Nation.SCOTLAND) for number in (15, 16)]
    make_presentation(slug=SLUG, title="Working in the far north")
    for slug, copies in stock.items():
        make_edition(now, stock=copies, slug=slug, title=f"Leaflet {slug}", position=9000)
    return {postcode: [give_slot(postcode, day) for day in days[:count]] for postcode, count in slots.items()}


def give_slot(postcode: str, day: Any) -> str:
    """One window, as long as the presentation; the value of its radio."""
    from bookings.models import Presenter
    from ctac.uk import uk_datetime
    from tests.bookings.rows import make_availability, make_presenter

    presenter = Presenter.objects.filter(base_postcode=postcode).first() or make_presenter(
        name=f"Presenter at {postcode}",
        base_postcode=postcode,
        nation="scotland",
        max_travel_minutes=0,
        joining_link="",
        weekdays=(),
    )
    window = make_availability(presenter, day.weekday(), "10:00", "11:00", valid_until=day)
    window.valid_from = day
    window.save()
    return uk_datetime(day, time(10)).astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def print_more(slug: str) -> int:
    """Runs inside: as many copies as were promised too many, so that the ledger and the CHECK agree again."""
    from leaflets.models import Edition
    from leaflets.services import receive_stock

    edition = Edition.objects.get(leaflet__slug=slug)
    if edition.available < 0:
        receive_stock(edition=edition, copies=-edition.available, by=None, now=datetime.now(UTC), reason="Race control")
    return edition.available


@dataclass
class Stage:
    live: Live
    starts: dict[str, list[str]]
    sessions: list[str]

    def crowd(self, base_url: str = "") -> list[Client]:
        return [Client(base_url or self.live.base_url, session=session) for session in self.sessions]

    def count(self, sql: str, *values: object) -> int:
        return int(self.live.query(f"SELECT count(*) FROM {sql}", *values)[0][0])  # noqa: S608 - the tests' own words

    def claims_at(self, postcode: str) -> Counter[str]:
        """Live claims on the time of who serves that postcode, by kind."""
        return Counter(kind for (kind,) in self.live.query(f"SELECT kind FROM {CLAIMS} AND live", postcode))  # noqa: S608

    def figures(self, slug: str) -> tuple[int, int]:
        """On hand, allocated."""
        return self.live.query(
            "SELECT on_hand, allocated FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = %s",
            slug,
        )[0]

    def emails_of(self, about: str, kind: str) -> list[str]:
        rows = self.live.query("SELECT recipient FROM notifications_notification WHERE about = %s AND kind = %s", about, kind)
        return [recipient for (recipient,) in rows]


PRESENTER = "SELECT id FROM bookings_presenter WHERE base_postcode = %s"
CLAIMS = f"bookings_busytime WHERE presenter_id IN ({PRESENTER})"
ORDERS = """leaflets_order WHERE id IN (SELECT order_id FROM leaflets_orderline o JOIN leaflets_edition e ON e.id = o.edition_id
    JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = ANY(%s))"""


@pytest.fixture(scope="module")
def stage(live: Live) -> Iterator[Stage]:
    starts = inside(live, __name__, "lay_out", SLOTS, STOCK)
    sessions = inside(live, "tests.live.clients", "open_sessions", EMAILS)
    yield Stage(live, starts, sessions)
    live.query("UPDATE bookings_presenter SET active = false WHERE base_postcode = ANY(%s)", list(SLOTS))
    live.query("UPDATE bookings_presentation SET active = false WHERE slug = %s", SLUG)
    live.query("UPDATE leaflets_leaflet SET active = false WHERE slug = ANY(%s)", list(STOCK))


@pytest.fixture(scope="module")
def unguarded_url(live: Live) -> Iterator[str]:
    with server_without_guards(live) as url:
        yield url


# --- The last slot ---


def say_where(client: Client, postcode: str) -> None:
    where = {"format": "workplace", "address_line_1": STREET, "town": TOWN, "postcode": postcode}
    assert client.post_form(f"{BOOK}/where/", **where).outcome == (302, f"{BOOK}/when/")


def all_choose(stage: Stage, crowd: list[Client], postcode: str) -> list[Answer]:
    """Everybody reads the page on which the first slot is free, then all press the button together."""
    all_of(partial(say_where, client, postcode) for client in crowd)
    forms = all_of(partial(read_form, client, f"{BOOK}/when/", "start") for client in crowd)
    assert [form.options["start"] for form in forms] == [stage.starts[postcode]] * CROWD
    start = stage.starts[postcode][0]
    return at_once(partial(client.send, f"{BOOK}/when/", form, start=start) for client, form in zip(crowd, forms, strict=True))


def read_form(client: Client, path: str, *names: str) -> Any:
    return client.get(path).form(*names)


def finish_booking(client: Client) -> Answer:
    assert client.post_form(f"{BOOK}/details/", **DETAILS).outcome == (302, f"{BOOK}/check/")
    return client.send(f"{BOOK}/check/", read_form(client, f"{BOOK}/check/", "token"))


@pytest.mark.parametrize("postcode", [ONLY_SLOT, TWO_SLOTS])
def test_of_twenty_who_choose_the_last_slot_one_gets_it_and_nineteen_read_a_polite_page(stage: Stage, postcode: str) -> None:
    # Given twenty people who all see that time as free, when all choose it at once
    crowd = stage.crowd()
    answers = all_choose(stage, crowd, postcode)

    # Then one goes on, and nineteen read that it has gone
    assert Counter(answer.outcome for answer in answers) == {(302, f"{BOOK}/details/"): 1, GONE: CROWD - 1}
    winner = next(number for number, answer in enumerate(answers) if answer.status == 302)
    others = [number for number in range(CROWD) if number != winner]
    assert stage.claims_at(postcode) == {"hold": 1}
    alternatives = stage.starts[postcode][1:]
    for number in others:
        assert_offers(answers[number], alternatives)

    # And what they typed is kept
    for form in all_of(partial(read_form, crowd[number], f"{BOOK}/where/", "postcode") for number in others):
        assert [form.fields[name] for name in ("address_line_1", "town", "postcode")] == [STREET, TOWN, postcode]

    # And the one who got it can finish: one booking, one claim, one confirmation
    assert_booked_once(stage, postcode, EMAILS[winner], finish_booking(crowd[winner]))
    # And one of the others can take the nearest alternative from the page that they have
    if alternatives:
        other = others[0]
        answer = crowd[other].send(f"{BOOK}/when/", answers[other].form("start"), start=alternatives[0])
        assert answer.outcome == (302, f"{BOOK}/details/")


def assert_offers(answer: Answer, alternatives: list[str]) -> None:
    if alternatives:
        assert "These are the nearest times that are." in answer.words
        assert answer.form("start").options["start"] == alternatives
    else:
        assert "Nothing is free in the next three months. Please call us" in answer.words


def assert_booked_once(stage: Stage, postcode: str, email: str, placed: Answer) -> None:
    found = stage.live.query("SELECT id, reference, state FROM bookings_booking WHERE postcode = %s", postcode)
    assert len(found) == 1
    key, reference, state = found[0]
    assert (placed.outcome, state) == ((302, f"/bookings/{reference}/placed/"), "confirmed")
    assert stage.claims_at(postcode) == {"booking": 1}
    assert stage.emails_of(f"booking:{key}", "booking-confirmed") == [email]
    stage.live.wait_for(lambda: confirmations(stage, email, reference) == 1, 15)


def confirmations(stage: Stage, email: str, reference: str) -> int:
    return sum(reference in mail.text and "METHOD:REQUEST" in mail.calendar for mail in stage.live.messages(to=email))


# --- The last copies ---


def fill_in_order(client: Client, slug: str) -> None:
    """As far as the page with the button."""
    assert client.post_form(f"/leaflets/{slug}/", **{f"{slug}-copies": str(COPIES)}).outcome == (302, "/basket/")
    delivery = {"address_line_1": STREET, "town": TOWN, "postcode": "ZE1 0AA"}
    assert client.post_form("/order/delivery/", **delivery).outcome == (302, "/order/check/")


def all_order(crowd: list[Client], slug: str) -> list[Answer]:
    all_of(partial(fill_in_order, client, slug) for client in crowd)
    forms = all_of(partial(read_form, client, "/order/check/", "token") for client in crowd)
    return at_once(partial(client.send, "/order/check/", form) for client, form in zip(crowd, forms, strict=True))


def test_of_twenty_who_order_the_last_copies_one_gets_them_and_nineteen_read_how_many_there_are(stage: Stage) -> None:
    # Given seven copies, when twenty people order five at once
    crowd = stage.crowd()
    answers = all_order(crowd, RACE_LEAFLET)

    # Then one has them, and nineteen read what is left, each with their basket and address as they were
    assert Counter(answer.status for answer in answers) == {302: 1, 200: CROWD - 1}
    short = f"There are only 2 copies of “Leaflet {RACE_LEAFLET}” in stock. Enter 2 or fewer, or remove it."
    others = [(client, answer) for client, answer in zip(crowd, answers, strict=True) if answer.status == 200]
    for _client, answer in others:
        assert answer.heading == "Your basket"
        assert "Nothing has been ordered yet" in answer.words
        assert short in answer.words
    for form in all_of(partial(read_form, client, "/basket/", RACE_LEAFLET) for client, _answer in others):
        assert form.fields[RACE_LEAFLET] == str(COPIES)
    for form in all_of(partial(read_form, client, "/order/delivery/", "town") for client, _answer in others):
        assert [form.fields[name] for name in ("address_line_1", "town", "postcode")] == [STREET, TOWN, "ZE1 0AA"]

    # And figures, ledger and orders say the same
    assert stage.figures(RACE_LEAFLET) == (7, 5)
    assert stage.count(ORDERS, [RACE_LEAFLET]) == 1
    assert "are equal" in stage.live.manage("reconcile_stock")

    # And one of the nineteen can take what is left
    client = others[0][0]
    client.send("/basket/", client.get("/basket/").form(RACE_LEAFLET), **{RACE_LEAFLET: "2", "continue": "1"})
    assert client.send("/order/check/", read_form(client, "/order/check/", "token")).status == 302
    assert stage.figures(RACE_LEAFLET) == (7, 7)


# --- One person, five clicks ---


def test_a_booking_form_sent_five_times_at_once_books_once(stage: Stage) -> None:
    client = stage.crowd()[0]
    say_where(client, DOUBLE)
    client.post_form(f"{BOOK}/when/", start=stage.starts[DOUBLE][0])
    client.post_form(f"{BOOK}/details/", **DETAILS)
    form = read_form(client, f"{BOOK}/check/", "token")
    answers = at_once([partial(client.send, f"{BOOK}/check/", form)] * 5)
    assert Counter(answer.outcome for answer in answers) == {answers[0].outcome: 5}
    assert_booked_once(stage, DOUBLE, EMAILS[0], answers[0])
    assert client.get(answers[0].location).status == 200


def test_an_order_form_sent_five_times_at_once_orders_once(stage: Stage) -> None:
    client = stage.crowd()[0]
    empty_basket(client)
    fill_in_order(client, DOUBLE_LEAFLET)
    form = read_form(client, "/order/check/", "token")
    answers = at_once([partial(client.send, "/order/check/", form)] * 5)
    [(key, reference)] = stage.live.query(f"SELECT id, reference FROM {ORDERS}", [DOUBLE_LEAFLET])  # noqa: S608
    assert Counter(answer.outcome for answer in answers) == {(302, f"/orders/{reference}/placed/"): 5}
    assert stage.figures(DOUBLE_LEAFLET) == (50, COPIES)
    assert stage.emails_of(f"order:{key}", "order-received") == [EMAILS[0]]
    assert client.get(answers[0].location).status == 200


def empty_basket(client: Client) -> None:
    """What is left of the race before."""
    basket = client.get("/basket/")
    if RACE_LEAFLET in basket.text:
        client.send("/basket/", basket.form(RACE_LEAFLET), remove=RACE_LEAFLET)


# --- The negative controls: the same crowd at a server without the locks, on a database without the guards ---


@contextmanager
def slot_guards_dropped(stage: Stage) -> Iterator[None]:
    query, table = stage.live.query, "bookings_busytime"
    before = slot_guards(stage)
    query(f"ALTER TABLE {table} DROP CONSTRAINT busytime_no_overlap; DROP TRIGGER bookings_busytime_travel ON {table}")
    try:
        yield
    finally:
        query(f"DELETE FROM {CLAIMS}", CONTROL)  # noqa: S608
        query(f"DELETE FROM bookings_hold WHERE presenter_id IN ({PRESENTER})", CONTROL)  # noqa: S608
        query(f"ALTER TABLE {table} ADD CONSTRAINT busytime_no_overlap {before[0]}; {before[1]}")
        assert slot_guards(stage) == before


def slot_guards(stage: Stage) -> list[str]:
    found = stage.live.query(
        """SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'busytime_no_overlap'
        UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE tgname = 'bookings_busytime_travel'"""
    )
    return [definition for (definition,) in found]


def test_without_the_guards_all_twenty_are_promised_the_same_slot(stage: Stage, unguarded_url: str) -> None:
    with slot_guards_dropped(stage):
        answers = all_choose(stage, stage.crowd(unguarded_url), CONTROL)
        assert Counter(answer.outcome for answer in answers) == {(302, f"{BOOK}/details/"): CROWD}
        assert stage.claims_at(CONTROL) == {"hold": CROWD}


@contextmanager
def stock_guard_dropped(stage: Stage) -> Iterator[None]:
    name = "edition_allocated_within_on_hand"
    definition = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s"
    before = stage.live.query(definition, name)
    stage.live.query(f"ALTER TABLE leaflets_edition DROP CONSTRAINT {name}")
    try:
        yield
    finally:
        inside(stage.live, __name__, "print_more", CONTROL_LEAFLET)
        stage.live.query(f"ALTER TABLE leaflets_edition ADD CONSTRAINT {name} {before[0][0]}")
        assert stage.live.query(definition, name) == before


def test_without_the_guards_twenty_are_promised_the_same_copies(stage: Stage, unguarded_url: str) -> None:
    crowd = stage.crowd(unguarded_url)
    all_of(partial(empty_basket, client) for client in crowd)
    with stock_guard_dropped(stage):
        answers = all_order(crowd, CONTROL_LEAFLET)
        assert Counter(answer.status for answer in answers) == {302: CROWD}
        assert stage.figures(CONTROL_LEAFLET) == (7, CROWD * COPIES)
    assert "are equal" in stage.live.manage("reconcile_stock")


# --- And what all of this has sent ---


def test_everything_that_these_tests_made_is_told_exactly_once(stage: Stage) -> None:
    bookings = stage.live.query("SELECT 'booking:' || id FROM bookings_booking WHERE postcode = ANY(%s)", list(SLOTS))
    orders = stage.live.query(f"SELECT 'order:' || id FROM {ORDERS}", list(STOCK))  # noqa: S608
    about = [name for (name,) in (*bookings, *orders)]
    assert len(about) == 3 + 3 + CROWD
    rows = "notifications_notification WHERE about = ANY(%s) AND due_at < %s"
    soon = datetime.now(UTC) + timedelta(minutes=1)  # reminders wait for their day
    stage.live.wait_for(lambda: stage.count(f"{rows} AND state <> 'sent'", about, soon) == 0, 30)
    sent = stage.live.query(f"SELECT about, kind, recipient, message_id FROM {rows}", about, soon)  # noqa: S608
    assert set(Counter(row[:3] for row in sent).values()) == {1}
    assert {name for name, *_rest in sent} == set(about)
    taken = Counter(mail.message_id.strip() for mail in read(stage.live.mail_dir))
    assert {message_id: taken[message_id] for *_rest, message_id in sent} == {message_id: 1 for *_rest, message_id in sent}
