"""Packing, dispatch and cancelling: each from the state that it expects, once."""

import pytest

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import ORDER_TRANSITIONS, Dispatch, Edition, MovementKind, OrderEventKind, OrderState, StockMovement
from leaflets.orders.services.transitions import OrderStateHasChanged, cancel_order, dispatch_order, start_packing, transition
from leaflets.stock.services import ledger_differences
from notifications.models import Notification
from tests.factories import make_person, make_staff
from tests.leaflets.factories import make_edition, make_order

pytestmark = pytest.mark.django_db


@pytest.fixture
def staff(db):
    return make_staff()


@pytest.fixture
def order(now):
    return make_order(make_person(), now, {make_edition(now, stock=50).leaflet: 5, make_edition(now, stock=50).leaflet: 7})


def figures():
    return sorted(Edition.objects.values_list("on_hand", "allocated"))


def kinds_told():
    return sorted(Notification.objects.exclude(kind__in=["order-received", "staff-new-order"]).values_list("kind", flat=True))


def test_packing_starts_and_is_recorded(order, staff, now):
    start_packing(order=order, by=staff, now=now)
    order.refresh_from_db()
    assert order.state == OrderState.PACKING
    assert list(order.events.order_by("pk").values_list("kind", "by"))[1:] == [(OrderEventKind.PACKING, staff.pk)]
    assert figures() == [(50, 5), (50, 7)]


def test_dispatch_takes_the_copies_off_the_shelf_and_out_of_the_promise(order, staff, now):
    start_packing(order=order, by=staff, now=now)
    parcel = dispatch_order(order=order, by=staff, now=now, tracking_number="RM123")
    order.refresh_from_db()
    assert order.state == OrderState.DISPATCHED
    assert (parcel.order, parcel.dispatched_at, parcel.by, parcel.tracking_number) == (order, now, staff, "RM123")
    assert figures() == [(43, 0), (45, 0)]
    assert sorted(order.lines.values_list("copies", "allocated", "dispatched", "cancelled")) == [(5, 0, 5, 0), (7, 0, 7, 0)]
    assert sorted(
        StockMovement.objects.filter(kind=MovementKind.DISPATCHED).values_list("on_hand_change", "allocated_change")
    ) == [
        (-7, -7),
        (-5, -5),
    ]
    assert kinds_told() == ["order-dispatched"]
    assert list(ledger_differences()) == []


def test_an_order_that_nobody_packs_is_not_dispatched(order, staff, now):
    with pytest.raises(OrderStateHasChanged, match="Start packing first"):
        dispatch_order(order=order, by=staff, now=now)
    assert figures() == [(50, 5), (50, 7)]


def test_a_parcel_leaves_once(order, staff, now):
    start_packing(order=order, by=staff, now=now)
    dispatch_order(order=order, by=staff, now=now)
    with pytest.raises(OrderStateHasChanged, match="already been dispatched"):
        dispatch_order(order=order, by=staff, now=now)
    assert (Dispatch.objects.count(), figures()) == (1, [(43, 0), (45, 0)])


def test_a_withdrawn_edition_is_never_sent(order, staff, now):
    start_packing(order=order, by=staff, now=now)
    withdraw_edition(edition=order.lines.first().edition)
    with pytest.raises(DomainError, match="has been withdrawn and must not be sent"):
        dispatch_order(order=order, by=staff, now=now)
    order.refresh_from_db()
    assert (order.state, figures()) == (OrderState.PACKING, [(50, 5), (50, 7)])


def test_cancelling_gives_the_copies_back_once(order, staff, now):
    cancel_order(order=order, by=staff, now=now, reason="Asked by phone")
    with pytest.raises(OrderStateHasChanged, match="already been cancelled"):
        cancel_order(order=order, by=staff, now=now)
    order.refresh_from_db()
    assert (order.state, figures()) == (OrderState.CANCELLED, [(50, 0), (50, 0)])
    assert sorted(order.lines.values_list("allocated", "cancelled")) == [(0, 5), (0, 7)]
    assert StockMovement.objects.filter(kind=MovementKind.RELEASED).count() == 2
    assert order.events.get(kind=OrderEventKind.CANCELLED).reason == "Asked by phone"
    assert kinds_told() == ["order-cancelled"]
    assert list(ledger_differences()) == []


def test_the_owner_cancels_while_received(order, now):
    cancel_order(order=order, by=order.person.user, now=now)
    assert order.state == OrderState.CANCELLED


def test_the_owner_can_not_cancel_what_is_being_packed_and_staff_can(order, staff, now):
    start_packing(order=order, by=staff, now=now)
    with pytest.raises(OrderStateHasChanged, match="started to pack"):
        cancel_order(order=order, by=order.person.user, now=now)
    cancel_order(order=order, by=staff, now=now)
    assert order.state == OrderState.CANCELLED


@pytest.mark.parametrize("act", [start_packing, dispatch_order, cancel_order])
def test_a_dispatched_order_stays_as_it_is(order, staff, now, act):
    start_packing(order=order, by=staff, now=now)
    dispatch_order(order=order, by=staff, now=now)
    with pytest.raises(OrderStateHasChanged):
        act(order=order, by=staff, now=now)
    order.refresh_from_db()
    assert order.state == OrderState.DISPATCHED


def test_a_move_that_is_not_in_the_table_is_a_mistake_of_ours(order, staff, now):
    assert OrderState.REQUESTED not in ORDER_TRANSITIONS[OrderState.PACKING]
    with pytest.raises(ValueError, match="no order goes"):
        transition(order, OrderState.REQUESTED, expect={OrderState.PACKING}, by=staff, now=now)
