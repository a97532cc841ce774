"""The days of a series, and that the UK clock stays over both clock changes."""

from datetime import UTC, date, time, timedelta
from itertools import pairwise

import pytest

from bookings.open_sessions.queries import MAX_DAYS_TRIED, Recurrence, series_days
from core.dates import UK_TZ, is_bank_holiday
from core.forms import validated_uk_datetime


def said(days: list[date]) -> list[str]:
    return [f"{day:%a %-d %b %y}" for day in days]


@pytest.mark.parametrize(
    ("first", "every", "days"),
    [
        (date(2027, 3, 9), Recurrence.ONCE, ["Tue 9 Mar 27"]),
        (date(2027, 3, 9), Recurrence.WEEK, ["Tue 9 Mar 27", "Tue 16 Mar 27", "Tue 23 Mar 27", "Tue 30 Mar 27"]),
        (date(2026, 12, 22), Recurrence.FORTNIGHT, ["Tue 22 Dec 26", "Tue 5 Jan 27", "Tue 19 Jan 27", "Tue 2 Feb 27"]),
        (date(2027, 11, 16), Recurrence.MONTH, ["Tue 16 Nov 27", "Tue 21 Dec 27", "Tue 18 Jan 28", "Tue 15 Feb 28"]),
        # A fifth Monday is the last one of its month; February 2027 begins and ends with four whole weeks.
        (date(2027, 1, 29), Recurrence.MONTH, ["Fri 29 Jan 27", "Fri 26 Feb 27", "Fri 26 Mar 27", "Fri 30 Apr 27"]),
        (date(2027, 2, 1), Recurrence.MONTH, ["Mon 1 Feb 27", "Mon 1 Mar 27", "Mon 5 Apr 27", "Mon 3 May 27"]),
    ],
)
def test_the_days_of_each_rhythm(first: date, every: str, days: list[str]) -> None:
    assert said(series_days(first, every, 4).days) == days


def test_bank_holidays_are_passed_over_and_do_not_count() -> None:
    found = series_days(date(2027, 3, 22), Recurrence.WEEK, 9, passes_over=lambda day: is_bank_holiday(day, "england"))
    assert said(found.left_out) == ["Mon 29 Mar 27", "Mon 3 May 27", "Mon 31 May 27"]
    assert (len(found.days), said(found.days[-1:])) == (9, ["Mon 7 Jun 27"])


def test_a_series_of_nothing_but_days_off_ends() -> None:
    found = series_days(date(2027, 3, 22), Recurrence.WEEK, 6, passes_over=lambda day: True)
    assert (found.days, len(found.left_out)) == ([], MAX_DAYS_TRIED)


@pytest.mark.parametrize("first", [date(2027, 3, 16), date(2027, 10, 19)])
@pytest.mark.parametrize("every", [Recurrence.WEEK, Recurrence.FORTNIGHT, Recurrence.MONTH])
def test_the_uk_clock_says_the_same_over_both_clock_changes(first: date, every: str) -> None:
    moments = [validated_uk_datetime(day, time(10)) for day in series_days(first, every, 4).days]
    assert {moment.astimezone(UK_TZ).time() for moment in moments} == {time(10)}
    assert len({moment.astimezone(UTC).time() for moment in moments}) == 2
    gaps = {b - a for a, b in pairwise(moments)}
    assert any(gap % timedelta(days=1) for gap in gaps)  # one week is an hour shorter or longer
