"""Counts by kind, area and time, read from the table of counts, so that a year costs the same however many rows it had."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Max, Sum
from django.utils import dateformat
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy

from core.dates import UK_TZ, add_months, format_datetime, uk_day
from professionals.models import Nation
from reach.areas import ISLANDS, Unit, all_district_codes, area_by_key, areas_of, current_code
from reach.models import CountKind, ReachCount, ReachRun


@dataclass(frozen=True)
class Period:
    """Whole UK months, both included, by their first days."""

    first: date
    last: date

    def __post_init__(self) -> None:
        assert self.first.day == self.last.day == 1  # noqa: S101 - whoever makes one rounds

    def __contains__(self, month: date) -> bool:
        return self.first <= month <= self.last

    @classmethod
    def last_months(cls, months: int, now: datetime) -> "Period":
        """The last `months` whole months, without the current one."""
        this_month = uk_day(now).replace(day=1)
        return cls(add_months(this_month, -months), add_months(this_month, -1))

    @classmethod
    def financial_year(cls, starting: int) -> "Period":
        """From April of that year to the next March."""
        return cls(date(starting, 4, 1), date(starting + 1, 3, 1))

    @property
    def display_text(self) -> str:
        """'November 2025 to October 2026', 'March 2026'."""
        first, last = month_text(self.first), month_text(self.last)
        return first if first == last else gettext("%(first)s to %(last)s") % {"first": first, "last": last}


def month_text(month: date | None) -> str:
    """'March 2026'; empty where there is none."""
    return dateformat.format(month, "F Y") if month else ""


def months_between(first: date, last: date) -> int:
    return (last.year - first.year) * 12 + last.month - first.month


def area_key(nation: str, authority: str) -> str:
    """The key in an area's `keys`: the district's current code, or the nation; empty if unknown."""
    return current_code(authority) if authority in all_district_codes() else nation


def counts_by_area(kind: CountKind, period: Period, unit: Unit, profession: str = "") -> dict[str, int]:
    """Counts by the code of the area; under '' what lies in none. Areas with nothing are missing. One statement."""
    areas, found = area_by_key(unit), defaultdict[str, int](int)
    rows = ReachCount.objects.of(kind, profession).between(period.first, period.last)
    for nation, authority, count in rows.values_list("nation", "authority").annotate(total=Sum("count")):
        key = area_key(nation, authority)
        found[areas[key].code if key in areas else ""] += count
    return dict(found)


def counts_by_area_and_month(kind: CountKind, unit: Unit, profession: str = "") -> dict[str, dict[date, int]]:
    """Counts by the code of the area and the month's first day. What lies in no area is left out. One statement."""
    areas, found = area_by_key(unit), defaultdict[str, dict[date, int]](lambda: defaultdict(int))
    rows = ReachCount.objects.of(kind, profession)
    for nation, authority, month, count in rows.values_list("nation", "authority", "month").annotate(total=Sum("count")):
        key = area_key(nation, authority)
        if key in areas:
            found[areas[key].code][month] += count
    return {code: dict(months) for code, months in found.items()}


def last_attended_months(unit: Unit) -> dict[str, date]:
    """The last month in which anybody attended anything, by area. Areas where nobody has are missing. One statement."""
    areas, found = area_by_key(unit), dict[str, date]()
    rows = ReachCount.objects.of(CountKind.ATTENDED)
    for nation, authority, month in rows.values_list("nation", "authority").annotate(last=Max("month")):
        key = area_key(nation, authority)
        if key in areas:
            code = areas[key].code
            found[code] = max(found.get(code, month), month)
    return found


def counted_at() -> datetime | None:
    """In UK time; None before the first count."""
    moment = ReachRun.objects.values_list("counted_at", flat=True).first()
    return moment.astimezone(UK_TZ) if moment else None


def counted_text() -> str:
    """When the counts were made; empty before the first time."""
    moment = counted_at()
    return format_datetime(moment) if moment else ""


# For the public: nations and regions by year, rounded. Names all of them or none, so that no gap shows where nobody was.

ROUNDING_STEP = MIN_SHOWN_COUNT = 10
MAX_YEARS_SHOWN = 5
# Region names in the file are English.
REGION_LABELS = {
    "North East": gettext_lazy("North East"),
    "North West": gettext_lazy("North West"),
    "Yorkshire and the Humber": gettext_lazy("Yorkshire and the Humber"),
    "East Midlands": gettext_lazy("East Midlands"),
    "West Midlands": gettext_lazy("West Midlands"),
    "East of England": gettext_lazy("East of England"),
    "London": gettext_lazy("London"),
    "South East": gettext_lazy("South East"),
    "South West": gettext_lazy("South West"),
}


@dataclass(frozen=True)
class YearReached:
    """People who attended, rounded; 0: fewer than 10. `places`: each with its rounded number and whether it is a region; empty if
    not all of them can be named."""

    year: int
    people: int
    places: list[tuple[str | Promise, int, bool]]
    elsewhere: int


def years_reached() -> list[YearReached]:
    """The last MAX_YEARS_SHOWN years with a count, the newest first. One statement."""
    nations, regions = area_by_key(Unit.NATION), area_by_key(Unit.REGION)
    years = defaultdict[int, Counter[str]](Counter)
    rows = ReachCount.objects.of(CountKind.ATTENDED)
    for year, nation, authority, count in rows.values_list("month__year", "nation", "authority").annotate(total=Sum("count")):
        key = area_key(nation, authority)
        places = {areas[key].code for areas in (nations, regions) if key in areas} - {*ISLANDS}
        years[year].update(dict.fromkeys(["", *(places or ["elsewhere"])], count))
    return [_year_reached(year, years[year]) for year in sorted(years, reverse=True)[:MAX_YEARS_SHOWN]]


def _year_reached(year: int, people: Counter[str]) -> YearReached:
    """`people`: by the code of nation and region, elsewhere, and under '' of all."""
    nations = [area for area in areas_of(Unit.NATION).values() if area.nation not in ISLANDS]
    regions = [area for area in areas_of(Unit.REGION).values() if area.nation == Nation.ENGLAND]
    places: list[tuple[str | Promise, int, bool]] = []
    if min(people[area.code] for area in nations) >= MIN_SHOWN_COUNT:
        for area in nations:
            places.append((area.nation.label, _round_count(people[area.code]), False))
            if area.nation == Nation.ENGLAND and min(people[region.code] for region in regions) >= MIN_SHOWN_COUNT:
                places += [(REGION_LABELS[region.name], _round_count(people[region.code]), True) for region in regions]
    return YearReached(year, _round_count(people[""]), places, _round_count(people["elsewhere"]))


def _round_count(count: int) -> int:
    """0 for fewer than 10."""
    return (count + ROUNDING_STEP // 2) // ROUNDING_STEP * ROUNDING_STEP if count >= MIN_SHOWN_COUNT else 0
