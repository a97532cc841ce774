"""Copies that come in, and figures that are put right."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import models, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ctac.errors import DomainError
from ctac.uk import format_clock, format_day
from leaflets.models import Edition, MovementKind, StockMovement
from leaflets.services.backorders import fill_backorders
from leaflets.services.ledger import lock_editions, record
from professionals.models import User
from professionals.services.safeguarding import tell_lead


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


# The same figure again, by the same person so soon after, is perhaps the same page sent twice.
JUST_ENTERED = timedelta(hours=1)


class EnteredAlready(DomainError):
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
class Seen:
    """What whoever enters something knows of the edition: its last entry when their page was opened, 0 for none, and those that
    refusals have told them of since (EnteredAlready). Keys."""

    last: int
    told: frozenset[int] = frozenset()

    def refuse(self, entry: StockMovement, *, by: User | None, now: datetime) -> None:
        """Under the lock of the edition: each entry that they don't know of, and one that is perhaps the same.

        Raises EnteredAlready.
        """
        entries = entries_of(entry.edition)
        same = entries.filter(kind=entry.kind, on_hand_change=entry.on_hand_change, by=by, at__gt=now - JUST_ENTERED)
        found = entries.filter(pk__gt=self.last).exclude(pk__in=self.told).first() or same.first()
        if found is not None and found.pk not in self.told:
            raise EnteredAlready(found)


def entries_of(edition: Edition) -> "models.QuerySet[StockMovement]":
    """What was received or corrected, the last first; not what orders move."""
    return edition.movements.filter(kind__in=[MovementKind.RECEIVED, MovementKind.CORRECTED]).order_by("-pk")


def last_entry(edition: Edition) -> int:
    """Its key, 0 if there is none."""
    return entries_of(edition).values_list("pk", flat=True).first() or 0


@transaction.atomic
def receive_stock(
    *,
    edition: Edition,
    copies: int,
    by: User | None,
    now: datetime,
    reason: str = "",
    flagged: bool = False,
    seen: Seen | None = None,
) -> None:
    """Copies came in from the printer; who waits for some gets them. `flagged`: see correct_stock.

    Raises NothingToChange, and EnteredAlready if it says what was seen.
    """
    if copies < 1:
        raise NothingToChange
    lock_editions([edition.pk])
    movement = StockMovement(
        edition=edition, kind=MovementKind.RECEIVED, copies=copies, on_hand_change=copies, allocated_change=0
    )
    if seen is not None:
        seen.refuse(movement, by=by, now=now)
    record([movement], by=by, now=now, reason=reason)
    fill_backorders([edition.pk], by=None, now=now)
    if flagged:
        tell_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)


@transaction.atomic
def correct_stock(
    *,
    edition: Edition,
    change: int,
    by: User | None,
    now: datetime,
    reason: str,
    flagged: bool = False,
    seen: Seen | None = None,
) -> None:
    """The shelf holds more or fewer copies than the figure says, by `change`: found, damaged, miscounted.

    A change and not a total, so that a parcel that leaves while someone counts is not counted twice.
    `flagged`: the reason looks like a child's details and its writer kept it, so the safeguarding lead is told.
    Raises NothingToChange, StockIsPromised, and EnteredAlready if it says what was seen.
    """
    if change == 0:
        raise NothingToChange
    locked = lock_editions([edition.pk])[edition.pk]
    if locked.on_hand + change < locked.allocated:
        raise StockIsPromised(locked)
    movement = StockMovement(
        edition=edition, kind=MovementKind.CORRECTED, copies=abs(change), on_hand_change=change, allocated_change=0
    )
    if seen is not None:
        seen.refuse(movement, by=by, now=now)
    record([movement], by=by, now=now, reason=reason)
    fill_backorders([edition.pk], by=None, now=now)
    if flagged:
        tell_lead(about=f"stock:{movement.pk}", reference=movement.reference, now=now)
