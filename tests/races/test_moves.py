"""A booking is moved at the same moment as somebody else wants a presenter's time, or the same booking.

What forces each race: the presenter that both lock; for the controls a server without locks on a database without guards.
"""

from functools import partial
from typing import Any

import pytest

from tests.live.clients import Answer, Client
from tests.races.stage import Scene, Stage
from tests.races.visits import book, enter_leave, is_gone, press_book, read_form, ready_to_cancel, reference_of, to_check_page

NOON, TWO, THREE = "12:00", "14:00", "15:30"


def ready_to_move(client: Client, reference: str, start: str) -> Any:
    """The button of the check page, with that time on it."""
    path = f"/bookings/{reference}/time/"
    answer = client.send(path, read_form(client, path, "csrfmiddlewaretoken"), start=start)
    assert answer.status == 302, answer.words
    return partial(client.send, f"{path}check/", read_form(client, answer.location, "start", "version"))


def a_booking(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, str]:
    """At noon; whoever has it acts on the named server from now on."""
    owner = stage.somebody()
    reference = book(owner, scene.postcode, scene.at(NOON))
    return (stage.client(owner.email, base_url) if base_url else owner), reference


def moved(answer: Answer, reference: str) -> bool:
    return answer.outcome == (302, f"/bookings/{reference}/")


def stands(stage: Stage, reference: str) -> tuple[str, str, int, int, int]:
    """State, start on a UTC clock, sequence, claims of it, and events that tell of a move."""
    [row] = stage.live.query(
        """SELECT state, to_char(starts_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), sequence,
        (SELECT count(*) FROM bookings_busytime t WHERE t.booking_id = b.id AND live AND lower(t.busy) = b.starts_at),
        (SELECT count(*) FROM bookings_bookingevent e WHERE e.booking_id = b.id AND e.kind = 'rescheduled')
        FROM bookings_booking b WHERE reference = %s""",
        reference,
    )
    return row


def mails(stage: Stage, reference: str) -> list[tuple[str, int, int]]:
    """Kind, version and how many of each, to its owner."""
    return stage.live.query(
        """SELECT kind, version, count(*) FROM notifications_notification
        WHERE reference = %s AND kind IN ('booking-moved', 'booking-cancelled') GROUP BY 1, 2 ORDER BY 2""",
        reference,
    )


# --- Move and book: the time that both want ---


def mover_and_booker(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, str, Client, list[partial[Answer]]]:
    """Both have a page that says it is free: the one to move there, the other, whose hold ran out, to book it."""
    owner, reference = a_booking(stage, scene, base_url)
    other = stage.somebody(base_url)
    move = ready_to_move(owner, reference, scene.at(TWO))
    form = to_check_page(other, scene.postcode, scene.at(TWO))
    stage.live.query("DELETE FROM bookings_busytime WHERE presenter_id = %s AND kind = 'hold'", scene.presenter)
    stage.live.query("DELETE FROM bookings_hold WHERE presenter_id = %s", scene.presenter)
    return owner, reference, other, [move, partial(press_book, other, form)]


def test_who_moves_first_has_the_time_and_who_books_reads_that_it_is_gone(stage: Stage) -> None:
    with stage.open_scene() as scene:
        _owner, reference, other, buttons = mover_and_booker(stage, scene)
        first, second = stage.queue_for(scene, *buttons)
        assert (moved(first, reference), is_gone(second)) == (True, True)
        assert stands(stage, reference) == ("confirmed", scene.at(TWO), 1, 1, 1)
        assert stage.bookings_of(other) == []


def test_who_books_first_has_the_time_and_who_moves_keeps_the_old_one(stage: Stage) -> None:
    with stage.open_scene() as scene:
        _owner, reference, other, buttons = mover_and_booker(stage, scene)
        booked, refused = stage.queue_for(scene, *reversed(buttons))
        assert is_gone(refused)
        assert stands(stage, reference) == ("confirmed", scene.at(NOON), 0, 1, 0)
        assert stage.bookings_of(other) == [(reference_of(booked), "confirmed", True)]
        assert stage.claims_at(scene.postcode) == {"booking": 2}


