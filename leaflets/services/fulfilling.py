"""What staff do with an order, and what its owner may still do."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from django.db import transaction
from django.db.models import F, Prefetch, prefetch_related_objects
from django.utils.translation import gettext as _

from ctac.errors import DomainError
from leaflets.models import (
    OPEN_STATES,
    OWNER_MAY_CANCEL,
    Dispatch,
    Edition,
    EditionState,
    Order,
    OrderLine,
    OrderState,
)
from leaflets.services.backorders import fill_backorders
from leaflets.services.ledger import lock_editions, settle
from leaflets.services.locking import lock_orders
from leaflets.services.posting import tell_of_parcels
from leaflets.services.states import OrderIsAColleaguesNow, move
from notifications.services.writing import notify
from professionals.models import User
from professionals.services.safeguarding import tell_lead


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
    if withdrawn := [line.edition for line in lines if line.allocated and line.edition.state == EditionState.WITHDRAWN]:
        raise EditionIsWithdrawn(withdrawn[0])
    settle({line: line.allocated for line in lines}, "dispatched", by=by, now=now)
    if rest:
        fill_backorders({line.edition_id for line in lines}, by=None, now=now)
    [parcel] = parcels_that_left({order: tracking_number}, by=by, now=now)
    return parcel


def parcels_that_left(tracking_numbers: Mapping[Order, str], *, by: User | None, now: datetime) -> list[Dispatch]:
    """A parcel of each of these orders, and the email that will tell of it: two statements. After all other locks."""
    told_in = tell_of_parcels(list(tracking_numbers), now=now)
    return Dispatch.objects.bulk_create(
        Dispatch(order=order, dispatched_at=now, by=by, tracking_number=number, told_in_id=key)
        for (order, number), key in zip(tracking_numbers.items(), told_in, strict=True)
    )


@transaction.atomic
def cancel(
    *, order: Order, by: User | None, now: datetime, reason: str = "", flagged: bool = False, with_visit: bool = False
) -> None:
    """Give the copies back to the shelf, once, and to whoever waits for them. Raises OrderHasMoved, OrderIsAColleaguesNow.

    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.

    The owner may until packing starts; staff, and we ourselves (`by` None: someone is erased), until dispatch. So may anybody
    who calls off the visit that it was to be brought to (`with_visit`), whose own email then says so.
    """
    expect: Collection[OrderState] = OPEN_STATES if with_visit or by is None or by.is_staff else OWNER_MAY_CANCEL
    had_it = order.person_id
    lines = lines_locked(order)
    if order.person_id != had_it and not with_visit:
        _refuse_who_had_it(order, by)
    move(order, OrderState.CANCELLED, expect=expect, by=by, now=now, reason=reason)
    give_back(lines, by=by, now=now)
    if not with_visit:
        _tell("order-cancelled", order, now)
    if flagged:
        tell_lead(about=f"order:{order.pk}:cancelled", reference=order.reference, now=now)


def _refuse_who_had_it(order: Order, by: User | None) -> None:
    """Another's than it was read as: two rows of its owner have become one, or a colleague took the visit over."""
    if by is not None and not by.is_staff and order.person.user_id != by.pk:
        raise OrderIsAColleaguesNow(order)


def give_back(lines: Sequence[OrderLine], *, by: User | None, now: datetime) -> None:
    """Every copy that is promised or waited for is cancelled, and goes to whoever waits. The caller holds the locks."""
    OrderLine.objects.filter(pk__in=[line.pk for line in lines if line.backordered]).update(
        cancelled=F("cancelled") + F("backordered"), backordered=0
    )
    settle({line: line.allocated for line in lines}, "cancelled", by=by, now=now)
    fill_backorders({line.edition_id for line in lines}, by=None, now=now)


class _OtherLines(Exception):
    pass


def lines_locked(order: Order) -> list[OrderLine]:
    """The order's lines, standing still; `order` knows whose it is by now."""
    return list(order_locked(order).lines.all())


def order_locked(order: Order) -> Order:
    """As it stands, with its lines; `order`, as it was read, knows whose it is by now."""
    [locked] = orders_locked([order.pk])
    order.person_id = locked.person_id  # another than was read: that one is forgotten
    return locked


def orders_locked(keys: Collection[int], *, every_print: bool = False) -> list[Order]:
    """These orders with their lines, standing still: their editions locked in key order, then the orders, as every
    writer of stock does it. `every_print`: with the other editions of their titles.

    What is seen before the locks may have changed by then. If so, all are let go and taken anew. Four statements.
    """
    lines_of = OrderLine.objects.filter(order__in=keys)
    editions = Edition.objects.filter(leaflet__in=lines_of.values("edition__leaflet")) if every_print else None
    while True:
        with suppress(_OtherLines), transaction.atomic():
            wanted = lines_of.values_list("edition_id") if editions is None else editions.values_list("pk")
            locked = lock_editions(key for (key,) in wanted.distinct())
            orders = lock_orders(Order.objects.filter(pk__in=keys))
            read_lines(orders)
            if any(line.edition_id not in locked for order in orders for line in order.lines.all()):
                raise _OtherLines
            return orders


def read_lines(orders: Sequence[Order]) -> None:
    """Each order knows its lines, and they their editions. One statement."""
    prefetch_related_objects(orders, Prefetch("lines", OrderLine.objects.select_related("edition__leaflet").order_by("pk")))


def _tell(kind: str, order: Order, now: datetime) -> None:
    notify(kind=kind, about=f"order:{order.pk}", reference=order.reference, to=[order.person.email], now=now)
