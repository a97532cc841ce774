"""Twenty people at the live server at the same moment: what they read, what is stored, what is sent."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.live.clients import CROWD, Answer, Client, all_of, at_once, inside
from tests.live.mail import read
from tests.races.stage import CROWD_STOCK, ORDERS, SCENES, STOCK_GUARDS, Scene, Stage
from tests.races.visits import (
    BOOK,
    COPIES,
    GONE,
    HELD,
    LERWICK,
    STREET,
    TOWN,
    all_order,
    check_form,
    order_form,
    press_book,
    press_order,
    read_form,
    say_where,
    to_check_page,
    to_order_check,
)

RACE_LEAFLET, DOUBLE_LEAFLET, CONTROL_LEAFLET = CROWD_STOCK
TEN = "10:00"


# --- The last slot ---


def all_choose(crowd: list[Client], scene: Scene, offered: list[str]) -> list[Answer]:
    """Everybody reads the page on which the first slot is free, then all press the button together."""
    all_of(partial(say_where, client, scene.postcode) for client in crowd)
    forms = all_of(partial(read_form, client, f"{BOOK}/when/", "start") for client in crowd)
    assert [form.options["start"] for form in forms] == [offered] * CROWD
    press = [partial(client.send, f"{BOOK}/when/", form, start=offered[0]) for client, form in zip(crowd, forms, strict=True)]
    return at_once(press)


@pytest.mark.parametrize("name", [pytest.param("only slot", marks=pytest.mark.long), "two slots"])
def test_of_twenty_who_choose_the_last_slot_one_gets_it_and_nineteen_read_a_polite_page(stage: Stage, name: str) -> None:
    # Given twenty people who all see that time as free, when all choose it at once
    crowd = stage.crowd()
    with stage.open_scene(name) as scene:
        offered = [scene.at(TEN, day) for day in range(len(SCENES[name]))]
        answers = all_choose(crowd, scene, offered)

        # Then one goes on, and nineteen read that it has gone
        assert Counter(answer.outcome for answer in answers) == {HELD: 1, (200, GONE): CROWD - 1}
        winner = next(number for number, answer in enumerate(answers) if answer.status == 302)
        others = [number for number in range(CROWD) if number != winner]
        assert stage.claims_at(scene.postcode) == {"hold": 1}
        for number in others:
            assert_offers(answers[number], offered[1:])

        # And what they typed is kept
        for form in all_of(partial(read_form, crowd[number], f"{BOOK}/where/", "postcode") for number in others):
            assert [form.fields[name] for name in ("address_line_1", "town", "postcode")] == [STREET, TOWN, scene.postcode]

        # And the one who got it can finish: one booking, one claim, one confirmation
        placed = press_book(crowd[winner], check_form(crowd[winner]))
        assert_booked_once(stage, scene, crowd[winner].email, placed)
        # And one of the others can take the nearest alternative from the page that they have
        for start in offered[1:]:
            answer = crowd[others[0]].send(f"{BOOK}/when/", answers[others[0]].form("start"), start=start)
            assert answer.outcome == HELD


def assert_offers(answer: Answer, alternatives: list[str]) -> None:
    if alternatives:
        assert answer.form("start").options["start"] == alternatives
    else:
        assert "in the next 90 days. This is what you can do instead." in answer.words


def assert_booked_once(stage: Stage, scene: Scene, email: str, placed: Answer) -> None:
    found = stage.live.query("SELECT id, reference, state FROM bookings_booking WHERE postcode = %s", scene.postcode)
    assert len(found) == 1
    key, reference, state = found[0]
    assert (placed.outcome, state) == ((302, f"/bookings/{reference}/placed/"), "confirmed")
    assert stage.claims_at(scene.postcode) == {"booking": 1}
    confirmed = "SELECT recipient FROM notifications_notification WHERE about = %s AND kind = 'booking-confirmed'"
    assert stage.live.query(confirmed, f"booking:{key}") == [(email,)]
    stage.live.wait_for(lambda: confirmations(stage, email, reference) == 1, 60)


def confirmations(stage: Stage, email: str, reference: str) -> int:
    return sum(reference in mail.text and "METHOD:REQUEST" in mail.calendar for mail in stage.live.messages(to=email))


# --- The last copies ---


def test_of_twenty_who_order_the_last_copies_one_gets_them_and_nineteen_read_how_many_there_are(stage: Stage) -> None:
    # Given seven copies, when twenty people order five at once
    crowd = stage.crowd()
    answers = at_once(all_order(crowd, RACE_LEAFLET))

    # Then one has them, and nineteen read what is left, each with their basket and address as they were
    assert Counter(answer.status for answer in answers) == {302: 1, 200: CROWD - 1}
    short = f"There are only 2 copies of “Leaflet {RACE_LEAFLET}” in stock. Enter 2 or fewer, or tick the box"
    others = [(client, answer) for client, answer in zip(crowd, answers, strict=True) if answer.status == 200]
    for _client, answer in others:
        assert answer.form(RACE_LEAFLET).fields[RACE_LEAFLET] == str(COPIES)
        assert short in answer.words
    for form in all_of(partial(read_form, client, "/order/delivery/", "town") for client, _answer in others):
        assert [form.fields[name] for name in ("address_line_1", "town", "postcode")] == [STREET, TOWN, LERWICK]

    # And figures, ledger and orders say the same
    assert stage.figures(RACE_LEAFLET) == (7, 5)
    assert stage.count(ORDERS, [RACE_LEAFLET]) == 1
    assert "are equal" in stage.live.manage("reconcile_stock")

    # And one of the nineteen can take what is left
    client = others[0][0]
    client.send("/basket/", client.get("/basket/").form(RACE_LEAFLET), **{RACE_LEAFLET: "2", "continue": "1"})
    assert press_order(client, order_form(client)).status == 302
    assert stage.figures(RACE_LEAFLET) == (7, 7)


# --- One person, five clicks ---


def test_a_booking_form_sent_five_times_at_once_books_once(stage: Stage) -> None:
    client = stage.somebody()
    with stage.open_scene("double") as scene:
        form = to_check_page(client, scene.postcode, scene.at(TEN))
        answers = at_once([partial(press_book, client, form)] * 5)
    assert Counter(answer.outcome for answer in answers) == {answers[0].outcome: 5}
    assert_booked_once(stage, scene, client.email, answers[0])
    assert client.get(answers[0].location).status == 200


def test_an_order_form_sent_five_times_at_once_orders_once(stage: Stage) -> None:
    client = stage.somebody()
    form = to_order_check(client, {DOUBLE_LEAFLET: COPIES})
    answers = at_once([partial(press_order, client, form)] * 5)
    [(key, reference)] = stage.live.query(f"SELECT id, reference FROM {ORDERS}", [DOUBLE_LEAFLET])
    assert Counter(answer.outcome for answer in answers) == {(302, f"/orders/{reference}/placed/"): 5}
    assert stage.figures(DOUBLE_LEAFLET) == (50, COPIES)
    assert stage.told(f"order:{key}") == {"order-received": 1, "staff-new-order": 1}
    assert client.get(answers[0].location).status == 200


# --- The negative controls: the same crowd at a server without the locks, on a database without the guards ---


def test_without_the_guards_all_twenty_are_promised_the_same_slot(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene("crowd control") as scene, stage.slots_unguarded(scene):
        start, crowd = scene.at(TEN), stage.crowd(unguarded_url)
        all_of(partial(say_where, client, scene.postcode) for client in crowd)
        forms = all_of(partial(read_form, client, f"{BOOK}/when/", "start") for client in crowd)
        press = [partial(client.send, f"{BOOK}/when/", form, start=start) for client, form in zip(crowd, forms, strict=True)]
        assert Counter(answer.outcome for answer in stage.pause_at("slots", *press)) == {HELD: CROWD}
        assert stage.claims_at(scene.postcode) == {"hold": CROWD}


@pytest.mark.long
def test_without_the_guards_twenty_are_promised_the_same_copies(stage: Stage, unguarded_url: str) -> None:
    crowd = stage.crowd(unguarded_url)
    all_of(partial(empty_basket, client) for client in crowd)
    press = all_order(crowd, CONTROL_LEAFLET)
    with stage.dropped(STOCK_GUARDS, partial(inside, stage.live, "tests.races.stage", "print_more", CONTROL_LEAFLET)):
        assert Counter(answer.status for answer in stage.pause_at("stock", *press)) == {302: CROWD}
        assert stage.figures(CONTROL_LEAFLET) == (7, CROWD * COPIES)
    assert "are equal" in stage.live.manage("reconcile_stock")


def empty_basket(client: Client) -> None:
    """What is left of the race before."""
    basket = client.get("/basket/")
    if RACE_LEAFLET in basket.text:
        client.send("/basket/", basket.form(RACE_LEAFLET), remove=RACE_LEAFLET)


# --- And what all of this has sent ---


def test_everything_that_the_crowds_made_is_told_exactly_once(stage: Stage) -> None:
    postcodes = [stage.facts["scenes"][name][1] for name in SCENES if not name.startswith("day")]
    bookings = stage.live.query("SELECT 'booking:' || id FROM bookings_booking WHERE postcode = ANY(%s)", postcodes)
    orders = stage.live.query(f"SELECT 'order:' || id FROM {ORDERS}", list(CROWD_STOCK))
    about = [name for (name,) in (*bookings, *orders)]
    assert (len(bookings), len(orders)) in {(2, 3), (3, 3 + CROWD)}  # short and long
    rows = "notifications_notification WHERE about = ANY(%s) AND due_at < %s"
    soon = datetime.now(UTC) + timedelta(minutes=1)  # reminders wait for their day
    stage.live.wait_for(lambda: stage.count(f"{rows} AND state <> 'sent'", about, soon) == 0, 60)
    sent = stage.live.query(f"SELECT about, kind, recipient, message_id FROM {rows}", about, soon)
    assert set(Counter(row[:3] for row in sent).values()) == {1}
    assert {name for name, *_rest in sent} == set(about)
    taken = Counter(mail.message_id.strip() for mail in read(stage.live.mail_dir))
    assert {message_id: taken[message_id] for *_rest, message_id in sent} == {message_id: 1 for *_rest, message_id in sent}
