"""Every write to stock: ledger and locks, backorders, stock alerts, receipts, corrections, and the proof that figures agree."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import models, transaction
from django.db.models import Count, Exists, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum, prefetch_related_objects
from django.db.models.functions import Coalesce, TruncDate
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from accounts.models import User
from ctac.dates import UK, format_clock, format_day, uk_day
from ctac.errors import DomainError
from leaflets.models import (
    DispatchCount,
    Edition,
    EditionState,
    EventKind,
    Leaflet,
    LowStock,
    MovementKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
    StockAlert,
    StockMovement,
    StockTakeState,
    TitleCount,
)
from leaflets.stock.queries import low_in_stock
from notifications.outbox import About, notify, notify_about
from professionals.models import Person
from professionals.safeguarding.services import notify_safeguarding_lead
from professionals.services import lock_person

# Whoever waits for orders or their lines locks them here, after the editions.
#
# Whoever waits for a row is given it as it has become, but beside what was joined to it as that was. An order that another
# person has by then (two rows of a person became one, a colleague took the visit over) would be missing, and nobody would
# know. So no person is joined where a row is locked; they are read afterwards.


def lock_orders(orders: "QuerySet[Order]") -> list[Order]:
    """As they stand, in key order, until the transaction ends."""
    return list(orders.order_by("pk").select_for_update(no_key=True))


def lock_lines(lines: "QuerySet[OrderLine]") -> list[OrderLine]:
    """With their orders, both as they stand, in the order of these. A line never goes to another order."""
    ordered = lines.select_related("order").order_by("order_id", "pk")
    return list(ordered.select_for_update(of=("self", "order")))


# The stock ledger: whatever changes a figure writes the movement that explains it, here and nowhere else.


def lock_editions(keys: Iterable[int]) -> dict[int, Edition]:
    """The editions by key, their rows locked until the transaction ends."""
    return {edition.pk: edition for edition in Edition.objects.filter(pk__in=set(keys)).locked()}


def movement_for_line(line: OrderLine, kind: MovementKind, copies: int) -> StockMovement:
    """An entry, not yet recorded, that an order line causes."""
    on_hand, allocated = {
        MovementKind.ALLOCATED: (0, copies),
        MovementKind.RELEASED: (0, -copies),
        MovementKind.DISPATCHED: (-copies, -copies),
    }[kind]
    return StockMovement(
        edition_id=line.edition_id, kind=kind, copies=copies, on_hand_change=on_hand, allocated_change=allocated, order_line=line
    )


MOVEMENT_KIND_OF_FIGURE = {
    "dispatched": MovementKind.DISPATCHED,
    "cancelled": MovementKind.RELEASED,
    "backordered": MovementKind.RELEASED,
}


def move_allocated(copies: Mapping[OrderLine, int], to: str, *, by: User | None, now: datetime, reason: str = "") -> None:
    """Take so many promised copies of each line out of the promise: `to` is the figure of the line that has them then.

    As many statements for one line as for thousands. The caller holds the locks of editions and orders.
    """
    taken = {line: taken for line, taken in copies.items() if taken}
    if not taken:
        return
    # Most lines give up all that they are promised: said once for all of them, where bulk_update would name each.
    whole = [line.pk for line, copies in taken.items() if copies == line.allocated]
    for line, left in taken.items():
        line.allocated -= left
        setattr(line, to, getattr(line, to) + left)
    OrderLine.objects.filter(pk__in=whole).update(**{to: F(to) + F("allocated"), "allocated": 0})
    OrderLine.objects.bulk_update([line for line in taken if line.allocated], ["allocated", to])
    record_movements(
        [movement_for_line(line, MOVEMENT_KIND_OF_FIGURE[to], copies) for line, copies in taken.items()],
        by=by,
        now=now,
        reason=reason,
    )


def record_movements(movements: Sequence[StockMovement], *, by: User | None, now: datetime, reason: str = "") -> None:
    """Write the movements and add them to the running figures. The caller holds the editions' locks.

    What left is also added up by edition and day, for the forecast. A movement that has a reason of its own
    keeps it.
    """
    on_hand: dict[int, int] = defaultdict(int)
    allocated: dict[int, int] = defaultdict(int)
    went: dict[int, int] = defaultdict(int)
    for movement in movements:
        movement.by, movement.at, movement.reason = by, now, movement.reason or reason
        on_hand[movement.edition_id] += movement.on_hand_change
        allocated[movement.edition_id] += movement.allocated_change
        if movement.kind == MovementKind.DISPATCHED:
            went[movement.edition_id] += movement.copies
    figures = [Edition(pk=key, on_hand=F("on_hand") + on_hand[key], allocated=F("allocated") + allocated[key]) for key in on_hand]
    changed = [name for name, changes in (("on_hand", on_hand), ("allocated", allocated)) if any(changes.values())]
    if changed:
        Edition.objects.bulk_update(figures, changed)
    if went:
        day = uk_day(now)
        known = dict(DispatchCount.objects.filter(edition__in=went, day=day).values_list("edition", "copies"))
        DispatchCount.objects.bulk_create(
            [DispatchCount(edition_id=key, day=day, copies=known.get(key, 0) + copies) for key, copies in went.items()],
            update_conflicts=True,
            unique_fields=["edition", "day"],
            update_fields=["copies"],
        )
    StockMovement.objects.bulk_create(movements)


# Emails that a leaflet is back in stock: asked for, stopped, and told once. To staff once of each fall that a title is low.

BACK_IN_STOCK = "leaflet-back"
LOW_STOCK = "staff-low-stock"


class AlreadyInStock(DomainError):
    message: str | Promise = _("There are copies already, so there is nothing to wait for. You can order now.")


@transaction.atomic
def ask_for_alert(*, person: Person, leaflet: Leaflet, now: datetime) -> None:
    """Tell them once, as soon as there are copies that nobody has been promised. Asking twice is asking once.

    The title's edition is locked, so copies that come in at this moment are either seen here or tell this person too.
    Raises AlreadyInStock, AccountGoneError.
    """
    if not person.email:
        raise DomainError(_("We have no email address for you. Add one to your account first."))
    lock_person(person)
    if any(edition.free for edition in Edition.objects.current().filter(leaflet=leaflet).locked()):
        raise AlreadyInStock
    StockAlert.objects.bulk_create([StockAlert(person=person, leaflet=leaflet, asked_at=now)], ignore_conflicts=True)


def stop_alert(*, person: Person, leaflet: Leaflet) -> None:
    StockAlert.objects.filter(person=person, leaflet=leaflet).delete()


def notify_alerts(leaflets: Collection[int], *, now: datetime) -> None:
    """There is news of these titles (by their keys): each person who asked is told once, however many they are.

    An alert ends with the row that tells of it; of two who come for it at once, the second finds it gone.
    """
    alerts = list(StockAlert.objects.filter(leaflet__in=leaflets).order_by("pk").select_for_update()) if leaflets else []
    if not alerts:
        return
    prefetch_related_objects(alerts, "person")
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    told = [About(f"leaflet:{alert.leaflet_id}:{alert.pk}", alert.person.email) for alert in alerts]
    notify_about(told, kind=BACK_IN_STOCK, now=now, left_to_sweep=True)


@transaction.atomic
def notify_low_stock(*, now: datetime) -> int:
    """One email about the titles that have become low since they were last told of; how many there are.

    Twice at the same moment tells once: a title that is told of has a row, which goes when stock came in.
    """
    came_in = StockMovement.objects.filter(edition__leaflet=OuterRef("leaflet"), on_hand_change__gt=0, at__gt=OuterRef("told_at"))
    LowStock.objects.filter(Exists(came_in)).delete()
    low = low_in_stock(Edition.objects.all(), uk_day(now)).values_list("leaflet", flat=True)
    new = set(low) - set(LowStock.objects.values_list("leaflet", flat=True))
    LowStock.objects.bulk_create([LowStock(leaflet_id=key, told_at=now) for key in sorted(new)], ignore_conflicts=True)
    told = LowStock.objects.filter(told_at=now).count()
    if told:
        notify(kind=LOW_STOCK, about=f"low-stock:{now.isoformat()}", to=[settings.STAFF_EMAIL], now=now)
    return told


# Copies that someone waits for: given out as soon as there are any, to who was passed forward, then oldest order first.

# A request is still to be decided on; what is being packed is not changed under the packer's hands.
BACKORDER_STATES = (OrderState.RECEIVED, OrderState.WAITING)


def fill_backorders(editions: Iterable[int], *, by: User | None, now: datetime) -> None:
    """Promise what nobody has been promised to those who wait, in the order of the queue. The caller holds the editions' locks.

    Who gets copies for an order of which there were none is told that it will be packed; if some are left, whoever asked to
    hear of it is told too.
    """
    locked = lock_editions(editions)
    free = {key: edition.free for key, edition in locked.items() if edition.free}
    waiting = backordered_lines(free) if free else []
    given: dict[OrderLine, int] = {}
    for line in waiting:
        if copies := min(free[line.edition_id], line.backordered):
            free[line.edition_id] -= copies
            given[line] = copies
    allocate_backordered(given, by=by, now=now)
    woken = {line.order for line in given if line.order.state == OrderState.WAITING}
    if woken:
        receive_waiting_orders(sorted(woken, key=lambda order: order.pk), now=now)
    current = (edition for edition in locked.values() if edition.state == EditionState.CURRENT and free.get(edition.pk))
    notify_alerts([edition.leaflet_id for edition in current], now=now)


def backordered_lines(editions: Iterable[int]) -> list[OrderLine]:
    """In the order of the queue; rows and orders are locked in the order of their keys, as every other writer does it."""
    lines = OrderLine.objects.filter(edition__in=editions, backordered__gt=0, order__state__in=BACKORDER_STATES)
    return sorted(lock_lines(lines), key=queue_position)


def queue_position(line: OrderLine) -> tuple[bool, datetime, datetime, int, int]:
    """Who was passed forward comes first, in the order in which they were; then the oldest order."""
    order = line.order
    forward = order.passed_forward_at
    return forward is None, forward or order.created_at, order.created_at, order.pk, line.pk


def allocate_backordered(given: dict[OrderLine, int], *, by: User | None, now: datetime) -> None:
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
    record_movements([movement_for_line(line, MovementKind.ALLOCATED, copies) for line, copies in given.items()], by=by, now=now)


def receive_waiting_orders(orders: list[Order], *, now: datetime) -> None:
    """From Waiting to Received, written down and told. Nobody did it: the copies came."""
    keys = [order.pk for order in orders]
    earlier = Count("events", filter=Q(events__kind=EventKind.STOCKED))
    times = dict(Order.objects.filter(pk__in=keys).order_by().annotate(times=earlier).values_list("pk", "times"))
    Order.objects.filter(pk__in=keys).update(state=OrderState.RECEIVED)
    OrderEvent.objects.bulk_create([OrderEvent(order=order, kind=EventKind.STOCKED, at=now) for order in orders])
    prefetch_related_objects(orders, "person")
    told = [About(f"order:{order.pk}", order.person.email, order.reference, times[order.pk] + 1) for order in orders]
    notify_about(told, kind="order-stocked", now=now)


def move_backorders_to(edition: Edition) -> None:
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


# Copies that come in, and figures that are put right.


class NothingToChange(DomainError):
    message: str | Promise = _("Enter how many copies: a whole number other than 0.")


# The same figure again, by the same person so soon after, is perhaps the same page sent twice.
DUPLICATE_WINDOW = timedelta(hours=1)


class DuplicateEntry(DomainError):
    """Perhaps the very same, by a page that was sent twice. `entry` is what the asker is told of."""

    def __init__(self, entry: StockMovement) -> None:
        self.entry = entry
        when = {"copies": entry.copies, "clock": format_clock(entry.at), "day": format_day(entry.at)}
        if entry.kind == MovementKind.RECEIVED:
            said = ngettext(
                "%(copies)d copy was entered as come in already, at %(clock)s on %(day)s.",
                "%(copies)d copies were entered as come in already, at %(clock)s on %(day)s.",
                entry.copies,
            )
        else:
            said = ngettext(
                "The stock was corrected by %(copies)d copy already, at %(clock)s on %(day)s.",
                "The stock was corrected by %(copies)d copies already, at %(clock)s on %(day)s.",
                entry.copies,
            )
        asked = _("If this is something else, press the button again.")
        super().__init__(f"{said % when} {asked}")


@dataclass(frozen=True)
class SeenEntries:
    """What whoever enters something knows of the edition: its last entry when their page was opened, 0 for none, and those that
    refusals have told them of since (DuplicateEntry). Keys."""

    last: int
    told: frozenset[int] = frozenset()

    def refuse(self, entry: StockMovement, *, by: User | None, now: datetime) -> None:
        """Under the lock of the edition: each entry that they don't know of, and one that is perhaps the same.

        Raises DuplicateEntry.
        """
        entries = entries_by_hand(entry.edition)
        same = entries.filter(kind=entry.kind, on_hand_change=entry.on_hand_change, by=by, at__gt=now - DUPLICATE_WINDOW)
        found = entries.filter(pk__gt=self.last).exclude(pk__in=self.told).first() or same.first()
        if found is not None and found.pk not in self.told:
            raise DuplicateEntry(found)


def entries_by_hand(edition: Edition) -> "models.QuerySet[StockMovement]":
    """What was received or corrected, the last first; not what orders move."""
    return edition.movements.filter(kind__in=[MovementKind.RECEIVED, MovementKind.CORRECTED]).order_by("-pk")


def last_entry_key(edition: Edition) -> int:
    """Its key, 0 if there is none."""
    return entries_by_hand(edition).values_list("pk", flat=True).first() or 0


@transaction.atomic
def receive_stock(
    edition: Edition,
    *,
    copies: int,
    by: User | None,
    now: datetime,
    reason: str = "",
    flagged: bool = False,
    seen: SeenEntries | None = None,
) -> None:
    """Copies came in from the printer; who waits for some gets them. `flagged`: see correct_stock.

    Raises NothingToChange, and DuplicateEntry if it says what was seen.
    """
    if copies < 1:
        raise NothingToChange
    lock_editions([edition.pk])
    movement = StockMovement(
        edition=edition, kind=MovementKind.RECEIVED, copies=copies, on_hand_change=copies, allocated_change=0
    )
    if seen is not None:
        seen.refuse(movement, by=by, now=now)
    record_movements([movement], by=by, now=now, reason=reason)
    fill_backorders([edition.pk], by=None, now=now)
    if flagged:
        notify_safeguarding_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)


@transaction.atomic
def correct_stock(
    edition: Edition,
    *,
    change: int,
    by: User | None,
    now: datetime,
    reason: str,
    flagged: bool = False,
    seen: SeenEntries | None = None,
) -> None:
    """The shelf holds more or fewer copies than the figure says, by `change`: found, damaged, miscounted.

    A change and not a total, so that a parcel that leaves while someone counts is not counted twice.
    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.
    Raises NothingToChange, and DuplicateEntry if it says what was seen.
    """
    if change == 0:
        raise NothingToChange
    locked = lock_editions([edition.pk])[edition.pk]
    if locked.on_hand + change < locked.allocated:
        said = ngettext(
            "%(allocated)d copy is promised to an order, so no fewer can be on hand. Cancel that order first.",
            "%(allocated)d copies are promised to orders, so no fewer can be on hand. Cancel orders first.",
            locked.allocated,
        )
        raise DomainError(said % {"allocated": locked.allocated})
    movement = StockMovement(
        edition=edition, kind=MovementKind.CORRECTED, copies=abs(change), on_hand_change=change, allocated_change=0
    )
    if seen is not None:
        seen.refuse(movement, by=by, now=now)
    record_movements([movement], by=by, now=now, reason=reason)
    fill_backorders([edition.pk], by=None, now=now)
    if flagged:
        notify_safeguarding_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)


# Proof that the ledger, the figures and the orders say the same.


def _sum_over(rows: QuerySet, owner: str, column: str) -> Coalesce:
    """The sum of a column over the rows that belong to the outer row, 0 for none."""
    sums = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner).annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(sums, output_field=IntegerField()), 0)


def ledger_differences() -> Iterator[str]:
    """One line for each figure that its movements don't explain. None: everything agrees."""
    yield from _edition_differences()
    yield from _line_differences()
    yield from _count_differences()
    yield from _day_differences()


