"""Moves an order from state to state: decide, prioritise, pack, dispatch, cancel; and the email about its parcels."""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Prefetch, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from core.dates import uk_datetime, uk_day
from core.errors import DomainError
from leaflets.models import (
    OPEN_ORDER_STATES,
    ORDER_TRANSITIONS,
    OWNER_CANCELLABLE_STATES,
    Dispatch,
    Edition,
    EditionState,
    Leaflet,
    MovementKind,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
    StockMovement,
)
from leaflets.models.orders import QUEUED_STATES, RESTORE_TRANSITIONS
from leaflets.stock.services import fill_backorders, lock_editions, lock_orders, move_copies
from notifications.outbox import notify
from notifications.schedule import DigestItem, add_to_digests
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import lock_person

# The event that is written when an order goes from one state to another.
TRANSITION_EVENTS = {
    (OrderState.REQUESTED, OrderState.RECEIVED): OrderEventKind.APPROVED,
    (OrderState.REQUESTED, OrderState.WAITING): OrderEventKind.APPROVED,
    (OrderState.REQUESTED, OrderState.DECLINED): OrderEventKind.DECLINED,
    (OrderState.RECEIVED, OrderState.PACKING): OrderEventKind.PACKING,
    (OrderState.PACKING, OrderState.RECEIVED): OrderEventKind.PUT_BACK,
    (OrderState.PACKING, OrderState.WAITING): OrderEventKind.PART_SENT,
    (OrderState.PACKING, OrderState.DISPATCHED): OrderEventKind.DISPATCHED,
    **{(state, OrderState.CANCELLED): OrderEventKind.CANCELLED for state in OPEN_ORDER_STATES},
    **{(OrderState.CANCELLED, to): OrderEventKind.RESTORED for to in RESTORE_TRANSITIONS[OrderState.CANCELLED]},
}
REFUSAL_TEXT_BY_STATE: dict[str, Promise] = {
    OrderState.REQUESTED: gettext_lazy("Nobody has decided on this order yet. Agree to it or decline it first."),
    OrderState.RECEIVED: gettext_lazy("Nobody has started to pack this order yet. Start packing first."),
    OrderState.WAITING: gettext_lazy("This order is waiting for copies that are not in stock, so you have nothing to pack yet."),
    OrderState.PACKING: gettext_lazy("We have started to pack this order, so this can no longer be done here. Please call us."),
    OrderState.DISPATCHED: gettext_lazy("This order has already been dispatched, so nothing was changed."),
    OrderState.CANCELLED: gettext_lazy("This order has already been cancelled, so nothing was changed."),
    OrderState.DECLINED: gettext_lazy("This order has already been declined, so nothing was changed."),
}


class OrderStateHasChanged(DomainError):
    """The order is no longer in the state that the caller expected; `order` carries the state that it is in."""

    passing = True

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__(self.message or REFUSAL_TEXT_BY_STATE[order.state])


class OrderIsTransferred(OrderStateHasChanged):
    """An order that is brought to a visit goes to the colleague who takes the visit over."""

    message = gettext_lazy("A colleague is already working on this order, so nothing was changed.")


class TakenOutByRecall(OrderStateHasChanged):
    """A leaflet in the order was recalled while it was being packed: the packer who holds the parcel must know."""

    message = gettext_lazy(
        "A leaflet in this parcel was recalled while it was being packed, so it must not leave. "
        "Take that leaflet out, then pack the order again."
    )


def transition(
    order: Order,
    to: OrderState,
    *,
    expect: Collection[OrderState],
    by: User | None,
    now: datetime,
    reason: str = "",
    changes: Mapping[str, object] | None = None,
) -> OrderEvent:
    """Take the order from one of the expected states to another, and write the event.

    The conditional update is also the lock: of two movers at the same moment the second waits, then finds the order moved.
    Raises OrderStateHasChanged; ValueError for what ORDER_TRANSITIONS doesn't allow.
    """
    if any(to not in ORDER_TRANSITIONS[state] | RESTORE_TRANSITIONS.get(state, frozenset()) for state in expect):
        raise ValueError(f"no order goes from {sorted(expect)} to {to}")
    [kind] = {TRANSITION_EVENTS[state, to] for state in expect}
    if not Order.objects.filter(pk=order.pk, state__in=expect).update(state=to):
        order.refresh_from_db(fields=["state"])
        last = order.events.order_by("-at", "-pk").values_list("kind", flat=True)[:2]
        if set(expect) == {OrderState.PACKING} and order.state != OrderState.DISPATCHED and OrderEventKind.RECALLED in last:
            raise TakenOutByRecall(order)
        raise OrderStateHasChanged(order)
    order.state = to
    return OrderEvent.objects.create(order=order, kind=kind, by=by, at=now, reason=reason, changes=changes)


