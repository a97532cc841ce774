"""The slot engine against the oracle, over worlds that nobody thought of.

A short run, always of the same worlds, is part of every test run. `SLOT_WORLDS=2000` lets Hypothesis draw as many new ones, and
say the smallest that is wrong.
"""

import os
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings, strategies as st

from bookings.models import (
    MAX_HELD_TIMES,
    Availability,
    AvailabilityException,
    DutyShift,
    JourneyTime,
    Leave,
    LeaveKind,
    LeaveState,
    Nation,
    Presentation,
    Presenter,
)
from bookings.schedule.holds import held_times_lookup
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from core.dates import uk_datetime
from office.closures.models import Closure
from office.closures.services import publish_current_notices
from office.site_settings.models import SiteSettings
from office.site_settings.queries import CACHED_SETTINGS
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import make_booking, make_held, make_hold, make_leave, make_presentation, make_presenter, make_shift
from tests.bookings.schedule import slot_oracle
from tests.bookings.schedule.slot_oracle import Asked, Hours, Shut, Taken, Who, World, minute_of
from tests.factories import make_person

SHORT_RUN = 15  # in each of four groups
LONG_RUN = int(os.environ.get("SLOT_WORLDS", "0"))
LEEDS, LEEDS_TOO, YORK, EDINBURGH, BELFAST = "LS1 4AP", "LS9 7TF", "YO1 7HH", "EH1 1YZ", "BT1 5GS"
PLACES = (LEEDS, LEEDS_TOO, YORK, EDINBURGH, BELFAST)
NATIONS = (Nation.ENGLAND, Nation.SCOTLAND, Nation.NORTHERN_IRELAND, Nation.WALES)
# Mondays of weeks with something in them: the clocks change on their Sunday (two), or a nation has a bank holiday of its own.
SPRING, AUTUMN = date(2027, 3, 22), date(2027, 10, 25)
WEEKS = (SPRING, AUTUMN, date(2026, 12, 28), date(2027, 3, 29), date(2027, 7, 12), date(2027, 8, 2), date(2027, 11, 29))
DAYS = 9

# No edge inside the hour that is skipped or comes twice: there a clock on the wall alone says nothing.
EDGES = [quarter for quarter in range(96) if not 4 <= quarter < 8]


