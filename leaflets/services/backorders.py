"""Copies that someone waits for: given out as soon as there are any, to who was passed forward, then oldest order first."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime

from django.db.models import Count, F, Q, prefetch_related_objects

from leaflets.models import Edition, EditionState, EventKind, MovementKind, Order, OrderEvent, OrderLine, OrderState
from leaflets.services.alerts import tell_who_asked
from leaflets.services.ledger import for_line, lock_editions, record
from leaflets.services.locking import lock_lines
from notifications.services.writing import About, notify_about
from professionals.models import User

# A request is still to be decided on; what is being packed is not changed under the packer's hands.
WAIT_FOR_COPIES = (OrderState.RECEIVED, OrderState.WAITING)


def fill_backorders(editions: Iterable[int], *, by: User | None, now: datetime) -> None:
    """Promise what nobody has been promised to those who wait, in the order of the queue. The caller holds the editions' locks.

    Who gets copies for an order of which there were none is told that it will be packed; if some are left, whoever asked to
    hear of it is told too.
    """
    locked = lock_editions(editions)
    free = {key: edition.free for key, edition in locked.items() if edition.free}
    waiting = lines_that_wait(free) if free else []
    given: dict[OrderLine, int] = {}
    for line in waiting:
        if copies := min(free[line.edition_id], line.backordered):
            free[line.edition_id] -= copies
            given[line] = copies
    promise(given, by=by, now=now)
    woken = {line.order for line in given if line.order.state == OrderState.WAITING}
    if woken:
        wake(sorted(woken, key=lambda order: order.pk), now=now)
    current = (edition for edition in locked.values() if edition.state == EditionState.CURRENT and free.get(edition.pk))
    tell_who_asked([edition.leaflet_id for edition in current], now=now)


def lines_that_wait(editions: Iterable[int]) -> list[OrderLine]:
    """In the order of the queue; rows and orders are locked in the order of their keys, as every other writer does it."""
    lines = OrderLine.objects.filter(edition__in=editions, backordered__gt=0, order__state__in=WAIT_FOR_COPIES)
    return sorted(lock_lines(lines), key=place_in_line)


def place_in_line(line: OrderLine) -> tuple[bool, datetime, datetime, int, int]:
    """Who was passed forward comes first, in the order in which they were; then the oldest order."""
    order = line.order
    forward = order.passed_forward_at
    return forward is None, forward or order.created_at, order.created_at, order.pk, line.pk


def promise(given: dict[OrderLine, int], *, by: User | None, now: datetime) -> None:
    """Turn so many backordered copies of each line into promised ones. The caller holds the locks."""
    if not given:
        return
    # Most get all that they wait for: said once for all of them, where bulk_update would name each.
    whole = [line.pk for line, copies in given.items() if copies == line.backordered]
    for line, copies in given.items():
        line.backordered -= copies
        line.allocated += copies
    OrderLine.objects.filter(pk__in=whole).update(allocated=F("allocated") + F("backordered"), backordered=0)
    OrderLine.objects.bulk_update([line for line in given if line.backordered], ["backordered", "allocated"])
    record([for_line(line, MovementKind.ALLOCATED, copies) for line, copies in given.items()], by=by, now=now)


def wake(orders: list[Order], *, now: datetime) -> None:
    """From Waiting to Received, written down and told. Nobody did it: the copies came."""
    keys = [order.pk for order in orders]
    earlier = Count("events", filter=Q(events__kind=EventKind.STOCKED))
    times = dict(Order.objects.filter(pk__in=keys).order_by().annotate(times=earlier).values_list("pk", "times"))
    Order.objects.filter(pk__in=keys).update(state=OrderState.RECEIVED)
    OrderEvent.objects.bulk_create([OrderEvent(order=order, kind=EventKind.STOCKED, at=now) for order in orders])
    prefetch_related_objects(orders, "person")
    told = [About(f"order:{order.pk}", order.person.email, order.reference, times[order.pk] + 1) for order in orders]
    notify_about(told, kind="order-stocked", now=now)


def follow_to(edition: Edition) -> None:
    """A new print is there: who waits for an earlier one of the leaflet gets this. The caller holds the editions' locks."""
    lines = OrderLine.objects.filter(edition__leaflet=edition.leaflet_id, backordered__gt=0).exclude(edition=edition)
    split: dict[bool, list[OrderLine]] = defaultdict(list)
    for line in lines.select_for_update(of=("self",)).order_by("pk"):
        split[line.backordered == line.copies].append(line)
    OrderLine.objects.filter(pk__in=[line.pk for line in split[True]]).update(edition=edition)
    for line in split[False]:
        copies, line.backordered = line.backordered, 0
        line.copies -= copies
        line.save(update_fields=["copies", "backordered"])
        OrderLine.objects.create(order_id=line.order_id, edition=edition, copies=copies, backordered=copies)
