"""One person, one form, more than once: double submit, double click, back button, two tabs. A crowd's clicks: test_crowds.py."""

from functools import partial

import pytest

from tests.live.clients import Client
from tests.races import gates
from tests.races.stage import Stage
from tests.races.visits import (
    BOOK,
    COPIES,
    check_form,
    choose,
    order_form,
    press_book,
    press_order,
    put_in_basket,
    read_form,
    ready_to_choose,
    reference_of,
    say_where,
    to_check_page,
    to_order_check,
)

DRAFT = """SELECT 1 FROM professionals_draft d JOIN professionals_person p ON p.id = d.person_id
    WHERE p.email = %s FOR UPDATE OF d"""
EDITION = "SELECT 1 FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = %s FOR UPDATE OF e"
SLUG = "far-north-7"
BOOKED_ONCE, ORDERED_ONCE = "bookings_booking_submission_token_key", "leaflets_order_submission_token_key"
ONE_HOLD_A_DRAFT = "bookings_hold_draft_id_key"


def orders_of(stage: Stage, client: Client) -> list[str]:
    found = stage.live.query(
        "SELECT reference FROM leaflets_order o JOIN professionals_person p ON p.id = o.person_id WHERE email = %s ORDER BY o.id",
        client.email,
    )
    return [reference for (reference,) in found]


# --- Double submit ---


