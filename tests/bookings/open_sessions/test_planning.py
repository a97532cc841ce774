"""Planning a session or a series: all or none, and what speaks against a date before anything is saved."""

from datetime import date, timedelta
from typing import Any

import pytest

from bookings.errors import SlotTaken
from bookings.leave.services import record_leave
from bookings.models import BusyTime, OpenSession, Presentation, Presenter, SessionSeries
from bookings.open_sessions.queries import Clash, PlannedSession, clashes
from bookings.open_sessions.services.notify import CapacityRefused, DateTaken, TimePassed
from bookings.open_sessions.services.sessions import plan_sessions, reschedule_session
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.open_sessions.told import told_of
from tests.bookings.rows import LEEDS, LONDON, MONDAY, NOW, at, make_booking, make_presentation, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
WEEK = timedelta(days=7)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def presentation() -> Presentation:
    return make_presentation()


def six(presentation: Presentation, presenter: Presenter | None, **more: Any) -> list[PlannedSession]:
    return [PlannedSession(presentation, presenter, at("10:00") + WEEK * number, 20, **more) for number in range(6)]


def said(found: list[Clash]) -> list[tuple[bool, str]]:
    return [(clash.hard, clash.what) for clash in found]


def test_a_series_is_planned_in_one_go(presenter: Presenter, presentation: Presentation) -> None:
    by = make_staff()
    planned = six(presentation, presenter, own_joining_link="https://meet.example/mondays", joining_help="Code 12")
    made = plan_sessions(sessions=planned, by=by, now=NOW, series="Mondays")
    assert [session.starts_at for session in made] == [each.starts_at for each in planned]
    rows = list(OpenSession.objects.order_by("starts_at"))
    assert rows == made
    assert {(row.series.name, row.capacity, row.joining_link, row.joining_help) for row in rows} == {
        ("Mondays", 20, "https://meet.example/mondays", "Code 12")
    }
    assert [(claim.busy.lower, claim.busy.upper) for claim in BusyTime.objects.order_by("busy")] == [
        (row.starts_at, row.starts_at + timedelta(hours=1)) for row in rows
    ]
    assert [(event.kind, event.by) for event in rows[0].events.all()] == [("planned", by)]
    assert told_of(rows[5]) == [("session-for-presenter", presenter.email, 0)]


def test_one_date_that_is_taken_leaves_none_planned_and_is_named(presenter: Presenter, presentation: Presentation) -> None:
    planned = six(presentation, presenter)
    make_booking(presenter, at("10:30") + 3 * WEEK)
    with pytest.raises(DateTaken) as refusal:
        plan_sessions(sessions=planned, by=None, now=NOW, series="Mondays")
    assert refusal.value.planned is planned[3]
    assert presenter.name in str(refusal.value.message)
    assert not OpenSession.objects.exists()
    assert not SessionSeries.objects.exists()


def test_a_session_needs_no_journey_but_takes_the_time_of_one(presenter: Presenter, presentation: Presentation) -> None:
    make_booking(presenter, at("08:00"), postcode=LEEDS)
    make_booking(presenter, at("15:00"), postcode=LONDON)
    straight_after = PlannedSession(presentation, presenter, at("16:00"), 5)
    assert not any(clash.hard for clash in clashes([straight_after], now=NOW)[0])
    plan_sessions(sessions=[straight_after], by=None, now=NOW)
    on_the_way = PlannedSession(presentation, presenter, at("10:00"), 5)
    assert "Is on the way" in said(clashes([on_the_way], now=NOW)[0])[0][1]
    with pytest.raises(SlotTaken):
        plan_sessions(sessions=[on_the_way], by=None, now=NOW)


def test_a_session_can_be_planned_without_a_presenter(presentation: Presentation) -> None:
    [session] = plan_sessions(sessions=six(presentation, None)[:1], by=None, now=NOW)
    assert (session.needs_a_presenter, session.series, told_of(session)) == (True, None, [])
    assert list(OpenSession.objects.needing_a_presenter(NOW)) == [session]


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"capacity": 0}, CapacityRefused), ({"capacity": 1001}, CapacityRefused), ({"starts_at": NOW}, TimePassed)],
)
def test_what_cannot_be_planned(presentation: Presentation, fields: dict[str, Any], error: type[Exception]) -> None:
    planned = PlannedSession(
        **{"presentation": presentation, "presenter": None, "starts_at": at("10:00"), "capacity": 5, **fields}
    )
    with pytest.raises(error):
        plan_sessions(sessions=[planned], by=None, now=NOW)


