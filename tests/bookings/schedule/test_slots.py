"""Which start times the diary offers, and who comes first: the rules, one by one."""

from datetime import UTC, date, datetime, time, timedelta

import pytest

from bookings.errors import RuleViolation
from bookings.models import Nation, Presenter
from bookings.schedule.availability import Schedule
from bookings.schedule.queries import read_schedule
from core.dates import UK_TZ, add_working_days, uk_day
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    MONDAY,
    NOW,
    YORK,
    at,
    diary_of,
    first_slot,
    make_availability,
    make_booking,
    make_hold,
    make_presentation,
    make_presenter,
    slot_query,
)

pytestmark = pytest.mark.django_db


def clocks(schedule: Schedule, day: date = MONDAY) -> list[str]:
    return [slot.start.astimezone(UK_TZ).strftime("%H:%M") for slot in schedule.slots_on(day)]


def test_the_first_day_is_five_working_days_away() -> None:
    make_presenter()
    schedule = diary_of(slot_query(make_presentation()))
    assert uk_day(NOW) == date(2027, 1, 12)
    assert first_slot(schedule).start == at("09:00", date(2027, 1, 19))


def test_working_days_are_counted_in_the_presenters_nation() -> None:
    """2 January is a bank holiday in Scotland only; in 2027 it falls on a Saturday, so Monday 4 January is."""
    new_year = date(2026, 12, 29)
    assert add_working_days(new_year, 5, Nation.ENGLAND) == date(2027, 1, 6)
    assert add_working_days(new_year, 5, Nation.SCOTLAND) == date(2027, 1, 7)


def test_a_bank_holiday_of_the_presenters_nation_has_no_slots() -> None:
    """St Andrew's Day 2027 is a Tuesday."""
    now = datetime(2027, 11, 15, tzinfo=UTC)
    english, day = make_presenter(), date(2027, 11, 30)
    asked = slot_query(make_presentation())
    assert diary_of(asked, now).slots_on(day) != []
    Presenter.objects.filter(pk=english.pk).update(nation=Nation.SCOTLAND)
    assert diary_of(asked, now).slots_on(day) == []


def test_slots_fill_the_window_and_end_inside_it() -> None:
    make_presenter(hours=("09:15", "11:40"))
    assert clocks(diary_of(slot_query(make_presentation()))) == ["09:30", "10:00", "10:30"]


def test_windows_that_touch_are_one() -> None:
    presenter = make_presenter(weekdays=())
    make_availability(presenter, 0, "09:00", "10:00")
    make_availability(presenter, 0, "10:00", "11:00")
    assert clocks(diary_of(slot_query(make_presentation(length_minutes=120)))) == ["09:00"]


def test_availability_counts_only_between_its_dates() -> None:
    presenter = make_presenter(weekdays=())
    make_availability(presenter, 0, "09:00", "10:00", valid_until=MONDAY)
    schedule = diary_of(slot_query(make_presentation()))
    assert clocks(schedule) == ["09:00"]
    assert clocks(schedule, MONDAY + timedelta(days=7)) == []


@pytest.mark.parametrize(
    ("monday", "utc"),
    [(date(2027, 3, 22), "09:00"), (date(2027, 3, 30), "08:00"), (date(2027, 10, 25), "08:00"), (date(2027, 11, 1), "09:00")],
)
def test_nine_in_the_morning_stays_nine_across_both_clock_changes(monday: date, utc: str) -> None:
    make_presenter(weekdays=(0, 1), hours=("09:00", "10:00"))
    now = datetime.combine(monday - timedelta(days=20), time(10), tzinfo=UTC)
    (slot,) = [slot for slot in diary_of(slot_query(make_presentation()), now).slots_on(monday) if slot]
    assert slot.start == at(utc, monday)
    assert slot.start.astimezone(UK_TZ).hour == 9


def test_the_sunday_that_loses_an_hour_and_the_one_that_gains_it() -> None:
    make_presenter(weekdays=(6,), hours=("00:00", "04:00"), earliest_leaving=time(0))
    spring = diary_of(slot_query(make_presentation()), datetime(2027, 3, 1, tzinfo=UTC))
    assert clocks(spring, date(2027, 3, 28)) == ["00:00", "00:30", "02:00", "02:30", "03:00"]
    autumn = diary_of(slot_query(make_presentation()), datetime(2027, 10, 1, tzinfo=UTC))
    assert clocks(autumn, date(2027, 10, 31)) == ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30", "03:00"]


