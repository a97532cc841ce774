"""The stock ledger: whatever changes a figure writes the movement that explains it, here and nowhere else."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db import connection, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ctac.errors import DomainError
from leaflets.models import Edition, MovementKind, OrderLine, StockMovement
from professionals.models import User
from professionals.safeguarding import tell_lead

# What bulk_update says with a CASE for each row and column; building that took 2 ms an order.
ADD_TO_FIGURES = """
    UPDATE leaflets_edition SET on_hand = leaflets_edition.on_hand + change.on_hand,
        allocated = leaflets_edition.allocated + change.allocated
    FROM unnest(%s::bigint[], %s::integer[], %s::integer[]) AS change (id, on_hand, allocated)
    WHERE leaflets_edition.id = change.id
"""


class NothingToChange(DomainError):
    message: str | Promise = _("Enter how many copies: a whole number other than 0.")


class StockIsPromised(DomainError):
    """A correction would leave fewer copies than orders have been promised."""

    def __init__(self, edition: Edition) -> None:
        super().__init__(
            ngettext(
                "%(allocated)d copy is promised to an order, so no fewer can be on hand. Cancel that order first.",
                "%(allocated)d copies are promised to orders, so no fewer can be on hand. Cancel orders first.",
                edition.allocated,
            )
            % {"allocated": edition.allocated}
        )


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


@transaction.atomic
def receive_stock(
    *, edition: Edition, copies: int, by: User | None, now: datetime, reason: str = "", flagged: bool = False
) -> None:
    """Copies came in from the printer. `flagged`: see correct_stock. Raises NothingToChange."""
    if copies < 1:
        raise NothingToChange
    lock_editions([edition.pk])
    movement = StockMovement(
        edition=edition, kind=MovementKind.RECEIVED, copies=copies, on_hand_change=copies, allocated_change=0
    )
    record([movement], by=by, now=now, reason=reason)
    if flagged:
        tell_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)


@transaction.atomic
def correct_stock(*, edition: Edition, change: int, by: User | None, now: datetime, reason: str, flagged: bool = False) -> None:
    """The shelf holds more or fewer copies than the figure says, by `change`: found, damaged, miscounted.

    A change and not a total, so that a parcel that leaves while someone counts is not counted twice.
    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.
    Raises NothingToChange, StockIsPromised.
    """
    if change == 0:
        raise NothingToChange
    locked = lock_editions([edition.pk])[edition.pk]
    if locked.on_hand + change < locked.allocated:
        raise StockIsPromised(locked)
    movement = StockMovement(
        edition=edition, kind=MovementKind.CORRECTED, copies=abs(change), on_hand_change=change, allocated_change=0
    )
    record([movement], by=by, now=now, reason=reason)
    if flagged:
        tell_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)