@dataclass(frozen=True)
class Transition:
    """One move for `transition_many`. It names the event's `kind`, because the states alone don't tell it.

    An order of which a part has left goes to the same state as an order that is put back.
    """

    order: Order
    to: OrderState
    kind: OrderEventKind
    reason: str = ""


def transition_many(moves: Sequence[Transition], *, expect: OrderState, by: User | None, now: datetime) -> None:
    """Like `transition`, for orders that the caller has locked and seen in that state. One statement for each `to`.

    Raises ValueError for a move that ORDER_TRANSITIONS doesn't allow.
    """
    if wrong := {move.to for move in moves} - ORDER_TRANSITIONS[expect]:
        raise ValueError(f"no order goes from {expect} to {sorted(wrong)}")
    for to in sorted({move.to for move in moves}):
        Order.objects.filter(pk__in=[move.order.pk for move in moves if move.to == to], state=expect).update(state=to)
    OrderEvent.objects.bulk_create(OrderEvent(order=m.order, kind=m.kind, by=by, at=now, reason=m.reason) for m in moves)
    for move in moves:
        move.order.state = move.to


def rewrite_order(
    order: Order,
    to: OrderState,
    columns: Mapping[str, object],
    *,
    changes: Mapping[str, object],
    by: User | None,
    now: datetime,
) -> None:
    """Write changed `columns` of an order, and the state that its copies now need. `order` has the expected state.

    `changes` are stored with the event. Locks like `transition`. Raises OrderStateHasChanged; ValueError for a state that the
    order can't go to.
    """
    if to != order.state and to not in ORDER_TRANSITIONS[OrderState(order.state)]:
        raise ValueError(f"no order goes from {order.state} to {to}")
    if not Order.objects.filter(pk=order.pk, state=order.state).update(state=to, **columns):
        order.refresh_from_db(fields=["state"])
        raise OrderStateHasChanged(order)
    order.state = to
    OrderEvent.objects.create(order=order, kind=OrderEventKind.CHANGED, by=by, at=now, changes=changes)


# Once a day one email about all that has left (ADR 4).
LAST_POST_TIME = time(18)  # UK time; by then the post of the day has been fetched
LATE_POST_DELAY = timedelta(minutes=30)  # a later parcel waits this long for the rest of the pile


def email_due_at(now: datetime) -> datetime:
    """When an email about a parcel that leaves now is due."""
    end = uk_datetime(uk_day(now), LAST_POST_TIME)
    return end if now < end else now + LATE_POST_DELAY


def parcel_contents(parcels: Sequence[Dispatch]) -> list[dict[Leaflet, int]]:
    """The copies of each title in each of these parcels, from the ledger. One statement."""
    sent = StockMovement.objects.filter(
        kind=MovementKind.DISPATCHED,
        order_line__order__in=[parcel.order_id for parcel in parcels],
        at__in=[parcel.dispatched_at for parcel in parcels],
    ).select_related("edition__leaflet", "order_line")
    baskets: dict[tuple[int, datetime], dict[Leaflet, int]] = defaultdict(Counter)
    for movement in sent.order_by("edition__leaflet__position", "pk"):
        key = movement.order_line.order_id, movement.at  # type: ignore[union-attr]
        baskets[key][movement.edition.leaflet] += movement.copies
    return [baskets[parcel.order_id, parcel.dispatched_at] for parcel in parcels]


@transaction.atomic
def start_packing(order: Order, *, by: User | None, now: datetime) -> None:
    """From now on, its owner can't change the order. Raises OrderStateHasChanged."""
    transition(order, OrderState.PACKING, expect={OrderState.RECEIVED}, by=by, now=now)


@transaction.atomic
def dispatch_order(order: Order, *, by: User | None, now: datetime, tracking_number: str = "") -> Dispatch:
    """The parcel has left: its copies are no longer on the shelf or promised.

    If some copies are still to come, the order waits for them. Raises OrderStateHasChanged; DomainError if an edition in it is
    withdrawn.
    """
    lines = list(lock_order(order).lines.all())
    rest = any(line.backordered for line in lines)
    transition(order, OrderState.WAITING if rest else OrderState.DISPATCHED, expect={OrderState.PACKING}, by=by, now=now)
    if withdrawn := [line.edition for line in lines if line.allocated and line.edition.state == EditionState.WITHDRAWN]:
        refusal = _("“%(edition)s” has been withdrawn and must not be sent. Cancel this order.")
        raise DomainError(refusal % {"edition": withdrawn[0]})
    move_copies({line: line.allocated for line in lines}, "allocated", "dispatched", by=by, now=now)
    if rest:
        fill_backorders({line.edition_id for line in lines}, now=now)
    [parcel] = record_dispatches({order: tracking_number}, by=by, now=now)
    return parcel


