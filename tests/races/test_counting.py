"""A stock-take while parcels leave and orders are packed; copies that come in while somebody orders some and waits."""

from functools import partial

import pytest

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import Stage
from tests.races.test_stock import EDITIONS, ORDER, order
from tests.races.visits import COPIES, press_order, read_form, reference_of, staff_action, to_order_check

COUNTED, CONTROL_COUNTED, CONTROL_TAKEN, CONTROL_FILLED = [
    f"far-north-{name}" for name in ("counted", "counted-control", "taken-control", "filled-control")
]
TAKEN = {"confirm": "far-north-taken", "pack": "far-north-taken-packed"}
FILLED = {"order": "far-north-filled", "delivery": "far-north-filled-before"}
STARTS = "/staff/leaflets/stocktake/add/"
OF_TITLE = "leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = %s"
EDITION = f"SELECT e.id FROM {OF_TITLE}"
COUNT = f"SELECT max(id) FROM leaflets_titlecount WHERE edition_id IN ({EDITION})"
LINE = "SELECT {} FROM leaflets_orderline l JOIN leaflets_order o ON o.id = l.order_id WHERE "


def counted(stage: Stage, slug: str, copies: int, base_url: str = "") -> partial[Answer]:
    """The title counted by the first of staff, and the button that confirms it, its page open."""
    staff = stage.staff(0, base_url)
    [(edition,)] = stage.live.query(EDITION, slug)
    page = staff.post_form(STARTS, what="some", editions=str(edition)).location
    [(count,)] = stage.live.query(COUNT, slug)
    differences = staff.post_form(page, **{f"count-{count}": str(copies)}).location
    assert differences.endswith("/do/confirm/")
    return partial(staff.send, differences, read_form(staff, differences, "version"))


# --- A count is confirmed as a parcel leaves that was counted ---


@pytest.mark.parametrize("first", ["confirmed", pytest.param("dispatched", marks=pytest.mark.long)])
def test_a_parcel_that_leaves_as_a_count_is_confirmed_is_not_counted_twice(stage: Stage, first: str) -> None:
    on_hand, allocated = stage.figures(COUNTED)
    _owner, _reference, key = order(stage, COUNTED)
    assert staff_action(stage.staff(1), "leaflets/order", key, "start-packing")().status == 302
    confirm = counted(stage, COUNTED, on_hand - 2)
    leave = staff_action(stage.staff(1), "leaflets/order", key, "dispatch", tracking_number="")
    with gates.held(stage.live, EDITIONS, [COUNTED]) as gate:
        answers = gates.queue_at(gate, [confirm, leave] if first == "confirmed" else [leave, confirm])
    assert [answer.status for answer in answers] == [302, 302]
    assert stage.figures(COUNTED) == (on_hand - 2 - COPIES, allocated)


def test_control_compared_with_the_figure_of_now_a_parcel_that_left_is_there_once_more(stage: Stage, unguarded_url: str) -> None:
    on_hand, allocated = stage.figures(CONTROL_COUNTED)
    _owner, _reference, key = order(stage, CONTROL_COUNTED)
    assert staff_action(stage.staff(1), "leaflets/order", key, "start-packing")().status == 302
    confirm = counted(stage, CONTROL_COUNTED, on_hand - 2, unguarded_url)
    assert staff_action(stage.staff(1), "leaflets/order", key, "dispatch", tracking_number="")().status == 302
    assert confirm().status == 302
    assert stage.figures(CONTROL_COUNTED) == (on_hand - 2, allocated)  # five too many
    [(count,)] = stage.live.query(COUNT, CONTROL_COUNTED)
    with pytest.raises(AssertionError, match=r"Stock-take of .*, expected "):
        stage.live.manage("reconcile_stock")
    stage.live.query("UPDATE leaflets_titlecount SET counted = expected + %s WHERE id = %s", COPIES - 2, count)
    assert "are equal" in stage.live.manage("reconcile_stock")


# --- Fewer are there than are promised, and the order that loses its promise is packed at that moment ---