def test_every_clash_is_shown_before_anything_is_saved(presenter: Presenter, presentation: Presentation) -> None:
    booking = make_booking(presenter, at("10:30"))
    record_leave(presenter=presenter, starts_at=at("09:00") + WEEK, ends_at=at("17:00") + WEEK, kind="holiday", by=None, now=NOW)
    planned = [
        *six(presentation, presenter)[:3],
        PlannedSession(presentation, presenter, at("16:30", MONDAY + timedelta(days=1)), 20),
        PlannedSession(presentation, presenter, at("10:00", date(2027, 3, 26)), 20),  # Good Friday
        PlannedSession(presentation, presenter, NOW + timedelta(hours=24), 20),
        PlannedSession(presentation, presenter, NOW - timedelta(hours=1), 20),
    ]
    booked, away, free, late, holiday, soon, passed = map(said, clashes(planned, now=NOW))
    assert [hard for hard, _what in booked] == [True]
    assert "Has a booking" in booked[0][1]
    assert "Away" in away[0][1]
    assert free == []
    assert late == [(False, "It is outside the presenter’s availability.")]
    assert holiday == [(False, "It is a bank holiday where the presenter lives.")]
    assert soon == [(False, "It is sooner than the notice period allows.")]
    assert passed[0] == (True, "This time has passed.")
    assert booking.presenter == presenter
    assert not OpenSession.objects.exists()


def test_dates_clash_with_each_other_and_with_the_same_session(presenter: Presenter, presentation: Presentation) -> None:
    make_session(None, at("10:00"), presentation=presentation)
    twice = [PlannedSession(presentation, presenter, at(clock) + WEEK, 20) for clock in ("10:00", "10:30")]
    [with_another] = map(said, clashes([PlannedSession(presentation, presenter, at("10:30"), 20)], now=NOW))
    assert with_another == [
        (False, "There is already a session of this presentation then: Monday 25 January 2027, 10am to 11am.")
    ]
    first, second = map(said, clashes(twice, now=NOW))
    assert first == []
    assert [hard for hard, _what in second] == [True, False]


def test_what_the_presenter_and_the_presentation_say_against_it() -> None:
    stopped = make_presentation(active=False, formats=["workplace"])
    nobody = make_presenter(most_a_day=1, joining_link="", active=False, formats=["workplace"])
    make_booking(nobody, at("14:00"), postcode="")
    found = said(clashes([PlannedSession(stopped, nobody, at("10:00"), 20)], now=NOW)[0])
    assert {hard for hard, _what in found} == {False}
    assert {what for _hard, what in found} == {
        "We don’t offer this presentation at the moment.",
        "We don’t give this presentation online.",
        "The presenter can’t take any more presentations that day.",
        "The presenter does not give presentations in this format.",
        "The presenter does not give presentations at the moment.",
        "The presenter has no joining link for online presentations.",
    }
    with_link = PlannedSession(stopped, nobody, at("10:00"), 20, own_joining_link="https://meet.example/x")
    assert "link" not in str(clashes([with_link], now=NOW))
    without = PlannedSession(make_presentation(), None, at("10:00", date(2027, 3, 26)), 20)
    assert said(clashes([without], now=NOW)[0]) == [(False, "It is a bank holiday in England.")]


def test_a_session_that_would_be_moved_is_not_in_its_own_way(presenter: Presenter, presentation: Presentation) -> None:
    session = make_session(presenter, at("10:00"), presentation=presentation)
    later = PlannedSession(presentation, presenter, at("10:30"), 20)
    assert [clash.hard for clash in clashes([later], now=NOW)[0]] == [True, False]
    assert clashes([later], now=NOW, moving=session) == [[]]
    reschedule_session(session=session, starts_at=at("10:30"), by=None, now=NOW)
    assert BusyTime.objects.get(session=session).busy.lower == at("10:30")


def test_many_dates_ask_as_much_as_one(presenter: Presenter, presentation: Presentation, django_assert_num_queries) -> None:
    other = make_presenter()
    many = [*six(presentation, presenter), *six(make_presentation(), other)]
    assert clashes([], now=NOW) == []
    for planned in (many[:1], many):
        with django_assert_num_queries(5):
            clashes(planned, now=NOW)