def test_control_without_the_guards_both_have_the_time(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        _owner, reference, other, buttons = mover_and_booker(stage, scene, unguarded_url)
        first, booked = stage.pause_at("slots", *buttons)
        assert moved(first, reference)
        assert stands(stage, reference)[1] == scene.at(TWO)
        assert stage.bookings_of(other) == [(reference_of(booked), "confirmed", True)]


# --- Move and move: two tabs ---


def two_tabs(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    owner, reference = a_booking(stage, scene, base_url)
    tab = stage.client(owner.email, base_url)
    return reference, [ready_to_move(owner, reference, scene.at(TWO)), ready_to_move(tab, reference, scene.at(THREE))]


def test_of_two_tabs_one_moves_it_and_the_other_is_told(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = two_tabs(stage, scene)
        first, second = stage.queue_for(scene, *buttons)
        assert moved(first, reference)
        assert (second.status, "This booking was changed while you had the page open" in second.words) == (200, True)
        assert stands(stage, reference) == ("confirmed", scene.at(TWO), 1, 1, 1)
        assert mails(stage, reference) == [("booking-moved", 1, 1)]


@pytest.mark.long
def test_the_same_button_twice_moves_it_once(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, reference = a_booking(stage, scene)
        button = ready_to_move(owner, reference, scene.at(TWO))
        assert [moved(answer, reference) for answer in stage.queue_for(scene, button, button)] == [True, True]
        assert stands(stage, reference) == ("confirmed", scene.at(TWO), 1, 1, 1)
        assert mails(stage, reference) == [("booking-moved", 1, 1)]


def test_control_without_the_lock_both_tabs_move_it_and_one_mail_is_lost(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        reference, buttons = two_tabs(stage, scene, unguarded_url)
        assert [moved(answer, reference) for answer in stage.pause_at("slots", *buttons)] == [True, True]
        _state, _start, sequence, _claims, events = stands(stage, reference)
        assert (sequence, events) == (1, 2)  # two moves under one number
        assert mails(stage, reference) == [("booking-moved", 1, 1)]


# --- Move and cancel ---


def mover_and_canceller(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    owner, reference = a_booking(stage, scene, base_url)
    return reference, [ready_to_move(owner, reference, scene.at(TWO)), ready_to_cancel(owner, reference)]


def test_what_is_cancelled_is_not_moved(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = mover_and_canceller(stage, scene)
        cancelled, refused = stage.queue_for(scene, *reversed(buttons))
        assert moved(cancelled, reference)  # to its page
        assert refused.status in (200, 302)
        assert stands(stage, reference) == ("cancelled", scene.at(NOON), 1, 0, 0)
        assert mails(stage, reference) == [("booking-cancelled", 1, 1)]
        assert stage.claims_at(scene.postcode) == {}


@pytest.mark.long
def test_what_is_moved_can_be_cancelled_at_once(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = mover_and_canceller(stage, scene)
        stage.queue_for(scene, *buttons)
        assert stands(stage, reference) == ("cancelled", scene.at(TWO), 2, 0, 1)
        assert mails(stage, reference) == [("booking-moved", 1, 1), ("booking-cancelled", 2, 1)]
        assert stage.claims_at(scene.postcode) == {}


def test_control_without_the_lock_a_cancelled_booking_is_moved(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        reference, (move, cancel) = mover_and_canceller(stage, scene, unguarded_url)
        assert moved(stage.pause_at("slots", move, cancel)[0], reference)
        state, _start, _sequence, _claims, events = stands(stage, reference)
        assert (state, events) == ("cancelled", 1)


# --- Move and leave ---


def mover_and_leave(stage: Stage, scene: Scene, base_url: str = "") -> tuple[str, list[Any]]:
    """Staff have been told which booking the leave hits; their button enters it all the same."""
    owner, reference = a_booking(stage, scene, base_url)
    staff = stage.staff(0, base_url)
    asked = enter_leave(staff, scene)()
    assert reference in asked.words, asked.words
    leave = partial(staff.send, "/staff/bookings/leave/add/", asked.form("seen"))
    return reference, [ready_to_move(owner, reference, scene.at(TWO)), leave]


def test_what_is_moved_just_before_leave_needs_a_presenter_at_its_new_time(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = mover_and_leave(stage, scene)
        first, _entered = stage.queue_for(scene, *buttons)
        assert moved(first, reference)
        state, start, sequence, claims, events = stands(stage, reference)
        assert (state, start, sequence, claims, events) == ("confirmed", scene.at(TWO), 1, 0, 1)
        assert stage.claims_at(scene.postcode)["booking"] == 0


@pytest.mark.long
def test_what_is_moved_just_after_leave_is_refused_and_needs_a_presenter_at_its_old_time(stage: Stage) -> None:
    with stage.open_scene() as scene:
        reference, buttons = mover_and_leave(stage, scene)
        stage.queue_for(scene, *reversed(buttons))
        assert stands(stage, reference) == ("confirmed", scene.at(NOON), 0, 0, 0)
        assert stage.claims_at(scene.postcode)["booking"] == 0


def test_control_without_the_guards_a_presenter_on_leave_has_the_moved_booking(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        reference, buttons = mover_and_leave(stage, scene, unguarded_url)
        stage.pause_at("slots", *reversed(buttons))
        # Leave has freed it and the move has taken it back: on the day, a presenter who is ill.
        assert stands(stage, reference)[1] == scene.at(TWO)
        assert stage.claims_at(scene.postcode) == {"booking": 1, "leave": 1}