def promised_and_not_there(stage: Stage, slug: str, base_url: str = "") -> tuple[str, int, list[partial[Answer]]]:
    """An order of which nothing is there, and the buttons that confirm that and that start to pack it."""
    _owner, reference, key = order(stage, slug)
    _on_hand, allocated = stage.figures(slug)
    confirm = counted(stage, slug, allocated - COPIES, base_url)
    return reference, key, [confirm, staff_action(stage.staff(1, base_url), "leaflets/order", key, "start-packing")]


def stands(stage: Stage, key: int) -> list[tuple[str, int, int]]:
    return stage.live.query(f"{LINE.format('state, allocated, backordered')} o.id = %s", key)


@pytest.mark.parametrize("winner", ["confirm", pytest.param("pack", marks=pytest.mark.long)])
def test_an_order_that_loses_its_promise_as_it_is_packed_does_one_of_the_two(stage: Stage, winner: str) -> None:
    reference, key, buttons = promised_and_not_there(stage, TAKEN[winner])
    with gates.held(stage.live, ORDER, reference) as gate:
        first, second = gates.queue_at(gate, buttons if winner == "confirm" else buttons[::-1])
    assert (first.status, second.status) == (302, 200)
    assert stands(stage, key) == [("waiting", 0, COPIES) if winner == "confirm" else ("packing", COPIES, 0)]
    assert "are equal" in stage.live.manage("reconcile_stock")


def test_control_taken_as_it_was_read_an_order_is_packed_of_which_nothing_is_promised(stage: Stage, unguarded_url: str) -> None:
    _reference, key, buttons = promised_and_not_there(stage, CONTROL_TAKEN, unguarded_url)
    assert [answer.status for answer in stage.pause_at("promises", *buttons)] == [302, 302]
    assert stands(stage, key) == [("packing", 0, COPIES)]
    assert staff_action(stage.staff(0), "leaflets/order", key, "cancel", reason="Race control")().status == 302


# --- Copies come in as somebody orders some and says that they can wait ---


def order_and_delivery(stage: Stage, slug: str, base_url: str = "") -> tuple[Client, list[partial[Answer]]]:
    """Who orders what is not there, and both buttons. The delivery has enough for them."""
    client = stage.somebody(base_url)
    assert client.post_form(f"/leaflets/{slug}/", **{f"{slug}-copies": str(COPIES)}).outcome == (302, "/basket/")
    assert client.post_form("/basket/", **{f"wait-for-{slug}": "on"}).status == 302
    form = to_order_check(client, {})
    [(edition,)] = stage.live.query(EDITION, slug)
    receive = staff_action(stage.staff(0), "leaflets/edition", edition, "receive", copies=str(2 * COPIES), reason="")
    return client, [partial(press_order, client, form), receive]


def waits(stage: Stage, reference: str) -> list[tuple[int, int]]:
    sql = (
        "SELECT allocated, backordered FROM leaflets_orderline l JOIN leaflets_order o ON o.id = l.order_id WHERE reference = %s"
    )
    return stage.live.query(sql, reference)


@pytest.mark.parametrize("first", ["order", pytest.param("delivery", marks=pytest.mark.long)])
def test_copies_that_come_in_as_somebody_orders_them_are_theirs(stage: Stage, first: str) -> None:
    _client, buttons = order_and_delivery(stage, FILLED[first])
    with gates.held(stage.live, EDITIONS, [FILLED[first]]) as gate:
        answers = gates.queue_at(gate, buttons if first == "order" else buttons[::-1])
    ordered = next(answer for answer in answers if answer.location.endswith("/placed/"))
    assert waits(stage, reference_of(ordered)) == [(COPIES, 0)]
    assert stage.figures(FILLED[first]) == (2 * COPIES, COPIES)


def test_control_filled_past_an_order_that_is_being_placed_somebody_waits_for_copies_that_are_there(
    stage: Stage, unguarded_url: str
) -> None:
    _client, buttons = order_and_delivery(stage, CONTROL_FILLED, unguarded_url)
    ordered, _received = stage.pause_at("stock", *buttons)
    assert waits(stage, reference_of(ordered)) == [(0, COPIES)]
    assert stage.figures(CONTROL_FILLED) == (2 * COPIES, 0)
