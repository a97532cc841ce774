"""Bank holidays and working days of each nation.

They stand in ctac/data/bank_holidays.json: the package holidays, which follows the official lists, takes 17 MB of each process.
`manage.py write_bank_holidays` writes the file anew; a test holds it against the package, and it against the years to come.
"""

import json
from datetime import date, timedelta
from functools import cache
from pathlib import Path

WRITTEN = Path(__file__).parent / "data" / "bank_holidays.json"
# Where the team works: what is asked of it counts by this calendar.
OURS = "england"
# Country and subdivision by the names that the package has; the keys are those of professionals.models.Nation.
CALENDARS: dict[str, tuple[str, str | None]] = {
    OURS: ("GB", "ENG"),
    "wales": ("GB", "WLS"),
    "scotland": ("GB", "SCT"),
    "northern-ireland": ("GB", "NIR"),
    "guernsey": ("GG", None),
    "jersey": ("JE", None),
    "isle-of-man": ("IM", None),
}


@cache
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    """None in a year that is not in the file: nobody is given a time so far ahead."""
    return frozenset(date.fromisoformat(day) for day in written()[nation].get(str(year), ()))


@cache
def written() -> dict[str, dict[str, list[str]]]:
    """Nation → year → days, as in the file."""
    return dict(json.loads(WRITTEN.read_text()))


def is_bank_holiday(day: date, nation: str) -> bool:
    return day in bank_holidays(nation, day.year)


def is_working_day(day: date, nation: str) -> bool:
    return day.weekday() < 5 and not is_bank_holiday(day, nation)


def before_working_days(day: date, count: int, nation: str) -> date:
    """The working day that is `count` working days before `day`."""
    while count:
        day -= timedelta(days=1)
        count -= is_working_day(day, nation)
    return day


def after_working_days(day: date, count: int, nation: str) -> date:
    """The working day that is `count` working days after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, nation)
    return day
