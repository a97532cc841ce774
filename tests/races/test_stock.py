"""Two at the same moment at the same leaflets or the same order. Last copies: test_crowds.py."""

from collections import Counter
from functools import partial

import pytest

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import LIMIT, LIMITED, Stage
from tests.races.visits import COPIES, order_form, press_order, put_in_basket, reference_of, staff_action, to_order_check

ONE, OTHER, CONTROL_ONE, CONTROL_OTHER, PACKED, CONTROL_PACKED, CANCELLED, SPARE = [f"far-north-{number}" for number in range(8)]
LIMITED_TITLE, LIMITED_TABS, CONTROL_LIMITED = LIMITED
EDITIONS = """SELECT 1 FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = ANY(%s)
    ORDER BY e.id FOR UPDATE OF e"""
ORDER = "SELECT 1 FROM leaflets_order WHERE reference = %s FOR UPDATE"


# --- Two baskets with the same titles, the other way round ---


def two_baskets(stage: Stage, one: str, other: str, base_url: str = "") -> list[partial[Answer]]:
    """Each button, everything filled in. Which title has more copies is the order in which the control locks them."""
    buttons = []
    for basket in ({one: 9, other: 1}, {other: 9, one: 1}):
        client = stage.somebody(base_url)
        buttons.append(partial(press_order, client, to_order_check(client, basket)))
    return buttons


def test_two_baskets_in_opposite_order_are_both_ordered(stage: Stage) -> None:
    buttons = two_baskets(stage, ONE, OTHER)
    with gates.held(stage.live, EDITIONS, [ONE, OTHER]) as gate:
        answers = gates.queue_at(gate, buttons)
    assert len({reference_of(answer) for answer in answers}) == 2
    assert [stage.figures(ONE), stage.figures(OTHER)] == [(50, 10), (50, 10)]


def test_control_locked_in_the_order_of_the_basket_two_baskets_wait_for_each_other_for_ever(
    stage: Stage, unguarded_url: str
) -> None:
    before = gates.deadlocks(stage.live)
    answers = stage.pause_at("titles", *two_baskets(stage, CONTROL_ONE, CONTROL_OTHER, unguarded_url))
    # PostgreSQL ends one of the two; whoever that is reads that something went wrong.
    assert Counter(answer.status for answer in answers) == {302: 1, 500: 1}
    stage.live.wait_for(lambda: gates.deadlocks(stage.live) == before + 1, 10)


# --- What a workplace may have in 90 days, and two colleagues who each order within it ---


def two_colleagues(stage: Stage, slug: str, base_url: str = "") -> list[partial[Answer]]:
    """Everybody on the stage works for one organisation, and these two at one postcode."""
    clients = [stage.somebody(base_url) for _ in range(2)]
    return [partial(press_order, client, to_order_check(client, {slug: COPIES})) for client in clients]


def test_of_two_colleagues_who_order_at_once_the_second_reads_what_is_left_of_the_limit(stage: Stage) -> None:
    buttons = two_colleagues(stage, LIMITED_TITLE)
    with gates.held(stage.live, EDITIONS, [LIMITED_TITLE]) as gate:
        first, second = gates.queue_at(gate, buttons)
    assert (first.status, second.status) == (302, 200)
    assert f"Your workplace has ordered {COPIES} copies of “Leaflet {LIMITED_TITLE}” lately" in second.words
    assert f"it can order {LIMIT - COPIES} more until" in second.words
    assert stage.figures(LIMITED_TITLE) == (50, COPIES)


def test_control_counted_before_the_other_wrote_two_colleagues_get_more_than_the_limit(stage: Stage, unguarded_url: str) -> None:
    answers = stage.pause_at("stock", *two_colleagues(stage, CONTROL_LIMITED, unguarded_url))
    assert [answer.status for answer in answers] == [302, 302]
    assert stage.figures(CONTROL_LIMITED)[1] == 2 * COPIES > LIMIT


@pytest.mark.long
def test_in_two_tabs_one_person_gets_no_more_than_the_limit(stage: Stage) -> None:
    client = stage.somebody()
    old = to_order_check(client, {LIMITED_TABS: COPIES})
    put_in_basket(client, LIMITED_TABS, LIMIT - COPIES)
    newest = order_form(client)
    with gates.held(stage.live, EDITIONS, [LIMITED_TABS]) as gate:
        answers = gates.queue_at(gate, [partial(press_order, client, form) for form in (newest, old, newest)])
    # The older page is shown what is in the basket now, or that it is ordered; nothing is ordered from it.
    assert reference_of(answers[0]) == reference_of(answers[2])
    assert answers[1].status in {200, 409}
    assert stage.figures(LIMITED_TABS) == (50, LIMIT)
    put_in_basket(client, LIMITED_TABS, 1)
    assert f"You have ordered {LIMIT} copies of “Leaflet {LIMITED_TABS}” lately" in client.get("/basket/").words
    assert press_order(client, newest).location.endswith(f"/{reference_of(answers[0])}/placed/")
    assert stage.figures(LIMITED_TABS) == (50, LIMIT)


