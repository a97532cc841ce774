"""A time that is kept, at the moment it is over: kept longer, booked by its owner, and wanted by somebody else."""

from collections.abc import Callable
from functools import partial
from typing import Any

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import Scene, Stage
from tests.races.test_slots import EXPIRE, EXPIRE_CLAIMS
from tests.races.visits import BOOK, HELD, choose, is_gone, press_book, read_form, reference_of, say_where, to_check_page

LONGER = "We are keeping this time for you until"
NOT_FREE = "Your time is no longer free."
SOON = "UPDATE {table} SET expires_at = now() + interval '8 seconds' WHERE presenter_id = %s AND expires_at IS NOT NULL"
OVER = "SELECT expires_at < now() FROM bookings_hold WHERE presenter_id = %s"


def ready_to_choose_again(client: Client, scene: Scene) -> partial[Answer]:
    """The button for that time, whatever the page offers."""
    say_where(client, scene.postcode)
    form = read_form(client, f"{BOOK}/when/", "csrfmiddlewaretoken")
    return partial(client.send, f"{BOOK}/when/", form, start=scene.at("12:00"))


def ready_to_keep_longer(client: Client, scene: Scene) -> partial[Answer]:
    """The button of the first page, opened again once a time is held."""
    say_where(client, scene.postcode)
    assert choose(client, scene.at("12:00")).outcome == HELD
    form = read_form(client, f"{BOOK}/where/", "contact_name")
    return partial(client.send, f"{BOOK}/where/", form, extend="1", notes="Half typed")


def soon_over(stage: Stage, scene: Scene) -> None:
    for table in ("bookings_busytime", "bookings_hold"):
        stage.live.query(SOON.format(table=table), scene.presenter)


def once_it_is_over(stage: Stage, scene: Scene, job: Callable[[], Answer]) -> Answer:
    stage.live.wait_for(lambda: stage.live.query(OVER, scene.presenter) == [(True,)], gates.PATIENCE)
    return job()


def test_a_time_kept_longer_in_its_last_second_is_not_given_to_who_comes_after(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, other = stage.somebody(), stage.somebody()
        longer, wanted = ready_to_keep_longer(owner, scene), ready_to_choose_again(other, scene)
        soon_over(stage, scene)
        kept, refused = stage.queue_for(scene, longer, partial(once_it_is_over, stage, scene, wanted))
        assert (LONGER in kept.words, is_gone(refused)) == (True, True)
        assert stage.claims_at(scene.postcode) == {"hold": 1}


def test_a_time_that_was_over_and_taken_is_not_kept_longer_and_what_was_typed_stays(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, other = stage.somebody(), stage.somebody()
        longer, wanted = ready_to_keep_longer(owner, scene), ready_to_choose_again(other, scene)
        stage.live.query(EXPIRE_CLAIMS, scene.presenter)
        stage.live.query(EXPIRE, scene.presenter)
        taken, refused = stage.queue_for(scene, wanted, longer)
        assert taken.outcome == HELD
        assert (NOT_FREE in refused.words, LONGER in refused.words, "Half typed" in refused.text) == (True, False, True)
        assert stage.claims_at(scene.postcode) == {"hold": 1}


def test_control_without_the_lock_two_people_are_told_that_the_time_is_theirs(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene:
        owner, other = stage.somebody(unguarded_url), stage.somebody()
        longer, wanted = ready_to_keep_longer(owner, scene), ready_to_choose_again(other, scene)
        soon_over(stage, scene)
        answers = stage.pause_at("extend", longer, partial(once_it_is_over, stage, scene, wanted))
        assert (LONGER in answers[0].words, answers[1].outcome) == (True, HELD)


def test_two_clicks_keep_a_time_longer_once(stage: Stage) -> None:
    with stage.open_scene() as scene:
        longer = ready_to_keep_longer(stage.somebody(), scene)
        first, second = stage.queue_for(scene, longer, longer)
        assert (LONGER in first.words, LONGER in second.words) == (True, False)
        assert "You have had your extra time." in second.words
        lasts = "SELECT round(extract(epoch FROM expires_at - held_at)) FROM bookings_hold WHERE presenter_id = %s"
        assert [int(seconds) for (seconds,) in stage.live.query(lasts, scene.presenter)] == [1800]


# --- Hold and book ---


def over_and_wanted(stage: Stage, scene: Scene, base_url: str = "") -> tuple[Client, list[Any]]:
    """The check page of somebody whose time was over, and somebody else who chooses it."""
    owner, other = stage.somebody(base_url), stage.somebody(base_url)
    form = to_check_page(owner, scene.postcode, scene.at("12:00"))
    wanted = ready_to_choose_again(other, scene)
    stage.live.query(EXPIRE_CLAIMS, scene.presenter)
    stage.live.query(EXPIRE, scene.presenter)
    return owner, [partial(press_book, owner, form), wanted]


def test_who_books_before_somebody_else_holds_the_time_has_it(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, buttons = over_and_wanted(stage, scene)
        booked, refused = stage.queue_for(scene, *buttons)
        assert stage.bookings_of(owner) == [(reference_of(booked), "confirmed", True)]
        assert is_gone(refused)
        assert stage.claims_at(scene.postcode) == {"booking": 1}


def test_who_holds_the_time_before_somebody_else_books_has_it(stage: Stage) -> None:
    with stage.open_scene() as scene:
        owner, buttons = over_and_wanted(stage, scene)
        held, refused = stage.queue_for(scene, *reversed(buttons))
        assert (held.outcome, is_gone(refused)) == (HELD, True)
        assert stage.bookings_of(owner) == []
        assert stage.claims_at(scene.postcode) == {"hold": 1}


def test_control_without_the_guards_one_books_what_another_holds(stage: Stage, unguarded_url: str) -> None:
    with stage.open_scene() as scene, stage.slots_unguarded(scene):
        owner, buttons = over_and_wanted(stage, scene, unguarded_url)
        # Without the locks the hold that is over would be both one's own to use and everybody's to clear.
        stage.live.query("DELETE FROM bookings_busytime WHERE presenter_id = %s", scene.presenter)
        booked, held = stage.pause_at("slots", *buttons)
        assert held.outcome == HELD
        assert stage.bookings_of(owner) == [(reference_of(booked), "confirmed", True)]
        assert stage.claims_at(scene.postcode) == {"booking": 1, "hold": 1}
