"""The rules of a presenter's own availability, one by one: what the public is not offered, and what staff are told."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from django.db import IntegrityError, transaction

from bookings.errors import RuleViolation, SlotTaken
from bookings.models import AvailabilityException, BookingState, Format, Nation, Presenter
from bookings.schedule.availability import Schedule
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from core.dates import UK_TZ, uk_day
from tests.bookings.placed import place
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_exception,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    slot_query,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)
EDINBURGH = "EH1 1YZ"


def diary_of(asked: SlotQuery, now: datetime = NOW) -> Schedule:
    return read_schedule(asked, first_day=uk_day(now), last_day=uk_day(now) + timedelta(days=120), now=now)


def clocks(asked: SlotQuery | None = None, day: date = MONDAY, now: datetime = NOW) -> list[str]:
    slots = diary_of(asked or slot_query(make_presentation()), now).slots_on(day)
    return [slot.start.astimezone(UK_TZ).strftime("%H:%M") for slot in slots]


def violations(clock: str = "10:00", day: date = MONDAY, asked: SlotQuery | None = None) -> tuple[RuleViolation, ...]:
    (candidate,) = diary_of(asked or slot_query(make_presentation())).candidates(at(clock, day))
    return candidate.violations


# Exceptions


def test_on_a_day_with_other_hours_only_those_count() -> None:
    make_exception(make_presenter(), MONDAY, hours=("13:00", "15:00"))
    assert clocks() == ["13:00", "13:30", "14:00"]
    assert clocks(day=TUESDAY)[0] == "09:00"
    assert violations("10:00") == (RuleViolation.HOURS,)


def test_a_day_without_hours_has_no_times() -> None:
    make_exception(make_presenter(), MONDAY, hours=None)
    assert (clocks(), violations("10:00")) == ([], (RuleViolation.HOURS,))


def test_a_range_of_days_counts_its_first_and_last_and_hours_within_it_are_kept() -> None:
    presenter = make_presenter()
    make_exception(presenter, MONDAY, MONDAY + timedelta(days=2), hours=None)
    make_exception(presenter, TUESDAY, hours=("10:00", "11:00"))
    days = [clocks(day=MONDAY + timedelta(days=number)) for number in (-3, 0, 1, 2, 3)]
    assert [len(day) > 1 for day in days] == [True, False, False, False, True]
    assert days[2] == ["10:00"]


def test_an_exception_makes_a_sunday_bookable_in_two_parts() -> None:
    presenter, sunday = make_presenter(), MONDAY + timedelta(days=6)
    make_exception(presenter, sunday, hours=("09:00", "10:00"))
    make_exception(presenter, sunday, hours=("14:00", "15:00"))
    assert clocks(day=sunday) == ["09:00", "14:00"]


def test_an_exception_is_on_the_clock_of_its_day() -> None:
    """The last Sunday of March: 9am is 8am in UTC."""
    make_exception(make_presenter(), date(2027, 3, 28), hours=("09:00", "10:00"))
    now = datetime(2027, 3, 10, tzinfo=UTC)
    (slot,) = diary_of(slot_query(make_presentation()), now).slots_on(date(2027, 3, 28))
    assert slot.start == datetime(2027, 3, 28, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "columns", [{"start": time(9)}, {"start": time(9), "end": time(9)}, {"last_day": MONDAY - timedelta(days=1)}]
)
def test_the_database_refuses_an_exception_that_makes_no_sense(columns: dict[str, object]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        AvailabilityException.objects.create(
            **{"presenter": make_presenter(), "first_day": MONDAY, "last_day": MONDAY, **columns}
        )


# Bank holidays, notice, horizon


def test_a_bank_holiday_where_the_presentation_takes_place_counts_too() -> None:
    """Easter Monday is one in England and none in Scotland."""
    make_presenter(nation=Nation.SCOTLAND, base_postcode=LEEDS)
    easter_monday, now = date(2027, 3, 29), datetime(2027, 3, 10, tzinfo=UTC)
    assert clocks(slot_query(make_presentation(), LEEDS), easter_monday, now) == []
    assert clocks(slot_query(make_presentation(), ""), easter_monday, now) != []
    (candidate,) = diary_of(slot_query(make_presentation(), LEEDS), now).candidates(at("10:00", easter_monday))
    assert candidate.violations == (RuleViolation.HOST_BANK_HOLIDAY,)


def test_a_presenters_own_notice_and_horizon_count_before_the_general_ones() -> None:
    make_presenter(notice_working_days=0, horizon_days=14)
    assert clocks(day=uk_day(NOW)) != []
    assert (clocks(day=date(2027, 1, 26)) != [], clocks(day=date(2027, 1, 27))) == (True, [])
    assert violations(day=date(2027, 1, 27)) == (RuleViolation.HORIZON,)


def test_today_offers_only_what_can_still_be_reached() -> None:
    """Of who needs no notice: at 10am nothing that has begun, and in York, 55 minutes away, nothing before 11am."""
    make_presenter(notice_working_days=0, base_postcode=LEEDS)
    presentation, today = make_presentation(), uk_day(NOW)
    assert clocks(slot_query(presentation, ""), today)[0] == "10:00"
    assert clocks(slot_query(presentation, YORK), today)[0] == "11:00"
    assert violations("10:30", today, slot_query(presentation, YORK)) == (RuleViolation.TOO_LATE,)
    assert violations("10:30", today, slot_query(presentation, "")) == ()
    assert violations("09:30", today, slot_query(presentation, YORK)) == (RuleViolation.BEGUN,)


def test_who_is_near_already_need_not_have_left_the_base() -> None:
    presenter, presentation, today = make_presenter(notice_working_days=0, base_postcode=LEEDS), make_presentation(), uk_day(NOW)
    make_booking(presenter, at("09:00", today), presentation=presentation, postcode=YORK)
    (candidate,) = diary_of(slot_query(presentation, YORK)).candidates(at("10:30", today))
    assert (candidate.violations, candidate.leaves_at) == ((), at("10:30", today))


def test_a_longer_horizon_than_the_general_one_offers_nothing_more() -> None:
    make_presenter(horizon_days=120)
    last = uk_day(NOW) + timedelta(days=90)  # a Monday
    assert (clocks(day=last) != [], clocks(day=last + timedelta(days=1))) == (True, [])


# What a presenter gives, how, and where


def test_a_presenter_gives_only_the_presentations_that_are_named_and_all_if_none_is() -> None:
    one, other = make_presentation(), make_presentation()
    presenter = make_presenter()
    assert clocks(slot_query(other)) != []
    presenter.presentations.add(one)
    assert (clocks(slot_query(one)) != [], clocks(slot_query(other))) == (True, [])
    assert violations(asked=slot_query(other)) == (RuleViolation.PRESENTATION,)


def test_a_presenter_gives_only_the_formats_that_are_named() -> None:
    make_presenter(formats=[Format.ONLINE])
    assert (clocks(slot_query(make_presentation(), "")) != [], clocks(slot_query(make_presentation()))) == (True, [])
    assert violations() == (RuleViolation.FORMAT,)


@pytest.mark.parametrize(
    ("regions", "covered"),
    [
        ({}, True),
        ({"nations_covered": [Nation.ENGLAND]}, True),
        ({"nations_covered": [Nation.WALES]}, False),
        ({"areas_covered": ["LS", "YO"]}, True),
        ({"areas_covered": ["LS"]}, False),
        ({"nations_covered": [Nation.WALES], "areas_covered": ["YO"]}, True),
    ],
)
def test_regions_are_nations_or_postcode_areas(regions: dict[str, list[str]], covered: bool) -> None:
    make_presenter(**regions)
    assert (clocks(slot_query(make_presentation(), YORK)) != []) is covered
    assert clocks(slot_query(make_presentation(), "")) != []  # online knows no regions
    assert violations(asked=slot_query(make_presentation(), YORK)) == (() if covered else (RuleViolation.REGION,))


# The most a day and a week


def test_a_day_that_is_full_offers_nothing_more() -> None:
    presenter = make_presenter(most_a_day=2)
    make_booking(presenter, at("09:00"))
    assert clocks() != []
    make_booking(presenter, at("15:00"), postcode="")
    assert (clocks(), violations("12:00")) == ([], (RuleViolation.DAY_FULL,))
    assert clocks(day=TUESDAY) != []


def test_a_time_that_is_kept_counts_and_an_expired_one_and_leave_do_not() -> None:
    presenter = make_presenter(most_a_day=1)
    make_leave(presenter, at("09:00"), at("10:00"))
    make_hold(presenter, at("15:00"), expires_at=NOW + timedelta(minutes=5))
    assert clocks() == []
    assert clocks(now=NOW + timedelta(minutes=6)) != []


def test_days_are_counted_on_a_uk_clock() -> None:
    """Half past midnight on a Tuesday in July is still Monday in UTC."""
    monday, now = date(2027, 7, 5), datetime(2027, 6, 20, tzinfo=UTC)
    presenter = make_presenter(most_a_day=1)
    make_booking(presenter, at("23:30", monday), postcode="")
    assert (clocks(day=monday, now=now) != [], clocks(day=monday + timedelta(days=1), now=now)) == (True, [])


def test_weeks_begin_on_monday_and_count_days_outside_the_range_that_was_read() -> None:
    presenter = make_presenter(most_a_week=1)
    make_booking(presenter, at("09:00", MONDAY))
    sunday, asked = MONDAY + timedelta(days=6), slot_query(make_presentation())
    make_exception(presenter, sunday, hours=("09:00", "10:00"))
    only_that_day = read_schedule(asked, first_day=sunday, last_day=sunday, now=NOW)
    assert (only_that_day.slots_on(sunday), violations(day=MONDAY + timedelta(days=4))) == ([], (RuleViolation.WEEK_FULL,))
    assert clocks(day=MONDAY + timedelta(days=7)) != []


def test_the_service_refuses_what_would_be_one_too_many() -> None:
    presenter = make_presenter(most_a_day=1)
    make_booking(presenter, at("09:00"))
    with pytest.raises(SlotTaken):
        place(make_person(), at("14:00"))
    Presenter.objects.update(most_a_day=2)
    assert place(make_person(), at("14:00")).state in (BookingState.CONFIRMED, BookingState.REQUESTED)
