"""Proof that the ledger, the figures and the orders say the same."""

from collections.abc import Iterator

from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce, TruncDate

from ctac.uk import UK
from leaflets.models import DispatchCount, Edition, MovementKind, OrderLine, StockMovement, StockTakeState, TitleCount


def total(rows: QuerySet, owner: str, column: str) -> Coalesce:
    """The sum of a column over the rows that belong to the outer row, 0 for none."""
    sums = rows.filter(**{owner: OuterRef("pk")}).order_by().values(owner).annotate(sum=Sum(column)).values("sum")
    return Coalesce(Subquery(sums, output_field=IntegerField()), 0)


def differences() -> Iterator[str]:
    """One line for each figure that its movements don't explain. None: everything agrees."""
    yield from _edition_differences()
    yield from _line_differences()
    yield from _count_differences()
    yield from _day_differences()


def _edition_differences() -> Iterator[str]:
    editions = Edition.objects.select_related("leaflet").annotate(
        moved_on_hand=total(StockMovement.objects.all(), "edition", "on_hand_change"),
        moved_allocated=total(StockMovement.objects.all(), "edition", "allocated_change"),
        promised=total(OrderLine.objects.all(), "edition", "allocated"),
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
        moved_allocated=total(movements, "order_line", "allocated_change"),
        moved_out=total(movements, "order_line", "on_hand_change"),
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
