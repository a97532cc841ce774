"""Slots, held against a slow and obvious oracle, and the rules one by one."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings.diary import Breach, Diary, Wish, claims_within, open_diary, read_claims, to_claim
from bookings.gaps import Span
from bookings.models import Availability, BusyTime, JourneyTime, Nation, Presenter
from bookings.places import find_place
from bookings.services.locking import check_deferred_constraints
from bookings.travel import Journeys, travel_between
from bookings.working_days import after_working_days, is_bank_holiday
from ctac.uk import UK, uk_datetime, uk_day
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    MONDAY,
    NOW,
    YORK,
    at,
    make_availability,
    make_booking,
    make_claim,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    wish,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def diary_of(asked: Wish, now: datetime = NOW, days: int = 90, **own: object) -> Diary:
    return open_diary(asked, first_day=uk_day(now), last_day=uk_day(now) + timedelta(days=days), now=now, **own)


def clocks(diary: Diary, day: date = MONDAY) -> list[str]:
    return [slot.start.astimezone(UK).strftime("%H:%M") for slot in diary.slots_on(day)]


# --- The oracle: every half hour of the week, every presenter, every rule, said as plainly as can be. ---


def oracle(asked: Wish, first_day: date, days: int, now: datetime) -> list[datetime]:
    minute = datetime.combine(first_day - timedelta(days=1), time(), tzinfo=UTC)
    end = minute + timedelta(days=days + 2)
    last_day = first_day + timedelta(days=days - 1)
    found = []
    journeys = set_by_staff()
    presenters = [
        (presenter, list(presenter.availability.all()), live_claims(presenter, now)) for presenter in Presenter.objects.all()
    ]
    while minute < end:
        day = minute.astimezone(UK).date()
        if first_day <= day <= last_day and any(
            could(presenter, windows, claims, asked, minute, now, journeys) for presenter, windows, claims in presenters
        ):
            found.append(minute)
        minute += timedelta(minutes=30)
    return found


def live_claims(presenter: Presenter, now: datetime) -> list[BusyTime]:
    rows = presenter.busy_times.filter(live=True).order_by("busy")
    return [row for row in rows if row.expires_at is None or row.expires_at > now]


def could(
    presenter: Presenter,
    windows: list[Availability],
    claims: list[BusyTime],
    asked: Wish,
    start: datetime,
    now: datetime,
    journeys: Journeys,
) -> bool:
    end = start + timedelta(minutes=asked.presentation.length_minutes)
    day = start.astimezone(UK).date()
    today = now.astimezone(UK).date()
    return (
        presenter.active
        and day >= after_working_days(today, 5, presenter.nation)
        and day <= today + timedelta(days=90)
        and not is_bank_holiday(day, presenter.nation)
        and not (asked.place and is_bank_holiday(day, asked.place.nation))
        and (
            bool(presenter.joining_link)
            if asked.place is None
            else journeys.minutes(presenter.base, asked.place) <= presenter.max_travel_minutes
        )
        and all(available_at(windows, minute) for minute in every_five_minutes(start, end))
        and not any(claim.busy.lower < end and start < claim.busy.upper for claim in claims)
        and has_time_to_travel(claims, asked, start, end, journeys)
        and leaves_and_returns_in_time(presenter, claims, asked, start, end, journeys)
    )


def every_five_minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=5)


def available_at(windows: list[Availability], moment: datetime) -> bool:
    """Whether that five minutes, on a UK clock, stands in a window."""
    local = moment.astimezone(UK)
    return any(
        window.weekday == local.weekday()
        and window.start <= local.time() < window.end
        and window.valid_from <= local.date()
        and (window.valid_until is None or local.date() <= window.valid_until)
        for window in windows
    )


def has_time_to_travel(claims: list[BusyTime], asked: Wish, start: datetime, end: datetime, journeys: Journeys) -> bool:
    """Every pair of visits that would follow each other, with what stands between them."""
    mine = (start, end, asked.place, None)
    everything = sorted(
        [*((c.busy.lower, c.busy.upper, c.place, c.travel_minutes) for c in claims), mine], key=lambda each: each[0]
    )
    visits = [each for each in everything if each[2]]
    for one, other in pairwise(visits):
        between = [each for each in everything if each[2] is None and one[1] <= each[0] < other[0]]
        gap = other[0] - one[1]
        free = gap - sum((each[1] - each[0] for each in between), timedelta(0))
        touches = mine in (one, other) or mine in between
        if touches and gap < timedelta(hours=48) and free < travel_between(one[2], other[2], one[3], other[3], journeys):
            return False
    return True


def leaves_and_returns_in_time(
    presenter: Presenter, claims: list[BusyTime], asked: Wish, start: datetime, end: datetime, journeys: Journeys
) -> bool:
    """The first visit of the day can be reached from the base, and the base from the last, if this one is part of that."""
    day = start.astimezone(UK).date()
    leaves, returns = (uk_datetime(day, clock) for clock in (presenter.earliest_leaving, presenter.latest_return))
    mine = (start, end, asked.place, None)
    today = [
        (c.busy.lower, c.busy.upper, c.place, c.travel_minutes)
        for c in claims
        if c.busy.lower < uk_datetime(day + timedelta(days=1), time()) and c.busy.upper > uk_datetime(day, time())
    ]
    visits = sorted((each for each in [*today, mine] if each[2]), key=lambda each: each[0])
    if not visits:
        return True
    without_place = [each for each in [*today, mine] if not each[2]]

    def minutes_free(earliest: datetime, latest: datetime) -> int:
        steps = every_five_minutes(earliest, latest)
        return sum(5 for step in steps if not any(each[0] <= step < each[1] for each in without_place))

    first, last = visits[0], visits[-1]
    way_there = travel_between(presenter.base, first[2], None, first[3], journeys).total_seconds() / 60
    way_back = travel_between(last[2], presenter.base, last[3], None, journeys).total_seconds() / 60
    part_of_morning = start <= first[0]
    part_of_evening = end >= last[1] and start < max(returns, last[1])
    return not (
        (part_of_morning and (first[0] < leaves or minutes_free(leaves, first[0]) < way_there))
        or (part_of_evening and (last[1] > returns or minutes_free(last[1], returns) < way_back))
    )


def set_by_staff() -> Journeys:
    return Journeys({(row.one, row.other): row.minutes for row in JourneyTime.objects.all()})


MARCH, OCTOBER = date(2027, 3, 22), date(2027, 10, 25)  # the Mondays of the weeks whose Sunday has 23 and 25 hours
EASTER, WINTER = date(2027, 3, 29), date(2027, 1, 25)


def random_world(chance: random.Random, first_day: date, now: datetime) -> None:
    person, presentation = make_person(), make_presentation()
    for one, other in chance.sample([("LS", "LS"), ("LS1", "LS9"), ("LS", "YO"), ("SE", "LS"), ("YO1", "SE1")], 2):
        JourneyTime.objects.create(one=one, other=other, minutes=chance.choice((5, 45, 100, 300)), reason="Known", set_at=now)
    make_presenter(weekdays=(chance.randrange(5), 5, 6), hours=("07:30", "20:00"))  # so that there is something to find
    for _presenter in range(chance.randint(1, 3)):
        presenter = make_presenter(
            weekdays=(),
            base_postcode=chance.choice((LEEDS, YORK, LONDON)),
            nation=chance.choice((Nation.ENGLAND, Nation.SCOTLAND)),
            max_travel_minutes=chance.choice((30, 90, 400)),
            joining_link=chance.choice(("", "https://meet.example/x")),
            earliest_leaving=time(chance.choice((5, 7, 9))),
            latest_return=time(chance.choice((15, 19, 23))),
        )
        for _window in range(chance.randint(2, 8)):
            # No edge inside the hour that is skipped or happens twice: there a wall clock alone says nothing.
            start = chance.choice([quarter for quarter in range(22 * 4) if not 4 <= quarter < 8])
            end = max(8, min(start + chance.randrange(4, 40), 95))
            clock = [f"{quarter // 4:02d}:{quarter % 4 * 15:02d}" for quarter in (start, end)]
            until = chance.choice((None, first_day + timedelta(days=3)))
            make_availability(presenter, chance.choice((0, 1, 2, 3, 4, 5, 6, 6)), *clock, valid_until=until)
        for _claim in range(14):
            random_claim(chance, presenter, first_day, now, person=person, presentation=presentation)


def random_claim(chance: random.Random, presenter: Presenter, first_day: date, now: datetime, **rows: object) -> None:
    start = datetime.combine(first_day, time(), tzinfo=UTC) + timedelta(minutes=15 * chance.randrange(-4 * 48, 4 * 24 * 9))
    minutes, what = chance.choice((30, 60, 90, 600)), chance.random()
    try:
        with transaction.atomic():
            if what < 0.2:
                make_leave(presenter, start, start + timedelta(minutes=minutes * 3))
            elif what < 0.35:
                make_hold(presenter, start, expires_at=now + chance.choice((-1, 1)) * timedelta(minutes=5), **rows)
            else:
                postcode = chance.choice((LEEDS, LEEDS, LEEDS_TOO, YORK, LONDON, ""))
                booking = make_booking(presenter, start, minutes=min(minutes, 90), postcode=postcode, **rows)
                if what > 0.8 and postcode:
                    presenter.busy_times.filter(booking=booking).update(travel_minutes=chance.choice((0, 20, 120)))
            check_deferred_constraints()
    except IntegrityError:
        return


@pytest.mark.parametrize("first_day", [MARCH, OCTOBER, EASTER, WINTER], ids=["march", "october", "easter", "winter"])
@pytest.mark.parametrize("seed", range(8))
def test_slots_are_what_the_oracle_says(first_day: date, seed: int) -> None:
    chance = random.Random(f"{first_day} {seed}")
    now = uk_datetime(first_day - timedelta(days=chance.choice((7, 14, 21))), time(chance.randrange(24)))
    random_world(chance, first_day, now)
    total = 0
    for postcode in (LEEDS, YORK, LONDON, ""):
        for minutes in (30, 90):
            asked = wish(make_presentation(length_minutes=minutes), postcode)
            slots = [slot.start for _day, slots in diary_of(asked, now).week(first_day) for slot in slots]
            assert slots == oracle(asked, first_day, 7, now)
            total += len(slots)
    assert total > 0


# --- The rules, one by one. ---


def test_the_first_day_is_five_working_days_away() -> None:
    make_presenter()
    diary = diary_of(wish(make_presentation()))
    assert uk_day(NOW) == date(2027, 1, 12)
    assert diary.first_slot().start == at("09:00", date(2027, 1, 19))


def test_working_days_are_counted_in_the_presenters_nation() -> None:
    """2 January is a bank holiday in Scotland only; in 2027 it falls on a Saturday, so Monday 4 January is."""
    new_year = date(2026, 12, 29)
    assert after_working_days(new_year, 5, Nation.ENGLAND) == date(2027, 1, 6)
    assert after_working_days(new_year, 5, Nation.SCOTLAND) == date(2027, 1, 7)


def test_a_bank_holiday_of_the_presenters_nation_has_no_slots() -> None:
    """St Andrew's Day 2027 is a Tuesday."""
    now = datetime(2027, 11, 15, tzinfo=UTC)
    english, day = make_presenter(), date(2027, 11, 30)
    asked = wish(make_presentation())
    assert diary_of(asked, now).slots_on(day) != []
    Presenter.objects.filter(pk=english.pk).update(nation=Nation.SCOTLAND)
    assert diary_of(asked, now).slots_on(day) == []


