"""Slots of whole weeks, both clock changes among them, held against every half hour and every rule said as plainly as can be."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.models import Availability, BusyTime, JourneyTime, Nation, Presenter
from bookings.schedule.slots import SlotQuery
from bookings.travel import Journeys, travel_between
from core.dates import UK_TZ, add_working_days, is_bank_holiday, uk_datetime
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    YORK,
    diary_of,
    make_availability,
    make_booking,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    slot_query,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def oracle(asked: SlotQuery, first_day: date, days: int, now: datetime) -> list[datetime]:
    minute = datetime.combine(first_day - timedelta(days=1), time(), tzinfo=UTC)
    end = minute + timedelta(days=days + 2)
    last_day = first_day + timedelta(days=days - 1)
    found = []
    journeys = set_by_staff()
    presenters = [
        (presenter, list(presenter.availability.all()), live_claims(presenter, now)) for presenter in Presenter.objects.all()
    ]
    while minute < end:
        day = minute.astimezone(UK_TZ).date()
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
    asked: SlotQuery,
    start: datetime,
    now: datetime,
    journeys: Journeys,
) -> bool:
    end = start + timedelta(minutes=asked.presentation.length_minutes)
    day = start.astimezone(UK_TZ).date()
    today = now.astimezone(UK_TZ).date()
    return (
        presenter.active
        and day >= add_working_days(today, 5, presenter.nation)
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
        and is_at_the_base_for_online(presenter, claims, asked, start, end, journeys)
    )


def every_five_minutes(start: datetime, end: datetime) -> Iterator[datetime]:
    while start < end:
        yield start
        start += timedelta(minutes=5)


def available_at(windows: list[Availability], moment: datetime) -> bool:
    """Whether that five minutes, on a UK clock, stands in a window."""
    local = moment.astimezone(UK_TZ)
    return any(
        window.weekday == local.weekday()
        and window.start <= local.time() < window.end
        and window.valid_from <= local.date()
        and (window.valid_until is None or local.date() <= window.valid_until)
        for window in windows
    )


def has_time_to_travel(claims: list[BusyTime], asked: SlotQuery, start: datetime, end: datetime, journeys: Journeys) -> bool:
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
    presenter: Presenter, claims: list[BusyTime], asked: SlotQuery, start: datetime, end: datetime, journeys: Journeys
) -> bool:
    """The first visit of the day can be reached from the base, and the base from the last, if this one is part of that."""
    day = start.astimezone(UK_TZ).date()
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


def is_at_the_base_for_online(
    presenter: Presenter, claims: list[BusyTime], asked: SlotQuery, start: datetime, end: datetime, journeys: Journeys
) -> bool:
    """From an online presentation to the visits next to it the way begins at the base, and to it the way ends there."""
    day = start.astimezone(UK_TZ).date()
    midnight, next_midnight = uk_datetime(day, time()), uk_datetime(day + timedelta(days=1), time())
    today = [claim for claim in claims if claim.busy.lower < next_midnight and claim.busy.upper > midnight]
    without_place = [(claim.busy.lower, claim.busy.upper) for claim in today if claim.place is None]
    met = [claim for claim in today if claim.place or (asked.place and claim.kind != "leave")]
    mine = (start, end, asked.place, None)
    turns = sorted([mine, *((c.busy.lower, c.busy.upper, c.place, c.travel_minutes) for c in met)], key=lambda each: each[0])
    for one, other in pairwise(turns):
        if mine not in (one, other) or bool(one[2]) == bool(other[2]):
            continue
        visit = one if one[2] else other
        taken = sum((until - since for since, until in without_place if one[1] <= since < other[0]), timedelta(0))
        if other[0] - one[1] - taken < travel_between(presenter.base, visit[2], None, visit[3], journeys):
            return False
    return True


def set_by_staff() -> Journeys:
    return Journeys({(row.area_a, row.area_b): row.minutes for row in JourneyTime.objects.all()})


MARCH, OCTOBER = date(2027, 3, 22), date(2027, 10, 25)  # the Mondays of the weeks whose Sunday has 23 and 25 hours
EASTER, WINTER = date(2027, 3, 29), date(2027, 1, 25)


def random_world(chance: random.Random, first_day: date, now: datetime) -> None:
    person, presentation = make_person(), make_presentation()
    for one, other in chance.sample([("LS", "LS"), ("LS1", "LS9"), ("LS", "YO"), ("SE", "LS"), ("YO1", "SE1")], 2):
        JourneyTime.objects.create(area_a=one, area_b=other, minutes=chance.choice((5, 45, 100, 300)), reason="Known", set_at=now)
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
            connection.check_constraints()
    except IntegrityError:
        return


@pytest.mark.parametrize("first_day", [MARCH, OCTOBER, EASTER, WINTER], ids=["march", "october", "easter", "winter"])
@pytest.mark.parametrize("seed", range(3))  # sixty worlds more: test_slots_property.py
def test_slots_are_what_the_oracle_says(first_day: date, seed: int) -> None:
    chance = random.Random(f"{first_day} {seed}")
    now = uk_datetime(first_day - timedelta(days=chance.choice((7, 14, 21))), time(chance.randrange(24)))
    random_world(chance, first_day, now)
    total = 0
    for postcode in (LEEDS, YORK, LONDON, ""):
        for minutes in (30, 90):
            asked = slot_query(make_presentation(length_minutes=minutes), postcode)
            slots = [slot.start for _day, slots in diary_of(asked, now).week(first_day) for slot in slots]
            assert slots == oracle(asked, first_day, 7, now)
            total += len(slots)
    assert total > 0
