"""The stock ledger: whatever changes a figure writes the movement that explains it, here and nowhere else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection

from leaflets.models import Edition, MovementKind, OrderLine, StockMovement
from professionals.models import User

# What bulk_update says with a CASE for each row and column; building that took 2 ms an order.
ADD_TO_FIGURES = """
    UPDATE leaflets_edition SET on_hand = leaflets_edition.on_hand + change.on_hand,
        allocated = leaflets_edition.allocated + change.allocated
    FROM unnest(%s::bigint[], %s::integer[], %s::integer[]) AS change (id, on_hand, allocated)
    WHERE leaflets_edition.id = change.id
"""


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


def record(movements: Sequence[StockMovement], *, by: User | None, now: datetime, reason: str = "") -> None:
    """Write the movements and add them to the running figures: two statements. The caller holds the editions' locks."""
    on_hand: dict[int, int] = defaultdict(int)
    allocated: dict[int, int] = defaultdict(int)
    for movement in movements:
        movement.by, movement.at, movement.reason = by, now, reason
        on_hand[movement.edition_id] += movement.on_hand_change
        allocated[movement.edition_id] += movement.allocated_change
    with connection.cursor() as cursor:
        cursor.execute(ADD_TO_FIGURES, [list(on_hand), list(on_hand.values()), [allocated[key] for key in on_hand]])
    StockMovement.objects.bulk_create(movements)
