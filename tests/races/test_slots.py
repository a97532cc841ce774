"""Two at the same moment want a presenter's time: what only the locks and the database's guards keep apart.

Each race goes through a gate: the test holds what both will lock, lets them queue in either order, then opens. Each has its
negative control: the same two at a server without locks, on a database without the guards, and it goes wrong.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import UNRECOGNISED, Scene, Stage
from tests.races.visits import (
    BRAE,
    HELD,
    LERWICK,
    SUMBURGH,
    book,
    book_for_caller,
    enter_leave,
    is_gone,
    press_book,
    ready_to_cancel,
    ready_to_choose,
    reference_of,
    staff_action,
    to_check_page,
)

# How a second visit can be too near to one from noon to 1pm. From Lerwick to Sumburgh takes 50 minutes.
TOO_NEAR = {
    "the same time": ("12:00", LERWICK),
    "begins while the other goes on": ("12:30", LERWICK),
    "ends while the other goes on": ("11:30", LERWICK),
    "another town, too soon after": ("13:30", SUMBURGH),
    "another town, too soon before": ("10:30", SUMBURGH),
    "by the road that staff know, too soon after": ("14:00", BRAE),
    "by the road that staff know, too soon before": ("10:00", BRAE),
    "around the corner, at once after": ("13:00", "ZE1 9ZZ"),
    "around the corner, until the other begins": ("11:00", "ZE1 9ZZ"),
}

SHORT = {"begins while the other goes on", "another town, too soon before", "by the road that staff know, too soon after"}
CASES = [pytest.param(case, marks=[] if case in SHORT else pytest.mark.long) for case in TOO_NEAR]
CONTROLS = [
    pytest.param(case, marks=[] if case in SHORT - {"begins while the other goes on"} else pytest.mark.long) for case in TOO_NEAR
]


def two_who_choose(stage: Stage, scene: Scene, case: str, base_url: str = "") -> list[partial[Answer]]:
    """Both have a page that offers the time they choose."""
    clock, postcode = TOO_NEAR[case]
    one, other = stage.somebody(base_url), stage.somebody(base_url)
    return [
        ready_to_choose(one, LERWICK, scene.at("12:00")),
        ready_to_choose(other, postcode, scene.at(clock)),
    ]


@pytest.mark.parametrize("case", CASES)
def test_of_two_visits_that_one_presenter_cannot_give_both_of_one_is_held(stage: Stage, case: str) -> None:
    with stage.open_scene() as scene:
        first, second = stage.queue_for(scene, *two_who_choose(stage, scene, case))
        assert (first.outcome, is_gone(second)) == (HELD, True)
        assert stage.claims_at(scene.postcode) == {"hold": 1}


@pytest.mark.parametrize("case", CONTROLS)
def test_control_without_the_guards_both_visits_are_held(stage: Stage, unguarded_url: str, case: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        jobs = two_who_choose(stage, scene, case, unguarded_url)
        assert [answer.outcome for answer in stage.pause_at("slots", *jobs)] == [HELD, HELD]
        assert stage.claims_at(scene.postcode) == {"hold": 2}


@pytest.mark.long
@pytest.mark.parametrize("case", ["begins while the other goes on", "another town, too soon before"])
def test_without_the_locks_the_database_alone_still_refuses_one(stage: Stage, unguarded_url: str, case: str) -> None:
    with stage.open_scene() as scene:
        answers = stage.pause_at("slots", *two_who_choose(stage, scene, case, unguarded_url))
        assert sorted(answer.status for answer in answers) == [200, 302]
        assert stage.claims_at(scene.postcode) == {"hold": 1}


# --- Book and cancel ---


def test_a_time_that_is_given_back_at_the_moment_it_is_wanted_is_never_given_twice(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, other = stage.somebody(), stage.somebody()
        start = scene.at("12:00")
        say_it_is_free = ready_to_choose(other, scene.postcode, start)
        reference = book(owner, scene.postcode, start)
        cancelled, answer = stage.queue_for(scene, ready_to_cancel(owner, reference), say_it_is_free)
        assert cancelled.outcome == (302, f"/bookings/{reference}/")
        assert stage.bookings_of(owner) == [(reference, "cancelled", False)]
        # Whoever looked before it was given back reads that it has gone; whoever looked after has it.
        assert is_gone(answer) or answer.outcome == HELD
        assert stage.claims_at(scene.postcode) == ({} if is_gone(answer) else {"hold": 1})
        assert (say_it_is_free().outcome, stage.claims_at(scene.postcode)) == (HELD, {"hold": 1})


def request_and_both_buttons(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, str, list[partial[Answer]]]:
    """Of somebody whose address we don't know: staff must agree. The owner's button to cancel, staff's to confirm."""
    owner = stage.client(UNRECOGNISED)
    reference = book(owner, scene.postcode, scene.at("12:00"))
    [(key,)] = stage.live.query("SELECT id FROM bookings_booking WHERE reference = %s", reference)
    if base_url:
        owner = stage.client(UNRECOGNISED, base_url)
    buttons = [ready_to_cancel(owner, reference), staff_action(stage.staff(0, base_url), "bookings/booking", key, "confirm")]
    return owner, reference, buttons


def state_of(stage: Stage, reference: str) -> tuple[str, bool, dict[str, int]]:
    """Its state, whether it has its presenter's time, and what was mailed to its owner about it."""
    [(key, state, has_time)] = stage.live.query(
        "SELECT b.id, state, t.id IS NOT NULL FROM bookings_booking b LEFT JOIN bookings_busytime t ON t.booking_id = b.id "
        "WHERE reference = %s",
        reference,
    )
    told = {kind: count for kind, count in stage.told(f"booking:{key}").items() if kind in MAIL_TO_OWNER}
    return state, has_time, told


