"""What calendars are told of an open session, and of a place there that comes and goes."""

from datetime import UTC, date, timedelta

import pytest
from icalendar import Calendar, Event

from bookings.calendars import ical
from bookings.models import OpenSession
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import NOW, at, make_presenter

pytestmark = pytest.mark.django_db
SAM = ical.Attendee("sam@leeds.nhs.uk", "Sam O'Brien")
LINK = "https://meet.example/asha"


@pytest.fixture
def session() -> OpenSession:
    presenter = make_presenter(name="Asha Patel", email="asha@ctac.example", joining_link=LINK)
    return make_session(presenter, at("10:00"), joining_help="Meeting code 123")


def parsed(raw: bytes) -> tuple[Calendar, Event]:
    calendar = Calendar.from_ical(raw)
    assert isinstance(calendar, Calendar)
    (event,) = calendar.events
    return calendar, event


def test_who_has_a_place_is_invited_and_reads_how_to_join(session: OpenSession) -> None:
    calendar, event = parsed(ical.session_calendar(session, "REQUEST", now=NOW, to=SAM))
    assert (calendar["method"], event["attendee"], event["attendee"].params["PARTSTAT"]) == (
        "REQUEST",
        "mailto:sam@leeds.nhs.uk",
        "ACCEPTED",
    )
    assert (event["uid"], event["status"], event["location"]) == (session.ical_uid, "CONFIRMED", LINK)
    assert "Meeting code 123" in event["description"]
    assert f"/sessions/{session.reference}/mine/" in event["description"]
    assert (event.start.astimezone(UTC), event.end.astimezone(UTC)) == (session.starts_at, session.ends_at)


def test_the_presenter_is_led_to_their_own_pages(session: OpenSession) -> None:
    _calendar, event = parsed(ical.session_calendar(session, "REQUEST", now=NOW, to=ical.presenter_attendee(session)))
    assert (event["attendee"], event["location"]) == ("mailto:asha@ctac.example", LINK)
    assert f"/staff/mine/sessions/{session.reference}/" in event["description"]
    assert f"example/sessions/{session.reference}" not in event["description"]


@pytest.mark.parametrize(("method", "to"), [("CANCEL", SAM), ("PUBLISH", None)])
def test_who_has_no_place_is_not_told_how_to_join(session: OpenSession, method: str, to: ical.Attendee | None) -> None:
    raw = ical.session_calendar(session, method, now=NOW, to=to)
    _calendar, event = parsed(raw)
    assert event["location"] == "Online"
    assert b"meet.example" not in raw
    assert b"Meeting code" not in raw
    assert event["status"] == ("CANCELLED" if method == "CANCEL" else "CONFIRMED")


def test_a_copy_of_ones_own_place_names_no_attendee(session: OpenSession) -> None:
    _calendar, event = parsed(ical.session_calendar(session, "PUBLISH", now=NOW, to=SAM))
    assert "attendee" not in event
    assert event["location"] == LINK


def test_an_invitation_to_who_came_back_outdates_the_withdrawal(session: OpenSession) -> None:
    place = make_place(session, version=2)
    left = ical.place_sequence(place)
    place.version += 1
    _calendar, event = parsed(ical.session_calendar(session, "REQUEST", now=NOW, to=SAM, sequence=ical.place_sequence(place)))
    assert event["sequence"] > left


@pytest.mark.parametrize(("day", "written"), [(date(2027, 3, 29), "20270329T140000"), (date(2027, 11, 1), "20271101T130000")])
def test_its_times_are_londons_after_each_clock_change(day: date, written: str) -> None:
    session = make_session(None, at("13:00", day))
    raw = ical.session_calendar(session, "REQUEST", now=NOW, to=SAM)
    assert f"DTSTART;TZID=Europe/London:{written}" in raw.decode()
    assert parsed(raw)[1].end.astimezone(UTC) == at("13:00", day) + timedelta(hours=1)
