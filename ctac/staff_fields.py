"""A day and a time in one plain box each: for dates of one's own, and the staff pages that are filled in during a call.

Browsers draw their own date boxes in the order of their own language, so 9/3 could become 3 September.
"""

import datetime
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import dateformat, timezone
from django.utils.translation import gettext_lazy as _

from ctac.uk import UK, format_clock_time, format_day, uk_day

MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEKDAY = r"(?:(mon|tues?|wed(?:nes)?|thu(?:rs?)?|fri|sat(?:ur)?|sun)(?:day)?\s+)?"
DAY = re.compile(rf"{WEEKDAY}(\d{{1,2}})(?:st|nd|rd|th)?\s+(?:of\s+)?(\d{{1,2}}|[a-z]{{3,9}})(?:\s+(\d{{4}}|\d{{2}}))?", re.ASCII)
ISO_DAY = re.compile(r"(\d{4})\s(\d{1,2})\s(\d{1,2})", re.ASCII)
CLOCK = re.compile(r"(\d{1,2})(?:[:.\s]?(\d{2}))?\s*(am|pm)?", re.ASCII)
A_YEAR = datetime.timedelta(days=365)
LATELY = datetime.timedelta(days=60)
NO_DAY = _("Enter a real day with its year, such as 9 3 2027 or 9 March 2027.")
NO_DAY_AHEAD = _("Enter a real day, such as 9 3 2027 or 9 March.")
ANOTHER_WEEKDAY = _("%(day)s is a %(weekday)s. Put the date or the weekday right.")
HAS_PASSED = _("%(day)s has passed. Write the year too.")
NAMED_CLOCKS = {"midday": (12, 0), "noon": (12, 0), "midnight": (0, 0)}


class LatelyPassed(ValueError):
    """A day without its year that has just passed: a slip, or next year's, and who acts on it at once must not guess."""

    def __init__(self, day: datetime.date) -> None:
        super().__init__(day)
        self.day = day


class AnotherWeekday(ValueError):
    """The weekday that was typed is not that day's: one of the two is a slip."""

    def __init__(self, day: datetime.date) -> None:
        super().__init__(day)
        self.day = day


def month_number(typed: str) -> int:
    """3 for '3', '03', 'mar' and 'march'. Raises ValueError."""
    return int(typed) if typed.isdigit() else MONTHS.index(typed[:3]) + 1


def read_day(typed: str, today: datetime.date | None = None) -> datetime.date:
    """'9 3 2027', '9/3/27', 'Tue 9th March 2027', '2027-03-09': the day comes first, as here everywhere. Raises ValueError.

    Without a year it is the next such date from `today` on, itself included; where none is given, a year must be. Raises
    LatelyPassed for one without a year that passed less than 60 days before, AnotherWeekday for “Monday” of what is a Tuesday.
    """
    tidy = " ".join(re.sub(r"[/.,\-]", " ", typed.lower()).split())
    if iso := ISO_DAY.fullmatch(tidy):
        return datetime.date(int(iso[1]), int(iso[2]), int(iso[3]))
    found = DAY.fullmatch(tidy)
    if not found:
        raise ValueError(typed)
    day = day_of(int(found[2]), month_number(found[3]), found[4], today)
    if found[1] and WEEKDAYS[day.weekday()] != found[1][:3]:
        raise AnotherWeekday(day)
    return day


def day_of(day: int, month: int, year: str | None, today: datetime.date | None) -> datetime.date:
    """Raises ValueError, also where neither a year nor `today` is given."""
    if year:
        return datetime.date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    if today:
        return next_such(month, day, today)
    raise ValueError((day, month))


def next_such(month: int, day: int, today: datetime.date) -> datetime.date:
    """The first such date from that day on; 29 February can be eight years ahead.

    Raises ValueError for 30 February, LatelyPassed for what passed less than 60 days before.
    """
    for found in such_days(month, day, range(today.year - 1, today.year + 9)):
        if found >= today:
            return found
        if today - found < LATELY:
            raise LatelyPassed(found)
    raise ValueError((month, day))


def such_days(month: int, day: int, years: Iterable[int]) -> Iterator[datetime.date]:
    """That day in each of the years that have it."""
    for year in years:
        with suppress(ValueError):
            yield datetime.date(year, month, day)


class AmOrPm(ValueError):
    """An hour that may be either: nobody gives a presentation at 2 in the morning, but we don't guess."""


