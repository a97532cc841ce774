"""Changes of the settings: recorded, checked for promises that they would break, and in force from the next request on."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from office.site_settings.models import SettingChange, SiteSettings
from office.site_settings.queries import CACHED_SETTINGS, settings_values, site_settings
from staff.lists import MAX_COUNTED, capped_count_text

# A promise that a change would break: a sentence, and the address of what it is about ("" for none).
AffectedPlan = tuple[str, str]
PromiseCheck = Callable[[SiteSettings, SiteSettings], Iterable[AffectedPlan]]
_promise_checks: dict[str, list[PromiseCheck]] = defaultdict(list)


def register_promise_check(field: str, check: PromiseCheck) -> None:
    """Add a check, in the AppConfig.ready() of an app that has promised something. It runs when this setting is to change.

    `check(old, new)` gives the promises that would be broken (see `CountedPromise`): a sentence with a figure, and a page that
    lists them.
    """
    if check not in _promise_checks[field]:
        _promise_checks[field].append(check)


INCREASE, DECREASE = (1,), (-1,)


@dataclass(frozen=True)
class CountedPromise:
    """A promise made to many people: `rows(old, new, now)` finds them, and `sentence` says how many (%(n)s) there are.

    `broken_by`: INCREASE or DECREASE of the setting, or either. `route` and `query` lead to a list that shows them.
    """

    field: str
    broken_by: tuple[int, ...]
    rows: Callable[[SiteSettings, SiteSettings, datetime], QuerySet[Any]]
    sentence: Any
    route: str
    query: str = ""

    def __call__(self, old: SiteSettings, new: SiteSettings) -> Iterator[AffectedPlan]:
        """Counts the promises that would break, as far as a list counts. One statement."""
        difference = getattr(new, self.field) - getattr(old, self.field)
        if (difference > 0) - (difference < 0) not in self.broken_by:
            return
        rows = self.rows(old, new, timezone.now())
        if count := rows.order_by().values("pk")[: MAX_COUNTED + 1].count():
            yield (
                self.sentence % {"count": count, "n": capped_count_text(count)},
                f"{reverse(self.route)}?{self.query}".rstrip("?"),
            )


def find_broken_promises(old: SiteSettings, new: SiteSettings) -> list[AffectedPlan]:
    """The promises made under `old` that would not hold under `new`, setting by setting, without repeats."""
    changed = [name for name, value in settings_values(new).items() if value != getattr(old, name)]
    return list(dict.fromkeys(broken for name in changed for check in _promise_checks[name] for broken in check(old, new)))


@transaction.atomic
def change_settings(*, by: Any = None, now: datetime | None = None, **values: Any) -> SiteSettings:
    """Changes the settings of these names. Writes the row and the changes; after commit, the copy that every process reads.

    Raises ValidationError.
    """
    site_settings()  # read here, so that this process keeps the old settings until the commit, and publishes nothing else
    changed = get_locked_settings()
    old = settings_values(changed)
    for name, value in values.items():
        setattr(changed, name, value)
    changed.clean_fields(exclude=set(old) - set(values))
    changed.clean()
    written = {name: value for name, value in settings_values(changed).items() if value != old[name]}
    SettingChange.objects.bulk_create(
        SettingChange(field=name, old=recorded_text(old[name]), new=recorded_text(value), by=by, at=now or timezone.now())
        for name, value in written.items()
    )
    changed.save()
    transaction.on_commit(lambda: CACHED_SETTINGS.publish(changed), robust=True)
    return changed


def recorded_text(value: Any) -> str:
    """A value as SettingChange keeps it; "" for none."""
    return "" if value is None else str(value)


def get_locked_settings() -> SiteSettings:
    """The row of settings, added if there is none, locked against other changes. Within a transaction."""
    SiteSettings.objects.bulk_create([SiteSettings()], ignore_conflicts=True)
    return SiteSettings.objects.select_for_update().get()
