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
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.models import User
from ctac.dates import format_clock
from ctac.errors import DomainError
from leaflets.models import (
    Edition,
    EditionState,
    EventKind,
    MovementKind,
    Order,
    OrderEvent,
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

# A stock-take: started, counted in steps by one or by many, counted again, given up.


class StockTakeIsOver(DomainError):
    message: str | Promise = gettext_lazy("This stock-take has ended, so nothing was changed.")


@dataclass(frozen=True)
class TypedCount:
    """What somebody counted, and the position of the ledger that their page was made with."""

    copies: int
    seen: int


def editions_to_count() -> list[Edition]:
    """What the catalogue offers, and whatever else there should be copies of."""
    offered = Q(state=EditionState.CURRENT, leaflet__active=True)
    return list(Edition.objects.filter(offered | Q(on_hand__gt=0)).order_by("pk"))


@transaction.atomic
def start_count(*, editions: Iterable[Edition], by: User | None, now: datetime) -> StockTake:
    chosen = list(editions)
    if not chosen:
        raise DomainError(gettext_lazy("Choose at least one title to count."))
    take = StockTake.objects.create(started_at=now, started_by=by)
    TitleCount.objects.bulk_create([TitleCount(stock_take=take, edition=edition) for edition in chosen])
    return take


def copy_movements(edition: Any) -> QuerySet[StockMovement]:
    """Movements of copies of one edition (its key), the last first.

    By a range of one, in the order of the index that has just these. Asked for the edition alone and in the order of keys, the
    database reads the ledger backwards until it meets that edition: at a million entries a second for a title that rests.
    """
    moved = StockMovement.objects.filter(~Q(on_hand_change=0), edition__gte=edition, edition__lte=edition)
    return moved.order_by("edition_id", "-pk")


def last_copy_movement() -> "Subquery":
    """The key of an edition's last movement of copies, 0 if there was none. One step into an index."""
    moved = copy_movements(OuterRef("edition"))
    return Coalesce(Subquery(moved.values("pk")[:1]), 0)  # type: ignore[return-value]


def counts_of(take: StockTake) -> list[TitleCount]:
    """Each with its edition; `at` is where the ledger is now, `came`, `went` what moved since it was counted.

    `stale`: its figure was put right by somebody since, so nobody knows whether the count has seen that. One statement.
    """
    # An aggregate of each title's own, so that it is a step into the index of what moved copies, not a walk through the ledger.
    since = copy_movements(OuterRef("edition")).filter(pk__gt=OuterRef("position")).order_by().values("edition")
    came = since.annotate(copies_in=Sum("copies", filter=Q(kind=MovementKind.RECEIVED))).values("copies_in")
    went = since.annotate(copies_out=Sum("copies", filter=Q(kind=MovementKind.DISPATCHED))).values("copies_out")
    counts = take.counts.select_related("edition__leaflet", "counted_by", "correction").annotate(
        at=last_copy_movement(),
        came=Coalesce(Subquery(came), 0),
        went=Coalesce(Subquery(went), 0),
        stale=Exists(since.filter(kind=MovementKind.CORRECTED)),
    )
    return list(counts)


def is_counted(count: TitleCount) -> bool:
    """Of one that counts_of gives: there is a figure, and it still means something."""
    return count.counted is not None and not count.stale  # type: ignore[attr-defined]


@transaction.atomic
def record_counts(*, take: StockTake, typed: Mapping[int, TypedCount], by: User | None, now: datetime) -> dict[int, str]:
    """Keep what was counted, by the keys of its counts, each with the ledger of this moment; why not, for those not kept.

    What moved while somebody counted may have been counted or not, so they are asked. Sent twice it is kept once. A colleague's
    figure stays. Raises StockTakeIsOver.
    """
    counts = _open_and_locked(take, typed)
    refused: dict[int, str] = {}
    for key, count in counts.items():
        if is_counted(count):
            if count.counted != typed[key].copies:
                said = _("%(who)s has counted %(n)s of this meanwhile. If that is wrong, press “Count again” beside it.")
                refused[key] = said % {"who": count.counted_by or _("Somebody"), "n": f"{count.counted:,}"}
        elif count.at != typed[key].seen:  # type: ignore[attr-defined]
            refused[key] = _moved_meanwhile(count, typed[key].seen)
        else:
            count.counted, count.expected = typed[key].copies, count.edition.on_hand
            count.position, count.counted_at, count.counted_by = count.at, now, by  # type: ignore[attr-defined]
    TitleCount.objects.bulk_update(
        [count for key, count in counts.items() if key not in refused],
        ["counted", "expected", "position", "counted_at", "counted_by"],
    )
    return refused


@transaction.atomic
def count_again(*, take: StockTake, key: int) -> None:
    """The figure is forgotten. Raises StockTakeIsOver."""
    _open_and_locked(take, [key])
    empty = dict.fromkeys(("counted", "expected", "position", "counted_at", "counted_by"))
    take.counts.filter(pk=key).update(**empty)


@transaction.atomic
def abandon_count(take: StockTake, *, by: User | None, now: datetime) -> None:
    """What was counted stays to be read, and changes nothing. Raises StockTakeIsOver."""
    end_stock_take(take, StockTakeState.ABANDONED, by=by, now=now)


def end_stock_take(take: StockTake, state: StockTakeState, *, by: User | None, now: datetime) -> None:
    """Once: of two who come at the same moment the second waits, then finds it over. Raises StockTakeIsOver."""
    ended = StockTake.objects.open().filter(pk=take.pk).update(state=state, ended_at=now, ended_by=by)
    if not ended:
        raise StockTakeIsOver
    take.state, take.ended_at, take.ended_by = state, now, by


def _open_and_locked(take: StockTake, keys: Iterable[int]) -> dict[int, TitleCount]:
    """These counts by their keys, their editions locked in key order, then the stock-take, as everybody does it."""
    locked = lock_editions(take.counts.filter(pk__in=list(keys)).values_list("edition_id", flat=True))
    if not StockTake.objects.open().select_for_update(no_key=True).filter(pk=take.pk).exists():
        raise StockTakeIsOver
    counts = {count.pk: count for count in counts_of(take) if count.edition_id in locked}
    for count in counts.values():
        leaflet, count.edition = count.edition.leaflet, locked[count.edition_id]
        count.edition.leaflet = leaflet
    return counts


def _moved_meanwhile(count: TitleCount, seen: int) -> str:
    """What came in or left since the page was made, and what to do."""
    moved = reversed(copy_movements(count.edition_id).filter(pk__gt=seen)[:3])
    ways = {MovementKind.RECEIVED: _("%(n)s came in at %(clock)s"), MovementKind.DISPATCHED: _("%(n)s left at %(clock)s")}
    other = _("its stock was corrected at %(clock)s")
    said = [
        ways.get(MovementKind(each.kind), other) % {"n": f"{each.copies:,}", "clock": format_clock(each.at)} for each in moved
    ]
    why = _("While you counted, %(what)s.") % {"what": ", ".join(said)} if said else _("This page was too old.")
    return f"{why} {_('Count it as it is now and save again. If your figure is right as it is now, just save again.')}"


# What a stock-take found: the differences as they are now, and the one act that puts the ledger right (ADR 20).
#
# A difference is between the count and the figure of the moment of counting; so what left or came in since is not counted
# twice.


class CountSomeAgain(DomainError):
    message: str | Promise = gettext_lazy("Some titles can’t be put right yet. The page says which, and what to do.")


@dataclass(frozen=True)
class Difference:
    """One title that was counted. `fewer_for`: how many promised copies which lines lose, last in the queue first.

    `in_parcels`: promised copies of orders that are being packed, which nobody takes away (ADR 17).
    """

    count: TitleCount
    fewer_for: dict[OrderLine, int] = field(default_factory=dict)
    in_parcels: int = 0

    @property
    def found(self) -> int:
        return self.count.difference

    @property
    def will_be(self) -> int:
        """On hand once it is confirmed."""
        return self.count.edition.on_hand + self.found

    @property
    def short(self) -> int:
        """Copies that are promised and not there."""
        return max(self.count.edition.allocated - self.will_be, 0)

    @property
    def must_be_counted_again(self) -> bool:
        """More has left since than was counted, or than those who are being packed for leave over: the count can't be right."""
        return self.will_be < 0 or sum(self.fewer_for.values()) < self.short


def differences_of(take: StockTake, *, lock: bool = False) -> list[Difference]:
    """What was counted, compared: two statements. `lock`: for whoever holds the locks of the editions."""
    counts = [count for count in counts_of(take) if is_counted(count)]
    found = [Difference(count) for count in counts]
    short = {each.count.edition_id: each.short for each in found if each.short}
    holding: dict[int, list[OrderLine]] = defaultdict(list)
    for line in _lines_with_promises(short, lock=lock) if short else ():
        holding[line.edition_id].append(line)
    return [_with_lost_promises(each, holding[each.count.edition_id]) for each in found]


def differences_version(found: Collection[Difference]) -> str:
    """Of a page that shows them: another as soon as pressing its button would do something else."""
    does = [
        (each.count.pk, each.found, sorted((line.pk, copies) for line, copies in each.fewer_for.items()), each.in_parcels)
        for each in found
    ]
    return sha256(repr(sorted(does)).encode()).hexdigest()[:32]


def _lines_with_promises(editions: Collection[int], *, lock: bool) -> list[OrderLine]:
    lines = OrderLine.objects.filter(edition__in=list(editions), allocated__gt=0)
    return lock_lines(lines) if lock else list(lines.select_related("order__person").order_by("order_id", "pk"))


def _with_lost_promises(found: Difference, lines: Sequence[OrderLine]) -> Difference:
    left, fewer = found.short, dict[OrderLine, int]()
    packed = sum(line.allocated for line in lines if line.order.state != OrderState.RECEIVED)
    for line in sorted((line for line in lines if line.order.state == OrderState.RECEIVED), key=queue_position, reverse=True):
        if copies := min(left, line.allocated):
            fewer[line], left = copies, left - copies
    return Difference(found.count, fewer, packed)


@transaction.atomic
def confirm_count(*, take: StockTake, seen: str, by: User | None, now: datetime) -> list[Difference]:
    """Write one correction for each title that differs; promises that nothing stands behind wait again, the last in line first.

    All of it or nothing. `seen` is differences_version of what the page showed. Titles that were not counted stay as they are.
    What was
    found goes to whoever waits. Raises StockTakeIsOver, CountSomeAgain.
    """
    lock_editions(take.counts.values_list("edition_id", flat=True))
    end_stock_take(take, StockTakeState.CONFIRMED, by=by, now=now)
    counts = counts_of(take)
    found = differences_of(take, lock=True)
    if any(count.counted is not None and not is_counted(count) for count in counts):
        raise CountSomeAgain
    if not found:
        raise DomainError(gettext_lazy("Nothing has been counted yet, so there is nothing to confirm."))
    if any(each.must_be_counted_again for each in found):
        raise CountSomeAgain
    if differences_version(found) != seen:
        raise DomainError(gettext_lazy("Something has moved since you opened this page. Check it and press the button again."))
    _correct_stock(take, [each for each in found if each.found], by=by, now=now)
    fill_backorders({each.count.edition_id for each in found if each.found > 0}, by=None, now=now)
    return found


def _correct_stock(take: StockTake, found: Sequence[Difference], *, by: User | None, now: datetime) -> None:
    fewer = {line: copies for each in found for line, copies in each.fewer_for.items()}
    released = [movement_for_line(line, MovementKind.RELEASED, copies) for line, copies in fewer.items()]
    for each in found:
        each.count.correction = StockMovement(
            edition_id=each.count.edition_id,
            kind=MovementKind.CORRECTED,
            copies=abs(each.found),
            on_hand_change=each.found,
            allocated_change=0,
        )
    record_movements([each.count.correction for each in found] + released, by=by, now=now, reason=str(take))  # type: ignore[arg-type]
    TitleCount.objects.bulk_update([each.count for each in found], ["correction"])
    # So many copies of each line are waited for again; an order of which none is left to pack waits. All are locked.
    reason = str(take)
    for line, copies in fewer.items():
        line.allocated -= copies
        line.backordered += copies
    OrderLine.objects.bulk_update(fewer, ["allocated", "backordered"])
    orders = {line.order_id for line in fewer}
    to_pack = set(OrderLine.objects.filter(order__in=orders, allocated__gt=0).values_list("order_id", flat=True))
    Order.objects.filter(pk__in=orders - to_pack, state=OrderState.RECEIVED).update(state=OrderState.WAITING)
    kind = EventKind.TAKEN_BACK
    OrderEvent.objects.bulk_create([OrderEvent(order_id=key, kind=kind, by=by, at=now, reason=reason) for key in sorted(orders)])