def record_dispatches(tracking_numbers: Mapping[Order, str], *, by: User | None, now: datetime) -> list[Dispatch]:
    """A parcel for each of these orders, and its line in the evening's email. Two statements, however many orders.

    From then on the caller holds the emails' rows, so call it after all other locks.
    """
    # What the presenter brings goes in another email than what is posted. A person without an address gets none.
    orders = list(tracking_numbers)
    news = [
        DigestItem(
            ":".join(filter(None, ["person", str(order.person_id), order.visit_reference])), order.person.email, order.reference
        )
        for order in orders
    ]
    emails = add_to_digests(news, kind="order-dispatched", day=uk_day(now), now=now, due_at=email_due_at(now))
    return Dispatch.objects.bulk_create(
        Dispatch(order=order, dispatched_at=now, by=by, tracking_number=number, notification_id=key)
        for (order, number), key in zip(tracking_numbers.items(), emails, strict=True)
    )


@transaction.atomic
def cancel_order(
    order: Order, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False, with_visit: bool = False
) -> None:
    """Give the copies back to the shelf, and on to orders that wait for them. Raises OrderStateHasChanged, OrderIsTransferred.

    `flagged`: the reason looks like a child's details and its writer kept it, so tell the safeguarding lead.

    Its owner may cancel until packing starts; staff, and we ourselves when we erase a person (`by` is None), until dispatch. So
    may anybody who calls off the visit that it was to be brought to (`with_visit`); the email about the visit then says so.
    """
    expect: Collection[OrderState] = OPEN_ORDER_STATES if with_visit or by is None or by.is_staff else OWNER_CANCELLABLE_STATES
    previous_owner = order.person_id
    locked = lock_order(order)
    lines = list(locked.lines.all())
    # The owner may have changed: two records of the person were merged, or a colleague took the visit over.
    owner = None if by is None or by.is_staff else by
    if owner is not None and not with_visit and order.person_id != previous_owner and order.person.user_id != owner.pk:
        raise OrderIsTransferred(order)
    gave_back = {str(line.pk): [line.allocated, line.backordered] for line in lines if line.allocated or line.backordered}
    changes = {"gave_back": gave_back, "from": locked.state}
    event = transition(order, OrderState.CANCELLED, expect=expect, by=by, now=now, reason=reason, changes=changes)
    release_lines(lines, by=by, now=now)
    if not with_visit:
        # The event's key is the version, so a second cancellation after a restore sends a second email.
        notify_order("order-cancelled", order, now=now, version=event.pk)
    notify_lead_if_flagged(order, ":cancelled", now, flagged=flagged)


def notify_order(kind: str, order: Order, *, now: datetime, version: int = 1) -> None:
    about, to = f"order:{order.pk}", [order.person.email]
    notify(kind=kind, about=about, reference=order.reference, to=to, now=now, version=version)


def release_lines(lines: Sequence[OrderLine], *, by: User | None, now: datetime) -> None:
    """Cancel every copy that is promised or waited for; free copies go to orders that wait. The caller holds the locks."""
    OrderLine.objects.filter(pk__in=[line.pk for line in lines if line.backordered]).update(
        cancelled=F("cancelled") + F("backordered"), backordered=0
    )
    move_copies({line: line.allocated for line in lines}, "allocated", "cancelled", by=by, now=now)
    fill_backorders({line.edition_id for line in lines}, now=now)


@transaction.atomic
def restore_order(order: Order, *, reason: str, by: User | None, now: datetime, flagged: bool = False) -> None:
    """Take back a cancellation: promise the order the same copies again, all or none, and wait again for the rest.

    `flagged`: as in `cancel_order`. Raises OrderStateHasChanged, AccountGoneError, and DomainError with the titles that lack
    copies.
    """
    lock_person(order.person)
    locked = lock_order(order)
    cancelled = find_cancellation(locked)
    if cancelled is None or locked.visit_reference:
        raise OrderStateHasChanged(locked)
    if gone := copies_gone(locked, cancelled):
        refusal = _("We no longer have enough copies of %(titles)s. Go back to the order and press “Order again”.")
        raise DomainError(refusal % {"titles": ", ".join(f"“{leaflet}”" for leaflet in gone)})
    event = reallocate_copies(locked, cancelled, by=by, now=now, reason=reason)
    notify_order("order-restored", order, now=now, version=event.pk)
    notify_lead_if_flagged(order, f":restored:{event.pk}", now, flagged=flagged)


