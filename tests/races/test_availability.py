"""The last presentation that a presenter takes on a day, and leave that is granted: raced against booking, with controls."""

from functools import partial

import pytest

from tests.live.clients import Answer, Client
from tests.races.stage import Scene, Stage
from tests.races.visits import HELD, is_gone, press_book, ready_to_choose, reference_of, staff_action, to_check_page

ONE_A_DAY = "UPDATE bookings_presenter SET most_a_day = 1 WHERE id = %s"
ONE_A_WEEK = "UPDATE bookings_presenter SET most_a_week = 1 WHERE id = %s"
ASK = """INSERT INTO bookings_leave
    (presenter_id, starts_at, ends_at, kind, reason, state, asked_by_presenter, answer, flagged_child_details, created_at)
    VALUES (%s, %s::timestamptz, %s::timestamptz, 'holiday', '', 'asked', true, '', false, now()) RETURNING id"""


# --- The last one of a day or of a week ---


def two_who_want_the_last(stage: Stage, scene: Scene, base_url: str = "") -> list[partial[Answer]]:
    """At times that lie hours apart, so that nothing but the limit is in the way."""
    one, other = stage.somebody(base_url), stage.somebody(base_url)
    return [
        ready_to_choose(one, scene.postcode, scene.at("09:30")),
        ready_to_choose(other, scene.postcode, scene.at("14:00")),
    ]


@pytest.mark.parametrize("limit", [ONE_A_DAY, pytest.param(ONE_A_WEEK, marks=pytest.mark.long)], ids=["day", "week"])
def test_of_two_who_want_the_last_of_a_day_one_has_it(stage: Stage, limit: str) -> None:
    with stage.open_scene() as scene:
        stage.live.query(limit, scene.presenter)
        first, second = stage.queue_for(scene, *two_who_want_the_last(stage, scene))
        assert (first.outcome, is_gone(second)) == (HELD, True)
        assert stage.claims_at(scene.postcode) == {"hold": 1}


def test_control_without_the_lock_both_have_the_last_of_a_day(stage: Stage, unguarded_url: str) -> None:
    """No constraint counts: it is the lock, and looking again behind it, that keeps the limit."""
    with stage.open_scene() as scene:
        stage.live.query(ONE_A_DAY, scene.presenter)
        answers = stage.pause_at("slots", *two_who_want_the_last(stage, scene, unguarded_url))
        assert [answer.outcome for answer in answers] == [HELD, HELD]
        assert stage.claims_at(scene.postcode) == {"hold": 2}


# --- Granting leave and booking ---


def booking_and_grant(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, list[partial[Answer]]]:
    [(leave,)] = stage.live.query(ASK, scene.presenter, f"{scene.day} 09:00+00", f"{scene.day} 17:00+00")
    client = stage.somebody(base_url)
    form = to_check_page(client, scene.postcode, scene.at("12:00"))
    grant = staff_action(stage.staff(0, base_url), "bookings/leave", leave, "grant", seen="")
    return client, [partial(press_book, client, form), grant]


def test_a_booking_just_before_leave_is_granted_is_made_and_needs_a_presenter(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = booking_and_grant(stage, scene)
        booked, granted = stage.queue_for(scene, *buttons)
        assert granted.status == 302
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", False)]
        assert stage.claims_at(scene.postcode) == {"leave": 1}
        needs = "SELECT 1 FROM notifications_notification WHERE kind = 'staff-needs-presenter' AND reference = %s"
        assert len(stage.live.query(needs, reference_of(booked))) == 1


@pytest.mark.long
def test_a_booking_just_after_leave_is_granted_is_refused_politely(stage: Stage) -> None:
    with stage.open_scene() as scene:
        client, buttons = booking_and_grant(stage, scene)
        granted, booked = stage.queue_for(scene, *reversed(buttons))
        assert (granted.status, is_gone(booked)) == (302, True)
        assert stage.bookings_of(client) == []
        assert stage.claims_at(scene.postcode) == {"leave": 1}


def test_control_without_the_guards_a_presenter_whose_leave_is_granted_is_booked(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        client, buttons = booking_and_grant(stage, scene, unguarded_url)
        booked, granted = stage.pause_at("slots", *buttons)
        assert granted.status == 302
        assert stage.bookings_of(client) == [(reference_of(booked), "confirmed", True)]
        assert stage.claims_at(scene.postcode) == {"booking": 1, "leave": 1}
