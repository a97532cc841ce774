"""Areas in the order in which they need us."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ctac.dates import uk_day
from professionals.models import Nation
from reach.areas import Area, Unit, areas_of
from reach.models import Kind
from reach.queries import Period, counts_by_area, last_attended, month_before


@dataclass(frozen=True)
class RankedArea:
    """`rank`: its place within its nation. `last`: the last month in which anybody attended, by its first day; None: nobody has.
    `attended`: people since the month that was asked about."""

    rank: int
    area: Area
    last: date | None
    is_gap: bool
    attended: int = 0


def rank(areas: Mapping[str, Area], last: Mapping[str, date], since: date) -> dict[Nation, list[Area]]:
    """The order, nation by nation, as a nation's children are counted alike.

    First the gaps: areas in which nobody has attended anything in the month `since` or later. Of those the one with the most
    children under 18 comes first; of as many children, the one where nobody has for longest. Then the areas in which somebody
    has, those before others where that is longer ago; in the same month, the one with the most children. An area whose children
    are not published comes after those of which they are; then names decide.

    Only attending counts. Leaflets, sign-ups, what is booked, and what was recorded about trafficking have no part in it.
    """

    def place(area: Area) -> tuple[object, ...]:
        children = (area.published.children is None, -(area.published.children or 0))
        attended = last.get(area.code, date.min)
        if attended < since:
            return (0, children, attended, area.name, area.code)
        return (1, attended, children, area.name, area.code)

    found: dict[Nation, list[Area]] = {}
    for area in sorted(areas.values(), key=place):  # type: ignore[arg-type]
        found.setdefault(area.nation, []).append(area)
    return {nation: found[nation] for nation in Nation if nation in found}


@dataclass(frozen=True)
class Gaps:
    """`ranked`: by nation. `unplaced`: people who attended since then of whom we don't know the area."""

    ranked: dict[Nation, list[RankedArea]]
    unplaced: int


def read_gaps(unit: Unit, since: date, now: datetime) -> Gaps:
    """Two statements."""
    areas, last = areas_of(unit), last_attended(unit)
    attended = counts_by_area(Kind.ATTENDED, Period(since, uk_day(now).replace(day=1)), unit)
    ranked = {
        nation: [
            RankedArea(place, area, last.get(area.code), last.get(area.code, date.min) < since, attended.get(area.code, 0))
            for place, area in enumerate(theirs, 1)
        ]
        for nation, theirs in rank(areas, last, since).items()
    }
    return Gaps(ranked, attended.get("", 0))


def months_between(month: date, now: datetime) -> int:
    """How many months ago that was, counted by the names of months."""
    today = uk_day(now)
    return (today.year - month.year) * 12 + today.month - month.month