def test_slots_fill_the_window_and_end_inside_it() -> None:
    make_presenter(hours=("09:15", "11:40"))
    assert clocks(diary_of(wish(make_presentation()))) == ["09:30", "10:00", "10:30"]


def test_windows_that_touch_are_one() -> None:
    presenter = make_presenter(weekdays=())
    make_availability(presenter, 0, "09:00", "10:00")
    make_availability(presenter, 0, "10:00", "11:00")
    assert clocks(diary_of(wish(make_presentation(length_minutes=120)))) == ["09:00"]


def test_availability_counts_only_between_its_dates() -> None:
    presenter = make_presenter(weekdays=())
    make_availability(presenter, 0, "09:00", "10:00", valid_until=MONDAY)
    diary = diary_of(wish(make_presentation()))
    assert clocks(diary) == ["09:00"]
    assert clocks(diary, MONDAY + timedelta(days=7)) == []


@pytest.mark.parametrize(
    ("monday", "utc"),
    [(date(2027, 3, 22), "09:00"), (date(2027, 3, 30), "08:00"), (date(2027, 10, 25), "08:00"), (date(2027, 11, 1), "09:00")],
)
def test_nine_in_the_morning_stays_nine_across_both_clock_changes(monday: date, utc: str) -> None:
    make_presenter(weekdays=(0, 1), hours=("09:00", "10:00"))
    now = datetime.combine(monday - timedelta(days=20), time(10), tzinfo=UTC)
    (slot,) = [slot for slot in diary_of(wish(make_presentation()), now).slots_on(monday) if slot]
    assert slot.start == at(utc, monday)
    assert slot.start.astimezone(UK).hour == 9


