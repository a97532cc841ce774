"""An online presentation is given from the base: the way between there and the visits round it must fit into the day (ADR 12)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta

import pytest

from bookings.booking.services.reschedule import reschedule
from bookings.errors import OutsideRules, RuleViolation, SlotTaken
from bookings.models import Format, JourneyTime, NotKeptReason, Presenter
from bookings.open_sessions.queries import Clash, PlannedSession, clashes
from bookings.schedule.holds import hold_slot
from bookings.schedule.queries import read_schedule
from bookings.schedule.substitutes import substitute_needs
from core.dates import UK_TZ, uk_datetime
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.placed import place, place_as_staff
from tests.bookings.requested import ask, on
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    at,
    diary_of,
    make_booking,
    make_draft,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    slot_query,
)

pytestmark = pytest.mark.django_db
WAKEFIELD = "WF1 2EB"  # 30 minutes from Leeds, the shortest journey of the rule
ONLINE = {"format": Format.ONLINE, "address": None}


@pytest.fixture
def presenter() -> Presenter:
    """At home in Leeds, from where she leaves as early and comes back as late as need be."""
    return make_presenter(hours=("08:00", "15:00"))


def clocks(postcode: str = "", day: date = MONDAY, now: datetime = NOW) -> list[str]:
    """When the public can start an hour there, or online."""
    slots = diary_of(slot_query(make_presentation(), postcode), now).slots_on(day)
    return [slot.start.astimezone(UK_TZ).strftime("%H:%M") for slot in slots]


def violations(clock: str, postcode: str = "") -> tuple[RuleViolation, ...]:
    schedule = read_schedule(slot_query(make_presentation(), postcode), first_day=MONDAY, last_day=MONDAY, now=NOW)
    (candidate,) = schedule.candidates(at(clock))
    return candidate.violations


def half_hours(first: str, last: str) -> list[str]:
    start, end, found = at(first), at(last), []
    while start <= end:
        found.append(start.strftime("%H:%M"))
        start += timedelta(minutes=30)
    return found


def test_online_ends_in_time_to_set_off_for_a_visit_and_starts_once_she_is_back(presenter: Presenter, person: Person) -> None:
    """A visit in Wakefield from 10am to 11am: until 9:30am at the base, and there again from 11:30am."""
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    assert clocks() == ["08:00", "08:30", *half_hours("11:30", "14:00")]
    for clock in ("09:00", "11:00"):
        assert violations(clock) == (RuleViolation.FROM_BASE,)
        with pytest.raises(SlotTaken):
            place(person, at(clock), **ONLINE)
        with pytest.raises(SlotTaken):
            hold_slot(draft=make_draft(), person=person, slot_query=slot_query(make_presentation(), ""), start=at(clock), now=NOW)
    assert place(person, at("08:30"), **ONLINE).presenter == presenter


def booked(presenter: Presenter) -> object:
    return make_booking(presenter, at("10:00"), postcode="")


def held(presenter: Presenter) -> object:
    return make_hold(presenter, at("10:00"), expires_at=NOW + timedelta(minutes=15))


@pytest.mark.parametrize("online", [booked, make_session, held])
def test_a_visit_ends_in_time_to_be_at_the_base_and_starts_once_she_can_be_there(
    presenter: Presenter, online: Callable[[Presenter], object]
) -> None:
    """Online from 10am to 11am: a booking, an open session, or a time that is kept for somebody."""
    online(presenter)
    assert clocks(WAKEFIELD) == ["08:00", "08:30", *half_hours("11:30", "14:00")]
    assert violations("11:00", WAKEFIELD) == violations("09:00", WAKEFIELD) == (RuleViolation.FROM_BASE,)


def test_leave_is_given_from_nowhere(presenter: Presenter) -> None:
    make_leave(presenter, at("10:00"), at("11:00"))
    assert clocks(WAKEFIELD) == ["08:00", "08:30", "09:00", *half_hours("11:00", "14:00")]


def test_leave_that_stands_in_the_way_takes_time_from_it(presenter: Presenter) -> None:
    """15 of the 30 minutes from the visit fit before the leave."""
    make_booking(presenter, at("09:00"), postcode=WAKEFIELD)
    make_leave(presenter, at("10:15"), at("11:45"))
    assert clocks() == half_hours("12:00", "14:00")
    make_leave(presenter, at("11:45"), at("11:50"))
    assert clocks() == half_hours("12:30", "14:00")


def test_from_one_visit_to_the_next_nobody_goes_by_the_base(presenter: Presenter) -> None:
    """Online until 9am, in Wakefield from 9:30am: another visit in the same building begins as that one ends."""
    make_booking(presenter, at("08:00"), postcode="")
    make_booking(presenter, at("09:30"), postcode=WAKEFIELD)
    assert clocks(WAKEFIELD) == half_hours("10:30", "14:00")


def test_what_staff_have_set_for_the_journey_counts(presenter: Presenter) -> None:
    visit = make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    JourneyTime.objects.create(area_a="LS", area_b="WF", minutes=60, reason="Roadworks", set_at=NOW)
    assert clocks() == ["08:00", *half_hours("12:00", "14:00")]
    presenter.busy_times.filter(booking=visit).update(travel_minutes=0)
    assert clocks() == ["08:00", "08:30", "09:00", *half_hours("11:00", "14:00")]


def test_what_staff_have_set_for_the_visit_that_is_wanted_counts_too(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode="")
    asked = slot_query(make_presentation(), WAKEFIELD)
    schedule = diary_of(replace(asked, override_minutes={presenter.pk: 0}))
    assert at("11:00") in [slot.start for slot in schedule.slots_on(MONDAY)]


def test_at_the_base_itself_there_is_no_way(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode=LEEDS)
    assert clocks() == ["08:00", "08:30", "09:00", *half_hours("11:00", "14:00")]


@pytest.mark.parametrize(
    ("sunday", "visit", "expected"),
    [
        # There is no 1am, and there are two.
        (date(2027, 3, 28), "03:00", "00:00 00:30 04:30 05:00"),
        (date(2027, 10, 31), "02:00", "00:00 00:30 01:00 01:30 03:30 04:00 04:30 05:00"),
    ],
)
def test_the_way_takes_as_long_when_the_clocks_change(sunday: date, visit: str, expected: str) -> None:
    presenter = make_presenter(weekdays=(6,), hours=("00:00", "06:00"), earliest_leaving=time(0))
    make_booking(presenter, uk_datetime(sunday, time.fromisoformat(visit)).astimezone(UTC), postcode=WAKEFIELD)
    three_weeks_before = datetime.combine(sunday - timedelta(days=21), time(10), tzinfo=UTC)
    assert clocks(day=sunday, now=three_weeks_before) == expected.split()


def test_a_booking_is_not_moved_there_by_its_link(presenter: Presenter, person: Person) -> None:
    booking = place(person, at("13:00"), **ONLINE)
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    asked = {"booking": booking, "expected": booking.version, "by": None, "by_link": True, "now": NOW}
    with pytest.raises(SlotTaken):
        reschedule(start=at("09:00"), **asked)
    assert reschedule(start=at("08:30"), **asked).starts_at == at("08:30")


def test_no_date_of_ones_own_is_kept_there(presenter: Presenter, person: Person) -> None:
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    request = ask(person, on(at("09:00")), on(at("08:30")), **ONLINE)
    assert [option.why_not for option in request.options.all()] == [NotKeptReason.OUTSIDE, ""]


def test_staff_may_with_a_reason(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    with pytest.raises(OutsideRules, match="online from their base"):
        place_as_staff(start=at("09:00"), **ONLINE)
    booking = place_as_staff(start=at("09:00"), override_reason="From a room there", **ONLINE)
    assert booking.events.get(kind="booked").reason == "From a room there"


def test_who_could_step_in_stands_there_with_the_sentence(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    (need,) = substitute_needs([make_booking(None, at("09:00"), postcode="")], NOW)
    assert [stand_in.reasons for stand_in in need.with_a_reason] == [(RuleViolation.FROM_BASE.label,)]


def test_an_open_session_is_planned_there_with_a_reason_only(presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), postcode=WAKEFIELD)
    planned = [PlannedSession(make_presentation(), presenter, at(clock), 20) for clock in ("08:00", "09:00")]
    assert clashes(planned, now=NOW) == [[], [Clash(str(RuleViolation.FROM_BASE.label), hard=False)]]
