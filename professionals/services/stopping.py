"""Keeping what was stopped for staff to see, and letting through whom they know."""

import logging
from datetime import datetime, time, timedelta
from typing import Any

from django.db import DatabaseError, connection, transaction
from django.db.models import QuerySet

from audit.models import Act
from audit.services import reference_now, tidy
from ctac.uk import uk_datetime, uk_day
from professionals import limits
from professionals.models import By, Person, Stopped, User, Where, Why

logger = logging.getLogger(__name__)
MOST_ROWS_AN_HOUR = 500  # staff read no more, and a flood from ever new addresses fills no table


def keep_stopped(
    *, where: Where, why: Why, now: datetime, by: By = By.NOBODY, key: str = "", about: str = "", person: Person | None = None
) -> None:
    """One more. A figure that can't be written is lost and logged: nobody's page fails for it. One statement.

    The first of a key in an hour is written into the audit by the same statement. `key`: as it is given to `limits`, in the
    clear; its hash is stored. Past so many rows an hour, those of all keys are one row.
    """
    logger.warning("stopped at %s: %s %s", where.value, why.value, by.value, extra={"where": where.value, "why": why.value})
    values: dict[str, Any] = {
        "hour": now.replace(minute=0, second=0, microsecond=0),
        "where": where.value,
        "why": why.value,
        "by": by.value,
        "key": limits.hashed(key) if key else "",
        "about": about[:100],
        "person": person.pk if person else None,
        "organisation": person.organisation_id if person else None,
        "now": now,
        "most": MOST_ROWS_AN_HOUR,
        "limited": Act.LIMITED,
        "whose": str(person.pk) if person else "",
        "kind": "professionals.person" if person else "",
        "request": reference_now(),
        "what": tidy(f"{where.value}, {why.value}"),
    }
    try:
        with connection.cursor() as cursor:
            cursor.execute(KEEP, values)
    except DatabaseError:
        logger.warning("what was stopped at %s was not counted", where.value, exc_info=True)


# Whoever looked at it an hour ago has not seen what comes now: it counts as unseen again when it is stopped once more.
KEEP = """
    WITH room AS (
        SELECT count(*) < %(most)s AS there_is
        FROM (SELECT FROM professionals_stopped WHERE hour = %(hour)s LIMIT %(most)s) AS this_hour
    ), told AS (
        SELECT CASE WHEN there_is THEN %(key)s ELSE '' END AS key, CASE WHEN there_is THEN %(about)s ELSE '' END AS about,
            CASE WHEN there_is THEN %(person)s::bigint END AS person,
            CASE WHEN there_is THEN %(organisation)s::bigint END AS organisation
        FROM room
    ), stored AS (
        INSERT INTO professionals_stopped AS kept (hour, "where", why, by, key, about, person_id, organisation_id, times, last_at)
        SELECT %(hour)s, %(where)s, %(why)s, %(by)s, key, about, person, organisation, 1, %(now)s FROM told
        ON CONFLICT (hour, "where", why, by, key)
            DO UPDATE SET times = kept.times + 1, last_at = EXCLUDED.last_at, seen_at = NULL
        RETURNING times
    )
    INSERT INTO audit_entry (act, kind, key, what, request)
    SELECT %(limited)s, %(kind)s, %(whose)s, %(what)s, %(request)s FROM stored WHERE times = 1
"""


@transaction.atomic
def let_through(*, stopped: Stopped, by: User | None, now: datetime) -> None:
    """Nothing is counted by this key until the UK day ends. It counts as seen."""
    limits.lift(stopped.key, uk_datetime(uk_day(now) + timedelta(days=1), time(0)))
    Stopped.objects.filter(pk=stopped.pk).update(let_through_at=now, seen_at=now, by_staff=by)


def mark_seen(*, rows: QuerySet[Stopped], by: User | None, now: datetime) -> int:
    """How many had not been seen before."""
    unseen: Any = rows.filter(seen_at=None)
    return int(unseen.update(seen_at=now, by_staff=by))
