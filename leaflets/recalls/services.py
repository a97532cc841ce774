"""Recalls: an edition found wrong is withdrawn in one act, and everybody who has copies or waits for them is told (ADR 19)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import transaction
from django.db.models import CharField, F, OuterRef, Q, Subquery, Sum, Value
from django.db.models.functions import Cast, Concat
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.models import User
from ctac.dates import uk_day
from ctac.errors import DomainError
from leaflets.models import (
    Edition,
    EditionState,
    EventKind,
    Leaflet,
    MovementKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
    Outcome,
    PackingSession,
    Parcel,
    Recall,
    RecallHolder,
    RecallOrder,
    RecallReplacement,
    StockMovement,
)
from leaflets.models.orders import OPEN_STATES, OrderLineQuerySet
from leaflets.orders.queries import visit_start
from leaflets.stock.services import lock_editions, lock_lines, movement_for_line, queue_position, record_movements
from notifications.models import Notification
from notifications.outbox import About, notify_about
from privacy.personal_data import ERASED_NAME
from professionals.models import Person
from professionals.safeguarding.services import notify_safeguarding_lead

# What a recall does to copies that are promised or waited for: worked out ahead for a page, stored under the locks.


@dataclass(frozen=True)
class LineOutcome:
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
        return bool(instead == RecallReplacement.OTHER or self.cancelled or waited or (self.to_come and not asks))


def open_lines(edition: Edition) -> OrderLineQuerySet:
    """Of this edition, with their orders, in key order, as they are locked."""
    lines = OrderLine.objects.filter(edition=edition, order__state__in=OPEN_STATES).exclude(allocated=0, backordered=0)
    return lines.select_related("order").defer("order__searched").order_by("order_id", "pk")


def plan_outcomes(lines: Iterable[OrderLine], instead: str, free: int) -> list[LineOutcome]:
    """Pure. `free`: copies of the successor that nobody has been promised.

    They go to those who had a promise first, among them in the order of the queue. A request is promised nothing, and to a parcel
    on the table that has no copy of the edition nothing is added. What a presenter was to bring and is not there is not
    brought: a visit does not wait.
    """
    found = []
    for line in sorted(lines, key=lambda line: (not line.allocated, *queue_position(line))):
        copies, state = line.allocated + line.backordered, line.order.state
        moved = 0
        if instead in (RecallReplacement.SAME, RecallReplacement.OTHER):
            stays = state == OrderState.REQUESTED or (state == OrderState.PACKING and not line.allocated)
            moved = 0 if stays else min(copies, free)
            free -= moved
        rest = copies - moved
        ends = instead == RecallReplacement.CANCEL or bool(line.order.brought_with)
        found.append(LineOutcome(line, moved, 0 if ends else rest, rest if ends else 0))
    return found


def states_after(outcomes: Sequence[LineOutcome]) -> Mapping[int, OrderState]:
    """Of each order by its key: what it is promised elsewhere counts too. One statement."""
    recalled = [outcome.line.pk for outcome in outcomes]
    others = OrderLine.objects.filter(order__in=[outcome.line.order_id for outcome in outcomes]).exclude(pk__in=recalled)
    sums = others.order_by().values_list("order").annotate(Sum("allocated"), Sum("backordered"))
    elsewhere = {order: (allocated, backordered) for order, allocated, backordered in sums}
    return {outcome.line.order_id: state_after(outcome, *elsewhere.get(outcome.line.order_id, (0, 0))) for outcome in outcomes}


def state_after(outcome: LineOutcome, allocated: int, backordered: int) -> OrderState:
    promised, waits = outcome.moved + allocated, outcome.to_come + backordered
    before = OrderState(outcome.order.state)
    if not promised and not waits:
        return OrderState.CANCELLED
    if before == OrderState.REQUESTED or (before == OrderState.PACKING and not outcome.was_packing):
        return before
    return OrderState.RECEIVED if promised else OrderState.WAITING


def store_outcomes(recall: Recall, outcomes: Sequence[LineOutcome], *, by: User | None, now: datetime) -> None:
    """Lines, ledger, states, history: as many statements for one order as for thousands. The caller holds the locks."""
    if not outcomes:
        return
    states = states_after(outcomes)
    # `stays`: what waits does so on the same line, for the next print. At most three statements.
    lines, still_open = OrderLine.objects.all(), F("allocated") + F("backordered")
    kept = [each.line.pk for each in outcomes if not each.cancelled]
    if recall.successor is None:
        lines.filter(pk__in=kept).update(backordered=still_open, allocated=0)
    else:
        lines.filter(pk__in=kept).update(copies=F("copies") - still_open, backordered=0, allocated=0)
    ended = [each.line.pk for each in outcomes if each.cancelled and not each.moved]
    lines.filter(pk__in=ended).update(cancelled=F("cancelled") + still_open, backordered=0, allocated=0)
    for each in outcomes:
        if each.cancelled and each.moved:  # one at most: of those who are brought theirs, the one at which there were no more
            cancelled, copies = F("cancelled") + each.cancelled, F("copies") - each.moved
            lines.filter(pk=each.line.pk).update(copies=copies, cancelled=cancelled, backordered=0, allocated=0)
    released = [
        movement_for_line(each.line, MovementKind.RELEASED, each.line.allocated) for each in outcomes if each.line.allocated
    ]
    allocated = allocate_successor(recall.successor, outcomes) if recall.successor else []
    if released or allocated:
        record_movements([*released, *allocated], by=by, now=now, reason=recall.reference)
    for state in sorted(set(states.values())):
        keys = [outcome.order.pk for outcome in outcomes if states[outcome.order.pk] == state != outcome.order.state]
        if keys:
            Order.objects.filter(pk__in=keys).update(state=state)
    Parcel.objects.open().filter(order__in=[each.order.pk for each in outcomes if each.was_packing]).update(
        outcome=Outcome.WITHDRAWN
    )
    write_history(recall, outcomes, states, by=by, now=now)


def allocate_successor(successor: Edition, outcomes: Sequence[LineOutcome]) -> list[StockMovement]:
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
    return [
        movement_for_line(line, MovementKind.ALLOCATED, each.moved)
        for line, each in zip(lines, theirs, strict=True)
        if each.moved
    ]


def write_history(
    recall: Recall, outcomes: Sequence[LineOutcome], states: Mapping[int, OrderState], *, by: User | None, now: datetime
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


EDITION_RECALLED = "edition-recalled"


class NoSuccessor(DomainError):
    message: str | Promise = _("There is no such print that could be sent instead. Choose again what happens to the orders.")


class NewerEditionExists(DomainError):
    message: str | Promise = _("There is a newer print of this leaflet, so nobody has to wait. Choose that it is sent instead.")


@dataclass(frozen=True)
class RecallRequest:
    """What staff want: `why` is shown to people, `advice` (Advice) says what they do with copies, `words` say more of it.

    `instead` (Instead) is what becomes of open orders, `other` the leaflet that is sent instead, if it is another one.
    `flagged`: a text looks like a child's details and its writer kept it, so the safeguarding lead is told.
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
    # By the person's key: who would be told, with how many copies they were sent.
    received: Mapping[int, int]
    with_email: int
    without_email: Sequence[Person]  # the first of them
    erased_copies: int
    with_presenters: Sequence[Order]
    packing: Sequence[Order] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "packing", [each.order for each in self.outcomes if each.was_packing])

    def copies(self, what: str) -> int:
        """`what`: moved, to_come or cancelled."""
        return sum(getattr(each, what) for each in self.outcomes)

    @property
    def copies_out(self) -> int:
        return sum(self.received.values())


