"""Packing sessions: started, changed while they are open, dispatched or closed. Locks: session, editions, orders (ADR 19)."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import IntegrityError, models, transaction
from django.db.models import prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.models import User
from core.errors import DomainError
from leaflets.dispatch.queries import PackingChoice, packable_order_keys, packing_queue
from leaflets.models import (
    MAX_PARCELS,
    PUT_BACK_OUTCOMES,
    Edition,
    EditionState,
    MovementKind,
    Order,
    OrderEventKind,
    OrderLine,
    OrderState,
    PackingSession,
    PackingSessionState,
    Parcel,
    ParcelOutcome,
    StockMovement,
)
from leaflets.models.packing import ParcelQuerySet
from leaflets.orders.services.transitions import (
    Transition,
    lock_orders_and_lines,
    prefetch_lines,
    record_dispatches,
    transition,
    transition_many,
)
from leaflets.stock.services import fill_backorders, lock_orders, move_copies, record_movements


class NothingToPack(DomainError):
    message: str | Promise = gettext_lazy("No order matches now. A colleague may have just started to pack them. Choose again.")


class SessionHasEnded(DomainError):
    message: str | Promise = gettext_lazy(
        "This session has already ended, so nothing was changed. You can see below what happened to it."
    )


class IsInSession(DomainError):
    message: str | Promise = gettext_lazy("This order is in a packing session already.")


@transaction.atomic
def start_session(*, choice: PackingChoice, by: User | None, now: datetime) -> PackingSession:
    """As many statements for one order as for two hundred.

    Two colleagues who start at once don't wait: each takes orders that the other has not locked. Raises NothingToPack.
    """
    queue = packing_queue(choice).filter(pk__in=packable_order_keys(choice))
    orders = list(queue.select_for_update(of=("self",), no_key=True, skip_locked=True)[: min(choice.most, MAX_PARCELS)])
    if not orders:
        raise NothingToPack
    session = PackingSession.objects.create(
        brought=choice.brought, chosen=choice.description()[:300], started_at=now, started_by=by
    )
    moves = [Transition(order, OrderState.PACKING, OrderEventKind.PACKING) for order in orders]
    transition_many(moves, expect=OrderState.RECEIVED, by=by, now=now)
    Parcel.objects.bulk_create(Parcel(session=session, order=order, number=number) for number, order in enumerate(orders, 1))
    return session


def lock_packing_session(session: PackingSession) -> PackingSession:
    """Take this lock first to change a session. Raises SessionHasEnded."""
    locked = PackingSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if not locked.is_open:
        raise SessionHasEnded
    return locked


@transaction.atomic
def add_order(session: PackingSession, *, order: Order, by: User | None, now: datetime) -> Parcel:
    """A late order joins the session, with the next number. One that somebody packs on its own page may join too.

    Raises SessionHasEnded, IsInSession, OrderStateHasChanged.
    """
    session = lock_packing_session(session)
    numbers = list(session.parcels.order_by("number").values_list("number", flat=True))
    if session.parcels.open().count() >= MAX_PARCELS:
        raise DomainError(gettext_lazy("This session is full. Start another session for this order."))
    [order] = lock_orders(Order.objects.filter(pk=order.pk))
    if bool(order.visit_reference) != session.brought:  # an order that is brought has no address
        raise DomainError(gettext_lazy("You can’t pack leaflets to post and leaflets for presenters in the same session."))
    if order.packed_in.open().exists():
        raise IsInSession
    if order.state != OrderState.PACKING:
        transition(order, OrderState.PACKING, expect={OrderState.RECEIVED}, by=by, now=now)
    try:
        with transaction.atomic():
            return Parcel.objects.create(session=session, order=order, number=max(numbers, default=0) + 1)
    except IntegrityError:
        raise IsInSession from None


@dataclass(frozen=True)
class TypedParcel:
    """What was typed for a parcel: why it is left out, if it is; fewer copies, by line's key; its tracking number."""

    left_out: str = ""
    shortages: Mapping[int, int] = field(default_factory=dict)
    tracking_number: str = ""


@transaction.atomic
def save_parcels(*, session: PackingSession, typed: Mapping[int, TypedParcel]) -> None:
    """Store what was typed about these parcels, by their keys. Raises SessionHasEnded."""
    store_typed(lock_packing_session(session), typed)


def store_typed(session: PackingSession, typed: Mapping[int, TypedParcel]) -> None:
    """Store what was typed about parcels that are still open. The caller has locked the session."""
    if not typed:
        return
    changed = []
    for parcel in session.parcels.open().filter(pk__in=typed):
        entry = typed[parcel.pk]
        before = (parcel.left_out, parcel.shortages, parcel.tracking_number)
        parcel.left_out, parcel.tracking_number = entry.left_out, entry.tracking_number
        parcel.shortages = {str(key): copies for key, copies in entry.shortages.items()}
        if (parcel.left_out, parcel.shortages, parcel.tracking_number) != before:
            changed.append(parcel)
    Parcel.objects.bulk_update(changed, ["left_out", "shortages", "tracking_number"])


