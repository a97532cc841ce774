"""The nightly count: makes the table of counts equal to the rows."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from core.models import statement_timeout
from reach.models import CountKind, ReachCount, ReachRun
from reach.sources import CountKey, count_rows

logger = logging.getLogger(__name__)

COUNT_KEY_FIELDS = ("month", "nation", "authority", "profession")
BATCH_SIZE = 2_000
STATEMENT_TIMEOUT = "10min"  # of ten million orders: docs/scaling.md


@dataclass(frozen=True)
class Difference:
    """`pk`: of the count, if there is one."""

    kind: CountKind
    key: CountKey
    pk: int | None
    stored: int
    rows: int

    def __str__(self) -> str:
        month, *where = self.key
        return f"{self.kind} {month:%Y-%m} {' '.join(each or '-' for each in where)}: counted {self.stored}, rows {self.rows}"


def count_reach(now: datetime) -> int:
    """Write the counts that differ from the rows; returns how many. A second run changes nothing; two at once take turns.

    Readers see all of the changes or none.
    """
    written = 0
    with statement_timeout(STATEMENT_TIMEOUT):
        with connection.cursor() as cursor:
            # SQL because the ORM has no advisory locks, and before the first count there is no row to lock.
            cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('reach_count', 0))")
        for kind in CountKind:
            found = list(find_differences(kind))
            ReachCount.objects.filter(pk__in=[each.pk for each in found if not each.rows]).delete()
            changed = [
                ReachCount(kind=kind, **dict(zip(COUNT_KEY_FIELDS, each.key, strict=True)), count=each.rows)
                for each in found
                if each.rows
            ]
            ReachCount.objects.bulk_create(
                changed,
                batch_size=BATCH_SIZE,
                update_conflicts=True,
                unique_fields=["kind", *COUNT_KEY_FIELDS],
                update_fields=["count"],
            )
            written += len(found)
        ReachRun.objects.update_or_create(id=1, defaults={"counted_at": now})
    logger.info("reach: %s counts written", written)
    return written


def find_differences(kind: CountKind) -> Iterator[Difference]:
    """Between the table and the rows."""
    counts = ReachCount.objects.filter(kind=kind).order_by().values_list("pk", "count", *COUNT_KEY_FIELDS)
    stored: dict[CountKey, tuple[int | None, int]] = {tuple(key): (pk, count) for pk, count, *key in counts}
    rows = count_rows(kind)
    for key in sorted(stored.keys() | rows.keys()):
        pk, count = stored.get(key, (None, 0))
        if count != rows.get(key, 0):
            yield Difference(kind, key, pk, count, rows.get(key, 0))
