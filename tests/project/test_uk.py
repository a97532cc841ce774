"""Postcodes and clock times as people type and read them."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from ctac.dates import format_datetime_range, format_uk_time
from ctac.forms import normalise_postcode


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("ls14ap", "LS1 4AP"),
        (" sw1a  1aa ", "SW1A 1AA"),
        ("BT1 5GS", "BT1 5GS"),
        ("je2 3ab", "JE2 3AB"),
        ("bfpo57", "BFPO 57"),
        ("BFPO 1234", "BFPO 1234"),
        ("W1A-0AX", "W1A 0AX"),
        ("eC1a1Bb", "EC1A 1BB"),
        ("dn 55 1pt", "DN55 1PT"),
        ("bt155gs", "BT15 5GS"),
        ("gy1 1wR", "GY1 1WR"),
        ("IM991ps", "IM99 1PS"),
        ("bf1 0aa", "BF1 0AA"),
        ("b.f.p.o. 105", "BFPO 105"),
        ("BFPO c/o 57", "BFPO 57"),
        ("ls1\u00a04ap", "LS1 4AP"),
    ],
)
def test_a_postcode_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert normalise_postcode(typed) == stored


@pytest.mark.parametrize(
    "typed", ["", "LS1", "LS12", "LS12345", "SW1A1234", "LS1 4AC", "BFPO", "BFPO 12345", "nowhere", "LS1 4AP x", "１２３"]
)
def test_what_is_no_postcode_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        normalise_postcode(typed)


@pytest.mark.parametrize(
    ("moment", "read"),
    [
        (datetime(2027, 3, 9, 13, 30, tzinfo=UTC), "1:30pm"),
        (datetime(2027, 3, 9, 15, 0, tzinfo=UTC), "3pm"),
        (datetime(2027, 3, 9, 12, 0, tzinfo=UTC), "midday"),
        (datetime(2027, 6, 9, 11, 0, tzinfo=UTC), "midday"),
        (datetime(2027, 6, 9, 12, 0, tzinfo=UTC), "1pm"),
        (datetime(2027, 3, 9, 0, 0, tzinfo=UTC), "midnight"),
        (datetime(2027, 6, 8, 23, 0, tzinfo=UTC), "midnight"),
        (datetime(2027, 3, 9, 0, 30, tzinfo=UTC), "12:30am"),
    ],
)
def test_clock_times_are_uk_times_in_words(moment: datetime, read: str) -> None:
    assert format_uk_time(moment) == read


def test_a_span_names_its_day_once() -> None:
    start, end = datetime(2027, 3, 9, 13, 30, tzinfo=UTC), datetime(2027, 3, 9, 15, 0, tzinfo=UTC)
    assert format_datetime_range(start, end) == "Tuesday 9 March 2027, 1:30pm to 3pm"
