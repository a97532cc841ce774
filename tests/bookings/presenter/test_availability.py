"""My availability: the week, other hours on some days, own rules; shown before they are saved; from tomorrow on."""

from datetime import date, time, timedelta

import pytest
from django.test import Client

from bookings.models import Availability, AvailabilityException, Presenter
from bookings.schedule.forms import hours_text, initial_week, parse_hours
from bookings.schedule.services import WeekdayHours, end_exception, set_exception_hours, set_weekly_hours
from core.errors import DomainError
from tests.bookings.admin.desk import text
from tests.bookings.rows import (
    MONDAY,
    NOW,
    at,
    make_availability,
    make_booking,
    make_exception,
    make_presentation,
    make_presenter,
)
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
MINE = "/staff/mine/availability/"
TODAY, TOMORROW = NOW.date(), NOW.date() + timedelta(days=1)
WEEK = {"first_day": "25 1 2027", "last_day": "", "day_0": "9am to midday, 2pm to 5pm", "day_4": "9:30am-1pm"}
NINE_TO_ONE = [WeekdayHours(0, time(9), time(13))]


def windows(presenter: Presenter) -> list[tuple[int, int, date, date | None]]:
    rows = presenter.availability.order_by("valid_from", "weekday", "start")
    return [(row.weekday, row.start.hour, row.valid_from, row.valid_until) for row in rows]


# Services


def test_the_week_that_is_shown_first_is_the_one_to_come() -> None:
    """On a Tuesday, the hours of a Monday that began since the last one are not left out, nor lost by saving."""
    presenter = make_presenter(weekdays=())
    begun = make_availability(presenter, 0, "09:00", "17:00")
    ends = make_availability(presenter, 1, "09:00", "17:00", valid_until=TODAY)
    Availability.objects.filter(pk=begun.pk).update(valid_from=TODAY)
    shown = initial_week(presenter, TOMORROW)
    assert (shown["day_0"], shown["day_1"], ends.applies_on(TODAY)) == ("9am to 5pm", "", True)


def test_a_new_week_ends_the_old_one_the_day_before() -> None:
    presenter = make_presenter(weekdays=(0, 1))
    set_weekly_hours(presenter=presenter, hours=NINE_TO_ONE, first_day=MONDAY, last_day=None, own=True, now=NOW)
    old, sunday = date(2026, 1, 1), MONDAY - timedelta(days=1)
    assert windows(presenter) == [(0, 9, old, sunday), (1, 9, old, sunday), (0, 9, MONDAY, None)]


def test_a_week_with_a_last_day_gives_way_to_the_old_one_again() -> None:
    presenter, last = make_presenter(weekdays=(1,)), MONDAY + timedelta(days=6)
    set_weekly_hours(presenter=presenter, hours=NINE_TO_ONE, first_day=MONDAY, last_day=last, own=True, now=NOW)
    after = last + timedelta(days=1)
    assert windows(presenter) == [(1, 9, date(2026, 1, 1), MONDAY - timedelta(days=1)), (0, 9, MONDAY, last), (1, 9, after, None)]


def test_a_week_that_was_to_come_is_replaced_where_it_would_lie_in_the_new_one() -> None:
    presenter = make_presenter(weekdays=())
    row = make_availability(presenter, 2, "09:00", "10:00", valid_until=MONDAY + timedelta(days=30))
    Availability.objects.filter(pk=row.pk).update(valid_from=MONDAY + timedelta(days=7))
    ended = make_availability(presenter, 3, "09:00", "10:00", valid_until=TODAY)
    set_weekly_hours(presenter=presenter, hours=NINE_TO_ONE, first_day=MONDAY, last_day=None, own=True, now=NOW)
    assert windows(presenter) == [(3, 9, ended.valid_from, TODAY), (0, 9, MONDAY, None)]


