"""Reminders of open sessions: to whom, when, once, and never of what is not so any more."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

import pytest
import time_machine

from bookings.models import OpenSession, Presenter, SessionPlace
from bookings.open_sessions.services.notify import remind_of_sessions
from bookings.open_sessions.services.places import accept_offer, give_up_place, take_place
from bookings.open_sessions.services.sessions import assign_presenter, cancel_session, reschedule_session
from core.dates import uk_datetime
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_presenter
from tests.factories import make_person
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
WEEK, DAY = at("09:00", MONDAY - timedelta(days=7)), at("09:00", MONDAY - timedelta(days=1))
THEIRS = "asha@ctac.example"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", email=THEIRS, joining_link="https://meet.example/asha")


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, at("13:30"), capacity=3)


def take(session: OpenSession, now: datetime = NOW, person: Person | None = None) -> SessionPlace:
    return take_place(session=session, person=person or make_person(), by=None, now=now, channel="web")


def written() -> list[tuple[str, str]]:
    rows = Notification.objects.filter(kind__contains="reminder").order_by("pk")
    return list(rows.values_list("kind", "recipient"))


def goes(kind: str) -> bool:
    row = Notification.objects.filter(kind=kind).latest("pk")
    return get_email_class(kind)(row).is_still_due()


def move(session: OpenSession, start: datetime, now: datetime = NOW) -> None:
    session.refresh_from_db()
    reschedule_session(session=session, starts_at=start, by=None, now=now)


def test_who_has_a_place_and_who_gives_it_are_reminded_twice_and_no_more(session: OpenSession) -> None:
    place = take(session)
    make_place(session, "waiting")
    to = place.person.email
    early = [("session-reminder-week", to), ("session-presenter-reminder-week", THEIRS)]
    late = [("session-reminder", to), ("session-presenter-reminder", THEIRS)]
    assert remind_of_sessions(now=WEEK - timedelta(seconds=1)) == 0
    assert [remind_of_sessions(now=WEEK + timedelta(minutes=minutes)) for minutes in (0, 5, 600)] == [2, 0, 0]
    assert written() == early
    assert [remind_of_sessions(now=DAY + timedelta(minutes=minutes)) for minutes in (0, 5, 600)] == [2, 0, 0]
    assert written() == [*early, *late]
    assert remind_of_sessions(now=session.starts_at) == 0
    ends = dict(Notification.objects.filter(recipient=to).values_list("kind", "expires_at"))
    assert (ends["session-reminder-week"], ends["session-reminder"]) == (DAY, session.starts_at)


@pytest.mark.parametrize("sunday", [date(2027, 3, 28), date(2027, 10, 31)])
def test_it_is_nine_on_the_wall_on_both_sides_of_a_clock_change(presenter: Presenter, sunday: date) -> None:
    session = make_session(presenter, uk_datetime(sunday + timedelta(days=1), time(10)).astimezone(UTC))
    week, day = (uk_datetime(session.starts_at.date() - timedelta(days=days), time(9)).astimezone(UTC) for days in (7, 1))
    assert week.hour != day.hour
    for moment in (week, day):
        assert [remind_of_sessions(now=moment + timedelta(seconds=wait)) for wait in (-1, 0)] == [0, 1]


def test_whoever_comes_after_the_moment_gets_none_for_it(session: OpenSession) -> None:
    take(session, WEEK + timedelta(hours=1))
    later = make_presenter()
    session.refresh_from_db()
    assign_presenter(session=session, presenter=later, by=None, now=WEEK + timedelta(hours=1))
    assert remind_of_sessions(now=WEEK + timedelta(hours=2)) == 0
    assert remind_of_sessions(now=DAY) == 2


def test_what_was_planned_late_reminds_nobody_of_what_was_due_before(presenter: Presenter) -> None:
    session = make_session(presenter, at("10:00", NOW.date() + timedelta(days=3)))
    take(session)
    assert remind_of_sessions(now=NOW + timedelta(minutes=1)) == 0


def test_who_accepted_an_offer_in_time_is_reminded_like_the_others(session: OpenSession) -> None:
    OpenSession.objects.update(capacity=1)
    first = take(session)
    second = take(session)
    give_up_place(place=first, by=None, now=NOW)
    second.refresh_from_db()
    accept_offer(place=second, by=None, now=NOW)
    remind_of_sessions(now=WEEK)
    assert written()[0] == ("session-reminder-week", second.person.email)
    assert len(written()) == 2


def test_who_gave_up_or_whose_session_is_cancelled_reads_none(session: OpenSession, clock: time_machine.Traveller) -> None:
    place = take(session)
    remind_of_sessions(now=WEEK)
    clock.move_to(WEEK)
    assert goes("session-reminder-week")
    give_up_place(place=place, by=None, now=WEEK)
    assert (goes("session-reminder-week"), goes("session-presenter-reminder-week")) == (False, True)
    session.refresh_from_db()
    cancel_session(session=session, by=None, now=WEEK, reason="Ill")
    assert not goes("session-presenter-reminder-week")
    assert remind_of_sessions(now=DAY) == 0


def test_however_often_it_moves_everyone_is_reminded_once_for_each_moment(
    session: OpenSession, clock: time_machine.Traveller
) -> None:
    take(session)
    start, tuesday = session.starts_at, session.starts_at + timedelta(days=1)
    for moved_to in (tuesday, start, tuesday, start):
        move(session, moved_to)
    assert remind_of_sessions(now=WEEK) == 2
    clock.move_to(WEEK)
    move(session, tuesday, WEEK)
    assert not goes("session-reminder-week")
    assert remind_of_sessions(now=WEEK + timedelta(minutes=5)) == 0
    assert remind_of_sessions(now=WEEK + timedelta(days=1)) == 2
    move(session, start, WEEK + timedelta(days=1, hours=1))
    assert remind_of_sessions(now=WEEK + timedelta(days=1, hours=2)) == 0
    assert remind_of_sessions(now=DAY) == 2


def test_who_was_told_after_the_moment_that_it_moved_is_not_told_again(session: OpenSession) -> None:
    take(session)
    move(session, session.starts_at + timedelta(hours=1), DAY + timedelta(minutes=1))
    assert remind_of_sessions(now=DAY + timedelta(minutes=5)) == 0


def test_a_worker_that_stood_still_reminds_late_and_not_of_last_week(session: OpenSession) -> None:
    take(session)
    assert remind_of_sessions(now=WEEK + timedelta(days=2)) == 0
    assert remind_of_sessions(now=WEEK + timedelta(hours=47)) == 2


def test_statements_are_the_same_for_one_and_for_many(session: OpenSession, presenter: Presenter) -> None:
    take(session)
    few = statements(lambda: remind_of_sessions(now=WEEK))
    for clock in ("09:00", "11:00", "15:30"):
        many = make_session(presenter, at(clock), capacity=40)
        for _place in range(8):
            make_place(many)
    more = statements(lambda: remind_of_sessions(now=WEEK + timedelta(minutes=5)))
    assert len(few) == len(more) == 6
    assert len(written()) == 2 + 3 * (8 + 1)


@pytest.mark.parametrize("kind", ["session-reminder-week", "session-reminder"])
def test_it_says_when_and_how_to_join_and_how_to_give_the_place_up(session: OpenSession, kind: str) -> None:
    place = take(session)
    for moment in (WEEK, DAY):
        remind_of_sessions(now=moment)
    built = get_email_class(kind)(Notification.objects.get(kind=kind)).message()
    said = rendering.render(built)
    assert (built.calendar, place.state) == (b"", "taken")
    begins = "Coming up" if "week" in kind else "Reminder"
    assert said.subject == f"{begins}: your session on Monday 25 January 2027 ({session.reference})"
    for words in ("Monday 25 January 2027, 1:30pm to 2:30pm", "https://meet.example/asha", "Give up your place", "/place-links/"):
        assert words in said.html
    theirs = get_email_class(kind.replace("session-", "session-presenter-"))
    told = rendering.render(theirs(Notification.objects.get(kind=theirs.name)).message())
    assert "1 of 3 places taken" in told.text
    assert place.person.email not in told.text