MAX_LISTED = 100


def plan_recall(*, edition: Edition, wish: RecallRequest, now: datetime) -> RecallPlan:
    """Changes nothing and locks nothing. Nine statements or fewer. Raises NoSuccessor, NewerEditionExists."""
    successor = successor_of(edition, wish)
    outcomes = plan_outcomes(open_lines(edition), wish.instead, successor.free if successor else 0)
    received = people_to_tell(edition, outcomes, wish.instead)
    people = Person.objects.filter(pk__in=list(received))
    ended = [state for state in states_after(outcomes).values() if state == OrderState.CANCELLED]
    return RecallPlan(
        edition=edition,
        successor=successor,
        outcomes=outcomes,
        cancelled_orders=len(ended),
        received=received,
        with_email=people.exclude(email="").count(),
        without_email=list(people.filter(email="").select_related("organisation")[:MAX_LISTED]),
        erased_copies=erased_copies(edition),
        with_presenters=with_presenters(edition, now),
    )


def successor_of(edition: Edition, wish: RecallRequest) -> Edition | None:
    """The edition that is sent instead; None if none is. Raises NoSuccessor, NewerEditionExists."""
    if wish.instead == RecallReplacement.WAIT and has_newer_edition(edition):
        raise NewerEditionExists
    if wish.instead not in (RecallReplacement.SAME, RecallReplacement.OTHER):
        return None
    leaflet = edition.leaflet if wish.instead == RecallReplacement.SAME else wish.other
    current = Edition.objects.current().filter(leaflet=leaflet, leaflet__active=True).exclude(pk=edition.pk)
    found = current.select_related("leaflet").first()
    if found is None or (wish.instead == RecallReplacement.OTHER and found.leaflet_id == edition.leaflet_id):
        raise NoSuccessor
    return found


