"""Postcodes and clock times as people type and read them."""

from datetime import UTC, datetime

import pytest
from django.core.exceptions import ValidationError

from core.dates import format_datetime_range, format_uk_time
from core.forms import normalise_postcode, postcode_correction


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
        ("gir0aa", "GIR 0AA"),
        ("n1c 4ag", "N1C 4AG"),
        ("E20 2ST", "E20 2ST"),
        ("ol1 1aa", "OL1 1AA"),
        ("so14 7lw", "SO14 7LW"),
        ("ip1 2an", "IP1 2AN"),
        ("iv1 1jj", "IV1 1JJ"),
        ("ll11 1ll", "LL11 1LL"),
    ],
)
def test_a_postcode_is_stored_in_one_form(typed: str, stored: str) -> None:
    assert normalise_postcode(typed) == stored


@pytest.mark.parametrize(
    "typed",
    [
        *("", "LS1", "LS12", "LS12345", "SW1A1234", "LS1 4AC", "BFPO", "BFPO 12345", "nowhere", "LS1 4AP x", "１２３"),
        *("QX9 9QX", "ZZ1 1AA", "LS1Z 4AP", "1" * 200),
    ],
)
def test_what_is_no_postcode_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError) as refused:
        normalise_postcode(typed)
    assert refused.value.messages == ["Enter a full UK postcode, like LS1 4AP."]


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("LS1O 3EX", "LS10 3EX"),
        ("lsl0 3ex", "LS10 3EX"),
        ("LS1 O3EX", "LS10 3EX"),
        ("0L1 1AA", "OL1 1AA"),
        ("1P1 2AN", "IP1 2AN"),
        ("S014 7LW", "SO14 7LW"),
        ("SW1A OAA", "SW1A 0AA"),
        ("IM1 IAA", "IM1 1AA"),
        ("BFP0 IO5", "BFPO 105"),
        ("BFP0 c/0 57", "BFPO 57"),
        ("EII 1AA", "E11 1AA"),
        ("JE2 3A1", "JE2 3AL"),
    ],
)
def test_letters_and_figures_that_look_alike_are_corrected_by_the_shape_of_a_postcode(typed: str, read: str) -> None:
    assert normalise_postcode(typed) == read


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("EL1 1AA", "Did you mean E11 1AA?"),  # a shape that could be, of a code that isn't
        ("I1 1AA", "Did you mean L1 1AA?"),
        ("LL1 1AA", "Did you mean L11 1AA?"),
        ("BI0 1AA", "Did you mean B10 1AA or BL0 1AA?"),
        ("LS9O 1AA", "Did you mean LS90 1AA?"),  # newer than the table, if it is one
        ("Collins", "Did you mean CO11 1NS?"),  # a name may be meant
    ],
)
def test_a_postcode_that_may_mean_another_is_asked_about(typed: str, asked: str) -> None:
    with pytest.raises(ValidationError) as question:
        normalise_postcode(typed)
    assert question.value.messages == [asked]


@pytest.mark.parametrize(
    ("typed", "postcode", "said"),
    [
        (" ls1O 3ex", "LS10 3EX", "We read “ls1O 3ex” as LS10 3EX."),
        ("ls103ex", "LS10 3EX", ""),
        ("BFPO c/o 57", "BFPO 57", ""),
        ("YO1 7HH", "LS10 3EX", ""),  # left in a box that did not count
        ("", "LS10 3EX", ""),
    ],
)
def test_only_a_corrected_postcode_is_named(typed: str, postcode: str, said: str) -> None:
    assert postcode_correction(typed, postcode) == said


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
