"""UK time and UK postcodes, said in one place."""

import re
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from django.core.exceptions import ValidationError
from django.utils import dateformat
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

UK = ZoneInfo("Europe/London")
IN_WINTER = date(2027, 1, 12)  # any day on which each time of the clock comes once
# Inward codes never use C, I, K, M, O or V; outward forms as in the Royal Mail programmers' guide. Forces post: BFPO 57, or as
# some write it BFPO c/o 57.
POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][ABD-HJLNP-UW-Z]{2})|(BFPO)(?:CO)?([0-9]{1,4})")


def uk_datetime(day: date, clock: time) -> datetime:
    """That UK wall-clock time on that day, aware. In the hour that happens twice, the first."""
    return datetime.combine(day, clock, tzinfo=UK)


def uk_day(moment: datetime) -> date:
    """The UK calendar day of an aware moment."""
    return moment.astimezone(UK).date()


def days_before(moment: datetime, days: int, clock: time) -> datetime:
    """That UK wall-clock time so many days before, whatever the clocks did in between."""
    return uk_datetime(uk_day(moment) - timedelta(days=days), clock)


@lru_cache(maxsize=4096)
def format_clock(moment: datetime) -> str:
    """'1:30pm', '3pm', 'midday', 'midnight' in UK time (look.md): nobody is sure what 12pm or 12am is."""
    local = moment.astimezone(UK)
    return clock_in_words(local.hour, local.minute, get_language())


@lru_cache(maxsize=512)  # a page of times says the same few again and again
def clock_in_words(hour: int, minute: int, _language: str | None) -> str:
    if (hour, minute) == (12, 0):
        return gettext("midday")
    if (hour, minute) == (0, 0):
        return gettext("midnight")
    return dateformat.format(datetime.combine(IN_WINTER, time(hour, minute)), "g:ia" if minute else "ga").replace(".", "")


def format_clock_time(clock: time) -> str:
    """A time on a UK clock as format_clock says a moment."""
    return format_clock(datetime.combine(IN_WINTER, clock, tzinfo=UK))


@lru_cache(maxsize=4096)
def format_day(moment: datetime | date) -> str:
    """'Tuesday 9 March 2027' in UK time."""
    return day_in_words(uk_day(moment) if isinstance(moment, datetime) else moment, get_language())


@lru_cache(maxsize=512)
def day_in_words(day: date, _language: str | None) -> str:
    return dateformat.format(day, "l j F Y")


def format_moment(moment: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm' in UK time."""
    return f"{format_day(moment)}, {format_clock(moment)}"


def format_span(start: datetime, end: datetime) -> str:
    """'Tuesday 9 March 2027, 1:30pm to 3pm' in UK time."""
    return f"{format_day(start)}, {format_clock(start)} to {format_clock(end)}"


def tidy_postcode(typed: str) -> str:
    """The postcode as it is stored ('SW1A 1AA'), whatever the case and spacing.

    Raises ValidationError for what has no postcode's shape.
    """
    squeezed = re.sub(r"[^A-Z0-9]", "", typed.upper())
    match = POSTCODE.fullmatch(squeezed)
    if not match:
        raise ValidationError(_("Enter a full UK postcode, like LS1 4AP."), code="invalid")
    return " ".join(part for part in match.groups() if part)


def postcode_area(postcode: str) -> str:
    """The letters at the front: 'SW' of 'SW1A 1AA'."""
    match = re.match(r"[A-Z]+", postcode.upper())
    return match[0] if match else ""