def end_session(session: PackingSession, to: PackingSessionState, *, by: User | None, now: datetime) -> None:
    """The caller has locked it."""
    session.state, session.ended_at, session.ended_by = to, now, by
    session.save(update_fields=["state", "ended_at", "ended_by"])


NOT_ON_SHELF_REASON = gettext_lazy(
    "Not on the shelf: %(session)s"
)  # why the stock was corrected, by which its page finds it again


def write_off_missing(lines: Sequence[OrderLine], *, session: PackingSession, by: User | None, now: datetime) -> None:
    """These lines' promised copies were not on the shelf, nor any free copies: the orders wait for the current edition.

    The caller holds the locks of all editions of these titles, and must prefetch the orders' lines again afterwards.
    """
    missing: dict[Edition, int] = defaultdict(int)
    for line in lines:
        missing[line.edition] += line.allocated
    reason = NOT_ON_SHELF_REASON % {"session": session}
    move_copies({line: line.allocated for line in lines}, "allocated", "backordered", by=by, now=now, reason=reason)
    movements = []
    for edition, promised in missing.items():
        # The edition's figures are from before anything left: free copies, plus those just taken out of the promise.
        copies = max(edition.available, 0) + promised
        figures = {"copies": copies, "on_hand_change": -copies, "allocated_change": 0}
        movements.append(StockMovement(edition=edition, kind=MovementKind.CORRECTED, **figures))
    record_movements(movements, by=by, now=now, reason=reason)
    move_backorders_to_current([line for line in lines if line.edition.state != EditionState.CURRENT])


def move_backorders_to_current(lines: Sequence[OrderLine]) -> None:
    """Move the backorders of these lines to the current edition, if there is one."""
    titles = {line.edition.leaflet_id for line in lines}
    current = {edition.leaflet_id: edition for edition in Edition.objects.current().filter(leaflet__in=titles)}
    moving = [line for line in lines if line.edition.leaflet_id in current]
    if not moving:
        return
    targets = {(line.order_id, line.edition_id): line for moved in moving for line in moved.order.lines.all()}
    new: list[OrderLine] = []
    for line in moving:
        edition = current[line.edition.leaflet_id]
        target = targets.get((line.order_id, edition.pk))
        if target is None:
            target = targets[line.order_id, edition.pk] = OrderLine(order=line.order, edition=edition, copies=0)
            new.append(target)
        target.copies, target.backordered = target.copies + line.backordered, target.backordered + line.backordered
        line.copies, line.backordered = line.copies - line.backordered, 0
    OrderLine.objects.bulk_update([line for line in targets.values() if line.pk], ["copies", "backordered"])
    OrderLine.objects.bulk_create(new)


class UnsentCopies(models.TextChoices):
    """What happens to promised copies if fewer were sent."""

    NEXT_TIME = "next-time", gettext_lazy("On the shelf, for another parcel")
    WAITS = "waits", gettext_lazy("Nowhere: there are no more")


@dataclass
class ParcelPlan:
    """One parcel, its locked order, and its outcome."""

    parcel: Parcel
    order: Order
    outcome: ParcelOutcome

    @property
    def lines(self) -> list[OrderLine]:
        return list(self.order.lines.all())

    @property
    def is_put_back(self) -> bool:
        return self.outcome in PUT_BACK_OUTCOMES and self.order.state == OrderState.PACKING


def copies_in_parcel(parcel: Parcel, line: OrderLine) -> int:
    """The copies of this line in the parcel: those promised, or fewer if that was typed."""
    return min(int(parcel.shortages.get(str(line.pk), line.allocated)), line.allocated)


def outcome_of(parcel: Parcel, order: Order) -> ParcelOutcome:
    """The outcome if everything left now. Reads only the order's lines."""
    if order.state == OrderState.CANCELLED:
        return ParcelOutcome.CANCELLED
    if order.state != OrderState.PACKING:
        return ParcelOutcome.ELSEWHERE
    if parcel.left_out:
        return ParcelOutcome.LEFT_OUT
    going = [line for line in order.lines.all() if copies_in_parcel(parcel, line)]
    if any(line.edition.state == EditionState.WITHDRAWN for line in going):
        return ParcelOutcome.WITHDRAWN
    return ParcelOutcome.SENT if going else ParcelOutcome.NOTHING


@transaction.atomic
def dispatch_session(
    *, session: PackingSession, rest: UnsentCopies, by: User | None, now: datetime, typed: Mapping[int, TypedParcel] | None = None
) -> PackingSession:
    """Dispatch every parcel that can leave and was not left out. Each other parcel gets its outcome, and stops none.

    `rest`: what happens to promised copies if fewer were sent. `typed`: what is on the page whose button was pressed; None if it
    is saved already. As many statements for one parcel as for two hundred. Raises SessionHasEnded, and DomainError for a parcel
    that the page did not show.
    """
    session = lock_packing_session(session)
    plans = plan_parcels(session.parcels.open(), session, typed)
    if typed is not None and any(plan.parcel.pk not in typed for plan in plans):
        raise DomainError(
            gettext_lazy("Somebody has added an order to this session. Check it in the list and press the button again.")
        )
    end_parcels(session, plans, rest, by=by, now=now)
    end_session(session, PackingSessionState.DISPATCHED, by=by, now=now)
    return session


