"""The one function that moves an order and records it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from leaflets.models import MOVES, OPEN_STATES, EventKind, Order, OrderEvent, OrderState
from professionals.models import User

# What is written down when an order goes from one state to another.
EVENTS = {
    (OrderState.REQUESTED, OrderState.RECEIVED): EventKind.APPROVED,
    (OrderState.REQUESTED, OrderState.WAITING): EventKind.APPROVED,
    (OrderState.REQUESTED, OrderState.DECLINED): EventKind.DECLINED,
    (OrderState.RECEIVED, OrderState.PACKING): EventKind.PACKING,
    (OrderState.PACKING, OrderState.RECEIVED): EventKind.PUT_BACK,
    (OrderState.PACKING, OrderState.WAITING): EventKind.PART_SENT,
    (OrderState.PACKING, OrderState.DISPATCHED): EventKind.DISPATCHED,
    **{(state, OrderState.CANCELLED): EventKind.CANCELLED for state in OPEN_STATES},
}
WHAT_IT_IS_NOW: dict[str, Promise] = {
    OrderState.REQUESTED: gettext_lazy("We are still to decide on this order, so this can’t be done yet."),
    OrderState.RECEIVED: gettext_lazy("Nobody has started to pack this order yet, so this can’t be done. Start packing first."),
    OrderState.WAITING: gettext_lazy("This order waits for copies that are not in stock, so there is nothing to pack yet."),
    OrderState.PACKING: gettext_lazy("We have started to pack this order, so this can no longer be done here. Please call us."),
    OrderState.DISPATCHED: gettext_lazy("This order has already been dispatched, so nothing was changed."),
    OrderState.CANCELLED: gettext_lazy("This order has already been cancelled, so nothing was changed."),
    OrderState.DECLINED: gettext_lazy("This order has already been declined, so nothing was changed."),
}


class OrderHasMoved(DomainError):
    """The order is no longer in the state that the caller expected; `order` carries the state that it is in."""

    passing = True

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(WHAT_IT_IS_NOW[order.state])


class OrderIsAColleaguesNow(OrderHasMoved):
    """What is brought to a visit goes to whoever takes the visit over."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.message = gettext_lazy("A colleague of yours has this order by now, so nothing was changed.")
        self.args = (self.message,)


class TakenOffTheTable(OrderHasMoved):
    """A leaflet in it was recalled while it was being packed: whoever has the parcel in their hands must know."""

    def __init__(self, order: Order) -> None:
        super().__init__(order)
        self.message = gettext_lazy(
            "A leaflet in this parcel was recalled while it was being packed, so it must not leave. "
            "Take that leaflet out, then pack the order again."
        )
        self.args = (self.message,)


def move(
    order: Order, to: OrderState, *, expect: Collection[OrderState], by: User | None, now: datetime, reason: str = ""
) -> None:
    """Take the order from one of the expected states to another, and write the event.

    The conditional update is also the lock: of two movers at the same moment the second waits, then finds the order moved.
    Raises OrderHasMoved; ValueError for a move that MOVES doesn't allow.
    """
    if any(to not in MOVES[state] for state in expect):
        raise ValueError(f"no order goes from {sorted(expect)} to {to}")
    [kind] = {EVENTS[state, to] for state in expect}
    if not Order.objects.filter(pk=order.pk, state__in=expect).update(state=to):
        order.refresh_from_db(fields=["state"])
        raise TakenOffTheTable(order) if set(expect) == {OrderState.PACKING} and was_recalled(order) else OrderHasMoved(order)
    order.state = to
    OrderEvent.objects.create(order=order, kind=kind, by=by, at=now, reason=reason)


@dataclass(frozen=True)
class Move:
    """One of many. `kind` says what is written down: an order of which a part has left goes where one goes that is put back."""

    order: Order
    to: OrderState
    kind: EventKind
    reason: str = ""


def move_many(moves: Sequence[Move], *, expect: OrderState, by: User | None, now: datetime) -> None:
    """As move, for orders that the caller has locked and seen in that state: a statement for each state to which they go."""
    if wrong := {each.to for each in moves} - MOVES[expect]:
        raise ValueError(f"no order goes from {expect} to {sorted(wrong)}")
    for to in sorted({each.to for each in moves}):
        Order.objects.filter(pk__in=[each.order.pk for each in moves if each.to == to], state=expect).update(state=to)
    OrderEvent.objects.bulk_create(OrderEvent(order=m.order, kind=m.kind, by=by, at=now, reason=m.reason) for m in moves)
    for each in moves:
        each.order.state = each.to


def was_recalled(order: Order) -> bool:
    """Whether a recall is the last that happened to it."""
    last = order.events.order_by("-at", "-pk").values_list("kind", flat=True)[:2]
    return EventKind.RECALLED in last and order.state != OrderState.DISPATCHED


def rewrite(
    order: Order,
    to: OrderState,
    columns: Mapping[str, object],
    *,
    changes: Mapping[str, object],
    by: User | None,
    now: datetime,
) -> None:
    """A change of what is ordered or where it goes (`columns`), and the state that its copies then have; `order` says from which.

    `changes`: what the event says of it.

    The same lock as in move. Raises OrderHasMoved; ValueError for a state to which it can't go.
    """
    if to != order.state and to not in MOVES[OrderState(order.state)]:
        raise ValueError(f"no order goes from {order.state} to {to}")
    if not Order.objects.filter(pk=order.pk, state=order.state).update(state=to, **columns):
        order.refresh_from_db(fields=["state"])
        raise OrderHasMoved(order)
    order.state = to
    OrderEvent.objects.create(order=order, kind=EventKind.CHANGED, by=by, at=now, changes=changes)


def wait_for_stock(order: Order) -> None:
    """An order that has just been placed, of which there is not one copy. It is placed all the same, and says so itself."""
    order.state = OrderState.WAITING
    Order.objects.filter(pk=order.pk).update(state=order.state)
