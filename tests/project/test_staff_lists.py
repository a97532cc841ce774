"""Words and search that every list of the staff site shares."""

from datetime import UTC, datetime, timedelta

import pytest

from staff.lists import format_long_datetime, format_short_datetime, phone_link, state_tag, time_ago_text

SUMMER = datetime(2027, 7, 6, 12, 30, tzinfo=UTC)


def test_times_are_uk_times_in_our_words() -> None:
    assert format_short_datetime(SUMMER) == "Tue 6 Jul 2027, 1:30pm"
    assert format_long_datetime(SUMMER) == "Tuesday 6 July 2027, 1:30pm"
    assert format_short_datetime(SUMMER - timedelta(minutes=90)) == "Tue 6 Jul 2027, midday"


@pytest.mark.parametrize(
    ("ago", "said"),
    [(0, "just now"), (59, "just now"), (60, "1\xa0minute ago"), (7300, "2\xa0hours ago"), (86400 * 15, "2\xa0weeks ago")],
)
def test_how_long_ago_is_said_in_one_unit(ago: int, said: str) -> None:
    assert time_ago_text(SUMMER - timedelta(seconds=ago), SUMMER) == said


def test_a_state_is_a_word_with_a_shape_and_its_word_is_escaped() -> None:
    assert state_tag("<b>", "good").strip().endswith('<strong class="state state--good">&lt;b&gt;</strong>')


@pytest.mark.parametrize(
    ("typed", "href"), [("0113 496 0000", "tel:01134960000"), ("+44 113 496 0000 ext. 4", "tel:+441134960000")]
)
def test_a_phone_number_is_one_tap(typed: str, href: str) -> None:
    assert phone_link(typed) == f'<a href="{href}">{typed}</a>'


def test_no_phone_number_is_a_dash() -> None:
    assert phone_link("") == "–"
