"""The stock ledger: whatever changes a figure writes the movement that explains it, here and nowhere else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime

from django.db.models import F

from ctac.uk import uk_day
from leaflets.models import DispatchCount, Edition, MovementKind, OrderLine, StockMovement
from professionals.models import User


def lock_editions(keys: Iterable[int]) -> dict[int, Edition]:
    """The editions by key, their rows locked until the transaction ends."""
    return {edition.pk: edition for edition in Edition.objects.filter(pk__in=set(keys)).locked()}


def for_line(line: OrderLine, kind: MovementKind, copies: int) -> StockMovement:
    """An entry, not yet recorded, that an order line causes."""
    on_hand, allocated = {
        MovementKind.ALLOCATED: (0, copies),
        MovementKind.RELEASED: (0, -copies),
        MovementKind.DISPATCHED: (-copies, -copies),
    }[kind]
    return StockMovement(
        edition_id=line.edition_id, kind=kind, copies=copies, on_hand_change=on_hand, allocated_change=allocated, order_line=line
    )


SETTLED = {
    "dispatched": MovementKind.DISPATCHED,
    "cancelled": MovementKind.RELEASED,
    "backordered": MovementKind.RELEASED,
}


def settle(copies: Mapping[OrderLine, int], to: str, *, by: User | None, now: datetime, reason: str = "") -> None:
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
    record([for_line(line, SETTLED[to], copies) for line, copies in taken.items()], by=by, now=now, reason=reason)


def record(movements: Sequence[StockMovement], *, by: User | None, now: datetime, reason: str = "") -> None:
    """Write the movements and add them to the running figures. The caller holds the editions' locks.

    What left is also added up by edition and day, for the forecast (services.forecast). A movement that has a reason of its own
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
        _add_up(went, uk_day(now))
    StockMovement.objects.bulk_create(movements)


def _add_up(went: Mapping[int, int], day: date) -> None:
    known = dict(DispatchCount.objects.filter(edition__in=went, day=day).values_list("edition", "copies"))
    DispatchCount.objects.bulk_create(
        [DispatchCount(edition_id=key, day=day, copies=known.get(key, 0) + copies) for key, copies in went.items()],
        update_conflicts=True,
        unique_fields=["edition", "day"],
        update_fields=["copies"],
    )
