"""What can be booked, minute by minute: slow, obvious, and written from the rules, not from the engine.

It knows plain facts (`Who`, `Taken`, `Asked`) and asks the project for nothing but where a postcode lies. Times are minutes since
the start of 1970 in UTC; what a clock on a wall says is asked of the clock for each minute.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from itertools import pairwise
from math import asin, ceil, cos, radians, sin, sqrt
from zoneinfo import ZoneInfo

import holidays

from bookings.travel import find_place

UK = ZoneInfo("Europe/London")
SUBDIVISIONS = {"england": "ENG", "wales": "WLS", "scotland": "SCT", "northern-ireland": "NIR"}
TWO_DAYS = 48 * 60
# Beyond the line at road speed: Northern Ireland is reached over the sea.
CROSSING = {"northern-ireland": 150}


@dataclass(frozen=True)
class Hours:
    """On a UK clock. `weekday` None: an exception; clocks None: not available."""

    weekday: int | None
    first_day: date
    last_day: date | None
    start: time | None
    end: time | None


@dataclass(frozen=True)
class Taken:
    """Something in a presenter's diary; with a postcode it is a visit. `held_for`: the district whose people may have it."""

    start: int
    end: int
    postcode: str
    is_presentation: bool
    travel_minutes: int | None = None
    held_for: str = ""


@dataclass(eq=False)
class Who:
    """A presenter, with what is live in the diary. Nothing of it changes once it was asked about."""

    key: int
    base: str
    nation: str
    longest_journey: int
    has_link: bool
    active: bool
    formats: tuple[str, ...]
    audiences: tuple[str, ...]
    given: tuple[int, ...]
    nations: tuple[str, ...]
    areas: tuple[str, ...]
    most_a_day: int | None
    most_a_week: int | None
    notice: int | None
    horizon: int | None
    leaves: time
    returns: time
    checked_until: date | None
    trained_until: date | None
    hours: list[Hours] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)


@dataclass(frozen=True)
class Asked:
    presentation: int
    minutes: int
    postcode: str  # empty online
    audience: str  # a profession, or "mixed"
    travel: dict[int, int] = field(default_factory=dict)  # by presenter: what staff have set for this one visit

    @property
    def format(self) -> str:
        return "workplace" if self.postcode else "online"


@dataclass(frozen=True)
class Shut:
    """Days on which CTAC is closed, the first and the last included. `nation` None: in all of the UK."""

    first_day: date
    last_day: date
    nation: str | None
    office: bool  # nobody answers the phone
    presentations: bool


@dataclass(frozen=True)
class World:
    now: datetime
    who: list[Who]
    set_by_staff: dict[frozenset[str], int]
    on_duty: list[tuple[date, date]]  # from which day to which somebody hears the alarm of a visit
    notice: int  # for everybody: working days
    horizon: int  # and days
    shut: list[Shut] = field(default_factory=list)


def minute_of(moment: datetime) -> int:
    return int(moment.timestamp()) // 60


@cache
def wall(minute: int) -> datetime:
    """What a UK clock says then."""
    return datetime.fromtimestamp(minute * 60, UTC).astimezone(UK)


@cache
def is_holiday(day: date, nation: str) -> bool:
    return day in holidays.country_holidays("GB", subdiv=SUBDIVISIONS[nation], years=day.year)


def offered(world: World, asked: Asked, first_day: date, days: int) -> set[tuple[int, int]]:
    """(start, presenter) of all that the public can book on these UK days."""
    begin = minute_of(datetime.combine(first_day - timedelta(days=1), time(), tzinfo=UTC))
    everybody = [as_seen_from(who, asked) for who in world.who]
    found = set()
    for start in range(begin, begin + (days + 2) * 24 * 60, 30):
        if first_day <= wall(start).date() < first_day + timedelta(days=days):
            found |= {(start, who.key) for who in everybody if could(world, who, asked, start)}
    return found


def as_seen_from(who: Who, asked: Asked) -> Who:
    """What is held for the people of a district is nothing to them, and taken to everybody else."""
    district = find_place(asked.postcode).authority if asked.postcode else ""
    return replace(who, taken=[each for each in who.taken if not each.held_for or each.held_for != district])


def could(world: World, who: Who, asked: Asked, start: int) -> bool:
    return (
        who.active
        and is_covered(world, asked, wall(start).date())
        and is_checked(who, asked, wall(start).date())
        and gives(who, asked)
        and goes_there(world, who, asked)
        and within_the_days(world, who, asked, wall(start).date())
        and has_hours(who, start, asked.minutes)
        and is_not_full(who, wall(start).date())
        and is_free(who, start, asked.minutes)
        and can_set_off(world, who, asked, start)
        and can_travel(world, who, asked, start)
        and leaves_and_returns(world, who, asked, start)
        and goes_by_the_base(world, who, asked, start)
    )