def test_a_presenter_changes_nothing_for_today_and_staff_do() -> None:
    presenter = make_presenter()
    with pytest.raises(DomainError, match="You can change this from tomorrow on"):
        set_weekly_hours(presenter=presenter, hours=[], first_day=TODAY, last_day=None, own=True, now=NOW)
    with pytest.raises(DomainError, match="You can change this from tomorrow on"):
        set_exception_hours(presenter=presenter, first_day=TODAY, last_day=TOMORROW, hours=[], own=True, now=NOW)
    set_weekly_hours(presenter=presenter, hours=[], first_day=TODAY, last_day=None, own=False, now=NOW)
    assert all(until == TODAY - timedelta(days=1) for _day, _start, _from, until in windows(presenter))


def test_days_that_have_passed_stay_as_they_were() -> None:
    presenter = make_presenter()
    running = make_exception(presenter, TODAY - timedelta(days=2), TODAY + timedelta(days=2), hours=None)
    to_come = make_exception(presenter, TOMORROW, hours=None)
    over = make_exception(presenter, TODAY, hours=None)
    end_exception(exception=running, own=True, now=NOW)
    end_exception(exception=to_come, own=True, now=NOW)
    with pytest.raises(DomainError, match="You can change this from tomorrow on"):
        end_exception(exception=over, own=True, now=NOW)
    assert [row.last_day for row in AvailabilityException.objects.order_by("pk")] == [TODAY, TODAY]


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("9am to 5pm", "9am to 5pm"),
        ("2pm - 5pm, 9–12", "9am to midday, 2pm to 5pm"),
        ("9:30am until 1pm and 2pm till 4.15pm", "9:30am to 1pm, 2pm to 4:15pm"),
    ],
)
def test_hours_are_read_as_people_write_them(typed: str, said: str) -> None:
    assert hours_text(parse_hours(typed)) == said