def read_clock(typed: str) -> datetime.time:
    """'1:30pm', '1.30 pm', '13:30', '1330', '9am', 'midday'. Raises ValueError, AmOrPm for what may be either."""
    tidy = " ".join(typed.lower().replace("a.m.", "am").replace("p.m.", "pm").split())
    if tidy in NAMED_CLOCKS:
        return datetime.time(*NAMED_CLOCKS[tidy])
    found = CLOCK.fullmatch(tidy)
    if not found:
        raise ValueError(typed)
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(typed)
        return datetime.time(hour % 12 + (12 if half == "pm" else 0), minute)
    if len(found[1]) == 1 and 1 <= hour <= 6:
        raise AmOrPm(typed)
    return datetime.time(hour, minute)


class DayField(forms.Field):
    """A day of the calendar, typed as people write it.

    The year may be left out where what is asked for always `lies_ahead`, but not of a day that has just passed.
    """

    widget = forms.TextInput

    def __init__(self, *, lies_ahead: bool = False, **kwargs: Any) -> None:
        self.lies_ahead = lies_ahead
        kwargs["help_text"] = kwargs.get("help_text") or _("For example, 9 3 2027.")
        super().__init__(**kwargs)
        self.widget.attrs.update({"autocomplete": "off", "class": "govuk-input--width-10"})

    def to_python(self, value: Any) -> datetime.date | None:
        if value in self.empty_values or isinstance(value, datetime.date):
            return value or None
        try:
            return read_day(str(value), uk_day(timezone.now()) if self.lies_ahead else None)
        except AnotherWeekday as error:
            named = {"day": dateformat.format(error.day, "j F Y"), "weekday": dateformat.format(error.day, "l")}
            raise ValidationError(ANOTHER_WEEKDAY % named, code="another_weekday") from error
        except LatelyPassed as error:
            raise ValidationError(HAS_PASSED % {"day": dateformat.format(error.day, "j F")}, code="passed") from error
        except ValueError as error:
            raise ValidationError(NO_DAY_AHEAD if self.lies_ahead else NO_DAY, code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """'9 3 2027', as the hint says it; what was typed stays as it is."""
        return f"{value.day} {value.month} {value.year}" if isinstance(value, datetime.date) else value


class ClockField(forms.Field):
    """A time on a UK clock, typed as people write it."""

    widget = forms.TextInput

    def __init__(self, **kwargs: Any) -> None:
        kwargs["help_text"] = kwargs.get("help_text") or _("UK time. For example, 1:30pm.")
        super().__init__(**kwargs)
        self.widget.attrs.update({"autocomplete": "off", "class": "govuk-input--width-5"})

    def to_python(self, value: Any) -> datetime.time | None:
        if isinstance(value, datetime.time):
            return value
        if value in self.empty_values:
            return None
        try:
            return read_clock(str(value))
        except AmOrPm as error:
            raise ValidationError(_("Say am or pm as well, such as 1:30pm."), code="am_or_pm") from error
        except ValueError as error:
            raise ValidationError(_("Enter a time, such as 9am, 1:30pm or 13:30."), code="invalid") from error

    def prepare_value(self, value: Any) -> Any:
        """'1:30pm', as the hint says it; what was typed stays as it is."""
        if not isinstance(value, datetime.time):
            return value
        return format_clock_time(value)


def uk_moment(day: datetime.date, clock: datetime.time) -> datetime.datetime:
    """That day and time on a UK clock. Raises ValidationError for the hour that is skipped in March."""
    moment = datetime.datetime.combine(day, clock, tzinfo=UK)
    if moment.astimezone(datetime.UTC).astimezone(UK).replace(tzinfo=None) != moment.replace(tzinfo=None):
        raise ValidationError(_("The clocks go forward then: this time does not exist on that day."))
    return moment.astimezone(datetime.UTC)


def near_today(day: datetime.date) -> None:
    """Refuse a slip of the year; far out, the arithmetic of dates ends too."""
    today = uk_day(timezone.now())
    earliest, latest = today - A_YEAR, today + 2 * A_YEAR
    if not earliest <= day <= latest:
        days = {"earliest": format_day(earliest), "latest": format_day(latest)}
        raise ValidationError(_("Check the year: enter a day between %(earliest)s and %(latest)s.") % days)


# Days, times and web addresses in the forms that the admin makes of a model, as in all other staff forms. Django's own boxes
# want a clock of 24 hours, and their calendars need JavaScript.
PLAIN_FIELDS: dict[type[models.Field], dict[str, Any]] = {
    models.DateField: {"form_class": DayField, "widget": forms.TextInput},
    models.TimeField: {"form_class": ClockField, "widget": forms.TextInput},
    models.URLField: {"widget": forms.URLInput({"class": "vTextField"})},
}