def is_covered(world: World, asked: Asked, day: date) -> bool:
    return asked.format == "online" or any(first <= day <= last for first, last in world.on_duty)


# What, how and where


def is_checked(who: Who, asked: Asked, day: date) -> bool:
    if asked.format == "online":
        return True
    return bool(who.checked_until and who.trained_until) and day <= min(who.checked_until, who.trained_until)


def gives(who: Who, asked: Asked) -> bool:
    if who.given and asked.presentation not in who.given:
        return False
    if who.formats and asked.format not in who.formats:
        return False
    if who.audiences and asked.audience not in who.audiences:
        return False
    return asked.format == "workplace" or who.has_link


def goes_there(world: World, who: Who, asked: Asked) -> bool:
    if not asked.postcode:
        return True
    if (who.nations or who.areas) and nation_of(asked.postcode) not in who.nations and letters(asked.postcode) not in who.areas:
        return False
    return asked.travel.get(who.key, journey(world, who.base, asked.postcode)) <= who.longest_journey


# Days


def within_the_days(world: World, who: Who, asked: Asked, day: date) -> bool:
    today = world.now.astimezone(UK).date()
    first, left = today, world.notice if who.notice is None else who.notice
    while left > 0:
        first += timedelta(days=1)
        is_shut = any(each.office or each.presentations for each in shut_on(world, first, who.nation))
        if first.weekday() < 5 and not is_holiday(first, who.nation) and not is_shut:
            left -= 1
    last = today + timedelta(days=min(world.horizon, world.horizon if who.horizon is None else who.horizon))
    if not first <= day <= last or is_holiday(day, who.nation):
        return False
    if any(each.presentations for each in shut_on(world, day, who.nation)):
        return False
    if not asked.postcode:
        return True
    there = nation_of(asked.postcode)
    return not is_holiday(day, there) and not any(each.presentations for each in shut_on(world, day, there))


def shut_on(world: World, day: date, nation: str) -> list[Shut]:
    """What is closed on that day for somebody in that nation."""
    return [each for each in world.shut if each.first_day <= day <= each.last_day and each.nation in (None, nation)]


def has_hours(who: Who, start: int, minutes: int) -> bool:
    """In each minute of it the presenter can be booked."""
    return all(can_be_booked(who, minute) for minute in range(start, start + minutes))


@cache
def can_be_booked(who: Who, minute: int) -> bool:
    clock = wall(minute)
    exceptions = [each for each in who.hours if each.weekday is None and holds(each, clock.date())]
    usual = [each for each in who.hours if each.weekday == clock.weekday() and holds(each, clock.date())]
    return any(
        each.start is not None and each.end is not None and each.start <= clock.time() < each.end for each in exceptions or usual
    )


def holds(hours: Hours, day: date) -> bool:
    return hours.first_day <= day and (hours.last_day is None or day <= hours.last_day)


def is_not_full(who: Who, day: date) -> bool:
    days = [wall(each.start).date() for each in who.taken if each.is_presentation]
    same_week = [each for each in days if each.isocalendar()[:2] == day.isocalendar()[:2]]
    if who.most_a_day is not None and days.count(day) >= who.most_a_day:
        return False
    return who.most_a_week is None or len(same_week) < who.most_a_week


# Being in two places


def is_free(who: Who, start: int, minutes: int) -> bool:
    return not any(each.start <= minute < each.end for each in who.taken for minute in range(start, start + minutes))


def as_taken(who: Who, asked: Asked, start: int) -> Taken:
    return Taken(start, start + asked.minutes, asked.postcode, True, asked.travel.get(who.key))


def can_travel(world: World, who: Who, asked: Asked, start: int) -> bool:
    """Between all visits that follow each other there is time for the journey, as far as this one is part of it."""
    mine = as_taken(who, asked, start)
    everything = [*who.taken, mine]
    visits = sorted((each for each in everything if each.postcode), key=lambda each: each.start)
    for one, other in pairwise(visits):
        part_of_it = mine in (one, other) or (not mine.postcode and one.end <= mine.start and mine.end <= other.start)
        if not part_of_it or other.start - one.end >= TWO_DAYS:
            continue
        if minutes_left(one.end, other.start, everything) < way(world, one, other):
            return False
    return True


