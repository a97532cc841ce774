"""Stock-takes: started, counted, and confirmed, which corrects the ledger (ADR 20)."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy

from accounts.models import User
from core.dates import format_uk_time
from core.errors import DomainError
from leaflets.models import (
    Edition,
    EditionState,
    MovementKind,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
    StockMovement,
    StockTake,
    StockTakeState,
    TitleCount,
)
from leaflets.stock.services import (
    fill_backorders,
    lock_editions,
    lock_lines,
    movement_for_line,
    queue_position,
    record_movements,
)


class StockTakeIsOver(DomainError):
    message: str | Promise = gettext_lazy("This stock-take has ended, so nothing has changed.")


@dataclass(frozen=True)
class TypedCount:
    """What somebody counted, and the position of the ledger when their page was made."""

    copies: int
    seen: int


def editions_to_count() -> list[Edition]:
    """The current editions in the catalogue, and all others that should have copies on the shelf."""
    offered = Q(state=EditionState.CURRENT, leaflet__active=True)
    return list(Edition.objects.filter(offered | Q(on_hand__gt=0)).order_by("pk"))


@transaction.atomic
def start_stock_take(*, editions: Iterable[Edition], by: User | None, now: datetime) -> StockTake:
    editions = list(editions)
    if not editions:
        raise DomainError(gettext_lazy("Choose at least one title to count."))
    take = StockTake.objects.create(started_at=now, started_by=by)
    TitleCount.objects.bulk_create([TitleCount(stock_take=take, edition=edition) for edition in editions])
    return take


def copy_movements(edition: Any) -> QuerySet[StockMovement]:
    """The movements of copies of one edition (by its key), the newest first.

    Filters by a range of one edition, in the order of the index for just these rows. With equality and an order by key,
    PostgreSQL would read the ledger backwards until it meets that edition.
    """
    moved = StockMovement.objects.filter(~Q(on_hand_change=0), edition__gte=edition, edition__lte=edition)
    return moved.order_by("edition_id", "-pk")


def stock_take_counts(take: StockTake) -> list[TitleCount]:
    """The counts with their editions. One statement.

    `at` is the key of the last movement of copies (0: none); `came` and `went` are the copies that moved since the count.
    `stale`: the figure was corrected since, so we can't know whether the count includes that.
    """
    moved = copy_movements(OuterRef("edition"))
    # An aggregate for each title reads only that title's part of the index of moved copies, not the whole ledger.
    since = moved.filter(pk__gt=OuterRef("position")).order_by().values("edition")
    came = since.annotate(copies_in=Sum("copies", filter=Q(kind=MovementKind.RECEIVED))).values("copies_in")
    went = since.annotate(copies_out=Sum("copies", filter=Q(kind=MovementKind.DISPATCHED))).values("copies_out")
    counts = take.counts.select_related("edition__leaflet", "counted_by", "correction").annotate(
        at=Coalesce(Subquery(moved.values("pk")[:1]), 0),
        came=Coalesce(Subquery(came), 0),
        went=Coalesce(Subquery(went), 0),
        stale=Exists(since.filter(kind=MovementKind.CORRECTED)),
    )
    return list(counts)


def is_counted(count: TitleCount) -> bool:
    """Whether a count of stock_take_counts has a figure that is not stale."""
    return count.counted is not None and not count.stale  # type: ignore[attr-defined]


COUNT_FIELDS = ("counted", "expected", "position", "counted_at", "counted_by")


@transaction.atomic
def record_counts(*, take: StockTake, typed: Mapping[int, TypedCount], by: User | None, now: datetime) -> dict[int, str]:
    """Store the counts, by their keys, with the position of the ledger. Returns why each of the others was refused.

    If stock moved while somebody counted, asks them to check, because the movement may or may not be in their figure. A
    colleague's figure stays. Raises StockTakeIsOver.
    """
    counts = lock_counts(take, typed)
    refused: dict[int, str] = {}
    for key, count in counts.items():
        if is_counted(count):
            if count.counted != typed[key].copies:
                error = _("%(who)s has already counted %(n)s of this. If that is wrong, press “Count again” beside it.")
                refused[key] = error % {"who": count.counted_by or _("Somebody"), "n": f"{count.counted:,}"}
        elif count.at != typed[key].seen:  # type: ignore[attr-defined]
            refused[key] = moved_meanwhile_text(count, typed[key].seen)
        else:
            count.counted, count.expected = typed[key].copies, count.edition.on_hand
            count.position, count.counted_at, count.counted_by = count.at, now, by  # type: ignore[attr-defined]
    TitleCount.objects.bulk_update(
        [count for key, count in counts.items() if key not in refused],
        COUNT_FIELDS,
    )
    return refused


@transaction.atomic
def clear_count(*, take: StockTake, key: int) -> None:
    """Clear a count, so that it can be done again. Raises StockTakeIsOver."""
    lock_counts(take, [key])
    take.counts.filter(pk=key).update(**dict.fromkeys(COUNT_FIELDS))


@transaction.atomic
def abandon_stock_take(take: StockTake, *, by: User | None, now: datetime) -> None:
    """Give up the stock-take; no stock changes. Raises StockTakeIsOver."""
    end_stock_take(take, StockTakeState.ABANDONED, by=by, now=now)


def end_stock_take(take: StockTake, state: StockTakeState, *, by: User | None, now: datetime) -> None:
    """If two end it at the same moment, the second waits, then is refused. Raises StockTakeIsOver."""
    ended = StockTake.objects.open().filter(pk=take.pk).update(state=state, ended_at=now, ended_by=by)
    if not ended:
        raise StockTakeIsOver
    take.state, take.ended_at, take.ended_by = state, now, by


def lock_counts(take: StockTake, keys: Iterable[int]) -> dict[int, TitleCount]:
    """These counts by their keys, with their editions locked, then the stock-take. Raises StockTakeIsOver."""
    locked = lock_editions(take.counts.filter(pk__in=list(keys)).values_list("edition_id", flat=True))
    if not StockTake.objects.open().select_for_update(no_key=True).filter(pk=take.pk).exists():
        raise StockTakeIsOver
    counts = {count.pk: count for count in stock_take_counts(take) if count.edition_id in locked}
    for count in counts.values():
        leaflet, count.edition = count.edition.leaflet, locked[count.edition_id]
        count.edition.leaflet = leaflet
    return counts


def moved_meanwhile_text(count: TitleCount, seen: int) -> str:
    """What came in or left since the page was made, and what to do now."""
    moved = reversed(copy_movements(count.edition_id).filter(pk__gt=seen)[:3])
    texts = {MovementKind.RECEIVED: _("%(n)s came in at %(clock)s"), MovementKind.DISPATCHED: _("%(n)s left at %(clock)s")}
    other = _("its stock was corrected at %(clock)s")
    what = ", ".join(
        texts.get(MovementKind(movement.kind), other) % {"n": f"{movement.copies:,}", "clock": format_uk_time(movement.at)}
        for movement in moved
    )
    why = _("While you counted, %(what)s.") % {"what": what} if what else _("This page was too old.")
    return f"{why} {_('Count it again and save. If your figure is still right, just save again.')}"


class RecountNeeded(DomainError):
    message: str | Promise = gettext_lazy("You can’t correct some titles yet. The page shows which, and what to do.")


@dataclass
class Difference:
    """A counted title against the figure at the moment of its count, so later movements are not counted twice.

    `fewer_for`: the promised copies that each line loses, the last in the queue first. `in_parcels`: promised copies of orders
    that are being packed, which nobody takes away (ADR 17).
    """

    count: TitleCount
    fewer_for: dict[OrderLine, int] = field(default_factory=dict)
    in_parcels: int = 0

    @property
    def change(self) -> int:
        return self.count.difference

    @property
    def on_hand_after(self) -> int:
        """The copies on hand after it is confirmed."""
        return self.count.edition.on_hand + self.change

    @property
    def missing_copies(self) -> int:
        """Copies that are promised and not there."""
        return max(self.count.edition.allocated - self.on_hand_after, 0)

    @property
    def needs_recount(self) -> bool:
        """Whether the count can't be right: more copies have left, or are in parcels being packed, than it allows."""
        return self.on_hand_after < 0 or sum(self.fewer_for.values()) < self.missing_copies


