"""A stock-take: started, counted in steps by one or by many, counted again, given up. What becomes of it: confirming.py."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.errors import DomainError
from ctac.uk import format_clock
from leaflets.models import Edition, EditionState, MovementKind, StockMovement, StockTake, StockTakeState, TitleCount
from leaflets.services.ledger import lock_editions
from professionals.models import User


class NothingToCount(DomainError):
    message: str | Promise = gettext_lazy("Choose at least one title to count.")


class CountIsOver(DomainError):
    message: str | Promise = gettext_lazy("This stock-take has ended, so nothing was changed.")


@dataclass(frozen=True)
class Typed:
    """What somebody counted, and the position of the ledger that their page was made with."""

    copies: int
    seen: int


def all_to_count() -> list[Edition]:
    """What the catalogue offers, and whatever else there should be copies of."""
    offered = Q(state=EditionState.CURRENT, leaflet__active=True)
    return list(Edition.objects.filter(offered | Q(on_hand__gt=0)).order_by("pk"))


@transaction.atomic
def start_count(*, editions: Iterable[Edition], by: User | None, now: datetime) -> StockTake:
    """Raises NothingToCount."""
    chosen = list(editions)
    if not chosen:
        raise NothingToCount
    take = StockTake.objects.create(started_at=now, started_by=by)
    TitleCount.objects.bulk_create([TitleCount(stock_take=take, edition=edition) for edition in chosen])
    return take


def moves_of(edition: Any) -> QuerySet[StockMovement]:
    """Movements of copies of one edition (its key), the last first.

    By a range of one, in the order of the index that has just these. Asked for the edition alone and in the order of keys, the
    database reads the ledger backwards until it meets that edition: at a million entries a second for a title that rests.
    """
    moved = StockMovement.objects.filter(~Q(on_hand_change=0), edition__gte=edition, edition__lte=edition)
    return moved.order_by("edition_id", "-pk")


def copies_moved() -> "Subquery":
    """The key of an edition's last movement of copies, 0 if there was none. One step into an index."""
    moved = moves_of(OuterRef("edition"))
    return Coalesce(Subquery(moved.values("pk")[:1]), 0)  # type: ignore[return-value]


def counts_of(take: StockTake) -> list[TitleCount]:
    """Each with its edition; `at` is where the ledger is now, `came`, `went` what moved since it was counted.

    `stale`: its figure was put right by somebody since, so nobody knows whether the count has seen that. One statement.
    """
    # An aggregate of each title's own, so that it is a step into the index of what moved copies, not a walk through the ledger.
    since = moves_of(OuterRef("edition")).filter(pk__gt=OuterRef("position")).order_by().values("edition")
    came = since.annotate(copies_in=Sum("copies", filter=Q(kind=MovementKind.RECEIVED))).values("copies_in")
    went = since.annotate(copies_out=Sum("copies", filter=Q(kind=MovementKind.DISPATCHED))).values("copies_out")
    counts = take.counts.select_related("edition__leaflet", "counted_by", "correction").annotate(
        at=copies_moved(),
        came=Coalesce(Subquery(came), 0),
        went=Coalesce(Subquery(went), 0),
        stale=Exists(since.filter(kind=MovementKind.CORRECTED)),
    )
    return list(counts)


def is_counted(count: TitleCount) -> bool:
    """Of one that counts_of gives: there is a figure, and it still means something."""
    return count.counted is not None and not count.stale  # type: ignore[attr-defined]


@transaction.atomic
def record_counts(*, take: StockTake, typed: Mapping[int, Typed], by: User | None, now: datetime) -> dict[int, str]:
    """Keep what was counted, by the keys of its counts, each with the ledger of this moment; why not, for those not kept.

    What moved while somebody counted may have been counted or not, so they are asked. Sent twice it is kept once. A colleague's
    figure stays. Raises CountIsOver.
    """
    counts = _open_and_locked(take, typed)
    refused: dict[int, str] = {}
    for key, count in counts.items():
        if is_counted(count):
            if count.counted != typed[key].copies:
                refused[key] = _counted_by_another(count)
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
    """The figure is forgotten. Raises CountIsOver."""
    _open_and_locked(take, [key])
    empty = dict.fromkeys(("counted", "expected", "position", "counted_at", "counted_by"))
    take.counts.filter(pk=key).update(**empty)


@transaction.atomic
def abandon_count(*, take: StockTake, by: User | None, now: datetime) -> None:
    """What was counted stays to be read, and changes nothing. Raises CountIsOver."""
    end(take, StockTakeState.ABANDONED, by=by, now=now)


def end(take: StockTake, state: StockTakeState, *, by: User | None, now: datetime) -> None:
    """Once: of two who come at the same moment the second waits, then finds it over. Raises CountIsOver."""
    ended = StockTake.objects.open().filter(pk=take.pk).update(state=state, ended_at=now, ended_by=by)
    if not ended:
        raise CountIsOver
    take.state, take.ended_at, take.ended_by = state, now, by


def _open_and_locked(take: StockTake, keys: Iterable[int]) -> dict[int, TitleCount]:
    """These counts by their keys, their editions locked in key order, then the stock-take, as everybody does it."""
    locked = lock_editions(take.counts.filter(pk__in=list(keys)).values_list("edition_id", flat=True))
    if not StockTake.objects.open().select_for_update(no_key=True).filter(pk=take.pk).exists():
        raise CountIsOver
    counts = {count.pk: count for count in counts_of(take) if count.edition_id in locked}
    for count in counts.values():
        leaflet, count.edition = count.edition.leaflet, locked[count.edition_id]
        count.edition.leaflet = leaflet
    return counts


def _counted_by_another(count: TitleCount) -> str:
    said = _("%(who)s has counted %(n)s of this meanwhile. If that is wrong, press “Count again” beside it.")
    return said % {"who": count.counted_by or _("Somebody"), "n": f"{count.counted:,}"}


def _moved_meanwhile(count: TitleCount, seen: int) -> str:
    """What came in or left since the page was made, and what to do."""
    moved = reversed(moves_of(count.edition_id).filter(pk__gt=seen)[:3])
    ways = {MovementKind.RECEIVED: _("%(n)s came in at %(clock)s"), MovementKind.DISPATCHED: _("%(n)s left at %(clock)s")}
    other = _("its stock was corrected at %(clock)s")
    said = [
        ways.get(MovementKind(each.kind), other) % {"n": f"{each.copies:,}", "clock": format_clock(each.at)} for each in moved
    ]
    why = _("While you counted, %(what)s.") % {"what": ", ".join(said)} if said else _("This page was too old.")
    return f"{why} {_('Count it as it is now and save again. If your figure is right as it is now, just save again.')}"
