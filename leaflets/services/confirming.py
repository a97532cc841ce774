"""What a stock-take found: the differences as they are now, and the one act that puts the ledger right (ADR 46).

A difference is between the count and the figure of the moment of counting; so what left or came in since is not counted twice.
"""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from leaflets.models import (
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
from leaflets.services.backorders import fill_backorders, place_in_line
from leaflets.services.counting import counts_of, end, is_counted
from leaflets.services.ledger import for_line, lock_editions, record
from leaflets.services.locking import lock_lines
from professionals.models import User


class NothingCounted(DomainError):
    message: str | Promise = gettext_lazy("Nothing has been counted yet, so there is nothing to confirm.")


class CountSomeAgain(DomainError):
    message: str | Promise = gettext_lazy("Some titles can’t be put right yet. The page says which, and what to do.")


class DifferencesAreOthersNow(DomainError):
    message: str | Promise = gettext_lazy("Something has moved since you opened this page. Check it and press the button again.")


@dataclass(frozen=True)
class Difference:
    """One title that was counted. `fewer_for`: how many promised copies which lines lose, last in the queue first.

    `in_parcels`: promised copies of orders that are being packed, which nobody takes away (ADR 33).
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
    return [_with_promises(each, holding[each.count.edition_id]) for each in found]


def version_of(found: Collection[Difference]) -> str:
    """Of a page that shows them: another as soon as pressing its button would do something else."""
    does = [
        (each.count.pk, each.found, sorted((line.pk, copies) for line, copies in each.fewer_for.items()), each.in_parcels)
        for each in found
    ]
    return sha256(repr(sorted(does)).encode()).hexdigest()[:32]


def _lines_with_promises(editions: Collection[int], *, lock: bool) -> list[OrderLine]:
    lines = OrderLine.objects.filter(edition__in=list(editions), allocated__gt=0)
    return lock_lines(lines) if lock else list(lines.select_related("order__person").order_by("order_id", "pk"))


def _with_promises(found: Difference, lines: Sequence[OrderLine]) -> Difference:
    left, fewer = found.short, dict[OrderLine, int]()
    packed = sum(line.allocated for line in lines if line.order.state != OrderState.RECEIVED)
    for line in sorted((line for line in lines if line.order.state == OrderState.RECEIVED), key=place_in_line, reverse=True):
        if copies := min(left, line.allocated):
            fewer[line], left = copies, left - copies
    return Difference(found.count, fewer, packed)


@transaction.atomic
def confirm_count(*, take: StockTake, seen: str, by: User | None, now: datetime) -> list[Difference]:
    """Write one correction for each title that differs; promises that nothing stands behind wait again, the last in line first.

    All of it or nothing. `seen` is version_of what the page showed. Titles that were not counted stay as they are. What was
    found goes to whoever waits. Raises CountIsOver, NothingCounted, CountSomeAgain, DifferencesAreOthersNow.
    """
    lock_editions(take.counts.values_list("edition_id", flat=True))
    end(take, StockTakeState.CONFIRMED, by=by, now=now)
    counts = counts_of(take)
    found = differences_of(take, lock=True)
    if any(count.counted is not None and not is_counted(count) for count in counts):
        raise CountSomeAgain
    if not found:
        raise NothingCounted
    if any(each.must_be_counted_again for each in found):
        raise CountSomeAgain
    if version_of(found) != seen:
        raise DifferencesAreOthersNow
    _put_right(take, [each for each in found if each.found], by=by, now=now)
    fill_backorders({each.count.edition_id for each in found if each.found > 0}, by=None, now=now)
    return found


def _put_right(take: StockTake, found: Sequence[Difference], *, by: User | None, now: datetime) -> None:
    fewer = {line: copies for each in found for line, copies in each.fewer_for.items()}
    released = [for_line(line, MovementKind.RELEASED, copies) for line, copies in fewer.items()]
    for each in found:
        each.count.correction = StockMovement(
            edition_id=each.count.edition_id,
            kind=MovementKind.CORRECTED,
            copies=abs(each.found),
            on_hand_change=each.found,
            allocated_change=0,
        )
    record([each.count.correction for each in found] + released, by=by, now=now, reason=str(take))  # type: ignore[arg-type]
    TitleCount.objects.bulk_update([each.count for each in found], ["correction"])
    _let_wait(fewer, by=by, now=now, reason=str(take))


def _let_wait(fewer: dict[OrderLine, int], *, by: User | None, now: datetime, reason: str) -> None:
    """So many copies of each line are waited for again; an order of which none is left to pack waits. All are locked."""
    for line, copies in fewer.items():
        line.allocated -= copies
        line.backordered += copies
    OrderLine.objects.bulk_update(fewer, ["allocated", "backordered"])
    orders = {line.order_id for line in fewer}
    to_pack = set(OrderLine.objects.filter(order__in=orders, allocated__gt=0).values_list("order_id", flat=True))
    Order.objects.filter(pk__in=orders - to_pack, state=OrderState.RECEIVED).update(state=OrderState.WAITING)
    kind = EventKind.TAKEN_BACK
    OrderEvent.objects.bulk_create([OrderEvent(order_id=key, kind=kind, by=by, at=now, reason=reason) for key in sorted(orders)])
