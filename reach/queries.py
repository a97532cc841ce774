"""How many of what, where: read from the counts, so that a year costs the same however many rows it had."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import F, Max, Sum
from django.utils import dateformat
from django.utils.translation import gettext

from ctac.dates import UK, uk_day
from reach.areas import Area, Unit, area_by_key, current_code, every_code
from reach.models import Kind, ReachCount, ReachRun


@dataclass(frozen=True)
class Period:
    """Whole UK months, both included, by their first days."""

    first: date
    last: date

    def __post_init__(self) -> None:
        assert self.first.day == self.last.day == 1  # noqa: S101 - whoever makes one rounds

    @classmethod
    def last_months(cls, months: int, now: datetime) -> "Period":
        """The last whole month and those before it."""
        last = month_before(uk_day(now).replace(day=1))
        first = last
        for _month in range(months - 1):
            first = month_before(first)
        return cls(first, last)

    @classmethod
    def financial_year(cls, starting: int) -> "Period":
        """From April of that year to the March after."""
        return cls(date(starting, 4, 1), date(starting + 1, 3, 1))

    @property
    def in_words(self) -> str:
        """'November 2025 to October 2026', 'March 2026'."""
        first, last = (dateformat.format(month, "F Y") for month in (self.first, self.last))
        return first if first == last else gettext("%(first)s to %(last)s") % {"first": first, "last": last}


def month_before(month: date) -> date:
    return date(month.year - (month.month == 1), (month.month - 2) % 12 + 1, 1)


def month_after(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


def key_of(nation: str, authority: str) -> str:
    """What an area's `keys` call it: the district's code of today, else the nation; empty where nobody can say."""
    return current_code(authority) if authority in every_code() else nation


def counts_by_key(kind: Kind, period: Period, profession: str = "") -> dict[str, int]:
    """By district, or by nation where no more is known; under '' online for everybody, and where we don't know. One statement."""
    rows = ReachCount.objects.filter(kind=kind).between(period.first, period.last).order_by()
    if profession:
        rows = rows.filter(profession=profession)
    found: dict[str, int] = defaultdict(int)
    for nation, authority, count in rows.values_list("nation", "authority").annotate(total=Sum("count")):
        found[key_of(nation, authority)] += count
    return dict(found)


def counts_by_area(kind: Kind, period: Period, unit: Unit, profession: str = "") -> dict[str, int]:
    """By the code of an area of that unit; under '' what lies in none. Areas of which nothing is counted are missing."""
    areas, found = area_by_key(unit), defaultdict[str, int](int)
    for key, count in counts_by_key(kind, period, profession).items():
        found[areas[key].code if key in areas else ""] += count
    return dict(found)


def counts_by_profession(kind: Kind, period: Period, area: Area | None = None) -> dict[str, int]:
    """In that area, or everywhere; under '' where nobody said. One statement."""
    rows = ReachCount.objects.filter(kind=kind).between(period.first, period.last).order_by()
    found: dict[str, int] = defaultdict(int)
    for nation, authority, profession, count in rows.values_list("nation", "authority", "profession").annotate(
        total=Sum("count")
    ):
        if area is None or key_of(nation, authority) in area.keys:
            found[profession] += count
    return dict(found)


def counts_by_month(kind: Kind, area: Area | None = None) -> dict[date, int]:
    """Of all months that have any, by their first days. One statement."""
    rows = ReachCount.objects.filter(kind=kind).order_by()
    found: dict[date, int] = defaultdict(int)
    for nation, authority, month, count in rows.values_list("nation", "authority", "month").annotate(total=Sum("count")):
        if area is None or key_of(nation, authority) in area.keys:
            found[month] += count
    return dict(found)


def counts_by_area_and_month(kind: Kind, unit: Unit, profession: str = "") -> dict[str, dict[date, int]]:
    """Of each area of that unit every month that has any, by its first day; what lies in no area is left out. One statement."""
    areas, found = area_by_key(unit), defaultdict[str, dict[date, int]](lambda: defaultdict(int))
    rows = ReachCount.objects.filter(kind=kind).order_by()
    if profession:
        rows = rows.filter(profession=profession)
    for nation, authority, month, count in rows.values_list("nation", "authority", "month").annotate(total=Sum("count")):
        key = key_of(nation, authority)
        if key in areas:
            found[areas[key].code][month] += count
    return {code: dict(months) for code, months in found.items()}


def last_attended(unit: Unit) -> dict[str, date]:
    """By area the last month in which anybody attended anything, as its first day. Areas where nobody has are missing."""
    areas, found = area_by_key(unit), dict[str, date]()
    rows = ReachCount.objects.filter(kind=Kind.ATTENDED).order_by()
    for nation, authority, month in rows.values_list("nation", "authority").annotate(last=Max(F("month"))):
        key = key_of(nation, authority)
        if key in areas:
            code = areas[key].code
            found[code] = max(found.get(code, month), month)
    return found


def first_month() -> date | None:
    """Of which anything is counted."""
    return ReachCount.objects.order_by("month").values_list("month", flat=True).first()


def counted_at() -> datetime | None:
    """In UK time; None before the first count."""
    moment = ReachRun.objects.values_list("counted_at", flat=True).first()
    return moment.astimezone(UK) if moment else None