def test_a_presenter_who_would_drive_too_far_is_not_offered() -> None:
    make_presenter(max_travel_minutes=60)
    assert first_slot(diary_of(slot_query(make_presentation(), LONDON))) is None
    assert first_slot(diary_of(slot_query(make_presentation(), LEEDS_TOO))) is not None


def test_online_needs_a_joining_link() -> None:
    presenter = make_presenter(joining_link="")
    assert first_slot(diary_of(slot_query(make_presentation(), ""))) is None
    Presenter.objects.filter(pk=presenter.pk).update(joining_link="https://meet.example/x")
    assert first_slot(diary_of(slot_query(make_presentation(), ""))) is not None


def test_someone_who_gives_no_presentations_has_no_slots() -> None:
    make_presenter(active=False)
    assert first_slot(diary_of(slot_query(make_presentation()))) is None


def test_a_live_hold_is_busy_an_expired_one_is_not_and_ones_own_is_not() -> None:
    presenter = make_presenter(hours=("09:00", "11:00"))
    asked = slot_query(make_presentation())
    hold = make_hold(presenter, at("09:00"), expires_at=NOW + timedelta(minutes=1))
    assert clocks(diary_of(asked)) == ["10:00"]
    assert clocks(diary_of(asked, ignoring={"hold__draft": hold.draft_id})) == ["09:00", "09:30", "10:00"]
    assert clocks(diary_of(asked, NOW + timedelta(minutes=2))) == ["09:00", "09:30", "10:00"]


def test_the_best_presenter_travels_least_then_has_fewest_bookings_near_then_came_first() -> None:
    far, near, busy, last = (make_presenter(base_postcode=base) for base in (YORK, LEEDS, LEEDS, LEEDS))
    make_booking(busy, at("09:00", MONDAY + timedelta(days=1)))
    ranked = [candidate.presenter for candidate in diary_of(slot_query(make_presentation())).offered_candidates(at("12:00"))]
    assert ranked == [near, last, busy, far]


def test_bookings_more_than_a_week_away_do_not_weigh_and_the_range_that_was_read_makes_no_difference() -> None:
    first, second = make_presenter(), make_presenter()
    make_booking(first, at("09:00", MONDAY + timedelta(days=8)))
    one_day = read_schedule(slot_query(make_presentation()), first_day=MONDAY, last_day=MONDAY, now=NOW)
    assert [candidate.presenter for candidate in one_day.offered_candidates(at("12:00"))] == [first, second]
    make_booking(first, at("09:00", MONDAY + timedelta(days=7)))
    one_day = read_schedule(slot_query(make_presentation()), first_day=MONDAY, last_day=MONDAY, now=NOW)
    assert [candidate.presenter for candidate in one_day.offered_candidates(at("12:00"))] == [second, first]


def test_the_nearest_slots_lie_on_both_sides_in_order_of_time() -> None:
    presenter = make_presenter(hours=("09:00", "12:00"))
    make_booking(presenter, at("10:00"))
    nearest = diary_of(slot_query(make_presentation())).nearest(at("10:00"), 4)
    assert [slot.start.strftime("%d %H:%M") for slot in nearest] == ["25 09:00", "25 11:00", "26 09:00", "26 09:30"]


def test_a_start_off_the_half_hour_is_offered_to_nobody() -> None:
    make_presenter()
    schedule = diary_of(slot_query(make_presentation()))
    assert schedule.offered_candidates(at("12:10")) == []
    assert [candidate.violations for candidate in schedule.candidates(at("12:10"))] == [()]


def test_breaches_say_which_rules_staff_would_override() -> None:
    make_presenter(weekdays=(0,), max_travel_minutes=30)
    schedule = diary_of(slot_query(make_presentation(), YORK))
    (candidate,) = schedule.candidates(at("18:00", date(2027, 1, 13)))
    assert candidate.violations == (RuleViolation.NOTICE, RuleViolation.DISTANCE, RuleViolation.HOURS, RuleViolation.RETURNS_LATE)
