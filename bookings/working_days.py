"""Bank holidays and working days of each nation (from the package holidays, which follows the official lists)."""

from datetime import date, timedelta
from functools import cache

import holidays

from bookings.models import Nation

# Country and subdivision by the names that the package has.
CALENDARS: dict[str, tuple[str, str | None]] = {
    Nation.ENGLAND: ("GB", "ENG"),
    Nation.WALES: ("GB", "WLS"),
    Nation.SCOTLAND: ("GB", "SCT"),
    Nation.NORTHERN_IRELAND: ("GB", "NIR"),
    Nation.GUERNSEY: ("GG", None),
    Nation.JERSEY: ("JE", None),
    Nation.ISLE_OF_MAN: ("IM", None),
}


@cache
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    country, subdivision = CALENDARS[nation]
    return frozenset(holidays.country_holidays(country, subdiv=subdivision, years=year))


def is_bank_holiday(day: date, nation: str) -> bool:
    return day in bank_holidays(nation, day.year)


def is_working_day(day: date, nation: str) -> bool:
    return day.weekday() < 5 and not is_bank_holiday(day, nation)


def after_working_days(day: date, count: int, nation: str) -> date:
    """The working day that is `count` working days after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, nation)
    return day
