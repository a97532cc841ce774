"""An order is changed at the same moment as it is cancelled or packed: the change comes first or not at all."""

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import Stage
from tests.races.test_stock import EDITIONS, ORDER, order
from tests.races.visits import COPIES, read_form, staff_action

SLUG, CONTROL_SLUG = "far-north-changed", "far-north-changed-control"
FEWER = COPIES - 2


def ready_to_change(client: Client, reference: str, slug: str) -> partial[Answer]:
    path = f"/orders/{reference}/change/"
    return partial(client.send, path, read_form(client, path, "version"), **{f"copies-{slug}": str(FEWER)})


def ready_to_end(stage: Stage, client: Client, reference: str, key: int, end: str) -> Any:
    """The owner's button that cancels, or that of staff who start to pack."""
    if end == "packing":
        return staff_action(stage.staff(0), "leaflets/order", key, "start-packing")
    path = f"/orders/{reference}/cancel/"
    return partial(client.send, path, client.get(path).form("csrfmiddlewaretoken"))


def history(stage: Stage, key: int) -> list[str]:
    rows = stage.live.query("SELECT kind FROM leaflets_orderevent WHERE order_id = %s ORDER BY id", key)
    return [kind for (kind,) in rows]


def stands(stage: Stage, key: int) -> tuple[str, int, int]:
    """State, copies, and how many of them are promised."""
    return stage.live.query(
        "SELECT state, copies, allocated FROM leaflets_order o JOIN leaflets_orderline l ON l.order_id = o.id WHERE o.id = %s",
        key,
    )[0]


@pytest.mark.parametrize("end", ["cancelled", pytest.param("packing", marks=pytest.mark.long)])
@pytest.mark.parametrize("first", ["end", pytest.param("change", marks=pytest.mark.long)])
def test_an_order_is_changed_before_its_end_or_not_at_all(stage: Stage, end: str, first: str) -> None:
    before = stage.figures(SLUG)[1]
    client, reference, key = order(stage, SLUG)
    change, ending = ready_to_change(client, reference, SLUG), ready_to_end(stage, client, reference, key, end)
    lock = (EDITIONS, [SLUG]) if end == "cancelled" else (ORDER, reference)
    with gates.held(stage.live, *lock) as gate:
        answers = gates.queue_at(gate, [ending, change] if first == "end" else [change, ending])
    changed = first == "change"
    assert [answer.status for answer in answers] == [302, 302 if changed else 200]
    assert history(stage, key) == ["placed", *(["changed"] if changed else []), end]
    promised = 0 if end == "cancelled" else FEWER if changed else COPIES
    assert stands(stage, key) == (end, FEWER if changed else COPIES, promised)
    assert stage.figures(SLUG)[1] == before + promised
    assert stage.told(f"order:{key}")["order-changed"] == changed


@pytest.mark.parametrize("end", ["cancelled", pytest.param("packing", marks=pytest.mark.long)])
def test_control_changed_as_it_was_read_an_order_comes_back_from_its_end(stage: Stage, unguarded_url: str, end: str) -> None:
    order(stage, CONTROL_SLUG)  # so that there is enough to give back twice
    client, reference, key = order(stage, CONTROL_SLUG)
    change = ready_to_change(stage.client(client.email, unguarded_url), reference, CONTROL_SLUG)
    ending = ready_to_end(stage, client, reference, key, end)
    with gates.paused(stage.live, "orders") as gate, ThreadPoolExecutor(1) as pool:
        answer = pool.submit(change)
        gate.wait_for(lambda waiting: waiting == 1)
        assert ending().status == 302
        gate.open()
        assert answer.result(gates.PATIENCE).status == 302
    assert history(stage, key) == ["placed", end, "changed"]
    assert stands(stage, key) == ("received", FEWER, FEWER)
    if end == "cancelled":  # what was given back is promised, and the ledger knows nothing of it
        stage.put_right(key, reference)