def test_the_sunday_that_loses_an_hour_and_the_one_that_gains_it() -> None:
    make_presenter(weekdays=(6,), hours=("00:00", "04:00"), earliest_leaving=time(0))
    spring = diary_of(wish(make_presentation()), datetime(2027, 3, 1, tzinfo=UTC))
    assert clocks(spring, date(2027, 3, 28)) == ["00:00", "00:30", "02:00", "02:30", "03:00"]
    autumn = diary_of(wish(make_presentation()), datetime(2027, 10, 1, tzinfo=UTC))
    assert clocks(autumn, date(2027, 10, 31)) == ["00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30", "03:00"]


def test_a_presenter_who_would_drive_too_far_is_not_offered() -> None:
    make_presenter(max_travel_minutes=60)
    assert diary_of(wish(make_presentation(), LONDON)).first_slot() is None
    assert diary_of(wish(make_presentation(), LEEDS_TOO)).first_slot() is not None


def test_online_needs_a_joining_link() -> None:
    presenter = make_presenter(joining_link="")
    assert diary_of(wish(make_presentation(), "")).first_slot() is None
    Presenter.objects.filter(pk=presenter.pk).update(joining_link="https://meet.example/x")
    assert diary_of(wish(make_presentation(), "")).first_slot() is not None


