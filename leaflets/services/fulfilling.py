"""What staff do with an order, and what its owner may still do."""

from collections.abc import Collection, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

from ctac.errors import DomainError
from leaflets.models import (
    OPEN_STATES,
    OWNER_MAY_CANCEL,
    Dispatch,
    Edition,
    EditionState,
    MovementKind,
    Order,
    OrderLine,
    OrderState,
)
from leaflets.services.backorders import fill_backorders
from leaflets.services.ledger import for_line, lock_editions, record
from leaflets.services.posting import tell_of_parcel
from leaflets.services.states import move
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

    If some copies are still to come, the order waits for them. Raises OrderHasMoved, EditionIsWithdrawn.
    """
    lines = lines_locked(order)
    rest = any(line.backordered for line in lines)
    move(order, OrderState.WAITING if rest else OrderState.DISPATCHED, expect={OrderState.PACKING}, by=by, now=now)
    for line in lines:
        if line.allocated and line.edition.state == EditionState.WITHDRAWN:
            raise EditionIsWithdrawn(line.edition)
    _settle(lines, MovementKind.DISPATCHED, by=by, now=now)
    if rest:
        fill_backorders({line.edition_id for line in lines}, by=None, now=now)
    told_in = tell_of_parcel(order, now=now)
    return Dispatch.objects.create(order=order, dispatched_at=now, by=by, tracking_number=tracking_number, told_in_id=told_in)


@transaction.atomic
def cancel(
    *, order: Order, by: User | None, now: datetime, reason: str = "", flagged: bool = False, with_visit: bool = False
) -> None:
    """Give the copies back to the shelf, once, and to whoever waits for them. Raises OrderHasMoved.

    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.

    The owner may until packing starts; staff, and we ourselves (`by` None: someone is erased), until dispatch. So may anybody
    who calls off the visit that it was to be brought to (`with_visit`), whose own email then says so.
    """
    expect: Collection[OrderState] = OPEN_STATES if with_visit or by is None or by.is_staff else OWNER_MAY_CANCEL
    lines = lines_locked(order)
    move(order, OrderState.CANCELLED, expect=expect, by=by, now=now, reason=reason)
    give_back(lines, by=by, now=now)
    if not with_visit:
        _tell("order-cancelled", order, now)
    if flagged:
        tell_lead(about=f"order:{order.pk}:cancelled", reference=order.reference, now=now)


def give_back(lines: Sequence[OrderLine], *, by: User | None, now: datetime) -> None:
    """Every copy that is promised or waited for is cancelled, and goes to whoever waits. The caller holds the locks."""
    OrderLine.objects.filter(pk__in=[line.pk for line in lines if line.backordered]).update(
        cancelled=F("cancelled") + F("backordered"), backordered=0
    )
    _settle(lines, MovementKind.RELEASED, by=by, now=now)
    fill_backorders({line.edition_id for line in lines}, by=None, now=now)


class _OtherLines(Exception):
    pass


def lines_locked(order: Order) -> list[OrderLine]:
    """The order's lines, standing still: their editions locked in key order, then the order, as every writer of stock does it.

    What is seen before the locks may have changed by then. If so, all are let go and taken anew.
    """
    while True:
        with suppress(_OtherLines), transaction.atomic():
            locked = lock_editions(order.lines.values_list("edition_id", flat=True))
            Order.objects.select_for_update(no_key=True).only("pk").get(pk=order.pk)
            lines = list(order.lines.select_related("edition__leaflet").order_by("pk"))
            if any(line.edition_id not in locked for line in lines):
                raise _OtherLines
            for line in lines:
                leaflet, line.edition = line.edition.leaflet, locked[line.edition_id]
                line.edition.leaflet = leaflet
            return lines


def _settle(lines: Sequence[OrderLine], kind: MovementKind, *, by: User | None, now: datetime) -> None:
    """Take every copy that is still promised out of the promise: dispatched or cancelled."""
    open_lines = [line for line in lines if line.allocated]
    column = {MovementKind.DISPATCHED: "dispatched", MovementKind.RELEASED: "cancelled"}[kind]
    movements = [for_line(line, kind, line.allocated) for line in open_lines]
    settled = OrderLine.objects.filter(pk__in=[line.pk for line in open_lines])
    settled.update(**{column: F(column) + F("allocated"), "allocated": 0})
    record(movements, by=by, now=now)


def _tell(kind: str, order: Order, now: datetime) -> None:
    notify(kind=kind, about=f"order:{order.pk}", reference=order.reference, to=[order.person.email], now=now)
