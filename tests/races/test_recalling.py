"""A recall at the moment at which a parcel leaves, an order is placed, or a colleague recalls the same edition."""

from functools import partial

import pytest

from tests.live.clients import Answer, Client
from tests.races import gates
from tests.races.stage import RECALLED, Stage
from tests.races.test_stock import EDITIONS, order
from tests.races.visits import COPIES, press_order, read_form, reference_of, staff_action, to_order_check

LEAVES, STAYS, PROMISED, REFUSED, TWICE, CONTROL_LEAVES, CONTROL_PROMISED = RECALLED
WHY = {"why": "The phone number is wrong.", "advice": "recycle", "instead": "cancel"}


def edition_of(stage: Stage, slug: str) -> int:
    [(key,)] = stage.live.query(
        "SELECT e.id FROM leaflets_edition e JOIN leaflets_leaflet l ON l.id = e.leaflet_id WHERE slug = %s", slug
    )
    return int(key)


def recall(stage: Stage, slug: str, number: int = 0, base_url: str = "") -> partial[Answer]:
    """The button of the page that says what will happen."""
    staff, path = stage.staff(number, base_url), f"/staff/leaflets/edition/{edition_of(stage, slug)}/do/recall/"
    check = staff.send(path, read_form(staff, path, *WHY), **WHY)
    return partial(staff.send, path, check.form("step"))


def told(stage: Stage, client: Client, slug: str) -> list[tuple[int, int]]:
    """Of the recall: how many copies its person is told they have, and how many emails say so."""
    return stage.live.query(
        """SELECT h.received, (SELECT count(*) FROM notifications_notification n WHERE n.kind = 'edition-recalled'
            AND n.about = concat('recall:', r.id, ':', h.id) AND n.recipient = p.email)
        FROM leaflets_recallholder h JOIN leaflets_recall r ON r.id = h.recall_id
        JOIN professionals_person p ON p.id = h.person_id WHERE p.email = %s AND r.edition_id = %s""",
        client.email,
        edition_of(stage, slug),
    )


def packed(stage: Stage, slug: str) -> tuple[Client, int, partial[Answer]]:
    """Whose order it is, its key, and the button that dispatches it."""
    client, _reference, key = order(stage, slug)
    assert staff_action(stage.staff(1), "leaflets/order", key, "start-packing")().status == 302
    return client, key, staff_action(stage.staff(1), "leaflets/order", key, "dispatch", tracking_number="")


def state(stage: Stage, key: int) -> str:
    return str(stage.live.query("SELECT state FROM leaflets_order WHERE id = %s", key)[0][0])


def nothing_is_promised(stage: Stage, slug: str) -> bool:
    waiting = "leaflets_orderline WHERE edition_id = %s AND allocated + backordered > 0"
    return stage.figures(slug)[1] == 0 and stage.count(waiting, edition_of(stage, slug)) == 0


# --- Recall and dispatch ---


def test_a_parcel_that_left_just_before_is_told_of(stage: Stage) -> None:
    client, key, dispatch = packed(stage, LEAVES)
    with gates.held(stage.live, EDITIONS, [LEAVES]) as gate:
        first, second = gates.queue_at(gate, [dispatch, recall(stage, LEAVES)])
    assert (first.status, second.status, state(stage, key)) == (302, 302, "dispatched")
    assert told(stage, client, LEAVES) == [(COPIES, 1)]
    assert nothing_is_promised(stage, LEAVES)


def test_a_parcel_that_has_not_left_yet_does_not_leave(stage: Stage) -> None:
    client, key, dispatch = packed(stage, STAYS)
    with gates.held(stage.live, EDITIONS, [STAYS]) as gate:
        first, second = gates.queue_at(gate, [recall(stage, STAYS), dispatch])
    assert (first.status, second.status, state(stage, key)) == (302, 200, "cancelled")
    assert stage.figures(STAYS) == (50, 0)
    assert told(stage, client, STAYS) == [(0, 1)]  # that it is not sent


def test_control_read_before_the_edition_is_locked_nobody_tells_whose_parcel_left(stage: Stage, unguarded_url: str) -> None:
    client, key, dispatch = packed(stage, CONTROL_LEAVES)
    answers = stage.pause_at("recall", recall(stage, CONTROL_LEAVES, base_url=unguarded_url), dispatch)
    assert ([answer.status for answer in answers], state(stage, key)) == ([302, 302], "dispatched")
    assert told(stage, client, CONTROL_LEAVES) == []


# --- Recall and order ---


def test_what_was_ordered_just_before_is_not_sent_and_its_person_hears_of_it(stage: Stage) -> None:
    client = stage.somebody()
    press = partial(press_order, client, to_order_check(client, {PROMISED: COPIES}))
    with gates.held(stage.live, EDITIONS, [PROMISED]) as gate:
        first, second = gates.queue_at(gate, [press, recall(stage, PROMISED)])
    assert (reference_of(first)[:3], second.status) == ("LO-", 302)
    assert nothing_is_promised(stage, PROMISED)
    assert told(stage, client, PROMISED) == [(0, 1)]


def test_whoever_orders_just_after_is_refused(stage: Stage) -> None:
    client = stage.somebody()
    press = partial(press_order, client, to_order_check(client, {REFUSED: COPIES}))
    with gates.held(stage.live, EDITIONS, [REFUSED]) as gate:
        first, second = gates.queue_at(gate, [recall(stage, REFUSED), press])
    assert (first.status, second.status) == (302, 200)
    assert f"“Leaflet {REFUSED}” can’t be ordered just now" in second.words
    assert nothing_is_promised(stage, REFUSED)


def test_control_read_before_the_recall_an_order_is_promised_what_was_recalled(stage: Stage, unguarded_url: str) -> None:
    client = stage.somebody(unguarded_url)
    press = partial(press_order, client, to_order_check(client, {CONTROL_PROMISED: COPIES}))
    placed, recalled = stage.pause_at("stock", press, recall(stage, CONTROL_PROMISED))
    assert recalled.status == 302
    assert stage.figures(CONTROL_PROMISED) == (50, COPIES)
    [(key,)] = stage.live.query("SELECT id FROM leaflets_order WHERE reference = %s", reference_of(placed))
    assert staff_action(stage.staff(0), "leaflets/order", key, "cancel", reason="Race control")().status == 302
    assert nothing_is_promised(stage, CONTROL_PROMISED)


# --- Two of staff ---


@pytest.mark.long
def test_of_two_colleagues_who_recall_it_at_once_the_second_is_told(stage: Stage) -> None:
    client, _key, dispatch = packed(stage, TWICE)
    assert dispatch().status == 302
    with gates.held(stage.live, EDITIONS, [TWICE]) as gate:
        first, second = gates.queue_at(gate, [recall(stage, TWICE), recall(stage, TWICE, 1)])
    assert (first.status, second.status) == (302, 200)
    assert "A colleague has already recalled this edition" in second.text
    assert told(stage, client, TWICE) == [(COPIES, 1)]


def test_after_all_of_it_ledger_and_figures_are_equal(stage: Stage) -> None:
    assert "are equal" in stage.live.manage("reconcile_stock")