def restore_for_visit(order: Order, *, cancelled_at: datetime, by: User | None, now: datetime) -> dict[Leaflet, int]:
    """The visit goes ahead after all: restore the copies that are still there. Returns the copies that are gone, by title.

    Run it in the booking's transaction, after its presenter is locked. It refuses nothing.
    """
    locked = lock_order(order)
    cancelled = find_cancellation(locked)
    if cancelled is None or cancelled.at != cancelled_at:
        return {}
    gone, gave_back = copies_gone(locked, cancelled), copies_given_back(cancelled)
    if sum(gone.values()) < sum(sum(copies) for copies in gave_back.values()):
        reallocate_copies(locked, cancelled, by=by, now=now)
    return gone


def find_cancellation(order: Order) -> OrderEvent | None:
    """The cancellation that staff can take back; none if the order ended by a recall."""
    last = order.events.filter(kind=OrderEventKind.CANCELLED).last() if order.state == OrderState.CANCELLED else None
    return last if last is not None and "gave_back" in (last.changes or {}) else None


def copies_given_back(cancelled: OrderEvent) -> dict[int, tuple[int, int]]:
    """By the key of a line: the copies that it was promised, and the copies that it waited for."""
    changes: Any = cancelled.changes
    return {int(key): (promised, waited_for) for key, (promised, waited_for) in changes["gave_back"].items()}


def copies_gone(order: Order, cancelled: OrderEvent) -> dict[Leaflet, int]:
    """By title, how many of its copies can't be promised again. It can wait for copies of the current edition only."""
    gone, gave_back = Counter[Leaflet](), copies_given_back(cancelled)
    for line in order.lines.all():
        promised, waited_for = gave_back.get(line.pk, (0, 0))
        edition = line.edition
        gone[edition.leaflet] += max(promised - edition.free, 0) + (0 if edition.state == EditionState.CURRENT else waited_for)
    return +gone  # without zeros


def reallocate_copies(order: Order, cancelled: OrderEvent, *, by: User | None, now: datetime, reason: str = "") -> OrderEvent:
    """Promise the copies that are there, and wait again for those that it waited for. The caller holds the locks."""
    gave_back, promised = copies_given_back(cancelled), dict[OrderLine, int]()
    is_request = bool(cancelled.changes and cancelled.changes["from"] == OrderState.REQUESTED)
    lines = [line for line in order.lines.all() if line.pk in gave_back]
    for line in lines:
        copies, waited_for = gave_back[line.pk]
        promised[line] = min(copies, line.edition.free)
        back = promised[line] + (waited_for if line.edition.state == EditionState.CURRENT else 0)
        line.cancelled, line.backordered = line.cancelled - back, back
    OrderLine.objects.bulk_update(lines, ["cancelled", "backordered"])
    move_copies(promised, "backordered", "allocated", by=by, now=now)
    to = OrderState.RECEIVED if any(promised.values()) else OrderState.REQUESTED if is_request else OrderState.WAITING
    event = transition(order, to, expect={OrderState.CANCELLED}, by=by, now=now, reason=reason)
    fill_backorders({line.edition_id for line in lines}, now=now)
    return event


class _LinesHaveChanged(Exception):
    pass


def lock_order(order: Order) -> Order:
    """The order as it stands, with its lines. The `order` that was read earlier gets the owner that it has now."""
    [locked] = lock_orders_and_lines([order.pk])
    order.person_id = locked.person_id
    return locked


def lock_orders_and_lines(keys: Collection[int], *, every_print: bool = False) -> list[Order]:
    """Lock these orders with their lines: first their editions in key order, then the orders, like every writer of stock.

    `every_print`: also lock the other editions of their titles. The lines may change before the locks are held; then it lets all
    locks go and starts again. Four statements.
    """
    lines_of = OrderLine.objects.filter(order__in=keys)
    editions = Edition.objects.filter(leaflet__in=lines_of.values("edition__leaflet")) if every_print else None
    while True:
        with suppress(_LinesHaveChanged), transaction.atomic():
            wanted = lines_of.values_list("edition_id") if editions is None else editions.values_list("pk")
            locked = lock_editions(key for (key,) in wanted.distinct())
            orders = lock_orders(Order.objects.filter(pk__in=keys))
            prefetch_lines(orders)
            if any(line.edition_id not in locked for order in orders for line in order.lines.all()):
                raise _LinesHaveChanged
            return orders