@pytest.mark.parametrize("typed", ["9am", "5pm to 9am", "9am to 1pm to 3pm", "9am to 1pm, 12pm to 3pm", "all day", "9am to 2"])
def test_hours_that_make_no_sense_are_not(typed: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - parse_typed_time says of each what it is
        parse_hours(typed)


# Pages


def test_the_week_is_shown_as_it_is_and_saved_as_typed(phone: Client, presenter: Presenter) -> None:
    page = phone.get(f"{MINE}week/")
    assert 'value="9am to 5pm"' in page.content.decode()
    assert "Your week is saved." in text(phone.post(f"{MINE}week/", WEEK, follow=True))
    new = [(row.weekday, *row.clock_span()) for row in presenter.availability.filter(valid_from=MONDAY)]
    assert new == [(0, time(9), time(12)), (0, time(14), time(17)), (4, time(9, 30), time(13))]


def test_the_times_are_shown_before_the_week_is_saved(phone: Client, presenter: Presenter) -> None:
    make_presentation(length_minutes=60)
    booking = make_booking(presenter, at("10:00", MONDAY + timedelta(days=1)), presentation=make_presentation())
    before = windows(presenter)
    page = phone.post(f"{MINE}week/", {**WEEK, "show": "1"})
    said = text(page)
    assert "Nothing is saved yet." in said
    assert "Monday 25 January 2027 9am to 11am, 2pm to 4pm" in said
    assert "1 booking is outside these hours. It stays booked." in said
    assert booking.reference in said
    assert 'value="9am to midday, 2pm to 5pm"' in page.content.decode()
    assert windows(presenter) == before


def test_weeks_stand_in_the_order_in_which_they_hold(phone: Client, presenter: Presenter) -> None:
    assert "My week Monday, 9am to 5pm Tuesday" in text(phone.get(MINE))
    hours = [*NINE_TO_ONE, WeekdayHours(0, time(14), time(17))]
    last = MONDAY + timedelta(days=6)
    set_weekly_hours(presenter=presenter, hours=hours, first_day=MONDAY, last_day=last, own=True, now=NOW)
    said = text(phone.get(MINE))
    before, then = "Until Sunday 24 January 2027 Monday, 9am to 5pm Tuesday", "Friday, 9am to 5pm Monday 25 January 2027 to"
    assert (before in said, then in said) == (True, True)
    assert "to Sunday 31 January 2027 Monday, 9am to 1pm, 2pm to 5pm From Monday 1 February 2027 Monday, 9am to 5pm" in said


def test_it_cannot_begin_today(phone: Client, presenter: Presenter) -> None:
    before = windows(presenter)
    for button in ({}, {"show": "1"}):
        said = text(phone.post(f"{MINE}week/", {**WEEK, "first_day": "12 1 2027", **button}))
        assert "You can change this from tomorrow on." in said
    assert windows(presenter) == before


def test_what_is_wrong_is_said_at_the_day(phone: Client) -> None:
    said = text(phone.post(f"{MINE}week/", {**WEEK, "day_0": "nine", "day_1": "2 to 5", "last_day": "1 1 2027"}))
    for words in ("Write the hours like this", "Say am or pm with each time", "The last day must not come before the first."):
        assert words in said


def test_other_hours_are_added_shown_and_taken_back(phone: Client, presenter: Presenter) -> None:
    make_presentation()
    days = {"first_day": "25 1 2027", "last_day": "", "hours": "10am to midday"}
    assert "Monday 25 January 2027 10am to 11am" in text(phone.post(f"{MINE}days/", {**days, "show": "1"}))
    assert not AvailabilityException.objects.exists()
    assert "Monday 25 January 2027: 10am to midday" in text(phone.post(f"{MINE}days/", days, follow=True))
    phone.post(f"{MINE}days/", {"first_day": "26 1 2027", "last_day": "28 1 2027", "hours": ""})
    assert "not available" in text(phone.get(MINE))
    first = AvailabilityException.objects.order_by("pk").first()
    assert "Your usual hours apply again." in text(phone.post(f"{MINE}days/{first.pk}/end/", follow=True))
    assert AvailabilityException.objects.count() == 1


def test_own_rules_are_shown_and_saved(phone: Client, presenter: Presenter) -> None:
    given = make_presentation()
    rules = {"most_a_day": "1", "formats": ["online"], "presentations": [given.pk], "max_travel_minutes": "60"}
    rules |= {"earliest_leaving": "8am", "latest_return": "6pm", "areas_covered": "LS", "notice_working_days": "0"}
    page = text(phone.post(f"{MINE}rules/", {**rules, "show": "1"}))
    assert "Near the base No times." in page
    assert "Tuesday 12 January 2027" in page
    presenter.refresh_from_db()
    assert presenter.most_a_day is None
    phone.post(f"{MINE}rules/", rules)
    presenter.refresh_from_db()
    assert (presenter.most_a_day, presenter.formats, presenter.areas_covered) == (1, ["online"], ["LS"])
    assert list(presenter.presentations.all()) == [given]


def test_what_is_not_the_presenters_to_change_is_not_changed(phone: Client, presenter: Presenter) -> None:
    sent = {"name": "Another", "email": "x@y.example", "base_postcode": "SE1 7PB", "max_travel_minutes": "60"}
    phone.post(f"{MINE}rules/", {**sent, "earliest_leaving": "8am", "latest_return": "6pm", "active": ""})
    again = Presenter.objects.get(pk=presenter.pk)
    assert (again.name, again.email, again.base_postcode, again.active) == (
        presenter.name,
        presenter.email,
        presenter.base_postcode,
        True,
    )
    assert again.max_travel_minutes == 60


def test_somebody_elses_days_are_not_found(phone: Client) -> None:
    other = make_exception(make_presenter(), MONDAY, hours=None)
    assert (phone.get(f"{MINE}days/{other.pk}/end/").status_code, phone.post(f"{MINE}days/{other.pk}/end/").status_code) == (
        404,
        404,
    )
    assert AvailabilityException.objects.exists()


def test_the_page_takes_the_same_few_statements(phone: Client, presenter: Presenter) -> None:
    make_presentation()
    counts = []
    for number in range(2):
        for hour in range(1 + 2 * number):
            make_booking(presenter, at(f"1{2 * hour}:00", MONDAY + timedelta(days=number)))
            make_exception(presenter, MONDAY + timedelta(days=10 + hour), hours=None)
        counts.append(len(statements(lambda: phone.get(MINE))))
    assert counts[0] == counts[1] <= 13  # one of them the audit's
