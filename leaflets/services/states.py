"""The one function that moves an order and records it."""

from collections.abc import Collection
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import MOVES, EventKind, Order, OrderEvent, OrderState
from professionals.models import User

EVENTS = {
    OrderState.PACKING: EventKind.PACKING,
    OrderState.DISPATCHED: EventKind.DISPATCHED,
    OrderState.CANCELLED: EventKind.CANCELLED,
}
WHAT_IT_IS_NOW: dict[str, Promise] = {
    OrderState.RECEIVED: _("Nobody has started to pack this order yet, so this can’t be done. Start packing first."),
    OrderState.PACKING: _("We have started to pack this order, so this can no longer be done here. Please call us."),
    OrderState.DISPATCHED: _("This order has already been dispatched, so nothing was changed."),
    OrderState.CANCELLED: _("This order has already been cancelled, so nothing was changed."),
}


class OrderHasMoved(DomainError):
    """The order is no longer in the state that the caller expected; `order` carries the state that it is in."""

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(WHAT_IT_IS_NOW[order.state])


def move(
    order: Order, to: OrderState, *, expect: Collection[OrderState], by: User | None, now: datetime, reason: str = ""
) -> None:
    """Take the order from one of the expected states to another, and write the event.

    The conditional update is also the lock: of two movers at the same moment the second waits, then finds the order moved.
    Raises OrderHasMoved; ValueError for a move that MOVES doesn't allow.
    """
    if any(to not in MOVES[state] for state in expect):
        raise ValueError(f"no order goes from {sorted(expect)} to {to}")
    if not Order.objects.filter(pk=order.pk, state__in=expect).update(state=to):
        order.refresh_from_db(fields=["state"])
        raise OrderHasMoved(order)
    order.state = to
    OrderEvent.objects.create(order=order, kind=EVENTS[to], by=by, at=now, reason=reason)
