"""Every write to stock: ledger, locks, backorders, stock alerts, receipts, corrections; and checks that the figures agree."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.core.cache import cache
from django.db import transaction
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    When,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _, ngettext

from accounts.models import User
from core.dates import UK_TZ, format_day, format_uk_time, uk_day
from core.errors import DomainError
from core.figures import Figure, timestamp_seconds
from core.models import statement_timeout
from leaflets.models import (
    DispatchCount,
    Edition,
    EditionState,
    Leaflet,
    LowStock,
    MovementKind,
    Order,
    OrderChannel,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
    StockAlert,
    StockMovement,
    StockTakeState,
    TitleCount,
)
from leaflets.stock.queries import low_in_stock
from notifications.outbox import NewMessage, notify, notify_many
from office.site_settings.queries import site_settings
from professionals.models import Person
from professionals.safeguarding.services import notify_lead_if_flagged
from professionals.services import lock_person

# When a lock is released, PostgreSQL reads the locked row again, but not the rows joined to it. If an order got another person
# meanwhile, the join would lose it. So don't join a person where you lock orders or lines. Lock editions first.


def lock_orders(orders: QuerySet[Order]) -> list[Order]:
    """Lock these orders until the transaction ends, in key order, and read them as they stand."""
    return list(orders.order_by("pk").select_for_update(no_key=True))


def lock_lines(lines: QuerySet[OrderLine]) -> list[OrderLine]:
    """Lock these lines and their orders, in the order of the orders, and read both as they stand."""
    ordered = lines.select_related("order").order_by("order_id", "pk")
    return list(ordered.select_for_update(of=("self", "order")))


def lock_editions(keys: Iterable[int]) -> dict[int, Edition]:
    """The editions by key, their rows locked until the transaction ends."""
    return {edition.pk: edition for edition in Edition.objects.filter(pk__in=set(keys)).locked()}


def movement_for_line(line: OrderLine, kind: MovementKind, copies: int) -> StockMovement:
    """Copies of a line that move; not recorded yet."""
    on_hand, allocated = {
        MovementKind.ALLOCATED: (0, copies),
        MovementKind.RELEASED: (0, -copies),
        MovementKind.DISPATCHED: (-copies, -copies),
    }[kind]
    return StockMovement(
        edition_id=line.edition_id, kind=kind, copies=copies, on_hand_change=on_hand, allocated_change=allocated, order_line=line
    )


def move_copies(copies: Mapping[OrderLine, int], was: str, to: str, *, by: User | None, now: datetime, reason: str = "") -> None:
    """Move copies of each line between two of its figures, one of which is "allocated", and write the ledger.

    As many statements for one line as for thousands. The caller holds the locks of editions and orders.
    """
    moved = {line: number for line, number in copies.items() if number}
    if not moved:
        return
    # Most lines give up the whole figure: one update for those, since bulk_update would name each.
    whole = [line.pk for line, number in moved.items() if number == getattr(line, was)]
    for line, number in moved.items():
        setattr(line, was, getattr(line, was) - number)
        setattr(line, to, getattr(line, to) + number)
    OrderLine.objects.filter(pk__in=whole).update(**{to: F(to) + F(was), was: 0})
    OrderLine.objects.bulk_update([line for line in moved if getattr(line, was)], [was, to])
    kinds = {"allocated": MovementKind.ALLOCATED, "dispatched": MovementKind.DISPATCHED}
    kind = kinds.get(to, MovementKind.RELEASED)
    movements = [movement_for_line(line, kind, number) for line, number in moved.items()]
    record_movements(movements, by=by, now=now, reason=reason)


def record_movements(movements: Sequence[StockMovement], *, by: User | None, now: datetime, reason: str = "") -> None:
    """Write the movements and add them to the running figures. The caller holds the editions' locks.

    Dispatched copies are also added up by edition and day, for the forecast. A movement with a reason of its own keeps it.
    """
    on_hand: dict[int, int] = defaultdict(int)
    allocated: dict[int, int] = defaultdict(int)
    dispatched: dict[int, int] = defaultdict(int)
    for movement in movements:
        movement.by, movement.at, movement.reason = by, now, movement.reason or reason
        on_hand[movement.edition_id] += movement.on_hand_change
        allocated[movement.edition_id] += movement.allocated_change
        if movement.kind == MovementKind.DISPATCHED:
            dispatched[movement.edition_id] += movement.copies
    figures = [Edition(pk=key, on_hand=F("on_hand") + on_hand[key], allocated=F("allocated") + allocated[key]) for key in on_hand]
    changed = [name for name, changes in (("on_hand", on_hand), ("allocated", allocated)) if any(changes.values())]
    if changed:
        Edition.objects.bulk_update(figures, changed)
    if dispatched:
        day = uk_day(now)
        known = dict(DispatchCount.objects.filter(edition__in=dispatched, day=day).values_list("edition", "copies"))
        DispatchCount.objects.bulk_create(
            [DispatchCount(edition_id=key, day=day, copies=known.get(key, 0) + copies) for key, copies in dispatched.items()],
            update_conflicts=True,
            unique_fields=["edition", "day"],
            update_fields=["copies"],
        )
    StockMovement.objects.bulk_create(movements)


BACK_IN_STOCK_KIND = "leaflet-back"
LOW_STOCK_KIND = "staff-low-stock"


class AlreadyInStock(DomainError):
    message: str | Promise = _("There are copies already, so there is nothing to wait for. You can order now.")


@transaction.atomic
def ask_for_alert(*, person: Person, leaflet: Leaflet, now: datetime) -> None:
    """Email them once, as soon as there are copies that nobody has been promised. Asking twice is asking once.

    The title's edition is locked, so that copies that come in at this moment are seen here, or this person gets the email.
    Raises AlreadyInStock, AccountGoneError.
    """
    if not person.email:
        raise DomainError(_("We have no email address for you. Add one to your account first."))
    lock_person(person)
    if any(edition.free for edition in Edition.objects.current().filter(leaflet=leaflet).locked()):
        raise AlreadyInStock
    StockAlert.objects.bulk_create([StockAlert(person=person, leaflet=leaflet, asked_at=now)], ignore_conflicts=True)


def notify_alerts(leaflets: Collection[int], *, now: datetime) -> None:
    """Email each person who asked about these titles (by their keys), once: the alert goes in the same transaction."""
    alerts = list(StockAlert.objects.filter(leaflet__in=leaflets).order_by("pk").select_for_update())
    if not alerts:
        return
    prefetch_related_objects(alerts, "person")
    StockAlert.objects.filter(pk__in=[alert.pk for alert in alerts]).delete()
    about = [NewMessage(f"leaflet:{alert.leaflet_id}:{alert.pk}", alert.person.email) for alert in alerts]
    notify_many(about, kind=BACK_IN_STOCK_KIND, now=now, left_to_sweep=True)


@transaction.atomic
def notify_low_stock(*, now: datetime) -> int:
    """One email to staff about the titles that became low since the last one; returns how many.

    Each title in an email gets a row, which goes when stock comes in. So two runs at the same moment send one email.
    """
    received = StockMovement.objects.filter(
        edition__leaflet=OuterRef("leaflet"), on_hand_change__gt=0, at__gt=OuterRef("told_at")
    )
    LowStock.objects.filter(Exists(received)).delete()
    low = low_in_stock(Edition.objects.all(), uk_day(now)).values_list("leaflet", flat=True)
    new = set(low) - set(LowStock.objects.values_list("leaflet", flat=True))
    LowStock.objects.bulk_create([LowStock(leaflet_id=key, told_at=now) for key in sorted(new)], ignore_conflicts=True)
    count = LowStock.objects.filter(told_at=now).count()
    if count:
        notify(kind=LOW_STOCK_KIND, about=f"low-stock:{now.isoformat()}", to=[site_settings().team_email], now=now)
    return count


# A request waits for a decision; an order in Packing must not change while somebody packs it.
BACKORDER_STATES = (OrderState.RECEIVED, OrderState.WAITING)


def fill_backorders(editions: Iterable[int], *, now: datetime) -> None:
    """Promise free copies to waiting orders, in the order of the queue. The caller holds the editions' locks.

    The owner of an order in Waiting gets an email. If copies are left, so do people with a stock alert.
    """
    locked = lock_editions(editions)
    free = {key: edition.free for key, edition in locked.items() if edition.free}
    lines = OrderLine.objects.filter(edition__in=free, backordered__gt=0, order__state__in=BACKORDER_STATES)
    given: dict[OrderLine, int] = {}
    for line in sorted(lock_lines(lines), key=queue_position) if free else ():
        if copies := min(free[line.edition_id], line.backordered):
            free[line.edition_id] -= copies
            given[line] = copies
    move_copies(given, "backordered", "allocated", by=None, now=now)
    waiting = {line.order for line in given if line.order.state == OrderState.WAITING}
    if waiting:
        receive_waiting_orders(sorted(waiting, key=lambda order: order.pk), now=now)
    current = (edition for edition in locked.values() if edition.state == EditionState.CURRENT and free.get(edition.pk))
    notify_alerts([edition.leaflet_id for edition in current], now=now)


def queue_position(line: OrderLine) -> tuple[bool, datetime, datetime, int, int]:
    """Prioritised orders first, in the order in which they were prioritised; then the oldest order."""
    order, prioritised_at = line.order, line.order.prioritised_at
    return prioritised_at is None, prioritised_at or order.created_at, order.created_at, order.pk, line.pk


def receive_waiting_orders(orders: list[Order], *, now: datetime) -> None:
    """Take orders from Waiting to Received, with an event and an email. The event names nobody: the copies came."""
    keys = [order.pk for order in orders]
    earlier = Count("events", filter=Q(events__kind=OrderEventKind.STOCKED))
    times = dict(Order.objects.filter(pk__in=keys).order_by().annotate(times=earlier).values_list("pk", "times"))
    Order.objects.filter(pk__in=keys).update(state=OrderState.RECEIVED)
    OrderEvent.objects.bulk_create([OrderEvent(order=order, kind=OrderEventKind.STOCKED, at=now) for order in orders])
    prefetch_related_objects(orders, "person")
    about = [NewMessage(f"order:{order.pk}", order.person.email, order.reference, times[order.pk] + 1) for order in orders]
    notify_many(about, kind="order-stocked", now=now)


def move_backorders_to(edition: Edition) -> None:
    """Move backorders for earlier editions of the leaflet to this new one. The caller holds the editions' locks."""
    lines = OrderLine.objects.filter(edition__leaflet=edition.leaflet_id, backordered__gt=0).exclude(edition=edition)
    whole = []
    for line in lines.select_for_update(of=("self",)).order_by("pk"):
        if line.backordered == line.copies:
            whole.append(line.pk)
            continue
        copies, line.backordered = line.backordered, 0
        line.copies -= copies
        line.save(update_fields=["copies", "backordered"])
        OrderLine.objects.create(order_id=line.order_id, edition=edition, copies=copies, backordered=copies)
    OrderLine.objects.filter(pk__in=whole).update(edition=edition)


