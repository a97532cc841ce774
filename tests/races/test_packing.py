"""Two volunteers at the same moment: at the same session, or at the same orders."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from tests.live.clients import Answer, Client, inside
from tests.races import gates
from tests.races.stage import Stage
from tests.races.visits import read_form, staff_action

START = "/staff/leaflets/packingsession/add/"
SESSION = "SELECT 1 FROM leaflets_packingsession WHERE id = %s FOR UPDATE"
ORDERS = "SELECT 1 FROM leaflets_order WHERE postcode = %s ORDER BY id FOR UPDATE"
# Whoever starts has taken their orders and waits to write the session.
SESSIONS = "LOCK TABLE leaflets_packingsession IN SHARE MODE"
PARCELS = """SELECT session_id, o.id FROM leaflets_parcel p JOIN leaflets_order o ON o.id = p.order_id WHERE o.postcode = %s
    AND outcome = ''"""
LEFT = "leaflets_dispatch d JOIN leaflets_order o ON o.id = d.order_id WHERE o.postcode = %s"


# Runs inside


def lay_out(slug: str, postcode: str, many: int) -> list[int]:
    """So many orders of five copies there, and as many elsewhere, which nobody packs. Their keys."""
    from tests.leaflets.factories import make_edition, make_many_orders

    now = datetime.now(UTC) - timedelta(days=1)
    edition = make_edition(now, stock=100, slug=slug, title=f"Leaflet {slug}", active=False)
    make_many_orders(many, [edition], now, postcode="JE2 3AB")
    return [order.pk for order in make_many_orders(many, [edition], now, postcode=postcode)]


def put_right(orders: list[int]) -> int:
    """Of what left twice: as if twice as many had been ordered, promised and sent."""
    from django.db import transaction

    from leaflets.models import MovementKind, OrderLine
    from leaflets.stock.services import movement_for_line, record_movements

    with transaction.atomic():
        lines = list(OrderLine.objects.filter(order__in=orders))
        for line in lines:
            line.copies += 5
            line.dispatched += 5
        OrderLine.objects.bulk_update(lines, ["copies", "dispatched"])
        movements = [movement_for_line(line, MovementKind.ALLOCATED, 5) for line in lines]
        record_movements(movements, by=None, now=datetime.now(UTC), reason="Race control")
    return len(lines)


# What is pressed


def page_of(key: int) -> str:
    return f"/staff/leaflets/packingsession/{key}/change/"


def start(staff: Client, area: str, most: int) -> partial[Answer]:
    """The button of the page that shows what the choice makes."""
    form = read_form(staff, f"{START}?what=post&areas={area}&most={most}", "csrfmiddlewaretoken", "most")
    return partial(staff.send, START, form, what="post", areas=area, most=str(most))


def started(stage: Stage, area: str, most: int) -> int:
    answer = start(stage.staff(0), area, most)()
    assert answer.status == 302, answer.words
    return int(answer.location.split("/")[-3])


def dispatch(staff: Client, key: int) -> partial[Answer]:
    return partial(staff.send, page_of(key), read_form(staff, page_of(key), "rest"), dispatch="1")


def test_a_session_that_is_dispatched_from_two_browsers_leaves_once(stage: Stage) -> None:
    inside(stage.live, "tests.races.test_packing", "lay_out", "packed-twice", "GY1 1AA", 3)
    key = started(stage, "GY1", 3)
    buttons = [dispatch(stage.staff(number), key) for number in (0, 1)]
    with gates.held(stage.live, SESSION, key) as gate:
        first, second = gates.queue_at(gate, buttons)
    assert [first.outcome, second.outcome] == [(302, page_of(key))] * 2
    assert stage.count(LEFT, "GY1 1AA") == 3
    assert stage.figures("packed-twice") == (85, 15)
    words = stage.staff(1).get(page_of(key)).words
    assert "This session has already ended, so nothing was changed." in words
    assert "3 dispatched, 0 not sent" in words


def test_control_read_before_the_other_wrote_a_session_leaves_twice(stage: Stage, unguarded_url: str) -> None:
    orders = inside(stage.live, "tests.races.test_packing", "lay_out", "packed-control", "GY2 4AA", 3)
    key = started(stage, "GY2", 3)
    buttons = [dispatch(stage.staff(number, unguarded_url), key) for number in (0, 1)]
    assert [answer.status for answer in stage.pause_at("packing", *buttons)] == [302, 302]
    assert stage.count(LEFT, "GY2 4AA") == 6
    assert stage.figures("packed-control") == (70, 0)
    with pytest.raises(AssertionError, match="ledger"):
        stage.live.manage("reconcile_stock")
    inside(stage.live, "tests.races.test_packing", "put_right", orders)
    assert "are equal" in stage.live.manage("reconcile_stock")


def test_two_who_start_at_once_get_orders_of_their_own(stage: Stage) -> None:
    orders = inside(stage.live, "tests.races.test_packing", "lay_out", "packed-by-two", "IM1 1AA", 4)
    buttons = [start(stage.staff(number), "IM1", 2) for number in (0, 1)]
    with gates.held(stage.live, SESSIONS) as gate:
        answers = gates.queue_at(gate, buttons)
    assert [answer.status for answer in answers] == [302, 302]
    taken = stage.live.query(PARCELS, "IM1 1AA")
    assert sorted(order for _session, order in taken) == orders
    assert sorted(Counter(session for session, _order in taken).values()) == [2, 2]


def test_control_without_locks_both_want_the_oldest_and_the_database_lets_only_one_have_them(
    stage: Stage, unguarded_url: str
) -> None:
    orders = inside(stage.live, "tests.races.test_packing", "lay_out", "packed-by-control", "IM2 4AA", 4)
    buttons = [start(stage.staff(number, unguarded_url), "IM2", 2) for number in (0, 1)]
    with gates.held(stage.live, SESSIONS) as gate:
        answers = gates.queue_at(gate, buttons)
    assert sorted(answer.status for answer in answers) == [302, 500]
    assert sorted(order for _session, order in stage.live.query(PARCELS, "IM2 4AA")) == orders[:2]


@pytest.mark.parametrize("winner", ["cancelled", pytest.param("dispatched", marks=pytest.mark.long)])
def test_an_order_that_is_cancelled_as_its_session_leaves_ends_in_one_way(stage: Stage, winner: str) -> None:
    slug, postcode = f"packed-{winner}", "JE3 1AA" if winner == "cancelled" else "GY6 8AA"
    orders = inside(stage.live, "tests.races.test_packing", "lay_out", slug, postcode, 3)
    key = started(stage, postcode.split()[0], 3)
    leave = dispatch(stage.staff(0), key)
    cancel = staff_action(stage.staff(1), "leaflets/order", orders[1], "cancel", reason="Ordered twice")
    with gates.held(stage.live, ORDERS, postcode) as gate:
        gates.queue_at(gate, [leave, cancel] if winner == "dispatched" else [cancel, leave])
    states = [state for (state,) in stage.live.query("SELECT state FROM leaflets_order WHERE id = ANY(%s) ORDER BY id", orders)]
    assert states == ["dispatched", winner, "dispatched"]
    assert stage.figures(slug) == ((85, 15) if winner == "dispatched" else (90, 15))
    outcomes = stage.live.query("SELECT outcome FROM leaflets_parcel WHERE session_id = %s ORDER BY number", key)
    assert outcomes == [("sent",), ("sent" if winner == "dispatched" else "cancelled",), ("sent",)]