@transaction.atomic
def close_session(session: PackingSession, *, by: User | None, now: datetime) -> PackingSession:
    """Dispatch nothing: put every order back for a later session. Raises SessionHasEnded."""
    session = lock_packing_session(session)
    put_back(session, session.parcels.open(), ParcelOutcome.CLOSED, by=by, now=now)
    end_session(session, PackingSessionState.CLOSED, by=by, now=now)
    return session


@transaction.atomic
def remove_order(session: PackingSession, *, order: Order, by: User | None, now: datetime) -> None:
    """This order goes back for a later session. Raises SessionHasEnded."""
    session = lock_packing_session(session)
    put_back(session, session.parcels.open().filter(order=order), ParcelOutcome.TAKEN_OUT, by=by, now=now)


def plan_parcels(
    parcels: ParcelQuerySet, session: PackingSession, typed: Mapping[int, TypedParcel] | None = None
) -> list[ParcelPlan]:
    """Locks everything that these open parcels touch, and gives each its outcome.

    Reads the parcels, and saves what was `typed`, under those locks: a recall takes its parcels out of every session and holds
    the same locks (ADR 19). The caller has locked the session.
    """
    keys = list(parcels.values_list("order", flat=True))
    orders = {order.pk: order for order in lock_orders_and_lines(keys, every_print=True)} if keys else {}
    prefetch_related_objects(list(orders.values()), "person")
    store_typed(session, typed or {})
    return [ParcelPlan(parcel, orders[parcel.order_id], outcome_of(parcel, orders[parcel.order_id])) for parcel in parcels.all()]


def put_back(session: PackingSession, parcels: ParcelQuerySet, outcome: ParcelOutcome, *, by: User | None, now: datetime) -> None:
    """Dispatches none of these parcels. Those whose orders are still being packed get this outcome."""
    plans = plan_parcels(parcels, session)
    for plan in plans:
        if plan.order.state == OrderState.PACKING:
            plan.outcome = outcome
    end_parcels(session, plans, UnsentCopies.NEXT_TIME, by=by, now=now)


def end_parcels(
    session: PackingSession, plans: Sequence[ParcelPlan], rest: UnsentCopies, *, by: User | None, now: datetime
) -> None:
    leaving = [plan for plan in plans if plan.outcome == ParcelOutcome.SENT]
    sent = {plan.order.pk: sum(copies_in_parcel(plan.parcel, line) for line in plan.lines) for plan in leaving}
    packed = {
        line: copies_in_parcel(plan.parcel, line)
        for plan in plans
        if plan.outcome in {ParcelOutcome.SENT, ParcelOutcome.NOTHING}
        for line in plan.lines
    }
    move_copies(packed, "allocated", "dispatched", by=by, now=now)
    short = [line for line in packed if line.allocated]
    if short and rest == UnsentCopies.WAITS:
        write_off_missing(short, session=session, by=by, now=now)
        for line in short:
            line.order.refresh_from_db(fields=["lines"])  # clears the prefetched lines
        prefetch_lines([plan.order for plan in plans])
    back = [plan for plan in plans if plan.is_put_back]
    moves = [next_transition(plan) for plan in (*leaving, *back)]
    transition_many(moves, expect=OrderState.PACKING, by=by, now=now)
    # These orders got no copies while they were being packed.
    fill_backorders({line.edition_id for plan in (*leaving, *back) for line in plan.lines if line.backordered}, now=now)
    numbers = {plan.order: plan.parcel.tracking_number for plan in leaving}
    dispatches = {dispatch.order_id: dispatch for dispatch in record_dispatches(numbers, by=by, now=now)} if leaving else {}
    for plan in plans:
        plan.parcel.outcome = plan.outcome
        plan.parcel.copies, plan.parcel.dispatch = sent.get(plan.order.pk, 0), dispatches.get(plan.order.pk)
    Parcel.objects.bulk_update([plan.parcel for plan in plans], ["outcome", "copies", "dispatch"])


def next_transition(plan: ParcelPlan) -> Transition:
    """The new state of its order when the parcel has left, or has been put back."""
    promised = any(line.allocated for line in plan.lines)
    waits = any(line.backordered for line in plan.lines)
    kind, reason = OrderEventKind.PART_SENT, ""
    to = OrderState.RECEIVED if promised else OrderState.WAITING
    if plan.is_put_back:
        plan.parcel.outcome = plan.outcome
        kind, reason = OrderEventKind.PUT_BACK, str(plan.parcel.outcome_text)
        to = OrderState.WAITING if waits and not promised else OrderState.RECEIVED
    elif not (promised or waits):
        to, kind = OrderState.DISPATCHED, OrderEventKind.DISPATCHED
    return Transition(plan.order, to, kind, reason)
