"""A day and a time in one box, typed as people type them while somebody is on the phone."""

from datetime import date, datetime, time

import pytest
import time_machine
from django import forms
from django.core.exceptions import ValidationError

from core.dates import UK_TZ
from core.forms import DayField, UKTimeField


@pytest.mark.parametrize(
    "typed",
    [
        *("9 3 2027", "09/03/2027", "9/3/27", "9.3.2027", "9-3-2027", " 9  3  2027 ", "2027-03-09"),
        *("9 March 2027", "9 mar 2027", "9th March 2027", "9th of March, 2027", "Tue 9 March 2027", "Tuesday, 9 March 2027"),
    ],
)
def test_a_day_comes_first_however_it_is_written(typed: str) -> None:
    assert DayField().clean(typed) == date(2027, 3, 9)


@pytest.mark.parametrize(
    "typed",
    [
        "30 2 2027",
        "3/13/2027",
        "9 3",
        "9 March",
        "March 9 2027",
        "Friday",
        "9 3 20277",
        "9 3 0000",
        "\0",
        "٩ 3 2027",
        "9" * 999,
    ],
)
def test_what_is_no_day_says_how_to_type_one(typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        DayField().clean(typed)
    assert refusal.value.messages == ["Enter a real day with its year, such as 9 3 2027 or 9 March 2027."]


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        *(
            (typed, date(2026, 12, 10))
            for typed in ("Thursday 10 December", "thu 10th dec", "10 12", "10/12", "10th of December")
        ),
        ("27 November", date(2026, 11, 27)),
        ("28 September", date(2027, 9, 28)),
        ("26 November 2027", date(2027, 11, 26)),
        ("9 3", date(2027, 3, 9)),
        ("29 February", date(2028, 2, 29)),
        ("26 November 2026", date(2026, 11, 26)),
        *((typed, date(2026, 11, 27)) for typed in ("today", "Friday", "this fri")),
        *((typed, date(2026, 12, 4)) for typed in ("next Friday", "next fri.")),
        ("tomorrow", date(2026, 11, 28)),
        ("Thursday", date(2026, 12, 3)),
        ("next Monday", date(2026, 11, 30)),
    ],
)
def test_a_day_that_lies_ahead_needs_no_year(typed: str, day: date) -> None:
    with time_machine.travel(datetime(2026, 11, 27, 9, tzinfo=UK_TZ), tick=False):
        assert DayField(lies_ahead=True).clean(typed) == day


@pytest.mark.parametrize(
    ("today", "typed", "said"),
    [
        (date(2026, 11, 27), "26 11", "26 November has passed. Write the year too."),
        (date(2026, 11, 27), "Tuesday 29 September", "29 September has passed. Write the year too."),
        (date(2027, 1, 12), "20 Dec", "20 December has passed. Write the year too."),
        (date(2028, 3, 1), "29 2", "29 February has passed. Write the year too."),
    ],
)
def test_a_day_that_has_just_passed_needs_its_year(today: date, typed: str, said: str) -> None:
    nine = datetime.combine(today, time(9), tzinfo=UK_TZ)
    with time_machine.travel(nine, tick=False), pytest.raises(ValidationError) as refusal:
        DayField(lies_ahead=True).clean(typed)
    assert refusal.value.messages == [said]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("Monday 10 December", "10 December 2026 is a Thursday. Correct the date or the weekday."),
        ("tues 10 12 2026", "10 December 2026 is a Thursday. Correct the date or the weekday."),
        ("Thu 26 November 2027", "26 November 2027 is a Friday. Correct the date or the weekday."),
    ],
)
def test_a_weekday_that_is_not_that_days_is_refused_with_the_true_one(typed: str, said: str) -> None:
    nine = datetime(2026, 11, 27, 9, tzinfo=UK_TZ)
    with time_machine.travel(nine, tick=False), pytest.raises(ValidationError) as refusal:
        DayField(lies_ahead=True).clean(typed)
    assert refusal.value.messages == [said]


@pytest.mark.parametrize("typed", ["mon 7", "Tuesday 8", "wed 9", "Wednesday 9", "thurs 10", "fri 11", "Saturday 12", "sun 13"])
def test_each_weekday_is_known_by_its_names(typed: str) -> None:
    assert DayField().clean(f"{typed} December 2026").day == int(typed.split()[1])


@pytest.mark.parametrize("typed", ["30 February", "31 11", "10 Brumaire", "December", "10", "10 12 0000", "32 12"])
def test_what_is_no_day_ahead_says_how_to_type_one(typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        DayField(lies_ahead=True).clean(typed)
    assert refusal.value.messages == ["Enter a real day, such as 9 3 2027 or 9 March."]


@pytest.mark.parametrize(
    ("typed", "clock"),
    [
        *((typed, time(13, 30)) for typed in ("1:30pm", "1.30pm", "1:30 PM", "1.30 p.m.", "130pm", "13:30", "13.30", "1330")),
        *((typed, time(9)) for typed in ("9am", "9 am", "9", "09:00", "9:00", "0900")),
        *((typed, time(12)) for typed in ("midday", "Noon", "12pm", "12", "12:00")),
        *((typed, time(0)) for typed in ("midnight", "12am", "00:00", "0:00")),
        ("01:30", time(1, 30)),
        ("6:59am", time(6, 59)),
    ],
)
def test_a_time_is_read_however_it_is_written(typed: str, clock: time) -> None:
    assert UKTimeField().clean(typed) == clock


@pytest.mark.parametrize("typed", ["1:30", "6", "2.15", "1", "645"])
def test_what_may_be_morning_or_afternoon_is_not_guessed(typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        UKTimeField().clean(typed)
    assert refusal.value.messages == ["Say am or pm as well, such as 1:30pm."]


@pytest.mark.parametrize("typed", ["25:99", "13pm", "0am", "9:60", "half past one", "24:00", "\0", "٩am", "1" * 999])
def test_what_is_no_time_says_how_to_type_one(typed: str) -> None:
    with pytest.raises(ValidationError) as refusal:
        UKTimeField().clean(typed)
    assert refusal.value.messages == ["Enter a time, such as 9am, 1:30pm or 13:30."]


def test_empty_boxes_may_stay_empty_where_the_form_lets_them() -> None:
    assert DayField(required=False).clean("") is None
    assert UKTimeField(required=False).clean("") is None


def test_what_was_typed_stays_in_the_box() -> None:
    class Call(forms.Form):
        day = DayField()
        clock = UKTimeField()

    html = Call({"day": "the 9th", "clock": "1:30"}).as_p()
    assert 'value="the 9th"' in html
    assert 'value="1:30"' in html
    assert 'type="date"' not in html
    assert 'type="time"' not in html


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("dydd Mawrth 9 Mawrth 2027", date(2027, 3, 9)),
        ("9 mai 2027", date(2027, 5, 9)),
        ("yfory", date(2027, 1, 13)),
        ("dydd Gwener", date(2027, 1, 15)),
    ],
)
def test_welsh_readers_write_days_in_welsh(typed: str, day: date) -> None:
    with time_machine.travel("2027-01-12T10:00Z", tick=False):
        assert DayField(lies_ahead=True).clean(typed) == day


@pytest.mark.parametrize(
    ("typed", "clock"), [("9yb", time(9)), ("1:30yp", time(13, 30)), ("7yh", time(19)), ("hanner dydd", time(12))]
)
def test_welsh_readers_write_times_in_welsh(typed: str, clock: time) -> None:
    assert UKTimeField().clean(typed) == clock
