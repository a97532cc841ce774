"""What each email about a place says, when it still goes, and what it does to calendars."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
import time_machine
from django.db.models import F
from django.test import Client
from icalendar import Calendar

from bookings.models import OpenSession, Presenter, SessionPlace
from bookings.open_sessions.services.places import accept_offer, give_up_place, lapse_offers, take_place
from bookings.open_sessions.services.sessions import (
    cancel_session,
    reschedule_session,
    send_joining_details,
    set_capacity,
    set_joining_details,
)
from notifications import rendering
from notifications.models import ChoiceSource, Notification
from notifications.preferences import record_choices
from notifications.registry import Topic, get_email_class
from professionals.models import Person
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import NOW, at, make_presenter
from tests.factories import make_person

pytestmark = pytest.mark.django_db
LINK = "https://meet.example/asha"


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def session() -> OpenSession:
    return make_session(make_presenter(name="Asha Patel", joining_link=LINK), at("13:30"), capacity=1)


def take(session: OpenSession, person: Person | None = None) -> SessionPlace:
    return take_place(session=session, person=person or make_person(), by=None, now=NOW, channel="web")


def test_no_reminder_is_promised_to_who_stopped_them(session: OpenSession) -> None:
    place = take(session)
    assert "We will remind you" in told(place, "place-taken").text
    record_choices(address=place.person.email, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=NOW)
    assert "remind" not in told(place, "place-taken").text


def newest(place: SessionPlace, kind: str) -> Notification:
    return Notification.objects.filter(kind=kind, about=f"place:{place.pk}").latest("pk")


@dataclass(frozen=True)
class Mail:
    """`text` without its line ends; `kept` is what staff see of it later."""

    subject: str
    text: str
    links: list[str]
    calendar: bytes
    kept: str


def told(place: SessionPlace, kind: str) -> Mail:
    """The newest of this kind, as it would go now."""
    note = newest(place, kind)
    assert get_email_class(kind)(note).is_still_due()
    message = get_email_class(kind)(note).message()
    rendered = rendering.render(message)
    kept, links = rendered.without_private_links(), re.findall(r"/place-links/\S+", rendered.text)
    return Mail(rendered.subject, " ".join(rendered.text.split()), links, message.calendar, kept.text + kept.html)


def entry(mail: Mail) -> tuple[str, int, str]:
    """What the calendar is to do, of which sequence, and where it takes place."""
    whole = Calendar.from_ical(mail.calendar)
    [event] = whole.walk("VEVENT")
    assert "ACCEPTED" in event["ATTENDEE"].params["PARTSTAT"]
    return str(whole["METHOD"]), int(event["SEQUENCE"]), str(event["LOCATION"])


def still(place: SessionPlace, kind: str) -> bool:
    return get_email_class(kind)(newest(place, kind)).is_still_due()


def test_a_place_comes_with_how_to_join_and_a_way_to_give_it_up(session: OpenSession) -> None:
    mail = told(take(session), "place-taken")
    assert mail.subject == f"You have a place: Monday 25 January 2027 ({session.reference})"
    for said in (LINK, "Asha Patel", "We will remind you 7 days before and the day before.", "Give up your place"):
        assert said in mail.text
    assert entry(mail) == ("REQUEST", 1, LINK)
    assert (LINK in mail.kept, "/place-links/" in mail.kept) == (False, False)


def test_who_waits_reads_where_in_the_line_and_no_way_in(session: OpenSession) -> None:
    take(session), take(session)
    mail = told(take(session), "place-waiting")
    assert ("You are number 2 on the waiting list." in mail.text, LINK in mail.text, mail.calendar) == (True, False, b"")


def test_giving_up_and_coming_back_is_right_in_a_calendar_each_time(session: OpenSession) -> None:
    place = take(session)
    give_up_place(place=place, by=None, now=NOW)
    assert entry(told(place, "place-given-up"))[:2] == ("CANCEL", 2)
    assert not still(place, "place-taken")
    take(session, place.person)
    assert entry(told(place, "place-taken"))[:2] == ("REQUEST", 3)
    assert not still(place, "place-given-up")


def test_who_only_waited_gets_nothing_for_a_calendar_when_they_leave(session: OpenSession) -> None:
    take(session)
    waited = take(session)
    give_up_place(place=waited, by=None, now=NOW)
    mail = told(waited, "place-given-up")
    assert ("You are no longer on the waiting list" in mail.subject, mail.calendar) == (True, b"")


def test_an_offer_says_until_when_and_goes_only_while_it_stands(session: OpenSession, clock: time_machine.Traveller) -> None:
    first, second, third = take(session), take(session), take(session)
    give_up_place(place=first, by=None, now=NOW)
    mail = told(second, "place-offered")
    assert "We will keep it for you until Wednesday 13 January 2027, 10am." in mail.text
    assert [Client().get(link).status_code for link in mail.links] == [200, 200]
    clock.shift(timedelta(hours=24))
    assert not still(second, "place-offered")
    lapse_offers(now=NOW + timedelta(hours=24))
    assert "Would you still like to come?" in told(second, "place-lapsed").text
    accept_offer(place=third, by=None, now=NOW + timedelta(hours=24))
    assert not still(third, "place-offered")
    assert "you were next on the waiting list" not in told(third, "place-taken").text


def test_a_place_given_at_once_says_why(session: OpenSession, clock: time_machine.Traveller) -> None:
    first, second = take(session), take(session)
    near = session.starts_at - timedelta(hours=1)
    clock.move_to(near)
    give_up_place(place=first, by=None, now=near)
    mail = told(second, "place-taken")
    assert ("so the place is yours straight away" in " ".join(mail.text.split()), "We will remind you" in mail.text) == (
        True,
        False,
    )
    clock.move_to(session.starts_at)
    assert not still(second, "place-taken")


def test_back_in_line_the_entry_goes_from_the_calendar(session: OpenSession) -> None:
    OpenSession.objects.update(capacity=2)
    session.refresh_from_db()
    _stays, goes = take(session), take(session)
    set_capacity(session=session, capacity=1, by=None, now=NOW, expected=2, back_to_line=1)
    mail = told(goes, "place-bumped")
    assert ("You are next on the waiting list." in mail.text, entry(mail)[:2]) == (True, ("CANCEL", 2))


def test_a_move_is_told_once_with_both_times_and_moves_the_entry(session: OpenSession) -> None:
    has, waits = take(session), take(session)
    reschedule_session(session=session, starts_at=at("15:00"), by=None, now=NOW, reason="The room is taken")
    mail = told(has, "session-moved")
    for said in ("It was on Monday 25 January 2027, 1:30pm.", "3pm to 4pm", "Reason given: The room is taken"):
        assert said in mail.text
    assert entry(mail) == ("REQUEST", 3, LINK)
    waiting = told(waits, "session-moved")
    assert ("You are still on the waiting list." in waiting.text, waiting.calendar) == (True, b"")
    session.refresh_from_db()
    reschedule_session(
        session=session, starts_at=at("16:00"), by=None, now=NOW + timedelta(minutes=1), flagged=True, reason="Amir"
    )
    first = Notification.objects.filter(kind="session-moved", about=f"place:{has.pk}").earliest("pk")
    assert not get_email_class("session-moved")(first).is_still_due()
    assert "Amir" not in told(has, "session-moved").text


def test_a_cancelled_session_leaves_calendars_and_says_why(session: OpenSession) -> None:
    has, waits = take(session), take(session)
    cancel_session(session=session, by=None, now=NOW, reason="The presenter is ill")
    mail = told(has, "session-cancelled")
    assert ("The presenter is ill" in mail.text, LINK in mail.text, entry(mail)) == (True, False, ("CANCEL", 3, "Online"))
    assert told(waits, "session-cancelled").calendar == b""
    assert not still(has, "place-taken")


def test_joining_details_go_to_who_has_a_place_and_so_do_new_ones(session: OpenSession) -> None:
    has, waits = take(session), take(session)
    set_joining_details(session=session, own_joining_link="https://meet.example/own", joining_help="Code 12", by=None, now=NOW)
    send_joining_details(session=session, by=None, now=NOW)
    mail = told(has, "session-details")
    assert ("https://meet.example/own" in mail.text, "Code 12" in mail.text) == (True, True)
    assert entry(mail)[2] == "https://meet.example/own"
    assert not Notification.objects.filter(kind="session-details", about=f"place:{waits.pk}").exists()
    Presenter.objects.update(joining_link="")
    set_joining_details(session=session, own_joining_link="", joining_help="", by=None, now=NOW)
    gone = told(has, "session-details")
    assert ("Please stop using your joining link" in gone.subject, "We will email you the joining link" in gone.text) == (
        True,
        True,
    )
    SessionPlace.objects.update(version=F("version") + 1)
    assert still(has, "session-details")
