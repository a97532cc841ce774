"""How long records keep what is personal, and the nightly run that takes it out (ADR 75).

Every app registers its rules. A rule finds what is due; what was taken out is not due any more, so that a run which was cut off
goes on where it was, and a second one does no harm.
"""

import logging
import time
from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.db.models import Exists, QuerySet
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.errors import DomainError
from ctac.uk import UK
from professionals.models import RetentionRun, User

logger = logging.getLogger(__name__)
BATCH = 500
RUNS_FOR = timedelta(minutes=30)  # what is left is taken the next night
COUNTED, COUNT_LASTS = "retention-due", timedelta(hours=3)  # beat has it counted each hour


@dataclass(frozen=True)
class Rule:
    """`keeps`: the key in settings.KEEP_MONTHS. `due(before)` finds the rows whose time was over before that moment and that
    still hold something; `take_out(keys, now)` takes it out of these rows, which are locked. With `one_by_one` each row has a
    transaction of its own, in which `take_out` may raise a DomainError to leave that row for another night; `hold(key)` locks
    before that what decides whether it is due, if that is more than the row.
    `ahead`: so long before their time is over they are due. `ready(rows, now)` narrows those that are due by what depends on now.

    `what` names the records in a list, `goes` says in a sentence what is taken out of them and what stays.
    """

    name: str
    what: str | Promise
    since: str | Promise
    goes: str | Promise
    keeps: str
    due: Callable[[datetime], QuerySet[Any]]
    take_out: Callable[[Sequence[int], datetime], None]
    one_by_one: bool = False
    hold: Callable[[int], None] | None = None
    ahead: timedelta = timedelta()
    ready: Callable[[QuerySet[Any], datetime], QuerySet[Any]] | None = None

    @property
    def months(self) -> int:
        return int(settings.KEEP_MONTHS[self.keeps])

    @property
    def how_long(self) -> str:
        """It goes on with "after they last signed in"."""
        kept = months_in_words(self.months)
        if not self.ahead:
            return kept
        return _("%(days)d days before it is %(kept)s") % {"days": self.ahead.days, "kept": kept}

    def over_before(self, now: datetime) -> datetime:
        return months_before(now + self.ahead, self.months)

    def due_now(self, now: datetime) -> QuerySet[Any]:
        due = self.due(self.over_before(now))
        return due if self.ready is None else self.ready(due, now)

    def count(self, now: datetime) -> int:
        return self.due_now(now).count()


_rules: dict[str, Rule] = {}
_activities: list[Callable[[datetime], Exists]] = []


def register(rule: Rule) -> None:
    """Called in an app's AppConfig.ready(). Raises ValueError for a name that is taken."""
    if rule.name in _rules and _rules[rule.name] != rule:
        raise ValueError(f"two rules of retention are called {rule.name}")
    _rules[rule.name] = rule


def register_activity(find: Callable[[datetime], Exists]) -> None:
    """`find(since)` says of a person, OuterRef("pk"), whether they did something here at that moment or later."""
    if find not in _activities:
        _activities.append(find)


def activities(since: datetime) -> list[Exists]:
    return [find(since) for find in _activities]


def rules() -> list[Rule]:
    """In the order in which they run: what people did before the people themselves."""
    return sorted(_rules.values(), key=lambda rule: rule.one_by_one)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and UK time that many months ago; on the 31st the last day of a shorter month."""
    here = moment.astimezone(UK)
    year, month = divmod(here.year * 12 + here.month - 1 - months, 12)
    day = min(here.day, monthrange(year, month + 1)[1])
    return here.replace(year=year, month=month + 1, day=day)


def months_in_words(months: int) -> str:
    if months % 12:
        return ngettext("%(n)d month", "%(n)d months", months) % {"n": months}
    return ngettext("%(n)d year", "%(n)d years", months // 12) % {"n": months // 12}


def would_do(now: datetime) -> dict[str, int]:
    """How many records of each rule a run would change now. Nothing is changed."""
    return {rule.name: rule.count(now) for rule in rules()}


@dataclass(frozen=True)
class Due:
    """What a run would have done at that moment, by the names of the rules."""

    at: datetime
    counts: dict[str, int]


def count_due(now: datetime) -> Due:
    """Counts, which reads as much as there is, and keeps the figures for who asks next (ADR 84)."""
    due = Due(now, would_do(now))
    cache.set(COUNTED, (due.at, due.counts), COUNT_LASTS.total_seconds())
    return due


def last_count(now: datetime) -> Due:
    """As it was counted last; counted now if that was too long ago, or of other rules."""
    at, counts = cache.get(COUNTED) or (now, {})
    return Due(at, counts) if counts.keys() == _rules.keys() else count_due(now)


def run(*, now: datetime, by: User | None = None, batch: int = BATCH) -> RetentionRun:
    """Take out everything whose time is over, batch by batch, each in its own transaction; its row says how far it came."""
    made = RetentionRun.objects.create(started_at=now, by=by, done={rule.name: 0 for rule in rules()})
    until = time.monotonic() + RUNS_FOR.total_seconds()
    for rule in rules():
        left: set[int] = set()
        while time.monotonic() < until and (changed := one_batch(rule, now, batch, left)) is not None:
            made.done[rule.name] += changed
            made.save(update_fields=["done"])
        made.left += len(left)
    made.ended_at = timezone.now()
    made.save(update_fields=["ended_at", "left"])
    logger.info("retention: %s", ", ".join(f"{name} {count}" for name, count in made.done.items()))
    return made


def one_batch(rule: Rule, now: datetime, batch: int, left: set[int]) -> int | None:
    """How many records it changed; None if nothing is due any more. `left` gets the keys of those that can't be done tonight."""
    due = rule.due_now(now).exclude(pk__in=left)
    if rule.one_by_one:
        keys = list(due.values_list("pk", flat=True)[:batch])
        return sum(one_record(rule, due, key, now, left) for key in keys) if keys else None
    with transaction.atomic():
        locked = due.select_for_update(of=("self",), no_key=True, skip_locked=True)
        keys = sorted(locked.values_list("pk", flat=True)[:batch])
        if keys:
            rule.take_out(keys, now)
    return len(keys) or None


def one_record(rule: Rule, due: QuerySet[Any], key: int, now: datetime, left: set[int]) -> int:
    """Asked again under its locks: somebody may have come back meanwhile."""
    try:
        with transaction.atomic():
            list(due.model._base_manager.filter(pk=key).select_for_update())
            if rule.hold is not None:
                rule.hold(key)
            if not due.filter(pk=key).exists():
                return 0
            rule.take_out([key], now)
    except DomainError:
        left.add(key)
        return 0
    except Exception as error:  # noqa: BLE001 - one record must not keep all others from their end, each night anew
        logger.error("retention: %s %s can't be taken out: %s", rule.name, key, type(error).__name__)
        left.add(key)
        return 0
    return 1