def _edition_differences() -> Iterator[str]:
    editions = Edition.objects.select_related("leaflet").annotate(
        moved_on_hand=_sum_over(StockMovement.objects.all(), "edition", "on_hand_change"),
        moved_allocated=_sum_over(StockMovement.objects.all(), "edition", "allocated_change"),
        promised=_sum_over(OrderLine.objects.all(), "edition", "allocated"),
    )
    wrong = ~Q(on_hand=F("moved_on_hand")) | ~Q(allocated=F("moved_allocated")) | ~Q(allocated=F("promised"))
    for edition in editions.filter(wrong).order_by("pk"):
        yield (
            f"edition {edition.pk} ({edition}): on hand {edition.on_hand}, ledger {edition.moved_on_hand}; "
            f"allocated {edition.allocated}, ledger {edition.moved_allocated}, order lines {edition.promised}"
        )


def _line_differences() -> Iterator[str]:
    movements = StockMovement.objects.all()
    lines = OrderLine.objects.select_related("order").annotate(
        moved_allocated=_sum_over(movements, "order_line", "allocated_change"),
        moved_out=_sum_over(movements, "order_line", "on_hand_change"),
    )
    wrong = ~Q(allocated=F("moved_allocated")) | ~Q(dispatched=0 - F("moved_out"))
    for line in lines.filter(wrong).order_by("pk").iterator():
        yield (
            f"order {line.order.reference}, line {line.pk}: allocated {line.allocated}, ledger {line.moved_allocated}; "
            f"dispatched {line.dispatched}, ledger {-line.moved_out}"
        )