class NothingToChange(DomainError):
    message: str | Promise = _("Enter how many copies: a whole number other than 0.")


# The same figure by the same person within this time may be the same page sent twice.
DUPLICATE_WINDOW = timedelta(hours=1)


class DuplicateEntry(DomainError):
    """`entry` is perhaps the very same, from a page that was sent twice."""

    def __init__(self, entry: StockMovement) -> None:
        self.entry = entry
        facts = {"copies": entry.copies, "clock": format_uk_time(entry.at), "day": format_day(entry.at)}
        if entry.kind == MovementKind.RECEIVED:
            message = ngettext(
                "Somebody already entered %(copies)d copy that came in, at %(clock)s on %(day)s.",
                "Somebody already entered %(copies)d copies that came in, at %(clock)s on %(day)s.",
                entry.copies,
            )
        else:
            message = ngettext(
                "Somebody already corrected the stock by %(copies)d copy, at %(clock)s on %(day)s.",
                "Somebody already corrected the stock by %(copies)d copies, at %(clock)s on %(day)s.",
                entry.copies,
            )
        super().__init__(f"{message % facts} {_('If this is a different change, press the button again.')}")


@dataclass(frozen=True)
class SeenEntries:
    """The entries of an edition that a colleague has seen, by their keys.

    `last`: the last entry when their page was opened (0: none). `named`: entries that refusals have named since
    (DuplicateEntry).
    """

    last: int
    named: frozenset[int] = frozenset()

    def check_duplicate(self, entry: StockMovement, *, by: User | None, now: datetime) -> None:
        """Raises DuplicateEntry of an entry that they have not seen, or that is perhaps the same. Under the edition's lock."""
        entries = entries_by_hand(entry.edition)
        same = entries.filter(kind=entry.kind, on_hand_change=entry.on_hand_change, by=by, at__gt=now - DUPLICATE_WINDOW)
        duplicate = entries.filter(pk__gt=self.last).exclude(pk__in=self.named).first() or same.first()
        if duplicate is not None and duplicate.pk not in self.named:
            raise DuplicateEntry(duplicate)