def has_newer_edition(edition: Edition) -> bool:
    """Who waits for the next print waits for the newest; a line of an older one would never get any."""
    return Edition.objects.current().filter(leaflet=edition.leaflet_id).exclude(pk=edition.pk).exists()


def people_to_tell(edition: Edition, outcomes: Sequence[LineOutcome], instead: str) -> dict[int, int]:
    """By the person's key how many copies they were sent: who has copies, and (0) whose open order gets news. One statement.

    Whoever was erased is left out.
    """
    sent = OrderLine.objects.filter(edition=edition, dispatched__gt=0).exclude(order__person__in=ERASED_PEOPLE)
    found = dict(sent.order_by().values_list("order__person").annotate(Sum("dispatched")))
    for each in outcomes:
        if each.is_news(instead):
            found.setdefault(each.order.person_id, 0)
    return found


ERASED_PEOPLE = Person.objects.filter(name=ERASED_NAME, email="", phone="", user=None)


def erased_copies(edition: Edition) -> int:
    """Copies that went to people who have been erased since: nobody can be told of them."""
    sent = OrderLine.objects.filter(edition=edition, dispatched__gt=0, order__person__in=ERASED_PEOPLE)
    return sent.aggregate(copies=Sum("dispatched", default=0))["copies"]


def with_presenters(edition: Edition, now: datetime) -> list[Order]:
    """Orders that a presenter was given to bring to a visit that is still to come: they hold the copies, not the host."""
    given = Order.objects.filter(lines__edition=edition, lines__dispatched__gt=0).exclude(brought_with="")
    to_come = given.annotate(visit_starts=visit_start()).filter(visit_starts__gt=now)
    return list(to_come.order_by("visit_starts", "pk")[:MAX_LISTED])


