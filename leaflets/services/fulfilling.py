"""What staff do with an order, and what its owner may still do."""

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ctac.errors import DomainError
from leaflets.models import OPEN_STATES, Dispatch, Edition, EditionState, MovementKind, Order, OrderLine, OrderState
from leaflets.services.states import move
from leaflets.services.stock import for_line, lock_editions, record
from notifications.services import notify
from professionals.models import User
from professionals.safeguarding import tell_lead


class EditionIsWithdrawn(DomainError):
    def __init__(self, edition: Edition) -> None:
        super().__init__(_("“%(edition)s” has been withdrawn and must not be sent. Cancel this order.") % {"edition": edition})


@transaction.atomic
def start_packing(*, order: Order, by: User | None, now: datetime) -> None:
    """From here on the order is being packed, and its owner can't change it any more. Raises OrderHasMoved."""
    move(order, OrderState.PACKING, expect={OrderState.RECEIVED}, by=by, now=now)


@transaction.atomic
def dispatch(*, order: Order, by: User | None, now: datetime, tracking_number: str = "") -> Dispatch:
    """The parcel has left: its copies are neither on the shelf nor promised any more.

    Raises OrderHasMoved, EditionIsWithdrawn.
    """
    move(order, OrderState.DISPATCHED, expect={OrderState.PACKING}, by=by, now=now)
    lines = _lines_with_locked_editions(order)
    for line in lines:
        if line.edition.state == EditionState.WITHDRAWN:
            raise EditionIsWithdrawn(line.edition)
    _settle(lines, MovementKind.DISPATCHED, by=by, now=now)
    parcel = Dispatch.objects.create(order=order, dispatched_at=now, by=by, tracking_number=tracking_number)
    _tell("order-dispatched", order, now)
    return parcel


@transaction.atomic
def cancel(*, order: Order, by: User | None, now: datetime, reason: str = "", flagged: bool = False) -> None:
    """Give the copies back to the shelf, once. Raises OrderHasMoved.

    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.

    The owner may while the order is Received; staff, and we ourselves (`by` None: someone is erased), until dispatch.
    """
    expect: Collection[OrderState] = OPEN_STATES if by is None or by.is_staff else {OrderState.RECEIVED}
    move(order, OrderState.CANCELLED, expect=expect, by=by, now=now, reason=reason)
    _settle(_lines_with_locked_editions(order), MovementKind.RELEASED, by=by, now=now)
    _tell("order-cancelled", order, now)
    if flagged:
        tell_lead(about=f"order:{order.pk}:cancelled", reference=order.reference, now=now)


def _lines_with_locked_editions(order: Order) -> list[OrderLine]:
    """The order's lines. Its row is locked by the move, so they stand still."""
    lines = list(order.lines.select_related("edition__leaflet"))
    locked = lock_editions(line.edition_id for line in lines)
    for line in lines:
        line.edition.state = locked[line.edition_id].state
    return lines


def _settle(lines: list[OrderLine], kind: MovementKind, *, by: User | None, now: datetime) -> None:
    """Take every copy that is still promised out of the promise: dispatched or cancelled."""
    open_lines = [line for line in lines if line.allocated]
    column = {MovementKind.DISPATCHED: "dispatched", MovementKind.RELEASED: "cancelled"}[kind]
    movements = [for_line(line, kind, line.allocated) for line in open_lines]
    settled = OrderLine.objects.filter(pk__in=[line.pk for line in open_lines])
    settled.update(**{column: F(column) + F("allocated"), "allocated": 0})
    record(movements, by=by, now=now)


def _tell(kind: str, order: Order, now: datetime) -> None:
    notify(kind=kind, about=f"order:{order.pk}", reference=order.reference, to=[order.person.email], now=now)