def test_someone_who_gives_no_presentations_has_no_slots() -> None:
    make_presenter(active=False)
    assert diary_of(wish(make_presentation())).first_slot() is None


def test_a_live_hold_is_busy_an_expired_one_is_not_and_ones_own_is_not() -> None:
    presenter = make_presenter(hours=("09:00", "11:00"))
    asked = wish(make_presentation())
    hold = make_hold(presenter, at("09:00"), expires_at=NOW + timedelta(minutes=1))
    assert clocks(diary_of(asked)) == ["10:00"]
    assert clocks(diary_of(asked, ignoring={"hold__draft": hold.draft_id})) == ["09:00", "09:30", "10:00"]
    assert clocks(diary_of(asked, NOW + timedelta(minutes=2))) == ["09:00", "09:30", "10:00"]


def test_the_best_presenter_travels_least_then_has_fewest_bookings_near_then_came_first() -> None:
    far, near, busy, last = (make_presenter(base_postcode=base) for base in (YORK, LEEDS, LEEDS, LEEDS))
    make_booking(busy, at("09:00", MONDAY + timedelta(days=1)))
    ranked = [candidate.presenter for candidate in diary_of(wish(make_presentation())).offered_to(at("12:00"))]
    assert ranked == [near, last, busy, far]


def test_bookings_more_than_a_week_away_do_not_weigh_and_the_range_that_was_read_makes_no_difference() -> None:
    first, second = make_presenter(), make_presenter()
    make_booking(first, at("09:00", MONDAY + timedelta(days=8)))
    one_day = open_diary(wish(make_presentation()), first_day=MONDAY, last_day=MONDAY, now=NOW)
    assert [candidate.presenter for candidate in one_day.offered_to(at("12:00"))] == [first, second]
    make_booking(first, at("09:00", MONDAY + timedelta(days=7)))
    one_day = open_diary(wish(make_presentation()), first_day=MONDAY, last_day=MONDAY, now=NOW)
    assert [candidate.presenter for candidate in one_day.offered_to(at("12:00"))] == [second, first]


