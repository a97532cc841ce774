"""Writing the audit, with one statement for each act however many objects it is about; and its tables, one a month (ADR 21)."""

import logging
import re
from collections.abc import Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db import connection
from django.utils import timezone

from audit.models import Act, Entry
from core.dates import add_months
from core.logs import EMPTY_VALUE, request_reference

logger = logging.getLogger(__name__)
MONTHS_AHEAD = 12
# The user of the present request, for signals, which don't know the request.
acting_user_id: ContextVar[int | None] = ContextVar("acting", default=None)

KEY_PATTERN = re.compile(r"[0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{2}-[0-9A-Z]{4}-[0-9A-Z]{2}", re.ASCII)
MONTH_TABLE_PATTERN = re.compile(r"audit_entry_([0-9]{4})_([0-9]{2})")
NON_WORD_PATTERN = re.compile(r"[^a-z0-9_, -]")
# SQL because the role of the site may write all columns but the time and the number, and Django would name these too.
INSERT_SQL = "INSERT INTO audit_entry (act, actor, kind, key, page, what, request) VALUES "
ROW_SQL = "(%s, %s, %s, %s, %s, %s, %s)"
# SQL because Django knows no partitions, and the role of the application may add and drop one only through these functions.
ADD_MONTH_SQL = "SELECT audit_add_month(%s)"
# SQL because of the same. The function refuses a month that ended less than six months ago.
DROP_MONTH_SQL = "SELECT audit_drop_month(%s)"


@dataclass(frozen=True)
class AuditSubject:
    """What an act was about: a model ("bookings.booking") and the keys of its rows. A list has no keys, another page no model.

    A key that is neither a number, a UUID nor a reference is left out: it comes from a URL, where anybody may type anything.
    """

    kind: str = ""
    keys: tuple[str, ...] = ()

    @classmethod
    def of(cls, row: Any) -> "AuditSubject":
        return cls(row._meta.label_lower, (str(row.pk),))


NO_SUBJECT = AuditSubject()


def write_audit_entry(
    act: Act, *, by: int | None = None, about: AuditSubject = NO_SUBJECT, page: str = "", whats: Sequence[str] = ("",)
) -> None:
    """Write one act: a row for each object and each of `whats`. One statement, within the transaction if there is one.

    `by` is the key of the user who acts; `page` and `whats` are words of our code, never anything typed. Raises DatabaseError,
    which callers must let pass, so that nothing is done without a record in the audit (ADR 21).
    """
    reference = request_reference.get()
    reference = "" if reference == EMPTY_VALUE else reference
    # Write the act even if no key has the right shape.
    keys = list(dict.fromkeys(key for key in about.keys if KEY_PATTERN.fullmatch(key))) or [""]
    rows = [
        (act.value, by, about.kind, key, page, NON_WORD_PATTERN.sub("", what.lower())[:200], reference)
        for key in keys
        for what in whats
    ]
    with connection.cursor() as cursor:
        cursor.execute(INSERT_SQL + ", ".join([ROW_SQL] * len(rows)), [value for row in rows for value in row])


@dataclass(frozen=True)
class MonthChanges:
    """The months whose tables were added, and those whose tables were dropped."""

    added: tuple[date, ...]
    dropped: tuple[date, ...]


def rotate_month_tables(*, now: datetime, months: int | None = None) -> MonthChanges:
    """Add tables for this month and the next twelve, and drop old ones: of months that ended more than `months` ago.

    `months` is AUDIT_KEPT_MONTHS if not given. Months are those of UTC. A second call does no harm. The database always refuses
    to drop a month that ended less than six months ago.
    """
    keep = settings.AUDIT_KEPT_MONTHS if months is None else months
    added = add_months_ahead(now=now)
    dropped = [month for month in existing_months() if month < add_months(first_of_month(now), -keep)]
    with connection.cursor() as cursor:
        for month in dropped:
            cursor.execute(DROP_MONTH_SQL, [month])
    if added or dropped:
        logger.info("audit: months added %s, dropped %s", len(added), len(dropped))
    return MonthChanges(tuple(added), tuple(dropped))


def add_months_ahead(*, now: datetime) -> list[date]:
    """Add the tables for this month and the next twelve, and return the months whose tables were missing."""
    existing, first = existing_months(), first_of_month(now)
    added = [month for month in (add_months(first, ahead) for ahead in range(MONTHS_AHEAD + 1)) if month not in existing]
    with connection.cursor() as cursor:
        for month in added:
            cursor.execute(ADD_MONTH_SQL, [month])
    return added


def existing_months() -> list[date]:
    """The months that have a table, in order."""
    names = map(
        MONTH_TABLE_PATTERN.fullmatch, connection.introspection.table_names(include_views=True)
    )  # Django counts a partition as a view
    return sorted(date(int(name[1]), int(name[2]), 1) for name in names if name)


def first_of_month(moment: datetime) -> date:
    return moment.astimezone(UTC).date().replace(day=1)


def add_months_after_migrate(**about: Any) -> None:
    """Add the months ahead with each deployment, in case beat has not run."""
    if Entry._meta.db_table in connection.introspection.table_names(include_views=True):  # not if only another app was migrated
        add_months_ahead(now=timezone.now())


def check_tables() -> str:
    """For /readyz, half a year ahead: without a table for the month nothing can be done on the staff site."""
    ahead = add_months(first_of_month(timezone.now()), 6)
    return "" if ahead in existing_months() else f"the audit has no table for {ahead:%Y-%m}: does beat run?"