def entries_by_hand(edition: Edition) -> QuerySet[StockMovement]:
    """The receipts and corrections of an edition, the newest first, without the movements of orders."""
    return edition.movements.filter(kind__in=[MovementKind.RECEIVED, MovementKind.CORRECTED]).order_by("-pk")


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
    """Copies came in from the printer; orders that wait get theirs. `flagged`: see `correct_stock`.

    Raises NothingToChange, and DuplicateEntry if `seen` is given.
    """
    if copies < 1:
        raise NothingToChange
    lock_editions([edition.pk])
    record_entry(edition, MovementKind.RECEIVED, copies, by=by, now=now, reason=reason, flagged=flagged, seen=seen)


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

    Takes a change and not a total, so that a parcel that leaves during a count is not counted twice. `flagged`: the reason looks
    like a child's details and its writer left it in, so the safeguarding lead is notified. Raises NothingToChange,
    DuplicateEntry if `seen` is given, and DomainError if more copies are promised than would be left.
    """
    if change == 0:
        raise NothingToChange
    locked = lock_editions([edition.pk])[edition.pk]
    if locked.on_hand + change < locked.allocated:
        message = ngettext(
            "We have promised %(allocated)d copy to an order, so the stock can’t be lower. Cancel that order first.",
            "We have promised %(allocated)d copies to orders, so the stock can’t be lower. Cancel some orders first.",
            locked.allocated,
        )
        raise DomainError(message % {"allocated": locked.allocated})
    record_entry(edition, MovementKind.CORRECTED, change, by=by, now=now, reason=reason, flagged=flagged, seen=seen)


def record_entry(
    edition: Edition,
    kind: MovementKind,
    change: int,
    *,
    by: User | None,
    now: datetime,
    reason: str,
    flagged: bool,
    seen: SeenEntries | None,
) -> None:
    """Record `change` copies more or fewer on the shelf. The caller has locked the edition.

    Raises DuplicateEntry if `seen` is given.
    """
    entry = StockMovement(edition=edition, kind=kind, copies=abs(change), on_hand_change=change, allocated_change=0)
    if seen is not None:
        seen.check_duplicate(entry, by=by, now=now)
    record_movements([entry], by=by, now=now, reason=reason)
    fill_backorders([edition.pk], now=now)
    notify_lead_if_flagged(entry, "", now, flagged=flagged)


def sum_subquery(rows: QuerySet, owner: str, column: str) -> Coalesce:
    """The sum of a column over the rows that belong to the outer row, 0 for none."""
    sums = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner).annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(sums, output_field=IntegerField()), 0)


def ledger_differences() -> Iterator[str]:
    """A line for each figure that its movements don't explain."""
    yield from edition_differences()
    yield from line_differences()
    yield from count_differences()
    yield from day_differences()