# --- Dispatch and cancel ---


def order(stage: Stage, slug: str) -> tuple[Client, str, int]:
    """Whose it is, reference and key."""
    client = stage.somebody()
    reference = reference_of(press_order(client, to_order_check(client, {slug: COPIES})))
    [(key,)] = stage.live.query("SELECT id FROM leaflets_order WHERE reference = %s", reference)
    return client, reference, key


def dispatch_and_cancel(stage: Stage, slug: str, base_url: str = "") -> tuple[str, int, list[partial[Answer]]]:
    """An order that is being packed, and the buttons of two of staff. Others wait for the same leaflet."""
    order(stage, slug)
    _owner, reference, key = order(stage, slug)
    assert staff_action(stage.staff(0), "leaflets/order", key, "start-packing")().status == 302
    dispatch = staff_action(stage.staff(0, base_url), "leaflets/order", key, "dispatch", tracking_number="")
    cancel = staff_action(stage.staff(1, base_url), "leaflets/order", key, "cancel", reason="Ordered twice")
    return reference, key, [dispatch, cancel]


def ends(stage: Stage, key: int) -> tuple[set[str], set[str]]:
    """The ends that the order's history tells of, and those that its owner is told of by mail."""
    history = stage.live.query("SELECT kind FROM leaflets_orderevent WHERE order_id = %s", key)
    in_digests = """SELECT n.kind FROM leaflets_dispatch d JOIN notifications_notification n ON n.id = d.notification_id
        WHERE d.order_id = %s"""
    told = {*stage.told(f"order:{key}"), *(kind for (kind,) in stage.live.query(in_digests, key))}
    return {kind for (kind,) in history} - {"placed", "packing"}, told - {"order-received", "staff-new-order"}


@pytest.mark.parametrize("winner", ["dispatched", pytest.param("cancelled", marks=pytest.mark.long)])
def test_an_order_that_is_dispatched_and_cancelled_at_once_ends_in_one_way(stage: Stage, winner: str) -> None:
    on_hand, allocated = stage.figures(PACKED)
    reference, key, buttons = dispatch_and_cancel(stage, PACKED)
    with gates.held(stage.live, ORDER, reference) as gate:
        first, second = gates.queue_at(gate, buttons if winner == "dispatched" else buttons[::-1])
    # The second is told on the page of the action, or on the order's own.
    assert (first.status, second.status) == (302, 200)
    assert ends(stage, key) == ({winner}, {f"order-{winner}"})
    gone = COPIES if winner == "dispatched" else 0
    assert stage.figures(PACKED) == (on_hand - gone, allocated + COPIES)  # the other order's


def test_control_read_before_it_is_moved_an_order_is_both_dispatched_and_cancelled(stage: Stage, unguarded_url: str) -> None:
    reference, key, buttons = dispatch_and_cancel(stage, CONTROL_PACKED, unguarded_url)
    assert [answer.status for answer in stage.pause_at("orders", *buttons)] == [302, 302]
    assert ends(stage, key) == ({"dispatched", "cancelled"}, {"order-dispatched", "order-cancelled"})
    stage.put_right(key, reference)


@pytest.mark.long
@pytest.mark.parametrize("winner", ["packing", "cancelled"])
def test_an_owner_who_cancels_as_packing_starts_gets_one_answer(stage: Stage, winner: str) -> None:
    client, reference, key = order(stage, CANCELLED)
    path = f"/orders/{reference}/cancel/"
    cancel = partial(client.send, path, client.get(path).form("csrfmiddlewaretoken"))
    pack = staff_action(stage.staff(0), "leaflets/order", key, "start-packing")
    with gates.held(stage.live, ORDER, reference) as gate:
        gates.queue_at(gate, [pack, cancel] if winner == "packing" else [cancel, pack])
    assert stage.live.query("SELECT state FROM leaflets_order WHERE id = %s", key) == [(winner,)]
    assert stage.told(f"order:{key}")["order-cancelled"] == (winner == "cancelled")
