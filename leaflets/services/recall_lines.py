"""What a recall does to copies that are promised or waited for: worked out ahead for a page, stored under the locks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import F, Sum

from leaflets.models import (
    Edition,
    EventKind,
    Instead,
    MovementKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
    Outcome,
    Parcel,
    Recall,
    RecallOrder,
    StockMovement,
)
from leaflets.models.order import OPEN_STATES, OrderLineQuerySet
from leaflets.services.backorders import place_in_line
from leaflets.services.ledger import for_line, record
from professionals.models import User


@dataclass(frozen=True)
class Fate:
    """What becomes of an order's open copies of the recalled edition, all on one line: how many are sent instead, wait, end."""

    line: OrderLine
    moved: int = 0
    to_come: int = 0
    cancelled: int = 0

    @property
    def order(self) -> Order:
        return self.line.order

    @property
    def was_packing(self) -> bool:
        """Copies of it may lie in a parcel on the packing table."""
        return self.order.state == OrderState.PACKING and self.line.allocated > 0

    def is_news(self, instead: str) -> bool:
        """Whether its owner gets something else than they were told, or later."""
        waited = self.order.state == OrderState.WAITING and self.moved
        asks = self.order.state == OrderState.REQUESTED and not self.cancelled
        return bool(instead == Instead.OTHER or self.cancelled or waited or (self.to_come and not asks))


def open_lines(edition: Edition) -> OrderLineQuerySet:
    """Of this edition, with their orders, in key order, as they are locked."""
    lines = OrderLine.objects.filter(edition=edition, order__state__in=OPEN_STATES).exclude(allocated=0, backordered=0)
    return lines.select_related("order").defer("order__searched").order_by("order_id", "pk")


def outcomes_of(lines: Iterable[OrderLine], instead: str, free: int) -> list[Fate]:
    """Pure. `free`: copies of the successor that nobody has been promised.

    They go to those who had a promise first, among them in the order of the queue. A request is promised nothing, and to a parcel
    on the table that has no copy of the edition nothing is added. What a presenter was to bring and is not there is not
    brought: a visit does not wait.
    """
    found = []
    for line in sorted(lines, key=lambda line: (not line.allocated, *place_in_line(line))):
        copies, state = line.allocated + line.backordered, line.order.state
        moved = 0
        if instead in (Instead.SAME, Instead.OTHER):
            stays = state == OrderState.REQUESTED or (state == OrderState.PACKING and not line.allocated)
            moved = 0 if stays else min(copies, free)
            free -= moved
        rest = copies - moved
        ends = instead == Instead.CANCEL or bool(line.order.brought_with)
        found.append(Fate(line, moved, 0 if ends else rest, rest if ends else 0))
    return found


def states_after(outcomes: Sequence[Fate]) -> Mapping[int, OrderState]:
    """Of each order by its key: what it is promised elsewhere counts too. One statement."""
    recalled = [outcome.line.pk for outcome in outcomes]
    others = OrderLine.objects.filter(order__in=[outcome.line.order_id for outcome in outcomes]).exclude(pk__in=recalled)
    sums = others.order_by().values_list("order").annotate(Sum("allocated"), Sum("backordered"))
    elsewhere = {order: (allocated, backordered) for order, allocated, backordered in sums}
    return {outcome.line.order_id: state_after(outcome, *elsewhere.get(outcome.line.order_id, (0, 0))) for outcome in outcomes}


def state_after(outcome: Fate, allocated: int, backordered: int) -> OrderState:
    promised, waits = outcome.moved + allocated, outcome.to_come + backordered
    before = OrderState(outcome.order.state)
    if not promised and not waits:
        return OrderState.CANCELLED
    if before == OrderState.REQUESTED or (before == OrderState.PACKING and not outcome.was_packing):
        return before
    return OrderState.RECEIVED if promised else OrderState.WAITING