def edition_differences() -> Iterator[str]:
    editions = Edition.objects.select_related("leaflet").annotate(
        moved_on_hand=sum_subquery(StockMovement.objects.all(), "edition", "on_hand_change"),
        moved_allocated=sum_subquery(StockMovement.objects.all(), "edition", "allocated_change"),
        promised=sum_subquery(OrderLine.objects.all(), "edition", "allocated"),
    )
    wrong = ~Q(on_hand=F("moved_on_hand")) | ~Q(allocated=F("moved_allocated")) | ~Q(allocated=F("promised"))
    for edition in editions.filter(wrong).order_by("pk"):
        yield (
            f"edition {edition.pk} ({edition}): on hand {edition.on_hand}, ledger {edition.moved_on_hand}; "
            f"allocated {edition.allocated}, ledger {edition.moved_allocated}, order lines {edition.promised}"
        )


# To add up a million movements takes too long for each request of the monitoring. A task does it every hour; the cache keeps the
# result.
STOCK_CHECK_CACHE_KEY, STOCK_CHECK_CACHE_PERIOD = "stock-was-checked", timedelta(days=2)


def check_stock() -> None:
    """Count the editions whose figures their movements don't explain, and remember how many and when."""
    with statement_timeout("10min"):
        wrong = sum(1 for _line in edition_differences())
    cache.set(STOCK_CHECK_CACHE_KEY, (wrong, timezone.now()), STOCK_CHECK_CACHE_PERIOD.total_seconds())


