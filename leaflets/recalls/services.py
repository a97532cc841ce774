"""Recalls: an edition found wrong is withdrawn in one act, and everybody who has copies or waits for them is emailed (ADR 19)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction
from django.db.models import CharField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from core.dates import uk_datetime, uk_day
from core.errors import DomainError
from leaflets.models import (
    Edition,
    EditionState,
    Leaflet,
    MovementKind,
    Order,
    OrderChannel,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
    PackingSession,
    Parcel,
    ParcelOutcome,
    Recall,
    RecallHolder,
    RecallOrder,
    RecallReplacement,
    StockMovement,
)
from leaflets.models.orders import OPEN_ORDER_STATES, OrderLineQuerySet
from leaflets.orders.queries import visit_start
from leaflets.stock.services import lock_editions, lock_lines, movement_for_line, queue_position, record_movements
from notifications.models import Notification
from notifications.outbox import NewMessage, notify_many
from privacy.personal_data import ERASED_NAME
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged


@dataclass(frozen=True)
class LineOutcome:
    """What happens to an order's open copies of the recalled edition, all on one line.

    The counts say how many are sent instead (`moved`), wait (`to_come`) or are `cancelled`.
    """

    line: OrderLine
    moved: int = 0
    to_come: int = 0
    cancelled: int = 0

    @property
    def order(self) -> Order:
        return self.line.order

    @property
    def was_packing(self) -> bool:
        """Whether copies of it may be in a parcel on the packing table."""
        return self.order.state == OrderState.PACKING and self.line.allocated > 0

    def needs_email(self, instead: str) -> bool:
        """Whether its owner gets something else than they expect, or later."""
        waited = self.order.state == OrderState.WAITING and self.moved
        delayed = self.to_come and self.order.state != OrderState.REQUESTED
        return bool(instead == RecallReplacement.OTHER or self.cancelled or waited or delayed)


def open_lines(edition: Edition) -> OrderLineQuerySet:
    """The lines of open orders that have copies of this edition, with their orders, in the order of the locks."""
    lines = OrderLine.objects.filter(edition=edition, order__state__in=OPEN_ORDER_STATES).exclude(allocated=0, backordered=0)
    return lines.select_related("order").defer("order__searched").order_by("order_id", "pk")


def plan_outcomes(lines: Iterable[OrderLine], instead: str, free: int) -> list[LineOutcome]:
    """`free`: copies of the successor that are promised to nobody.

    They go first to orders that had a promise, in the order of the queue. Requests are promised nothing, and nothing is added to
    a parcel on the table that has no copy of the edition. Copies that a presenter was to bring are cancelled if they can't be
    replaced: a visit does not wait.
    """
    outcomes = []
    for line in sorted(lines, key=lambda line: (not line.allocated, *queue_position(line))):
        copies, state = line.allocated + line.backordered, line.order.state
        may_move = state != OrderState.REQUESTED and not (state == OrderState.PACKING and not line.allocated)
        moved = min(copies, free) if may_move and instead in (RecallReplacement.SAME, RecallReplacement.OTHER) else 0
        free -= moved
        rest = copies - moved
        is_cancelled = instead == RecallReplacement.CANCEL or bool(line.order.visit_reference)
        outcomes.append(LineOutcome(line, moved, 0 if is_cancelled else rest, rest if is_cancelled else 0))
    return outcomes


def states_after(outcomes: Sequence[LineOutcome]) -> Mapping[int, OrderState]:
    """The state that each order will have, by its key; copies of its other leaflets count too. One statement."""
    recalled = [outcome.line.pk for outcome in outcomes]
    others = OrderLine.objects.filter(order__in=[outcome.line.order_id for outcome in outcomes]).exclude(pk__in=recalled)
    sums = others.order_by().values_list("order").annotate(Sum("allocated"), Sum("backordered"))
    elsewhere = {order: (allocated, backordered) for order, allocated, backordered in sums}
    states = {}
    for outcome in outcomes:
        allocated, backordered = elsewhere.get(outcome.line.order_id, (0, 0))
        promised, waits = outcome.moved + allocated, outcome.to_come + backordered
        state = before = OrderState(outcome.order.state)
        if not promised and not waits:
            state = OrderState.CANCELLED
        elif before != OrderState.REQUESTED and (before != OrderState.PACKING or outcome.was_packing):
            state = OrderState.RECEIVED if promised else OrderState.WAITING
        states[outcome.line.order_id] = state
    return states


def store_outcomes(recall: Recall, outcomes: Sequence[LineOutcome], *, by: User | None, now: datetime) -> None:
    """Lines, ledger, states, history: as many statements for one order as for thousands. The caller holds the locks."""
    if not outcomes:
        return
    states = states_after(outcomes)
    lines, open_copies = OrderLine.objects.all(), F("allocated") + F("backordered")
    not_cancelled = lines.filter(pk__in=[outcome.line.pk for outcome in outcomes if not outcome.cancelled])
    if recall.successor is None:  # copies that wait stay on the same line, for the next edition
        not_cancelled.update(backordered=open_copies, allocated=0)
    else:
        not_cancelled.update(copies=F("copies") - open_copies, backordered=0, allocated=0)
    cancelled = lines.filter(pk__in=[outcome.line.pk for outcome in outcomes if outcome.cancelled and not outcome.moved])
    cancelled.update(cancelled=F("cancelled") + open_copies, backordered=0, allocated=0)
    for outcome in outcomes:
        if outcome.cancelled and outcome.moved:  # one at most: the order for a visit at which the copies ran out
            figures = {"copies": F("copies") - outcome.moved, "cancelled": F("cancelled") + outcome.cancelled}
            lines.filter(pk=outcome.line.pk).update(**figures, backordered=0, allocated=0)
    recalled = [outcome.line for outcome in outcomes if outcome.line.allocated]
    released = [movement_for_line(line, MovementKind.RELEASED, line.allocated) for line in recalled]
    allocated = allocate_successor(recall.successor, outcomes) if recall.successor else []
    record_movements([*released, *allocated], by=by, now=now, reason=recall.reference)
    for state in sorted(set(states.values())):
        keys = [outcome.order.pk for outcome in outcomes if states[outcome.order.pk] == state != outcome.order.state]
        Order.objects.filter(pk__in=keys).update(state=state)
    packing = [outcome.order.pk for outcome in outcomes if outcome.was_packing]
    Parcel.objects.open().filter(order__in=packing).update(outcome=ParcelOutcome.WITHDRAWN)
    write_history(recall, outcomes, states, by=by, now=now)


def allocate_successor(successor: Edition, outcomes: Sequence[LineOutcome]) -> list[StockMovement]:
    """Move open copies to lines of the successor; the movements for it are returned, not yet recorded."""
    moving = {outcome.order.pk: outcome for outcome in outcomes if outcome.moved or outcome.to_come}
    known = {line.order_id: line for line in OrderLine.objects.filter(edition=successor, order__in=list(moving))}
    lines = []
    for key, outcome in moving.items():
        line = known.get(key) or OrderLine(order=outcome.order, edition=successor, copies=0)
        line.copies += outcome.moved + outcome.to_come
        line.allocated, line.backordered = line.allocated + outcome.moved, line.backordered + outcome.to_come
        lines.append(line)
    figures = ["copies", "backordered", "allocated"]
    OrderLine.objects.bulk_create(lines, update_conflicts=True, unique_fields=["order", "edition"], update_fields=figures)
    moved = [(line, moving[line.order_id].moved) for line in lines]
    return [movement_for_line(line, MovementKind.ALLOCATED, copies) for line, copies in moved if copies]


def write_history(
    recall: Recall, outcomes: Sequence[LineOutcome], states: Mapping[int, OrderState], *, by: User | None, now: datetime
) -> None:
    facts = {"recalled": str(recall.edition), "title": str(recall.successor) if recall.successor else ""}
    events, recall_orders = [], []
    for outcome in outcomes:
        order, copies = outcome.order, {"moved": outcome.moved, "to_come": outcome.to_come, "cancelled": outcome.cancelled}
        changes = {"recall": {**facts, **copies}}
        events.append(OrderEvent(order=order, kind=OrderEventKind.RECALLED, by=by, at=now, changes=changes))
        if states[order.pk] == OrderState.CANCELLED:
            events.append(OrderEvent(order=order, kind=OrderEventKind.CANCELLED, by=by, at=now))
        recall_orders.append(RecallOrder(recall=recall, order=order, was_packing=outcome.was_packing, **copies))
    OrderEvent.objects.bulk_create(events)
    RecallOrder.objects.bulk_create(recall_orders)


EDITION_RECALLED_KIND = "edition-recalled"


class NoSuccessor(DomainError):
    message: str | Promise = _("We have no such print to send instead. Choose again what happens to the orders.")


class NewerEditionExists(DomainError):
    message: str | Promise = _("We have a newer edition of this leaflet, so nobody has to wait. Choose to send that instead.")


@dataclass(frozen=True)
class RecallRequest:
    """`why` is shown to people; `advice` (Advice) is what they do with copies, and `words` say more about that.

    `instead` (RecallReplacement) is what open orders get, `other` the leaflet to send if it is another. `flagged`: a text looks
    like a child's details and its writer left it in, so the safeguarding lead is notified.
    """

    why: str
    advice: str
    instead: str
    words: str = ""
    other: Leaflet | None = None
    flagged: bool = False


@dataclass(frozen=True)
class RecallPlan:
    """What a recall would do now."""

    edition: Edition
    successor: Edition | None
    outcomes: Sequence[LineOutcome]
    cancelled_orders: int
    received: Mapping[int, int]  # people_to_email
    with_email: int
    without_email: Sequence[Person]  # the first of them
    erased_copies: int
    with_presenters: Sequence[Order]

    @property
    def packing(self) -> list[Order]:
        return [outcome.order for outcome in self.outcomes if outcome.was_packing]

    def copies(self, figure: str) -> int:
        """`figure`: moved, to_come or cancelled."""
        return sum(getattr(outcome, figure) for outcome in self.outcomes)

    @property
    def copies_out(self) -> int:
        return sum(self.received.values())


MAX_LISTED = 100


def plan_recall(*, edition: Edition, request: RecallRequest, now: datetime) -> RecallPlan:
    """Changes nothing and locks nothing. Nine statements or fewer. Raises NoSuccessor, NewerEditionExists."""
    successor = find_successor(edition, request)
    outcomes = plan_outcomes(open_lines(edition), request.instead, successor.free if successor else 0)
    received = people_to_email(edition, outcomes, request.instead)
    people = Person.objects.filter(pk__in=list(received))
    # Copies that went to people who have been erased since: nobody can be reached.
    erased = lines_sent(edition).filter(order__person__in=ERASED_PEOPLE)
    return RecallPlan(
        edition=edition,
        successor=successor,
        outcomes=outcomes,
        cancelled_orders=list(states_after(outcomes).values()).count(OrderState.CANCELLED),
        received=received,
        with_email=people.exclude(email="").count(),
        without_email=list(people.filter(email="").select_related("organisation")[:MAX_LISTED]),
        erased_copies=erased.aggregate(copies=Sum("dispatched", default=0))["copies"],
        with_presenters=orders_with_presenters(edition, now),
    )


def find_successor(edition: Edition, request: RecallRequest) -> Edition | None:
    """The edition that is sent instead; None if none is. Raises NoSuccessor, NewerEditionExists."""
    if request.instead == RecallReplacement.WAIT and has_newer_edition(edition):
        raise NewerEditionExists
    if request.instead not in (RecallReplacement.SAME, RecallReplacement.OTHER):
        return None
    leaflet = edition.leaflet if request.instead == RecallReplacement.SAME else request.other
    current = Edition.objects.current().filter(leaflet=leaflet, leaflet__active=True).exclude(pk=edition.pk)
    successor = current.select_related("leaflet").first()
    if successor is None or (request.instead == RecallReplacement.OTHER and successor.leaflet_id == edition.leaflet_id):
        raise NoSuccessor
    return successor


def has_newer_edition(edition: Edition) -> bool:
    """Whether the leaflet has another current edition. If so, no order may wait: lines of an older one never get copies."""
    return Edition.objects.current().filter(leaflet=edition.leaflet_id).exclude(pk=edition.pk).exists()


def people_to_email(edition: Edition, outcomes: Sequence[LineOutcome], instead: str) -> dict[int, int]:
    """By person's key, the copies that they were sent; 0 if only an open order of theirs changes. One statement.

    Leaves out erased people.
    """
    sent = lines_sent(edition).exclude(order__person__in=ERASED_PEOPLE)
    people = dict(sent.order_by().values_list("order__person").annotate(Sum("dispatched")))
    for outcome in outcomes:
        if outcome.needs_email(instead):
            people.setdefault(outcome.order.person_id, 0)
    return people


def lines_sent(edition: Edition) -> OrderLineQuerySet:
    """The order lines of which copies of this edition have left. An imported order names no edition: if it is older than this
    one, it had another."""
    printed = uk_datetime(edition.published_on, time.min)
    sent = OrderLine.objects.filter(edition=edition, dispatched__gt=0)
    return sent.exclude(order__channel=OrderChannel.LIST, order__created_at__lt=printed)


ERASED_PEOPLE = Person.objects.filter(name=ERASED_NAME, email="", phone="", user=None)


def orders_with_presenters(edition: Edition, now: datetime) -> list[Order]:
    """Orders for visits to come that were handed to their presenters, who hold the copies, not the host."""
    given = Order.objects.filter(lines__edition=edition, lines__dispatched__gt=0).exclude(visit_reference="")
    to_come = given.annotate(visit_starts=visit_start()).filter(visit_starts__gt=now)
    return list(to_come.order_by("visit_starts", "pk")[:MAX_LISTED])


@transaction.atomic
def recall_edition(*, edition: Edition, request: RecallRequest, by: User | None, now: datetime) -> Recall:
    """Stop this edition on paper and as a PDF, give open orders what `request` says, and email people who have copies.

    As many statements for one order or person as for ten thousand. An edition that was only withdrawn can be recalled later.
    Raises NoSuccessor, NewerEditionExists; DomainError if it is recalled already.
    """
    successor = find_successor(edition, request)
    # People are the first of all locks: all who have or wait for this print.
    had_or_waits = Q(lines__dispatched__gt=0) | Q(lines__allocated__gt=0) | Q(lines__backordered__gt=0)
    holders_of = Order.objects.filter(had_or_waits, lines__edition=edition).values("person")
    list(Person.objects.filter(pk__in=holders_of).order_by("pk").select_for_update(no_key=True).values_list("pk"))
    edition, successor = lock_recalled_editions(edition, successor)
    if request.instead == RecallReplacement.WAIT and has_newer_edition(edition):
        raise NewerEditionExists
    outcomes = plan_outcomes(lock_lines(open_lines(edition)), request.instead, successor.free if successor else 0)
    edition.state, edition.withdrawn_on, edition.withdrawn_why = EditionState.WITHDRAWN, uk_day(now), request.why
    edition.use_instead = request.other if request.instead == RecallReplacement.OTHER else None
    edition.save(update_fields=["state", "withdrawn_on", "withdrawn_why", "use_instead"])
    recall = Recall.objects.create(
        edition=edition,
        advice=request.advice,
        words=request.words,
        instead=request.instead,
        successor=successor,
        recalled_at=now,
        by=by,
        blocked=edition.on_hand,
        **{name: sum(getattr(outcome, name) for outcome in outcomes) for name in ("moved", "to_come", "cancelled")},
    )
    people = people_to_email(edition, outcomes, request.instead)
    store_outcomes(recall, outcomes, by=by, now=now)
    holders = RecallHolder.objects.bulk_create(
        RecallHolder(recall=recall, person_id=person, received=copies) for person, copies in people.items()
    )
    emails = dict(Person.objects.filter(pk__in=people).values_list("pk", "email"))
    about = [NewMessage(f"recall:{recall.pk}:{holder.pk}", emails[holder.person_id], recall.reference) for holder in holders]
    notify_many(about, kind=EDITION_RECALLED_KIND, now=now, left_to_sweep=True)
    # Filter by `about` only: PostgreSQL has no statistics yet for so many new rows of this kind, and would read them all each
    # time.
    about_holder = Concat(Value(f"recall:{recall.pk}:"), Cast(OuterRef("pk"), CharField()))
    recall.holders.update(notification=Subquery(Notification.objects.filter(about=about_holder).order_by().values("pk")[:1]))
    notify_lead_if_flagged(recall, "", now, flagged=request.flagged)
    return recall


def lock_recalled_editions(edition: Edition, successor: Edition | None) -> tuple[Edition, Edition | None]:
    """Both editions as they are now, locked in key order, after the packing sessions, whose parcels may be taken off the table.

    Raises NoSuccessor; DomainError if the edition is recalled already.
    """
    list(PackingSession.objects.open().order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = lock_editions([row.pk for row in (edition, successor) if row])
    if Recall.objects.filter(edition=edition).exists():
        raise DomainError(_("A colleague has already recalled this edition, so nothing has changed."))
    locked = rows[edition.pk]
    locked.leaflet = edition.leaflet
    if successor is None:
        return locked, None
    locked_successor = rows[successor.pk]
    if locked_successor.state != EditionState.CURRENT:
        raise NoSuccessor
    locked_successor.leaflet = successor.leaflet
    return locked, locked_successor


def mark_phoned(*, holder: RecallHolder, by: User, now: datetime) -> bool:
    """False if a colleague marked it first."""
    return bool(RecallHolder.objects.filter(pk=holder.pk, reached_at=None).update(reached_at=now, reached_by=by))


def unmark_phoned(*, holder: RecallHolder) -> None:
    """Undo it: it was the wrong person, say."""
    RecallHolder.objects.filter(pk=holder.pk).update(reached_at=None, reached_by=None)


def merge_holders(holder: RecallHolder, person: Person) -> None:
    """Merge `holder` into this person's own row: they got the copies of both, and hear of the recall once."""
    theirs = RecallHolder.objects.get(recall=holder.recall_id, person=person)
    theirs.received += holder.received
    for name in ("notification_id", "reached_at", "reached_by_id"):
        setattr(theirs, name, getattr(theirs, name) or getattr(holder, name))
    theirs.save(update_fields=["received", "notification", "reached_at", "reached_by"])