MAIL_TO_OWNER = {"booking-confirmed", "booking-cancelled"}


def test_a_request_that_is_cancelled_before_it_is_confirmed_stays_cancelled(stage: Stage) -> None:
    with stage.open_scene() as scene:
        _owner, reference, buttons = request_and_both_buttons(stage, scene)
        stage.queue_for(scene, *buttons)
        assert state_of(stage, reference) == ("cancelled", False, {"booking-cancelled": 1})


@pytest.mark.long
def test_a_request_that_is_confirmed_before_it_is_cancelled_is_both_one_after_the_other(stage: Stage) -> None:
    with stage.open_scene() as scene:
        _owner, reference, buttons = request_and_both_buttons(stage, scene)
        stage.queue_for(scene, *reversed(buttons))
        assert state_of(stage, reference) == ("cancelled", False, {"booking-confirmed": 1, "booking-cancelled": 1})


@pytest.mark.long
def test_control_without_the_lock_a_cancelled_request_is_confirmed_without_its_time(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        _owner, reference, buttons = request_and_both_buttons(stage, scene, unguarded_url)
        confirming, cancelling = gates.paused(stage.live, "booking confirmed"), gates.paused(stage.live, "booking cancelled")
        with ThreadPoolExecutor(2) as pool, confirming as second, cancelling as first:
            cancelled, confirmed = [pool.submit(button) for button in buttons]
            first.wait_for(lambda waiting: waiting == 2)
            first.open()
            assert cancelled.result().status == 302
            second.open()
            assert confirmed.result().status == 302
        assert state_of(stage, reference) == ("confirmed", False, {"booking-confirmed": 1, "booking-cancelled": 1})


# --- Book and leave ---


def booking_and_leave(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, list[partial[Answer]]]:
    client = stage.somebody(base_url)
    form = to_check_page(client, scene.postcode, scene.at("12:00"))
    return client, [partial(press_book, client, form), enter_leave(stage.staff(0, base_url), scene)]


def test_a_booking_just_before_leave_is_entered_is_made_and_needs_a_presenter(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = booking_and_leave(stage, scene)
        booked, entered = stage.queue_for(scene, *buttons)
        assert entered.status == 302
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", False)]
        assert stage.claims_at(scene.postcode) == {"leave": 1}
        needs = "SELECT 1 FROM notifications_notification WHERE kind = 'staff-needs-presenter' AND reference = %s"
        assert len(stage.live.query(needs, reference_of(booked))) == 1


@pytest.mark.long
def test_a_booking_just_after_leave_is_entered_is_refused_politely(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = booking_and_leave(stage, scene)
        entered, booked = stage.queue_for(scene, *reversed(buttons))
        assert (entered.status, is_gone(booked)) == (302, True)
        assert stage.bookings_of(client) == []
        assert stage.claims_at(scene.postcode) == {"leave": 1}


def test_control_without_the_guards_a_presenter_on_leave_is_booked(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        client, buttons = booking_and_leave(stage, scene, unguarded_url)
        booked, entered = stage.pause_at("slots", *buttons)
        assert entered.status == 302
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", True)]
        assert stage.claims_at(scene.postcode) == {"booking": 1, "leave": 1}


# --- Staff and the public ---

EXPIRE = "UPDATE bookings_hold SET expires_at = now() - interval '1 minute' WHERE presenter_id = %s"
EXPIRE_CLAIMS = "UPDATE bookings_busytime SET expires_at = now() - interval '1 minute' WHERE presenter_id = %s AND kind = 'hold'"


def public_and_staff(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, list[partial[Answer]]]:
    """Somebody left their check page open until the hold was over; staff have a caller on the phone for that time."""
    client = stage.somebody(base_url)
    form = to_check_page(client, scene.postcode, scene.at("12:00"))
    stage.live.query(EXPIRE, scene.presenter)
    stage.live.query(EXPIRE_CLAIMS, scene.presenter)
    staff = book_for_caller(stage.staff(0, base_url), scene, stage.facts["presentation"], "12:00")
    return client, [partial(press_book, client, form), staff]


def test_the_public_who_press_before_staff_have_it_and_staff_read_that_nobody_is_free(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = public_and_staff(stage, scene)
        booked, refused = stage.queue_for(scene, *buttons)
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", True)]
        assert (refused.status, "id_time-clock_error" in refused.text, "id_caller-name_error" in refused.text) == (
            200,
            True,
            False,
        )
        assert stage.claims_at(scene.postcode) == {"booking": 1}


def test_staff_who_press_before_the_public_have_it_and_the_public_read_that_it_is_gone(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = public_and_staff(stage, scene)
        placed, refused = stage.queue_for(scene, *reversed(buttons))
        assert (placed.status, is_gone(refused)) == (302, True)
        assert stage.bookings_of(client) == []
        assert stage.claims_at(scene.postcode) == {"booking": 1}


@pytest.mark.long
def test_control_without_the_guards_staff_and_the_public_both_have_it(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        client, buttons = public_and_staff(stage, scene, unguarded_url)
        # Without the locks the hold that is over would be both one's own to use and everybody's to clear.
        stage.live.query("DELETE FROM bookings_busytime WHERE presenter_id = %s", scene.presenter)
        booked, placed = stage.pause_at("slots", *buttons)
        assert (booked.status, placed.status) == (302, 302)
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", True)]
        assert stage.claims_at(scene.postcode) == {"booking": 2}
