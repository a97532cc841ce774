"""A visit that is called off at the moment at which its leaflets are given to the presenter: one of the two, and once."""

from functools import partial

import pytest

from tests.live.clients import Answer
from tests.races import gates
from tests.races.stage import Stage
from tests.races.test_stock import CONTROL_PACKED, ORDER, PACKED, ends, order
from tests.races.visits import (
    BOOK,
    COPIES,
    check_form,
    choose,
    press_book,
    ready_to_cancel,
    reference_of,
    say_where,
    staff_action,
)


def book_with_leaflets(stage: Stage, slug: str, base_url: str = "") -> tuple[str, int, list[partial[Answer]]]:
    """The order's reference and key, being packed; the buttons of staff, who give it away, and of the owner, who cancels.

    Somebody else waits for the same leaflet.
    """
    order(stage, slug)
    email = stage.unused.pop(0)
    client = stage.client(email)
    with stage.open_scene() as scene:
        say_where(client, scene.postcode, leaflets="on")
        assert choose(client, scene.at("10:00")).outcome == (302, f"{BOOK}/leaflets/")
        assert client.post_form(f"{BOOK}/leaflets/", **{slug: str(COPIES)}).outcome == (302, f"{BOOK}/check/")
        booking = reference_of(press_book(client, check_form(client)))
    [(key, reference)] = stage.live.query("SELECT id, reference FROM leaflets_order WHERE visit_reference = %s", booking)
    assert staff_action(stage.staff(0), "leaflets/order", key, "start-packing")().status == 302
    dispatch = staff_action(stage.staff(0, base_url), "leaflets/order", key, "dispatch", tracking_number="")
    return reference, key, [dispatch, ready_to_cancel(stage.client(email, base_url), booking)]


@pytest.mark.parametrize("winner", ["dispatched", "cancelled"])
def test_leaflets_of_a_visit_that_is_called_off_are_given_away_or_given_back(stage: Stage, winner: str) -> None:
    on_hand, allocated = stage.figures(PACKED)
    reference, key, buttons = book_with_leaflets(stage, PACKED)
    with gates.held(stage.live, ORDER, reference) as gate:
        first, second = gates.queue_at(gate, buttons if winner == "dispatched" else buttons[::-1])
    # The visit is called off either way; staff who come too late are told so.
    assert (first.status, second.status) == (302, 302 if winner == "dispatched" else 200)
    assert ends(stage, key)[0] == {winner}
    gone = COPIES if winner == "dispatched" else 0
    assert stage.figures(PACKED) == (on_hand - gone, allocated + COPIES)  # the other order's


def test_control_read_before_they_are_moved_leaflets_are_given_away_and_given_back(stage: Stage, unguarded_url: str) -> None:
    reference, key, buttons = book_with_leaflets(stage, CONTROL_PACKED, unguarded_url)
    assert [answer.status for answer in stage.pause_at("orders", *buttons)] == [302, 302]
    assert ends(stage, key)[0] == {"dispatched", "cancelled"}
    stage.put_right(key, reference)
