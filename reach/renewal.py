"""Awareness fades as people leave: how many of those reached are still in post, as turnover lets us estimate.

What is assumed, and the page says so: people leave an area's posts each year as its social workers did in the last year of which
that is published, whatever their profession. Where no turnover is published or its publisher withheld it, nothing is estimated.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from ctac.dates import uk_day
from reach.areas import Area, Unit, areas_of
from reach.models import Kind
from reach.queries import counts_by_area_and_month

DUE_UNDER = 0.5


@dataclass(frozen=True)
class Renewal:
    """`reached`: people who attended, as often as they came. `in_post`: how many of them still are; None: nobody can say."""

    area: Area
    reached: int
    first: date
    last: date  # months, by their first days, of the first and the last who came
    in_post: float | None

    @property
    def share(self) -> float | None:
        return None if self.in_post is None else self.in_post / self.reached

    @property
    def is_due(self) -> bool:
        return self.share is not None and self.share < DUE_UNDER


def estimate(area: Area, months: Mapping[date, int], now: datetime) -> Renewal | None:
    """Of so many people who came in each month, by its first day. None where nobody has come."""
    reached = {month: people for month, people in months.items() if people}
    if not reached:
        return None
    turnover, in_post = area.published.turnover, None
    if turnover is not None:
        staying = max(1 - turnover / 100, 0.0)
        in_post = sum(people * staying ** years_since(month, now) for month, people in reached.items())
    return Renewal(area, sum(reached.values()), min(reached), max(reached), in_post)


def years_since(month: date, now: datetime) -> float:
    """In whole months."""
    today = uk_day(now)
    return max((today.year - month.year) * 12 + today.month - month.month, 0) / 12


def renewals(unit: Unit, now: datetime, profession: str = "") -> dict[str, Renewal]:
    """Of each area where anybody has come, by its code, in the order of areas. One statement."""
    found = counts_by_area_and_month(Kind.ATTENDED, unit, profession)
    estimates = {code: estimate(area, found[code], now) for code, area in areas_of(unit).items() if code in found}
    return {code: renewal for code, renewal in estimates.items() if renewal}


def due_for_renewal(unit: Unit, now: datetime, profession: str = "") -> list[Renewal]:
    """Areas where we estimate that under half of those who came are still in post, the smallest share first. One statement."""
    due = [renewal for renewal in renewals(unit, now, profession).values() if renewal.is_due]
    return sorted(due, key=lambda renewal: renewal.share or 0)
