"""UK times, days and bank holidays."""

import json
from calendar import monthrange
from collections.abc import Container
from datetime import date, datetime, time, timedelta
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.db import models
from django.utils import dateformat
from django.utils.translation import get_language, gettext, gettext_lazy as _, gettext_noop, pgettext

UK_TZ = ZoneInfo("Europe/London")


def uk_datetime(day: date, clock: time) -> datetime:
    """That UK wall-clock time on that day, aware. In the hour that happens twice, the first."""
    return datetime.combine(day, clock, tzinfo=UK_TZ)


def uk_day(moment: datetime) -> date:
    """The UK calendar day of an aware moment."""
    return moment.astimezone(UK_TZ).date()


def days_before(moment: datetime, days: int, clock: time) -> datetime:
    """That UK wall-clock time so many days before, whatever the clocks did in between."""
    return uk_datetime(uk_day(moment) - timedelta(days=days), clock)


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and UK time that many months ago; on the 31st the last day of a shorter month."""
    here = moment.astimezone(UK_TZ)
    year, month = divmod(here.year * 12 + here.month - 1 - months, 12)
    day = min(here.day, monthrange(year, month + 1)[1])
    return here.replace(year=year, month=month + 1, day=day)


def add_months(month: date, many: int) -> date:
    """By first days: the month so many later, or earlier."""
    years, place = divmod(month.month - 1 + many, 12)
    return date(month.year + years, place + 1, 1)


def format_uk_time(moment: datetime) -> str:
    """'1:30pm' in UK time."""
    return format_time(moment.astimezone(UK_TZ).time())


gettext_noop("July")  # Django’s own Welsh for it is misspelt: ours comes first
EVENING_HOUR = 18  # the hour from which Welsh says yh instead of yp


def format_time(clock: time) -> str:
    """'1:30pm', '3pm', 'midday', 'midnight'. People disagree about 12pm and 12am."""
    return _format_time(clock, get_language())


@lru_cache(maxsize=512)  # a page of times says the same few again and again
def _format_time(clock: time, _language: str | None) -> str:
    if (clock.hour, clock.minute) == (12, 0):
        return gettext("midday")
    if (clock.hour, clock.minute) == (0, 0):
        return gettext("midnight")
    if clock.hour < 12:
        words = gettext("%(clock)sam")
    else:
        words = pgettext("evening", "%(clock)spm") if clock.hour >= EVENING_HOUR else pgettext("afternoon", "%(clock)spm")
    return words % {"clock": dateformat.time_format(clock, "g:i" if clock.minute else "g")}


def format_day(moment: datetime | date) -> str:
    """'Tuesday 9 March 2027' in UK time."""
    return _format_day(uk_day(moment) if isinstance(moment, datetime) else moment, get_language())


@lru_cache(maxsize=4096)
def _format_day(day: date, _language: str | None) -> str:
    return dateformat.format(day, "l j F Y")


def format_day_range(first: date, last: date, form: str = "j F") -> str:
    """'from 24 December to 2 January', 'on 24 December'."""
    days = {"first": dateformat.format(first, form), "last": dateformat.format(last, form)}
    return (gettext("on %(first)s") if first == last else gettext("from %(first)s to %(last)s")) % days


def format_datetime(moment: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm' in UK time."""
    return f"{format_day(moment)}, {format_uk_time(moment)}"


def format_datetime_range(start: datetime, end: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm to 3pm' in UK time."""
    return gettext("%(start)s to %(end)s") % {"start": format_datetime(start), "end": format_uk_time(end)}


class Nation(models.TextChoices):
    """The four nations, and the three islands that have UK postcodes and bank holidays of their own."""

    ENGLAND = "england", _("England")
    SCOTLAND = "scotland", _("Scotland")
    WALES = "wales", _("Wales")
    NORTHERN_IRELAND = "northern-ireland", _("Northern Ireland")
    GUERNSEY = "guernsey", _("Guernsey")
    JERSEY = "jersey", _("Jersey")
    ISLE_OF_MAN = "isle-of-man", _("Isle of Man")


# `manage.py write_bank_holidays` writes it from the package holidays, which follows the official lists but takes 17 MB of a
# process. A test compares the two.
BANK_HOLIDAYS_FILE = Path(__file__).parent / "data" / "bank_holidays.json"
# Where the team works.
TEAM_NATION = "england"
# Nation → country and subdivision, as the package names them.
HOLIDAY_CALENDARS: dict[str, tuple[str, str | None]] = {
    TEAM_NATION: ("GB", "ENG"),
    "wales": ("GB", "WLS"),
    "scotland": ("GB", "SCT"),
    "northern-ireland": ("GB", "NIR"),
    "guernsey": ("GG", None),
    "jersey": ("JE", None),
    "isle-of-man": ("IM", None),
}


@cache
def bank_holidays(nation: str, year: int) -> frozenset[date]:
    """Empty for a year that is not in the file, which is further ahead than anybody can book."""
    return frozenset(date.fromisoformat(day) for day in bank_holiday_file()[nation].get(str(year), ()))


@cache
def bank_holiday_file() -> dict[str, dict[str, list[str]]]:
    """Nation → year → days, as in the file."""
    return dict(json.loads(BANK_HOLIDAYS_FILE.read_text()))


def is_bank_holiday(day: date, nation: str) -> bool:
    return day in bank_holidays(nation, day.year)


# `closed`: days on which we are closed, which are no working days either (office/closures/queries.py).


def is_working_day(day: date, nation: str, closed: Container[date] = ()) -> bool:
    return day.weekday() < 5 and not is_bank_holiday(day, nation) and day not in closed


def subtract_working_days(day: date, count: int, nation: str, closed: Container[date] = ()) -> date:
    """The working day that is `count` working days before `day`."""
    while count:
        day -= timedelta(days=1)
        count -= is_working_day(day, nation, closed)
    return day


def add_working_days(day: date, count: int, nation: str, closed: Container[date] = ()) -> date:
    """The working day that is `count` working days after `day`."""
    while count:
        day += timedelta(days=1)
        count -= is_working_day(day, nation, closed)
    return day