def can_set_off(world: World, who: Who, asked: Asked, start: int) -> bool:
    """Now, from wherever that day has brought them."""
    minutes, mine = 0, as_taken(who, asked, start)
    if asked.postcode:
        earlier = [each for each in taken_on(who, wall(start).date()) if each.is_presentation and each.end <= start]
        last = max(earlier, key=lambda each: each.end, default=None)
        minutes = way(world, last if last and last.postcode else Taken(start, start, who.base, False), mine)
    return (start - minutes) * 60 >= world.now.timestamp()


def minutes_left(begin: int, end: int, everything: list[Taken]) -> int:
    """How many of these minutes are not taken by something without a place."""
    elsewhere = [each for each in everything if not each.postcode and each.start < end and begin < each.end]
    if not elsewhere:
        return max(0, end - begin)
    return sum(not any(each.start <= minute < each.end for each in elsewhere) for minute in range(begin, end))


def leaves_and_returns(world: World, who: Who, asked: Asked, start: int) -> bool:
    """From the base to the first visit of the day, and from the last back, within the hours in which the presenter travels."""
    day = wall(start).date()
    mine = as_taken(who, asked, start)
    today = [mine, *taken_on(who, day)]
    visits = sorted((each for each in today if each.postcode), key=lambda each: each.start)
    if not visits:
        return True
    leaves, returns = (minute_of(datetime.combine(day, clock, tzinfo=UK)) for clock in (who.leaves, who.returns))
    base, first, last = Taken(leaves, leaves, who.base, False), visits[0], visits[-1]
    if mine.start <= first.start and minutes_left(leaves, first.start, today) < way(world, base, first):
        return False
    if mine.start <= first.start and first.start < leaves:
        return False
    comes_last = mine.end >= last.end and mine.start < max(returns, last.end)
    if comes_last and last.end > returns:
        return False
    return not (comes_last and minutes_left(last.end, returns, today) < way(world, last, base))


def goes_by_the_base(world: World, who: Who, asked: Asked, start: int) -> bool:
    """What is online is given from the base: time for the way there, or from there, lies between it and a visit next to it."""
    mine = as_taken(who, asked, start)
    today = [mine, *taken_on(who, wall(start).date())]
    for each in today:
        if not each.is_presentation or bool(each.postcode) == bool(mine.postcode):
            continue
        one, other = sorted((mine, each), key=lambda turn: turn.start)
        if any(third.postcode and one.end <= third.start and third.end <= other.start for third in today):
            continue
        visit, base = mine if mine.postcode else each, Taken(start, start, who.base, False)
        if minutes_left(one.end, other.start, today) < way(world, base, visit):
            return False
    return True


def taken_on(who: Who, day: date) -> list[Taken]:
    """What takes some time of that day."""
    return [each for each in who.taken if any(wall(at).date() == day for at in ends_and_hours(each))]


def ends_and_hours(taken: Taken) -> Iterator[int]:
    """Enough moments of it to know on which days it is."""
    yield from range(taken.start, taken.end, 60)
    yield taken.end - 1


# Journeys


def way(world: World, one: Taken, other: Taken) -> int:
    set_for_visits = [each.travel_minutes for each in (one, other) if each.travel_minutes is not None]
    return max(set_for_visits) if set_for_visits else journey(world, one.postcode, other.postcode)


def journey(world: World, one: str, other: str) -> int:
    """Minutes: none within a postcode; what staff have set, the more exact names first; else by distance, and over the sea."""
    if one == other:
        return 0
    known = [
        (one_exact + other_exact, world.set_by_staff[frozenset((one_name, other_name))])
        for one_name, one_exact in ((one.split()[0], 1), (letters(one), 0))
        for other_name, other_exact in ((other.split()[0], 1), (letters(other), 0))
        if frozenset((one_name, other_name)) in world.set_by_staff
    ]
    if known:
        return max(known)[1]
    by_road = max(30, ceil(15 + kilometres(one, other) * 1.3 / 70 * 60))
    if nation_of(one) == nation_of(other):
        return by_road
    return by_road + CROSSING.get(nation_of(one), 0) + CROSSING.get(nation_of(other), 0)


def letters(postcode: str) -> str:
    return "".join(char for char in postcode.split()[0] if char.isalpha())[:2] if not postcode[1].isdigit() else postcode[0]


@cache
def nation_of(postcode: str) -> str:
    return find_place(postcode).nation


@cache
def kilometres(one: str, other: str) -> float:
    a, b = find_place(one), find_place(other)
    north, east = radians(b.latitude - a.latitude), radians(b.longitude - a.longitude)
    chord = sin(north / 2) ** 2 + cos(radians(a.latitude)) * cos(radians(b.latitude)) * sin(east / 2) ** 2
    return 2 * 6371 * asin(sqrt(chord))