def test_a_check_page_sent_twice_at_once_books_once_and_both_see_the_confirmation(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        press = partial(press_book, client, to_check_page(client, scene.postcode, scene.at("12:00")))
        with gates.held(stage.live, DRAFT, client.email) as gate:
            answers = gates.queue_at(gate, [press, press])
        [(reference, state, has_time)] = stage.bookings_of(client)
        assert [reference_of(answer) for answer in answers] == [reference] * 2
        assert (state, has_time) == ("confirmed", True)


def forget_tokens(stage: Stage, table: str, clients: list[Client]) -> partial[object]:
    """The second of two that one form made counts as another form's from now on, so that the constraint can come back."""
    mine = f"UPDATE {table} SET submission_token = NULL FROM professionals_person p WHERE p.id = person_id AND p.email = ANY(%s)"
    return partial(stage.live.query, mine, [client.email for client in clients])


def test_control_without_lock_and_token_a_form_sent_twice_books_twice(stage: Stage, unguarded_url: str) -> None:
    client = stage.somebody(unguarded_url)
    forget = forget_tokens(stage, "bookings_booking", [client])
    with stage.open_scene() as scene, stage.slots_unguarded(scene), stage.dropped((BOOKED_ONCE,), forget):
        press = partial(press_book, client, to_check_page(client, scene.postcode, scene.at("12:00")))
        assert len({reference_of(answer) for answer in stage.pause_at("slots", press, press)}) == 2
        # One claim can only be one booking's: the other has nobody's time.
        assert sorted(has_time for _reference, _state, has_time in stage.bookings_of(client)) == [False, True]


@pytest.mark.long
def test_control_without_the_token_an_order_sent_twice_is_placed_twice(stage: Stage, unguarded_url: str) -> None:
    client = stage.somebody(unguarded_url)
    with stage.dropped((ORDERED_ONCE,), forget_tokens(stage, "leaflets_order", [client])):
        press = partial(press_order, client, to_order_check(client, {SLUG: COPIES}))
        answers = stage.pause_at("stock", press, press)
        assert sorted(reference_of(answer) for answer in answers) == sorted(orders_of(stage, client))
        assert len(orders_of(stage, client)) == 2


# --- Double click: the browser hangs up on the first post as it sends the second ---


def test_a_double_click_books_once_and_shows_the_confirmation(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        form = to_check_page(client, scene.postcode, scene.at("12:00"))
        with gates.held(stage.live, DRAFT, client.email) as gate:
            client.send_and_leave(f"{BOOK}/check/", form)
            gate.wait_for(lambda waiting: waiting == 1)
            [answer] = gates.queue_at(gate, [partial(press_book, client, form)], behind=1)
        assert [booking[0] for booking in stage.bookings_of(client)] == [reference_of(answer)]


@pytest.mark.long
def test_a_double_click_orders_once_and_shows_the_confirmation(stage: Stage) -> None:
    client = stage.somebody()
    form = to_order_check(client, {SLUG: COPIES})
    with gates.held(stage.live, EDITION, SLUG) as gate:
        client.send_and_leave("/order/check/", form)
        gate.wait_for(lambda waiting: waiting == 1)
        [answer] = gates.queue_at(gate, [partial(press_order, client, form)], behind=1)
    assert orders_of(stage, client) == [reference_of(answer)]


@pytest.mark.long
def test_control_without_lock_and_token_a_double_click_orders_twice(stage: Stage, unguarded_url: str) -> None:
    client = stage.somebody(unguarded_url)
    with stage.dropped((ORDERED_ONCE,), forget_tokens(stage, "leaflets_order", [client])):
        form = to_order_check(client, {SLUG: COPIES})
        with gates.paused(stage.live, "stock") as gate:
            client.send_and_leave("/order/check/", form)
            gate.wait_for(lambda waiting: waiting == 1)
            [answer] = gates.queue_at(gate, [partial(press_order, client, form)], behind=1)
        stage.live.wait_for(lambda: len(orders_of(stage, client)) == 2, 10)
        assert reference_of(answer) in orders_of(stage, client)


# --- The back button ---


def test_an_old_check_page_never_books_what_it_does_not_show(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        old = to_check_page(client, scene.postcode, scene.at("12:00"))
        # Given somebody who went on to change an answer, when they go back to the page of before and press its button
        assert client.post_form(f"{BOOK}/where/?change=1", audience_size="99").status == 302
        answer = press_book(client, old)
        # Then nothing is booked, and they see the page with what they say now, to check again
        assert (answer.status, stage.bookings_of(client)) == (200, [])
        booked = reference_of(press_book(client, answer.form("token", "digest")))
        # And afterwards the old page says that it is placed already, and books nothing more
        after = press_book(client, old)
        assert (after.status, booked in after.words) == (200, True)
        assert [booking[0] for booking in stage.bookings_of(client)] == [booked]


@pytest.mark.long
def test_an_old_order_page_never_orders_what_it_does_not_show(stage: Stage) -> None:
    client = stage.somebody()
    old = to_order_check(client, {SLUG: COPIES})
    put_in_basket(client, SLUG, 1)
    answer = press_order(client, old)
    assert (answer.status, orders_of(stage, client)) == (200, [])
    ordered = reference_of(press_order(client, answer.form("token", "digest")))
    after = press_order(client, old)
    assert (after.status, ordered in after.words) == (409, True)
    assert orders_of(stage, client) == [ordered]


@pytest.mark.long
def test_control_without_the_digest_an_old_page_books_what_nobody_has_checked(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody(unguarded_url)
        old = to_check_page(client, scene.postcode, scene.at("12:00"))
        assert client.post_form(f"{BOOK}/where/?change=1", audience_size="99").status == 302
        reference = reference_of(press_book(client, old))
        size = "SELECT audience_size FROM bookings_booking WHERE reference = %s"
        assert stage.live.query(size, reference) == [(99,)]


# --- Two tabs ---


def two_tabs(client: Client, first: str, second: str) -> list[partial[object]]:
    form = read_form(client, f"{BOOK}/when/", "start")
    return [partial(client.send, f"{BOOK}/when/", form, start=start) for start in (first, second)]


def holds_and_answer(stage: Stage, client: Client) -> tuple[list[str], str]:
    """What this person holds, and the time that their answers say."""
    starts = stage.live.query(
        """SELECT to_char(start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"') FROM bookings_hold h
        JOIN professionals_person p ON p.id = h.person_id WHERE email = %s""",
        client.email,
    )
    [(said,)] = stage.live.query(
        """SELECT answers->'when'->>'start' FROM professionals_draft d JOIN professionals_person p ON p.id = d.person_id
        WHERE email = %s AND kind = 'booking'""",
        client.email,
    )
    return [start for (start,) in starts], said


def test_two_tabs_that_choose_two_times_at_once_hold_one_and_the_answers_say_which(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        say_where(client, scene.postcode)
        with gates.held(stage.live, DRAFT, client.email) as gate:
            answers = gates.queue_at(gate, two_tabs(client, scene.at("10:00"), scene.at("14:00")))
        assert [answer.status for answer in answers] == [302, 302]
        holds, said = holds_and_answer(stage, client)
        assert holds == [said]
        assert stage.claims_at(scene.postcode) == {"hold": 1}


def test_whoever_waits_for_a_time_to_be_chosen_finds_it_held_and_in_the_answers(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, start = stage.somebody(), scene.at("12:00")

        def look() -> tuple[list[str], str]:
            with gates.held(stage.live, DRAFT, client.email):
                return holds_and_answer(stage, client)

        chosen, seen = stage.queue_for(scene, ready_to_choose(client, scene.postcode, start), look)
        assert (chosen.status, seen) == (302, ([start], start))


def test_control_without_the_lock_two_tabs_hold_two_times(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody(unguarded_url)
        say_where(client, scene.postcode)
        delete = partial(stage.live.query, "DELETE FROM bookings_hold WHERE presenter_id = %s", scene.presenter)
        with stage.dropped((ONE_HOLD_A_DRAFT,), delete), stage.slots_unguarded(scene):
            answers = stage.pause_at("slots", *two_tabs(client, scene.at("10:00"), scene.at("14:00")))
            assert [answer.status for answer in answers] == [302, 302]
            assert stage.claims_at(scene.postcode) == {"hold": 2}


@pytest.mark.parametrize("first", ["the page with the booking", "the tab with another time"])
def test_of_two_tabs_one_books_while_the_other_changes_the_time(stage: Stage, first: str) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        form = to_check_page(client, scene.postcode, scene.at("12:00"))
        jobs = [partial(press_book, client, form), partial(choose, client, scene.at("15:00"))]
        with gates.held(stage.live, DRAFT, client.email) as gate:
            answers = gates.queue_at(gate, jobs if first == "the page with the booking" else jobs[::-1])
        booked = answers[0] if first == "the page with the booking" else answers[1]
        # What the page showed is what was booked, whichever came first; nothing stays held for nobody.
        assert [booking[0] for booking in stage.bookings_of(client)] == [reference_of(booked)]
        hour = "SELECT to_char(starts_at AT TIME ZONE 'Europe/London', 'HH24:MI') FROM bookings_booking WHERE reference = %s"
        assert stage.live.query(hour, reference_of(booked)) == [("12:00",)]
        assert stage.claims_at(scene.postcode) == {"booking": 1}


@pytest.mark.long
def test_two_check_pages_of_one_person_place_one_booking_and_the_second_says_so(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client = stage.somebody()
        one = to_check_page(client, scene.postcode, scene.at("12:00"))
        other = check_form(client)
        with gates.held(stage.live, DRAFT, client.email) as gate:
            answers = gates.queue_at(gate, [partial(press_book, client, form) for form in (one, other)])
        [(reference, _state, _has_time)] = stage.bookings_of(client)
        assert [reference_of(answer) for answer in answers] == [reference] * 2


@pytest.mark.long
def test_two_order_pages_of_which_one_was_changed_place_one_order(stage: Stage) -> None:
    client = stage.somebody()
    to_order_check(client, {SLUG: COPIES})
    put_in_basket(client, SLUG, 1)
    newest = order_form(client)
    with gates.held(stage.live, EDITION, SLUG) as gate:
        answers = gates.queue_at(gate, [partial(press_order, client, newest)] * 2)
    assert [reference_of(answer) for answer in answers] == orders_of(stage, client) * 2
