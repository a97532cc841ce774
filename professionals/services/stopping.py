"""Keeping what was stopped for staff to see, and letting through whom they know."""

import logging
from datetime import datetime, time, timedelta
from typing import Any

from django.db import DatabaseError, transaction
from django.db.models import F, QuerySet
from django.http import HttpRequest

from audit.models import Act
from audit.services import NOBODY_IN_PARTICULAR, About, record
from ctac.uk import uk_datetime, uk_day
from professionals import limits
from professionals.models import By, Person, Stopped, User, Where, Why

logger = logging.getLogger(__name__)
MOST_ROWS_AN_HOUR = 500  # staff read no more, and a flood from ever new addresses fills no table


def keep_stopped(
    *, where: Where, why: Why, now: datetime, by: By = By.NOBODY, key: str = "", about: str = "", person: Person | None = None
) -> None:
    """One more. A figure that can't be written is lost and logged: nobody's page fails for it.

    The first of a key in an hour is written into the audit. `key`: as it is given to `limits`, in the clear; its hash is
    stored. Past so many rows an hour, those of all keys are one row.
    """
    logger.warning("stopped at %s: %s %s", where.value, why.value, by.value, extra={"where": where.value, "why": why.value})
    hour, about_whom = now.replace(minute=0, second=0, microsecond=0), About.of(person) if person else NOBODY_IN_PARTICULAR
    try:
        with transaction.atomic():
            if Stopped.objects.filter(hour=hour)[:MOST_ROWS_AN_HOUR].count() == MOST_ROWS_AN_HOUR:
                key, about, person = "", "", None
            organisation = person.organisation_id if person else None
            row, is_first = Stopped.objects.get_or_create(
                hour=hour,
                where=where,
                why=why,
                by=by,
                key=limits.hashed(key) if key else "",
                defaults={"about": about[:100], "person": person, "organisation_id": organisation, "times": 1, "last_at": now},
            )
            if is_first:
                record(Act.LIMITED, about=about_whom, whats=[f"{where.value}, {why.value}"])
            else:  # whoever looked at it an hour ago has not seen this one
                Stopped.objects.filter(pk=row.pk).update(times=F("times") + 1, last_at=now, seen_at=None)
    except DatabaseError:
        logger.warning("what was stopped at %s was not counted", where.value, exc_info=True)


def keep_stopped_of(*, request: HttpRequest | None, address: str, **attempt: Any) -> None:
    """Of whoever is signed in, else of whose address it is. Without a request it may have been anybody."""
    person: Person | None = getattr(request, "person", None) or None
    if person is None and address:
        person = Person.objects.with_email(address).first()
    keep_stopped(person=person, **attempt)


@transaction.atomic
def let_through(*, stopped: Stopped, by: User | None, now: datetime) -> None:
    """Nothing is counted by this key until the UK day ends. It counts as seen."""
    limits.lift(stopped.key, uk_datetime(uk_day(now) + timedelta(days=1), time(0)))
    Stopped.objects.filter(pk=stopped.pk).update(let_through_at=now, seen_at=now, by_staff=by)


def mark_seen(*, rows: QuerySet[Stopped], by: User | None, now: datetime) -> int:
    """How many had not been seen before."""
    unseen: Any = rows.filter(seen_at=None)
    return int(unseen.update(seen_at=now, by_staff=by))