def find_differences(take: StockTake, *, lock: bool = False) -> list[Difference]:
    """Compare the counts with the ledger. Two statements. `lock`: also lock the lines; the caller holds the editions' locks."""
    differences = [Difference(count) for count in stock_take_counts(take) if is_counted(count)]
    short = [difference.count.edition_id for difference in differences if difference.missing_copies]
    lines: dict[int, list[OrderLine]] = defaultdict(list)
    for line in lines_with_promises(short, lock=lock) if short else ():
        lines[line.edition_id].append(line)
    for difference in differences:
        missing = difference.missing_copies
        # The last in the queue first; what is being packed is left alone.
        for line in sorted(lines[difference.count.edition_id], key=queue_position, reverse=True):
            if line.order.state != OrderState.RECEIVED:
                difference.in_parcels += line.allocated
            elif copies := min(missing, line.allocated):
                difference.fewer_for[line] = copies
                missing -= copies
    return differences


def differences_digest(differences: Collection[Difference]) -> str:
    """A digest that changes as soon as confirming these would do something else."""
    effects = [
        (each.count.pk, each.change, sorted((line.pk, copies) for line, copies in each.fewer_for.items()), each.in_parcels)
        for each in differences
    ]
    return sha256(repr(sorted(effects)).encode()).hexdigest()[:32]


