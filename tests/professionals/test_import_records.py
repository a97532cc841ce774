"""Cells of old lists: days, times, numbers and words as people and programs write them; what is none is refused in a sentence."""

from datetime import date, time

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from professionals.imports.records import parse_choice, parse_clock, parse_day, parse_day_and_clock, parse_number
from professionals.imports.registry import IMPORT_KINDS
from tests import importing
from tests.bookings.rows import make_presentation
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_leaflet
from tests.security.payloads import LINES, NO_TEXT, STORED_AS_TYPED

THE_DAY = date(2021, 4, 3)
ODD = {
    "right to left": "\u202e\u2066Sam",
    "long": "9" * 10_000,
    "long words": "Sam " * 2_500,
    "emoji": "👩\u200d⚕️",
    "figures": "٣/٤/٢١",
}


@pytest.mark.parametrize(
    "typed",
    [
        *("3/4/21", "03/04/2021", "3.4.2021", "3-4-21", "3 April 2021", "Sat 3rd April 2021", "3 Apr 2021", "2021-04-03"),
        *("44289", "44289.0", "2021-04-03T00:00:00", "2021-04-03 13:30:00", "3/4/2021 13:30", "3 April 2021 1:30pm"),
    ],
)
def test_a_day_is_british_whatever_writes_it(typed):
    assert parse_day(typed) == THE_DAY


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("1/1/1900", "This is before Saturday 1 January 2000. Correct the year."),
        ("31/12/1999", "This is before Saturday 1 January 2000. Correct the year."),
        ("1", "Enter a real day with its year"),
        ("2", "Enter a real day with its year"),
        ("10000", "This is before"),
        ("99999", None),
        ("4/13/2021", "Enter a real day with its year"),
        ("31/2/2021", "Enter a real day with its year"),
        ("Mon 3 April 2021", "This day is not that weekday."),
        ("3 April", "Enter a real day with its year"),
        ("yesterday", "Enter a day with its year"),
        ("3/4/21 25:00", "Enter a time"),
        ("0/0/0", "Enter a real day with its year"),
        ("1/1/0000", "Enter a real day with its year"),
        ("9" * 10_000, "Enter a day with its year"),
    ],
)
def test_what_is_no_day_is_refused_without_its_words(typed, says):
    if says is None:
        assert parse_day(typed).year > 2100  # far ahead: the kind refuses what is not over
        return
    with pytest.raises(ValidationError) as refusal:
        parse_day(typed)
    [sentence] = refusal.value.messages
    assert sentence.startswith(says)
    assert len(typed) < 3 or typed not in sentence


def test_a_year_far_ahead_is_read_and_left_to_the_kind():
    assert parse_day("1/1/2999") == date(2999, 1, 1)


@pytest.mark.parametrize(
    ("typed", "clock"),
    [("3/4/21 13:30", time(13, 30)), ("2021-04-03 00:00:00", None), ("3/4/21", None), ("3 April 2021 9:15am", time(9, 15))],
)
def test_a_time_may_stand_beside_the_day(typed, clock):
    assert parse_day_and_clock(typed) == (THE_DAY, clock)


@pytest.mark.parametrize("typed", ["1:30pm", "13:30", "13:30:00", "13.30", "0.5625", ".5625", "1.30 pm"])
def test_times(typed):
    assert parse_clock(typed) == time(13, 30)


@pytest.mark.parametrize(
    ("typed", "says"), [("2:00", "Say am or pm as well"), ("25:00", "Enter a time"), ("soon", "Enter a time")]
)
def test_no_time_is_guessed(typed, says):
    with pytest.raises(ValidationError, match=says):
        parse_clock(typed)


def test_numbers():
    parse = parse_number(5000)
    assert [parse(typed) for typed in ("12", "12.0", "1,200")] == [12, 12, 1200]
    for typed in ("0", "-1", "5001", "1.5", "twelve", "1e3", "١٢", "12 copies", "=1+1"):
        with pytest.raises(ValidationError, match=r"Enter a whole number from 1 to 5,000\."):
            parse(typed)


def test_words_of_a_choice():
    parse = parse_choice({"visit": 1}, "Write “Visit”.")
    assert parse("  VISIT ") == 1
    with pytest.raises(ValidationError, match=r"Write “Visit”\."):
        parse("Visiting")


@pytest.mark.parametrize("parse", [parse_day, parse_clock, parse_number(9), parse_choice({"a": 1}, "Write “a”.")])
def test_no_attack_is_more_than_refused(parse):
    for payload in (STORED_AS_TYPED | LINES | NO_TEXT | ODD).values():
        with pytest.raises(ValidationError) as refusal:
            parse(payload)
        assert payload.strip() not in " ".join(refusal.value.messages) or len(payload.strip()) < 3


@pytest.mark.django_db
def test_the_example_of_each_kind_comes_in_as_it_is(client, now):
    make_presentation(slug="signs", title="Spotting the signs of child trafficking")
    make_edition(now, leaflet=make_leaflet("all-professionals", title="Child trafficking is child abuse"))
    staff = sign_in_staff(client, make_staff())
    upload = staff.get(reverse("staff:professionals_import_add")).content.decode()
    for kind in IMPORT_KINDS:
        address = reverse("staff:professionals_import_example", args=[kind])
        assert address in upload
        import_job = importing.checked(kind, b"".join(staff.get(address).streaming_content), now)
        assert importing.problems(import_job) == {}
        assert set(importing.states(import_job)) == {2}
    assert staff.get(reverse("staff:professionals_import_example", args=["people"])).status_code == 404
    presenter = sign_in_staff(client, make_staff(role="presenter"))
    assert presenter.get(address).status_code == 403