def store(recall: Recall, outcomes: Sequence[Fate], *, by: User | None, now: datetime) -> None:
    """Lines, ledger, states, history: as many statements for one order as for thousands. The caller holds the locks."""
    if not outcomes:
        return
    states = states_after(outcomes)
    take_from_lines(outcomes, stays=recall.successor is None)
    released = [for_line(each.line, MovementKind.RELEASED, each.line.allocated) for each in outcomes if each.line.allocated]
    allocated = put_on_lines(recall.successor, outcomes) if recall.successor else []
    if released or allocated:
        record([*released, *allocated], by=by, now=now, reason=recall.reference)
    for state in sorted(set(states.values())):
        keys = [outcome.order.pk for outcome in outcomes if states[outcome.order.pk] == state != outcome.order.state]
        if keys:
            Order.objects.filter(pk__in=keys).update(state=state)
    Parcel.objects.open().filter(order__in=[each.order.pk for each in outcomes if each.was_packing]).update(
        outcome=Outcome.WITHDRAWN
    )
    write_history(recall, outcomes, states, by=by, now=now)


def take_from_lines(outcomes: Sequence[Fate], *, stays: bool) -> None:
    """`stays`: what waits does so on the same line, for the next print. At most three statements."""
    lines, still_open = OrderLine.objects.all(), F("allocated") + F("backordered")
    kept = [each.line.pk for each in outcomes if not each.cancelled]
    if stays:
        lines.filter(pk__in=kept).update(backordered=still_open, allocated=0)
    else:
        lines.filter(pk__in=kept).update(copies=F("copies") - still_open, backordered=0, allocated=0)
    ended = [each.line.pk for each in outcomes if each.cancelled and not each.moved]
    lines.filter(pk__in=ended).update(cancelled=F("cancelled") + still_open, backordered=0, allocated=0)
    for each in outcomes:
        if each.cancelled and each.moved:  # one at most: of those who are brought theirs, the one at which there were no more
            cancelled, copies = F("cancelled") + each.cancelled, F("copies") - each.moved
            lines.filter(pk=each.line.pk).update(copies=copies, cancelled=cancelled, backordered=0, allocated=0)


def put_on_lines(successor: Edition, outcomes: Sequence[Fate]) -> list[StockMovement]:
    """The entries of the ledger for what the successor is promised to, not yet recorded."""
    theirs = [each for each in outcomes if each.moved or each.to_come]
    known = {line.order_id: line for line in OrderLine.objects.filter(edition=successor, order__in=[e.order.pk for e in theirs])}
    lines = []
    for each in theirs:
        line = known.get(each.order.pk) or OrderLine(order=each.order, edition=successor, copies=0)
        line.copies += each.moved + each.to_come
        line.allocated, line.backordered = line.allocated + each.moved, line.backordered + each.to_come
        lines.append(line)
    figures = ["copies", "backordered", "allocated"]
    OrderLine.objects.bulk_create(lines, update_conflicts=True, unique_fields=["order", "edition"], update_fields=figures)
    return [for_line(line, MovementKind.ALLOCATED, each.moved) for line, each in zip(lines, theirs, strict=True) if each.moved]


def write_history(
    recall: Recall, outcomes: Sequence[Fate], states: Mapping[int, OrderState], *, by: User | None, now: datetime
) -> None:
    title = str(recall.successor) if recall.successor else ""
    events = []
    for each in outcomes:
        copies = {"moved": each.moved, "to_come": each.to_come, "cancelled": each.cancelled}
        facts = {"recalled": str(recall.edition), "title": title, **copies}
        events.append(OrderEvent(order=each.order, kind=EventKind.RECALLED, by=by, at=now, changes={"recall": facts}))
        if states[each.order.pk] == OrderState.CANCELLED:
            events.append(OrderEvent(order=each.order, kind=EventKind.CANCELLED, by=by, at=now))
    OrderEvent.objects.bulk_create(events)
    RecallOrder.objects.bulk_create(
        RecallOrder(
            recall=recall,
            order=each.order,
            moved=each.moved,
            to_come=each.to_come,
            cancelled=each.cancelled,
            was_packing=each.was_packing,
        )
        for each in outcomes
    )