def lines_with_promises(editions: Collection[int], *, lock: bool) -> list[OrderLine]:
    lines = OrderLine.objects.filter(edition__in=list(editions), allocated__gt=0)
    return lock_lines(lines) if lock else list(lines.select_related("order__person").order_by("order_id", "pk"))


@transaction.atomic
def confirm_stock_take(take: StockTake, *, seen: str, by: User | None, now: datetime) -> list[Difference]:
    """Write a correction for each title that differs. Promises without copies are backordered, the last in the queue first.

    All or nothing. `seen` is the differences_digest that the page showed. Titles that were not counted stay as they are; copies
    that were found go to orders that wait. Raises StockTakeIsOver, RecountNeeded; DomainError if nothing was counted or the
    stock has changed since the page.
    """
    lock_editions(take.counts.values_list("edition_id", flat=True))
    end_stock_take(take, StockTakeState.CONFIRMED, by=by, now=now)
    counts = stock_take_counts(take)
    differences = find_differences(take, lock=True)
    if any(count.counted is not None and not is_counted(count) for count in counts):
        raise RecountNeeded
    if not differences:
        raise DomainError(gettext_lazy("Nobody has counted anything yet, so you have nothing to confirm."))
    if any(difference.needs_recount for difference in differences):
        raise RecountNeeded
    if differences_digest(differences) != seen:
        raise DomainError(
            gettext_lazy("The stock has changed since you opened this page. Check it, then press the button again.")
        )
    correct_differences(take, [difference for difference in differences if difference.change], by=by, now=now)
    more = {difference.count.edition_id for difference in differences if difference.change > 0}
    fill_backorders(more, now=now)
    return differences


def correct_differences(take: StockTake, differences: Sequence[Difference], *, by: User | None, now: datetime) -> None:
    """The caller holds the locks of editions, orders and lines."""
    reason = str(take)
    fewer_for = {line: copies for difference in differences for line, copies in difference.fewer_for.items()}
    corrections = []
    for difference in differences:
        figures = {"copies": abs(difference.change), "on_hand_change": difference.change, "allocated_change": 0}
        correction = StockMovement(edition_id=difference.count.edition_id, kind=MovementKind.CORRECTED, **figures)
        difference.count.correction = correction
        corrections.append(correction)
    released = [movement_for_line(line, MovementKind.RELEASED, copies) for line, copies in fewer_for.items()]
    record_movements(corrections + released, by=by, now=now, reason=reason)
    TitleCount.objects.bulk_update([difference.count for difference in differences], ["correction"])
    for line, copies in fewer_for.items():
        line.allocated -= copies
        line.backordered += copies
    OrderLine.objects.bulk_update(fewer_for, ["allocated", "backordered"])
    # An order with nothing left to pack goes to Waiting.
    orders = {line.order_id for line in fewer_for}
    to_pack = set(OrderLine.objects.filter(order__in=orders, allocated__gt=0).values_list("order_id", flat=True))
    Order.objects.filter(pk__in=orders - to_pack, state=OrderState.RECEIVED).update(state=OrderState.WAITING)
    OrderEvent.objects.bulk_create(
        OrderEvent(order_id=key, kind=OrderEventKind.TAKEN_BACK, by=by, at=now, reason=reason) for key in sorted(orders)
    )
