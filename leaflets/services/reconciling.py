"""Proof that the ledger, the figures and the orders say the same."""

from collections.abc import Iterator

from django.db import connection
from django.db.models import F, IntegerField, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce

from leaflets.models import Edition, OrderLine, StockMovement, StockTakeState, TitleCount


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


# Either side may have a day that the other has not.
DAYS = """
    SELECT COALESCE(counted.edition_id, moved.edition_id), COALESCE(counted.day, moved.day),
        COALESCE(counted.copies, 0), COALESCE(moved.copies, 0)
    FROM leaflets_dispatchcount counted
    FULL JOIN (
        SELECT edition_id, (at AT TIME ZONE 'Europe/London')::date AS day, sum(copies) AS copies
        FROM leaflets_stockmovement WHERE kind = 'dispatched' GROUP BY 1, 2
    ) moved ON moved.edition_id = counted.edition_id AND moved.day = counted.day
    WHERE counted.copies IS DISTINCT FROM moved.copies
    ORDER BY 1, 2
"""


def _day_differences() -> Iterator[str]:
    with connection.cursor() as cursor:
        cursor.execute(DAYS)
        for edition, day, counted, moved in cursor.fetchall():
            yield f"edition {edition}, {day}: {counted} counted as dispatched that day, ledger {moved}"
