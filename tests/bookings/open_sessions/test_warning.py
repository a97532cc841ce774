"""A session that is soon and that nobody gives: who hears of it, when, once, and how it goes on."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

import pytest
import time_machine
from django.conf import settings
from django.test import Client
from icalendar import Calendar

from bookings.leave.services import record_leave
from bookings.models import OpenSession, PlaceState, Presenter
from bookings.open_sessions.services import notify
from bookings.open_sessions.services.notify import remind_of_sessions, warn_of_sessions
from bookings.open_sessions.services.places import give_up_place
from bookings.open_sessions.services.sessions import assign_presenter, reschedule_session, set_joining_details
from bookings.tasks import warn_of_unsure_sessions
from core.dates import uk_datetime
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import MONDAY, NOW, at, make_presenter
from tests.factories import make_person, sign_in
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
SECONDS, MINUTES, HOURS = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)
LINK, OTHER = "https://meet.example/asha", "https://meet.example/other"
FRIDAY, SUNDAY = at("09:00", MONDAY - timedelta(days=3)), at("09:00", MONDAY - timedelta(days=1))
UNSURE, TEAM, DETAILS = "session-unsure", "staff-session-unsure", "session-details"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", joining_link=LINK)


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, at("13:30"), capacity=5)


def fall_ill(session: OpenSession, now: datetime = NOW) -> None:
    """Who gives it, around its time; it has nobody then."""
    assert session.presenter
    around = {"starts_at": session.starts_at - HOURS, "ends_at": session.ends_at + HOURS}
    record_leave(presenter=session.presenter, **around, kind="illness", by=None, now=now)
    session.refresh_from_db()


def told(kind: str) -> list[str]:
    return list(Notification.objects.filter(kind=kind).order_by("pk").values_list("recipient", flat=True))


def goes(kind: str) -> bool:
    return get_email_class(kind)(Notification.objects.filter(kind=kind).latest("pk")).is_still_due()


def read(kind: str) -> tuple[str, str]:
    """Subject and words of the newest."""
    mail = rendering.render(get_email_class(kind)(Notification.objects.filter(kind=kind).latest("pk")).message())
    return mail.subject, " ".join(mail.text.split())


def test_everybody_with_a_place_hears_of_it_on_the_working_day_before_and_once(session: OpenSession) -> None:
    place = make_place(session)
    for state in (PlaceState.WAITING, PlaceState.OFFERED, PlaceState.GIVEN_UP):
        make_place(session, state)
    make_place(session, person=make_person(email="", user=None))
    fall_ill(session)
    assert warn_of_sessions(now=FRIDAY - SECONDS) == 0
    assert [warn_of_sessions(now=FRIDAY + wait * MINUTES) for wait in (0, 5, 600)] == [1, 0, 0]
    assert (told(UNSURE), told(TEAM)) == ([place.person.email], [settings.STAFF_EMAIL])
    late = make_place(session)
    assert warn_of_sessions(now=SUNDAY) == 1
    assert (told(UNSURE), len(told(TEAM))) == ([place.person.email, late.person.email], 1)
    assert warn_of_sessions(now=session.starts_at) == 0


@pytest.mark.parametrize(
    ("day", "before"),
    [
        (date(2027, 3, 30), date(2027, 3, 25)),  # the Tuesday after Easter; the clocks go forward in between
        (date(2027, 11, 1), date(2027, 10, 29)),  # they go back
    ],
)
def test_it_is_nine_on_the_wall_of_a_working_day(presenter: Presenter, day: date, before: date) -> None:
    session = make_session(presenter, uk_datetime(day, time(10)))
    make_place(session)
    fall_ill(session)
    nine = uk_datetime(before, time(9))
    assert [warn_of_sessions(now=nine + wait) for wait in (-SECONDS, 0 * SECONDS)] == [0, 1]


def test_of_what_is_lost_later_half_an_hour_after(session: OpenSession) -> None:
    make_place(session)
    fall_ill(session, at("11:00"))
    assert "If that time has passed, we will tell them in half an hour" in read("staff-session-needs-presenter")[1]
    assert [warn_of_sessions(now=at(clock)) for clock in ("11:29", "11:30")] == [0, 1]


def test_what_has_a_presenter_or_is_far_warns_nobody(session: OpenSession, presenter: Presenter) -> None:
    far = make_session(presenter, at("13:30", MONDAY + timedelta(days=4)))
    for each in (session, far):
        make_place(each)
    fall_ill(far)
    assert warn_of_sessions(now=SUNDAY) == 0
    fall_ill(session)
    assign_presenter(session=session, presenter=make_presenter(), by=None, now=NOW)
    assert (warn_of_sessions(now=SUNDAY), told(TEAM)) == (0, [])


def test_it_says_so_without_a_link_and_goes_while_it_is_so(session: OpenSession, clock: time_machine.Traveller) -> None:
    OpenSession.objects.update(own_joining_link=OTHER)
    make_place(session)
    fall_ill(session)
    warn_of_sessions(now=FRIDAY)
    clock.move_to(FRIDAY)
    subject, words = read(UNSURE)
    assert subject == f"The session on Monday 25 January 2027 may not take place ({session.reference})"
    assert ("write to you again as soon as we know" in words, "/place-links/" in words, OTHER in words) == (True, True, False)
    assert "We will then tell them what you decided" in read(TEAM)[1]
    assert (goes(UNSURE), goes(TEAM)) == (True, True)
    assign_presenter(session=session, presenter=make_presenter(), by=None, now=FRIDAY)
    assert (goes(UNSURE), goes(TEAM)) == (False, False)


@pytest.mark.parametrize("own_link", ["", OTHER])
def test_who_takes_over_makes_them_told_that_it_takes_place(session: OpenSession, own_link: str) -> None:
    """Also where the link stays as it was. Nobody is reminded of what they have just read."""
    OpenSession.objects.update(own_joining_link=own_link)
    place = make_place(session)
    fall_ill(session)
    warn_of_sessions(now=FRIDAY)
    assert (remind_of_sessions(now=SUNDAY), told(DETAILS)) == (0, [])
    assign_presenter(session=session, presenter=make_presenter(joining_link=OTHER), by=None, now=SUNDAY + HOURS)
    assert told(DETAILS) == [place.person.email]
    subject, words = read(DETAILS)
    assert subject == f"The session on Monday 25 January 2027 will go ahead ({session.reference})"
    assert "We told you that it might not take place. We now have a presenter" in words
    assert OTHER in words
    [entry] = Calendar.from_ical(get_email_class(DETAILS)(Notification.objects.get(kind=DETAILS)).message().calendar).walk(
        "VEVENT"
    )
    assert str(entry["LOCATION"]) == OTHER
    assert (warn_of_sessions(now=SUNDAY + 2 * HOURS), remind_of_sessions(now=SUNDAY + 2 * HOURS)) == (0, 0)


def test_without_a_link_yet_nobody_is_sent_to_the_old_one(session: OpenSession) -> None:
    make_place(session)
    fall_ill(session)
    warn_of_sessions(now=FRIDAY)
    assign_presenter(session=session, presenter=make_presenter(joining_link=""), by=None, now=FRIDAY + HOURS)
    subject, words = read(DETAILS)
    assert ("will go ahead" in subject, "please don’t use it. We will send you a new one." in words, LINK in words) == (
        True,
        True,
        False,
    )


def test_a_later_loss_and_another_time_are_cases_of_their_own(session: OpenSession) -> None:
    make_place(session)
    fall_ill(session)
    assert warn_of_sessions(now=FRIDAY) == 1
    assign_presenter(session=session, presenter=make_presenter(), by=None, now=FRIDAY + HOURS)
    session.refresh_from_db()
    fall_ill(session, FRIDAY + 2 * HOURS)
    assert [warn_of_sessions(now=FRIDAY + wait * HOURS) for wait in (2, 3, 4)] == [0, 1, 0]
    reschedule_session(session=session, starts_at=at("13:30", MONDAY + timedelta(days=3)), by=None, now=FRIDAY + 5 * HOURS)
    assert [warn_of_sessions(now=at("09:00", MONDAY + timedelta(days=days))) for days in (0, 2, 3)] == [0, 1, 0]
    assert (len(told(UNSURE)), len(told(TEAM))) == (3, 3)


def test_what_was_told_of_one_loss_does_not_go_after_the_next(session: OpenSession, clock: time_machine.Traveller) -> None:
    """Sent late, or again."""
    make_place(session)
    fall_ill(session)
    warn_of_sessions(now=FRIDAY)
    assign_presenter(session=session, presenter=make_presenter(), by=None, now=FRIDAY + HOURS)
    session.refresh_from_db()
    clock.move_to(FRIDAY + 2 * HOURS)
    assert (goes(UNSURE), goes(TEAM), goes(DETAILS)) == (False, False, True)
    fall_ill(session, FRIDAY + 2 * HOURS)
    assert (goes(UNSURE), goes(TEAM), goes(DETAILS)) == (False, False, False)
    warn_of_sessions(now=FRIDAY + 3 * HOURS)
    assert (goes(UNSURE), goes(TEAM)) == (True, True)


def test_how_to_join_goes_also_while_nobody_gives_it(session: OpenSession) -> None:
    """A link that was set then is where people join, whoever comes."""
    make_place(session)
    fall_ill(session)
    set_joining_details(session=session, own_joining_link=OTHER, joining_help="", by=None, now=NOW)
    assert goes(DETAILS)


def test_who_gives_the_place_up_reads_it_no_more(session: OpenSession, clock: time_machine.Traveller) -> None:
    place = make_place(session)
    fall_ill(session)
    warn_of_sessions(now=FRIDAY)
    clock.move_to(FRIDAY)
    give_up_place(place=place, by=None, now=FRIDAY)
    assert (goes(UNSURE), goes(TEAM)) == (False, True)


def test_the_page_of_the_place_says_so_too_once_people_are_told(
    client: Client, session: OpenSession, clock: time_machine.Traveller
) -> None:
    """Not in the half hour in which the team may find somebody: who takes over then need take nothing back."""
    place, words = make_place(session), "This session may not take place"
    lost = FRIDAY + HOURS
    fall_ill(session, lost)
    for wait, said in ((29, False), (30, True)):
        moment = lost + wait * MINUTES
        clock.move_to(moment)
        warn_of_sessions(now=moment)
        sign_in(client, place.person)
        assert (words in client.get(f"/sessions/{session.reference}/mine/").content.decode()) == said


def test_a_session_that_fails_does_not_keep_the_next_from_being_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    broken, whole = make_session(None, at("09:00")), make_session(None, at("11:00"))
    places = [make_place(each) for each in (broken, whole)]
    warn = notify.warn_of_session

    def fail(session: OpenSession, *, now: datetime) -> int:
        if session == broken:
            raise ValueError
        return warn(session, now=now)

    monkeypatch.setattr(notify, "warn_of_session", fail)
    monkeypatch.setattr("django.utils.timezone.now", lambda: FRIDAY)
    warn_of_unsure_sessions()
    assert told(UNSURE) == [places[1].person.email]


def test_many_are_told_in_as_many_statements_as_one() -> None:
    few, many = make_session(None), make_session(None, at("12:00"), capacity=60)
    make_place(few)
    for _place in range(60):
        make_place(many)
    one, all_of_them = (
        statements(lambda session=session: notify.warn_of_session(session, now=FRIDAY)) for session in (few, many)
    )
    assert len(one) == len(all_of_them) == 8
    assert len(told(UNSURE)) == 61