def prefetch_lines(orders: Sequence[Order]) -> None:
    """Prefetch the lines of each order, with their editions. One statement."""
    prefetch_related_objects(orders, Prefetch("lines", OrderLine.objects.select_related("edition__leaflet").order_by("pk")))


class NothingGranted(DomainError):
    message: str | Promise = gettext_lazy("Give at least one copy of one title, or decline the request.")


class MoreThanAsked(DomainError):
    message: str | Promise = gettext_lazy("Give no more copies than were asked for.")


@transaction.atomic
def approve_order(
    order: Order, *, granted: Mapping[int, int], by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Agree to a request over the limits. `granted`: the copies of each line, by its key; a line that it doesn't name gets none.

    Copies that are not in stock are backordered. Copies that a recall ended can't be given: a request asks only for what its
    lines still wait for. `reason` is for colleagues. `flagged`: it looks like a child's details and its writer kept it, so tell
    the lead. Raises OrderStateHasChanged, NothingGranted, MoreThanAsked.
    """
    locked = lock_order(order)
    if locked.state != OrderState.REQUESTED:
        raise OrderStateHasChanged(locked)
    given = {line: granted.get(line.pk, 0) for line in locked.lines.all()}
    if any(copies > line.backordered or copies < 0 for line, copies in given.items()):
        raise MoreThanAsked
    if not any(given.values()):
        raise NothingGranted
    in_stock = {line: min(copies, line.edition.free) for line, copies in given.items()}
    to = OrderState.RECEIVED if any(in_stock.values()) else OrderState.WAITING
    transition(order, to, expect={OrderState.REQUESTED}, by=by, now=now, reason=reason)
    for line, copies in given.items():
        line.cancelled, line.backordered = line.copies - copies, copies
    OrderLine.objects.bulk_update(given, ["cancelled", "backordered"])
    move_copies(in_stock, "backordered", "allocated", by=by, now=now)
    notify_order("order-approved", order, now=now)
    notify_lead_if_flagged(order, ":decided", now, flagged=flagged)


@transaction.atomic
def decline_order(order: Order, *, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Send none of it. The person reads the `reason`. `flagged`: as in `approve_order`. Raises OrderStateHasChanged."""
    lines = list(lock_order(order).lines.all())
    transition(order, OrderState.DECLINED, expect={OrderState.REQUESTED}, by=by, now=now, reason=reason)
    release_lines(lines, by=by, now=now)
    notify_order("order-declined", order, now=now)
    notify_lead_if_flagged(order, ":decided", now, flagged=flagged)


@transaction.atomic
def prioritise_order(order: Order, *, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """Pass an order forward: it gets copies before other orders, but after those that were passed forward earlier (ADR 17).

    No other order loses a promised copy. `flagged`: the reason looks like a child's details and its writer kept it, so tell the
    safeguarding lead. Raises OrderStateHasChanged; DomainError if it is passed forward already or waits for no copies.
    """
    _set_priority(order, now, by=by, now=now, reason=reason, flagged=flagged)


@transaction.atomic
def remove_priority(order: Order, *, by: User | None, now: datetime, reason: str = "", flagged: bool = False) -> None:
    """Put the order back in its place by date. It keeps its promised copies. `flagged`: as in `prioritise_order`.

    Raises OrderStateHasChanged; DomainError if it is not passed forward.
    """
    _set_priority(order, None, by=by, now=now, reason=reason, flagged=flagged)


def _set_priority(order: Order, since: datetime | None, *, by: User | None, now: datetime, reason: str, flagged: bool) -> None:
    """`since` when it is passed forward, if it is. Its editions and itself are locked: nobody gives copies out meanwhile."""
    lock_order(order)
    order.refresh_from_db(fields=["state", "prioritised_at"])
    if order.state not in QUEUED_STATES:
        raise OrderStateHasChanged(order)
    if since and order.prioritised_at:
        raise DomainError(gettext_lazy("This order is already passed forward, so nothing has changed."))
    if since and not order.lines.filter(backordered__gt=0).exists():
        raise DomainError(gettext_lazy("This order already has all its copies, so it is not waiting for any."))
    if not since and not order.prioritised_at:
        raise DomainError(gettext_lazy("This order is already in its own place, so nothing has changed."))
    kind = OrderEventKind.PRIORITISED if since else OrderEventKind.IN_LINE
    order.prioritised_at = since
    order.save(update_fields=["prioritised_at"])
    event = OrderEvent.objects.create(order=order, kind=kind, by=by, at=now, reason=reason)
    notify_lead_if_flagged(order, f":place:{event.pk}", now, flagged=flagged)