@transaction.atomic
def recall_edition(*, edition: Edition, wish: RecallRequest, by: User | None, now: datetime) -> Recall:
    """Nobody gets this print any more, as paper or as PDF; open orders get what `wish` says; who has copies is told.

    As many statements for one order or person as for ten thousand; the emails are queued by the next sweep. A print that was
    only withdrawn can be recalled later. Raises NoSuccessor, NewerEditionExists.
    """
    successor = successor_of(edition, wish)
    lock_holders(edition)
    edition, successor = lock_recalled_editions(edition, successor)
    if wish.instead == RecallReplacement.WAIT and has_newer_edition(edition):
        raise NewerEditionExists
    outcomes = plan_outcomes(lock_lines(open_lines(edition)), wish.instead, successor.free if successor else 0)
    edition.state, edition.withdrawn_on, edition.withdrawn_why = EditionState.WITHDRAWN, uk_day(now), wish.why
    edition.use_instead = wish.other if wish.instead == RecallReplacement.OTHER else None
    edition.save(update_fields=["state", "withdrawn_on", "withdrawn_why", "use_instead"])
    recall = Recall.objects.create(
        edition=edition,
        advice=wish.advice,
        words=wish.words,
        instead=wish.instead,
        successor=successor,
        recalled_at=now,
        by=by,
        blocked=edition.on_hand,
        **{name: sum(getattr(each, name) for each in outcomes) for name in ("moved", "to_come", "cancelled")},
    )
    people = people_to_tell(edition, outcomes, wish.instead)
    store_outcomes(recall, outcomes, by=by, now=now)
    # One email a person; `about` is the recall, and who of it. Four statements, however many they are.
    holders = RecallHolder.objects.bulk_create(
        RecallHolder(recall=recall, person_id=person, received=copies) for person, copies in people.items()
    )
    emails = dict(Person.objects.filter(pk__in=people).values_list("pk", "email"))
    told = [About(f"recall:{recall.pk}:{holder.pk}", emails[holder.person_id], recall.reference) for holder in holders]
    notify_about(told, kind=EDITION_RECALLED, now=now, left_to_sweep=True)
    # By what it is about alone: the database has no figures yet of so many rows of this kind, and would read them all for each.
    about = Concat(Value(f"recall:{recall.pk}:"), Cast(OuterRef("pk"), CharField()))
    recall.holders.update(told_in=Subquery(Notification.objects.filter(about=about).order_by().values("pk")[:1]))
    if wish.flagged:
        notify_safeguarding_lead(about=f"recall:{recall.pk}", reference=recall.reference, now=now)
    return recall


def lock_holders(edition: Edition) -> None:
    """The first of all locks, as of whoever writes a row that points to a person: all who have or wait for this print."""
    had_or_waits = Q(lines__dispatched__gt=0) | Q(lines__allocated__gt=0) | Q(lines__backordered__gt=0)
    orders = Order.objects.filter(had_or_waits, lines__edition=edition)
    people = Person.objects.filter(pk__in=orders.values("person"))
    list(people.order_by("pk").select_for_update(no_key=True).values_list("pk"))


def lock_recalled_editions(edition: Edition, successor: Edition | None) -> tuple[Edition, Edition | None]:
    """Both as they are now, in key order; before them the packing sessions, whose parcels may be taken off the table.

    Raises NoSuccessor.
    """
    list(PackingSession.objects.open().order_by("pk").select_for_update(no_key=True).values_list("pk"))
    rows = lock_editions([each.pk for each in (edition, successor) if each])
    if Recall.objects.filter(edition=edition).exists():
        raise DomainError(_("A colleague has already recalled this edition, so nothing was changed."))
    now_is = rows[edition.pk]
    now_is.leaflet = edition.leaflet
    if successor is None:
        return now_is, None
    instead = rows[successor.pk]
    if instead.state != EditionState.CURRENT:
        raise NoSuccessor
    instead.leaflet = successor.leaflet
    return now_is, instead


def mark_phoned(*, holder: RecallHolder, by: User, now: datetime) -> bool:
    """Somebody has spoken with them. Whether this call has marked it: of two colleagues the first stands there."""
    return bool(RecallHolder.objects.filter(pk=holder.pk, reached_at=None).update(reached_at=now, reached_by=by))


def unmark_phoned(*, holder: RecallHolder) -> None:
    """It was the wrong person, say."""
    RecallHolder.objects.filter(pk=holder.pk).update(reached_at=None, reached_by=None)