def clock(quarter: int) -> time:
    return time(quarter // 4, quarter % 4 * 15)


def mostly(chance: Random, usual: Any, *others: Any) -> Any:
    """Most presenters have no such rule, so that of a dozen rules not all hold at once and something is left to offer."""
    return chance.choice((usual,) * 2 * len(others) + others)


def some_clocks(chance: Random) -> tuple[int, int]:
    one, other = chance.choice(EDGES[:-1]), chance.choice(EDGES)
    return (min(one, other), max(one, other)) if one != other else (one, EDGES[-1])


def a_window(chance: Random) -> dict[str, Any]:
    days = chance.choice((None, None, chance.randint(0, 30)))
    return {"weekday": chance.randint(0, 6), "clocks": some_clocks(chance), "from": chance.randint(-20, 6), "days": days}


def an_exception(chance: Random) -> dict[str, Any]:
    hours = chance.choice((None, some_clocks(chance), some_clocks(chance)))
    return {"from": chance.randint(-2, 8), "days": chance.randint(0, 3), "clocks": hours}


CLAIMS = ("booking", "booking", "booking", "leave", "asked leave", "hold", "expired hold", "session", "held")


def a_claim(chance: Random) -> dict[str, Any]:
    return {
        "what": chance.choice(CLAIMS),
        "day": chance.randint(-2, DAYS + 1),
        "quarter": chance.choice((chance.randint(28, 76), chance.randint(0, 95))),  # mostly by day, where it is in the way
        "minutes": chance.choice((30, 60, 90, 600, 1800)),
        "place": chance.choice((*PLACES, "", "")),
        "travel": mostly(chance, None, 0, 20, 180),
    }


def a_presenter(chance: Random) -> dict[str, Any]:
    return {
        "base": chance.choice(PLACES),
        "nation": chance.choice(NATIONS),
        "longest": mostly(chance, 900, 30, 90, 400),
        "link": mostly(chance, True, False),
        "active": chance.random() > 0.1,
        "formats": mostly(chance, (), ("online",), ("workplace",)),
        "given": mostly(chance, (), (0,), (1,), (0, 1)),
        "nations": mostly(chance, (), ("england",), ("scotland", "wales")),
        "areas": mostly(chance, (), ("YO",), ("LS", "BT")),
        "most_a_day": chance.choice((None, 1, 2)),
        "most_a_week": chance.choice((None, None, 1, 3)),
        "notice": mostly(chance, None, 0, 3, 10),
        "horizon": mostly(chance, None, 12, 30, 60),
        "leaves": mostly(chance, time(5), time(7), time(9, 30)),
        "returns": mostly(chance, time(23), time(16), time(19)),
        "checked": mostly(chance, 400, None, -1, 2),  # days from Monday
        "trained": mostly(chance, 400, None, -1, 2),
        "every_day": chance.random() < 0.5,  # from 7am to 10pm, beside what else is drawn
        "audiences": mostly(chance, (), ("midwife", "gp"), ("mixed",)),
        "windows": [a_window(chance) for _window in range(chance.randint(0, 5))],
        "exceptions": [an_exception(chance) for _exception in range(chance.randint(0, 2))],
        "claims": [a_claim(chance) for _claim in range(chance.randint(0, 7))],
    }


PAIRS = (("LS", "LS"), ("LS1", "LS9"), ("LS", "YO"), ("EH", "LS"), ("YO1", "EH1"))


def a_world(chance: Random) -> dict[str, Any]:
    return {
        "monday": chance.choice(WEEKS),
        "before": chance.choice((20, 20, 20, 0, 4, 7, 9, 12, 30, 45, 85)),
        "hour": chance.randint(0, 23),
        "lengths": (chance.choice((30, 60, 90, 150)), chance.choice((30, 60, 90, 150))),
        "presenters": [a_presenter(chance) for _presenter in range(chance.randint(1, 3))],
        "audience": chance.choice(("", "midwife", "teacher")),
        "set_by_staff": {pair: chance.choice((5, 45, 100, 300)) for pair in chance.sample(PAIRS, chance.randint(0, 2))},
        "set_for_visit": chance.choice((None, 0, 45, 240)),  # with whoever gives it, at a workplace
        "on_duty": mostly(chance, ((-400, 400),), (), ((-3, 2),), ((0, 1), (4, 5))),  # from and to, in days from Monday
        "shut": [a_closure(chance) for _closure in range(chance.choice((0, 0, 1, 2)))],
        "notice": mostly(chance, 5, 0, 30),
        "horizon": mostly(chance, 90, 14, 365),
    }


def a_closure(chance: Random) -> dict[str, Any]:
    """Near the week, or in the days of notice before it."""
    presentations, nation = chance.random() > 0.3, chance.choice((None, None, *NATIONS))
    return {
        "from": chance.randint(-12, 8),
        "days": chance.choice((0, 0, 1, 4)),
        "nation": nation if presentations else None,
        "presentations": presentations,
        "office": not presentations or (nation is None and chance.random() < 0.5),
    }


def lay_out(drawn: dict[str, Any]) -> tuple[World, list[Presentation]]:
    """The rows of the world that was drawn, and the same as the oracle knows it."""
    monday, person = drawn["monday"], make_person()
    now = uk_datetime(monday - timedelta(days=drawn["before"]), time(drawn["hour"]))
    presentations = [make_presentation(length_minutes=minutes) for minutes in drawn["lengths"]]
    who = [lay_out_one(each, monday, now, presentations, person) for each in drawn["presenters"]]
    CACHED_SETTINGS.publish(SiteSettings(notice_working_days=drawn["notice"], horizon_days=drawn["horizon"]))
    minutes, duty = set_by_staff(drawn["set_by_staff"], now), lay_out_duty(drawn["on_duty"], monday)
    shut = lay_out_closures(drawn["shut"], monday)
    return World(now, who, minutes, duty, drawn["notice"], drawn["horizon"], shut), presentations


def lay_out_closures(drawn: list[dict[str, Any]], monday: date) -> list[Shut]:
    found = []
    for each in drawn:
        first = monday + timedelta(days=each["from"])
        shut = Shut(first, first + timedelta(days=each["days"]), each["nation"], each["office"], each["presentations"])
        found.append(shut)
        Closure.objects.create(
            first_day=shut.first_day,
            last_day=shut.last_day,
            nation=shut.nation or "",
            advice_line=shut.office,
            presentations=shut.presentations,
            reason="Moving house",
            reason_cy="Symud",
        )
    publish_current_notices()
    return found


def lay_out_duty(drawn: tuple[tuple[int, int], ...], monday: date) -> list[tuple[date, date]]:
    DutyShift.objects.all().delete()
    days = [(monday + timedelta(days=first), monday + timedelta(days=last)) for first, last in drawn]
    for first, last in days:
        make_shift(first, last)
    return days


def set_by_staff(pairs: dict[tuple[str, str], int], now: datetime) -> dict[frozenset[str], int]:
    JourneyTime.objects.bulk_create(
        JourneyTime(area_a=one, area_b=other, minutes=minutes, reason="Known", set_at=now)
        for (one, other), minutes in pairs.items()
    )
    return {frozenset(pair): minutes for pair, minutes in pairs.items()}


def lay_out_one(drawn: dict[str, Any], monday: date, now: datetime, presentations: list[Presentation], person: Any) -> Who:
    given = [presentations[number] for number in drawn["given"]]
    checked, trained = (None if drawn[name] is None else monday + timedelta(days=drawn[name]) for name in ("checked", "trained"))
    presenter = make_presenter(
        weekdays=(),
        base_postcode=drawn["base"],
        nation=drawn["nation"],
        max_travel_minutes=drawn["longest"],
        joining_link="https://meet.example/x" if drawn["link"] else "",
        active=drawn["active"],
        formats=list(drawn["formats"]),
        audiences=list(drawn["audiences"]),
        nations_covered=list(drawn["nations"]),
        areas_covered=list(drawn["areas"]),
        most_a_day=drawn["most_a_day"],
        most_a_week=drawn["most_a_week"],
        notice_working_days=drawn["notice"],
        horizon_days=drawn["horizon"],
        earliest_leaving=drawn["leaves"],
        latest_return=drawn["returns"],
        checked_until=checked,
        trained_until=trained,
    )
    presenter.presentations.set(given)
    return Who(
        key=presenter.pk,
        base=drawn["base"],
        nation=drawn["nation"],
        longest_journey=drawn["longest"],
        has_link=drawn["link"],
        active=drawn["active"],
        formats=drawn["formats"],
        audiences=drawn["audiences"],
        given=tuple(each.pk for each in given),
        nations=drawn["nations"],
        areas=drawn["areas"],
        most_a_day=drawn["most_a_day"],
        most_a_week=drawn["most_a_week"],
        notice=drawn["notice"],
        horizon=drawn["horizon"],
        leaves=drawn["leaves"],
        returns=drawn["returns"],
        checked_until=checked,
        trained_until=trained,
        hours=lay_out_hours(presenter, drawn, monday),
        taken=[
            taken
            for each in drawn["claims"]
            if (taken := lay_out_claim(presenter, each, monday, now, person=person, presentation=presentations[0]))
        ],
    )


def lay_out_hours(presenter: Presenter, drawn: dict[str, Any], monday: date) -> list[Hours]:
    found = [Hours(weekday, monday, None, time(7), time(22)) for weekday in range(7) if drawn["every_day"]]
    for each in drawn["windows"]:
        start, end = (clock(quarter) for quarter in each["clocks"])
        first = monday + timedelta(days=each["from"])
        last = None if each["days"] is None else first + timedelta(days=each["days"])
        found.append(Hours(each["weekday"], first, last, start, end))
    for each in drawn["exceptions"]:
        start, end = (clock(quarter) for quarter in each["clocks"]) if each["clocks"] else (None, None)
        first = monday + timedelta(days=each["from"])
        found.append(Hours(None, first, first + timedelta(days=each["days"]), start, end))
    for hours in found:
        clocks_of_it = {"presenter": presenter, "start": hours.start, "end": hours.end}
        if hours.weekday is None:
            AvailabilityException.objects.create(first_day=hours.first_day, last_day=hours.last_day, **clocks_of_it)
        else:
            days = {"valid_from": hours.first_day, "valid_until": hours.last_day}
            Availability.objects.create(weekday=hours.weekday, **days, **clocks_of_it)
    return found


def lay_out_claim(presenter: Presenter, drawn: dict[str, Any], monday: date, now: datetime, **rows: Any) -> Taken | None:
    """None for what the database refuses, or what takes no time."""
    start = datetime.combine(monday + timedelta(days=drawn["day"]), clock(drawn["quarter"]), tzinfo=UTC)
    what, minutes = drawn["what"], drawn["minutes"]
    if "leave" not in what:
        minutes = min(minutes, 90) if what in ("booking", "session") else 60
    end = start + timedelta(minutes=minutes)
    if what == "held":
        return lay_out_held(presenter, drawn["place"], start, now)
    if what == "asked leave":
        columns = {"kind": LeaveKind.HOLIDAY, "state": LeaveState.ASKED, "created_at": now}
        Leave.objects.create(presenter=presenter, starts_at=start, ends_at=end, **columns)
        return None
    try:
        with transaction.atomic():
            if what == "leave":
                make_leave(presenter, start, end)
            elif what == "booking":
                booking = make_booking(presenter, start, minutes=minutes, postcode=drawn["place"], **rows)
                if drawn["place"] and drawn["travel"] is not None:
                    presenter.busy_times.filter(booking=booking).update(travel_minutes=drawn["travel"])
            elif what == "session":
                make_session(presenter, start, minutes=minutes, presentation=rows["presentation"])
            else:
                live = timedelta(minutes=-1 if what == "expired hold" else 5)
                make_hold(presenter, start, expires_at=now + live, **rows)
            connection.check_constraints()
    except IntegrityError:
        return None
    if what == "expired hold":
        # It counts no longer, but until a writer clears it the table keeps it: nothing else may be laid over it here.
        return None
    place = drawn["place"] if what == "booking" else ""
    return Taken(minute_of(start), minute_of(end), place, what != "leave", drawn["travel"] if place else None)


def lay_out_held(presenter: Presenter, postcode: str, start: datetime, now: datetime) -> Taken | None:
    """For the people of that place's district."""
    if not postcode or presenter.times_held.count() >= MAX_HELD_TIMES:
        return None
    try:
        with transaction.atomic():
            held = make_held(presenter, start, postcode, expires_at=now + timedelta(days=7))
            connection.check_constraints()
    except IntegrityError:
        return None
    district = find_place(postcode).authority
    return Taken(minute_of(held.starts_at), minute_of(held.ends_at), postcode, True, held_for=district)


def from_the_engine(slot_query: SlotQuery, world: World, first_day: date) -> set[tuple[int, int]]:
    last_day = first_day + timedelta(days=DAYS - 1)
    theirs = held_times_lookup(slot_query.place)
    schedule = read_schedule(slot_query, first_day=first_day, last_day=last_day, now=world.now, ignoring=theirs)
    days = [first_day + timedelta(days=number) for number in range(DAYS)]
    found = {
        (start, part.presenter.pk)
        for part in schedule.parts
        for day in days
        if schedule.is_covered(day)
        for start in part.starts_on(day)
    }
    # The three ways to ask give the same answer: the days, one start, and one presenter at one start.
    slots = [slot.start for day in days for slot in schedule.slots_on(day)]
    assert slots == sorted({start for start, _key in found})
    for start in slots[::7]:
        assert {each.presenter.pk for each in schedule.offered_candidates(start)} == {key for at, key in found if at == start}
    return {(minute_of(start), key) for start, key in found}


def hold_against_the_oracle(drawn: dict[str, Any]) -> None:
    audience = drawn["audience"]
    with transaction.atomic():
        world, presentations = lay_out(drawn)
        for number, presentation in enumerate(presentations):
            for postcode in (*PLACES[number::2], ""):
                place = find_place(postcode) if postcode else None
                minutes = drawn["set_for_visit"] if postcode else None
                travel = {} if minutes is None else {who.key: minutes for who in world.who}
                slot_query = SlotQuery(presentation, "workplace" if postcode else "online", place, audience, travel)
                asked = Asked(presentation.pk, presentation.length_minutes, postcode, audience or "mixed", travel)
                said = slot_oracle.offered(world, asked, drawn["monday"], DAYS)
                assert from_the_engine(slot_query, world, drawn["monday"]) == said
        transaction.set_rollback(True)


@pytest.mark.django_db
@pytest.mark.parametrize("group", range(4))
def test_the_engine_offers_what_the_oracle_says_and_nothing_else(group: int) -> None:
    for number in range(SHORT_RUN):
        hold_against_the_oracle(a_world(Random(f"{group} {number}")))


@pytest.mark.skipif(not LONG_RUN, reason="SLOT_WORLDS=2000 draws as many new worlds")
@pytest.mark.django_db
@settings(
    max_examples=LONG_RUN or 1,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(chance=st.randoms(use_true_random=False))
def test_in_many_more_worlds_too(chance: Random) -> None:
    hold_against_the_oracle(a_world(chance))