def test_the_nearest_slots_lie_on_both_sides_in_order_of_time() -> None:
    presenter = make_presenter(hours=("09:00", "12:00"))
    make_booking(presenter, at("10:00"))
    nearest = diary_of(wish(make_presentation())).nearest(at("10:00"), 4)
    assert [slot.start.strftime("%d %H:%M") for slot in nearest] == ["25 09:00", "25 11:00", "26 09:00", "26 09:30"]


def test_a_start_off_the_half_hour_is_offered_to_nobody() -> None:
    make_presenter()
    diary = diary_of(wish(make_presentation()))
    assert diary.offered_to(at("12:10")) == []
    assert [candidate.breaches for candidate in diary.candidates(at("12:10"))] == [()]


def test_breaches_say_which_rules_staff_would_override() -> None:
    make_presenter(weekdays=(0,), max_travel_minutes=30)
    diary = diary_of(wish(make_presentation(), YORK))
    (candidate,) = diary.candidates(at("18:00", date(2027, 1, 13)))
    assert candidate.breaches == (Breach.NOTICE, Breach.DISTANCE, Breach.HOURS, Breach.RETURNS_LATE)


def test_a_diary_is_read_in_one_query_a_table() -> None:
    asked = wish(make_presentation())
    counts = []
    for _more in range(2):
        for _presenter in range(3):
            make_booking(make_presenter(), at("12:00"))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            diary = diary_of(asked)
            diary.week(MONDAY)
            diary.nearest(at("12:00"))
        counts.append(len(queries))
    assert counts == [4, 4]


@pytest.mark.parametrize("postcode", [LEEDS, ""])
@pytest.mark.parametrize("seed", range(3))
def test_a_diary_of_weeks_offers_what_a_diary_of_each_day_does(seed: int, postcode: str) -> None:
    """Free time is worked out week by week, as far as somebody looks: visits and leave across the ends of a week count."""
    chance, presenter = random.Random(seed), make_presenter(weekdays=range(7), hours=("00:00", "23:30"), max_travel_minutes=600)
    first, start = MONDAY - timedelta(days=1), at("20:00", MONDAY - timedelta(days=2))
    while start < at("00:00", MONDAY + timedelta(days=16)):
        start += timedelta(minutes=30 * chance.randint(1, 40))
        place = chance.choice((LEEDS, YORK, ""))
        hours = chance.choice((1, 1, 1, 30, 60)) if not place else 1
        try:
            with transaction.atomic():
                make_claim(presenter, start, start + timedelta(hours=hours), find_place(place) if place else None)
                check_deferred_constraints()
        except IntegrityError:
            continue
        start += timedelta(hours=hours)
    asked = wish(make_presentation(), postcode)
    days = [first + timedelta(days=number) for number in range(16)]
    whole = open_diary(asked, first_day=days[0], last_day=days[-1], now=NOW)
    alone = [open_diary(asked, first_day=day, last_day=day, now=NOW).slots_on(day) for day in days]
    assert [whole.slots_on(day) for day in days] == alone
    assert sum(map(len, alone)) > 20


def test_what_the_diary_reads_is_what_the_rows_say() -> None:
    presenter = make_presenter()
    make_booking(presenter, at("09:00"), postcode=YORK)
    make_booking(presenter, at("15:00"), postcode="")
    make_leave(presenter, at("00:00", MONDAY + timedelta(days=1)), at("00:00", MONDAY + timedelta(days=2)))
    make_hold(presenter, at("12:00"), expires_at=NOW + timedelta(minutes=5))
    BusyTime.objects.filter(postcode=YORK).update(travel_minutes=45)
    within = Span(at("00:00"), at("00:00", MONDAY + timedelta(days=3)))
    rows = claims_within([presenter], within, NOW)
    assert read_claims([presenter], within, NOW, None) == {presenter.pk: [to_claim(row) for row in rows]}
    assert len(rows) == 4