def _count_differences() -> Iterator[str]:
    """A count expects what the ledger said then; a stock-take that was confirmed has corrected by just the difference."""
    earlier = StockMovement.objects.filter(pk__lte=OuterRef("position"), edition=OuterRef("edition"))
    sums = earlier.order_by().values("edition").annotate(sum=Sum("on_hand_change")).values("sum")
    counts = TitleCount.objects.filter(counted__isnull=False).annotate(
        stood=Coalesce(Subquery(sums, output_field=IntegerField()), 0),
        corrected=Coalesce(F("correction__on_hand_change"), 0),
    )
    confirmed = Q(stock_take__state=StockTakeState.CONFIRMED)
    wrong = ~Q(expected=F("stood")) | (confirmed & ~Q(corrected=F("counted") - F("expected"))) | (~confirmed & ~Q(corrected=0))
    for count in counts.filter(wrong).select_related("edition__leaflet", "stock_take").order_by("pk"):
        yield (
            f"{count.stock_take}, edition {count.edition_id} ({count.edition}): counted {count.counted}, "
            f"expected {count.expected}, ledger then {count.stood}; corrected {count.corrected}"
        )


def _day_differences() -> Iterator[str]:
    """Either side may have a day that the other has not."""
    left = StockMovement.objects.filter(kind=MovementKind.DISPATCHED).order_by().values("edition")
    by_day = left.annotate(day=TruncDate("at", tzinfo=UK), went=Sum("copies"))
    moved = {(edition, day): copies for edition, day, copies in by_day.values_list("edition", "day", "went")}
    counted = {(row.edition_id, row.day): row.copies for row in DispatchCount.objects.all()}
    for edition, day in sorted(moved.keys() | counted.keys()):
        there, ledger = counted.get((edition, day), 0), moved.get((edition, day), 0)
        if there != ledger:
            yield f"edition {edition}, {day}: {there} counted as dispatched that day, ledger {ledger}"