def stock_figures(now: datetime) -> Iterator[Figure]:
    """For monitoring, from the cache."""
    wrong, checked_at = cache.get(STOCK_CHECK_CACHE_KEY, (0, None))
    yield Figure("ctac_stock_wrong_editions", "Editions whose stock is not the sum of their movements, as last checked.", wrong)
    yield Figure("ctac_stock_checked_timestamp_seconds", "When that was last checked.", timestamp_seconds(checked_at))


# The copies of an imported order left before we had a ledger.
DISPATCHED_FROM_STOCK = Case(When(order__channel=OrderChannel.LIST, then=0), default=F("dispatched"), output_field=IntegerField())


def line_differences() -> Iterator[str]:
    movements = StockMovement.objects.all()
    lines = OrderLine.objects.select_related("order").annotate(
        ours=DISPATCHED_FROM_STOCK,
        moved_allocated=sum_subquery(movements, "order_line", "allocated_change"),
        moved_out=sum_subquery(movements, "order_line", "on_hand_change"),
    )
    wrong = ~Q(allocated=F("moved_allocated")) | ~Q(ours=0 - F("moved_out"))
    for line in lines.filter(wrong).order_by("pk").iterator():
        yield (
            f"order {line.order.reference}, line {line.pk}: allocated {line.allocated}, ledger {line.moved_allocated}; "
            f"dispatched {line.dispatched}, ledger {-line.moved_out}"
        )


def count_differences() -> Iterator[str]:
    """Counts that don't agree with the ledger at that moment, or with the correction of their confirmed stock-take."""
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


def day_differences() -> Iterator[str]:
    """Days whose count of dispatched copies is not the ledger's. Either side may have a day that the other lacks."""
    left = StockMovement.objects.filter(kind=MovementKind.DISPATCHED).order_by().values("edition")
    by_day = left.annotate(day=TruncDate("at", tzinfo=UK_TZ), went=Sum("copies"))
    moved = {(edition, day): copies for edition, day, copies in by_day.values_list("edition", "day", "went")}
    counted = {(row.edition_id, row.day): row.copies for row in DispatchCount.objects.all()}
    for edition, day in sorted(moved.keys() | counted.keys()):
        there, ledger = counted.get((edition, day), 0), moved.get((edition, day), 0)
        if there != ledger:
            yield f"edition {edition}, {day}: {there} counted as dispatched that day, ledger {ledger}"
