"""The days of a series (“six Tuesdays”): a rule and a first day in, days out. What the UK clock says stays the same on each.

Nothing here reads the database: a series is a way to fill in a form, and each session stands for itself afterwards (ADR 52).
"""

import calendar
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy

# A month may have no fifth Tuesday; so many are looked through before giving up on a series whose every day is left out.
MOST_LOOKED_AT = 500


class Every(TextChoices):
    ONCE = "once", gettext_lazy("Once")
    WEEK = "week", gettext_lazy("Every week")
    FORTNIGHT = "fortnight", gettext_lazy("Every two weeks")
    MONTH = "month", gettext_lazy("Every month, on the same weekday")


@dataclass(frozen=True)
class Series:
    """`days` are those asked for, `left_out` those that were passed over on the way to the last of them."""

    days: list[date]
    left_out: list[date]


def series(first: date, every: str, count: int, *, passes_over: Callable[[date], bool] = lambda day: False) -> Series:
    """So many days in that rhythm. One that is passed over does not count: the series goes on until it has them all."""
    if every == Every.ONCE:
        return Series([first], [])
    days: list[date] = []
    left_out: list[date] = []
    for day in rhythm(first, every):
        (left_out if passes_over(day) else days).append(day)
        if len(days) == count or len(days) + len(left_out) >= MOST_LOOKED_AT:
            break
    return Series(days, left_out)


def rhythm(first: date, every: str) -> Iterator[date]:
    """That day and those after it, without end."""
    if every == Every.MONTH:
        yield from same_weekdays(first)
        return
    step = timedelta(weeks=2 if every == Every.FORTNIGHT else 1)
    while True:
        yield first
        first += step


def same_weekdays(first: date) -> Iterator[date]:
    """'The third Tuesday of each month'. A fifth one is the last of its month, and so are those after it."""
    place = (first.day - 1) // 7
    year, month = first.year, first.month
    while True:
        yield nth_weekday(year, month, first.weekday(), place)
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)


def nth_weekday(year: int, month: int, weekday: int, place: int) -> date:
    """The first has place 0; where there is no such day, the last."""
    start, length = calendar.monthrange(year, month)
    day = 1 + (weekday - start) % 7 + 7 * place
    return date(year, month, day if day <= length else day - 7)
