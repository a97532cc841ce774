"""Days on which we are closed: no times for the public, why not, what staff may do, and what emails and pages say."""

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.utils import translation

from bookings.booking.services.reschedule import reschedule
from bookings.errors import OutsideRules, RuleViolation, SlotTaken
from bookings.models import Booking, BookingState, Format, Nation, OpenSession, Presentation, Presenter
from bookings.open_sessions.admin.sessions import upcoming_on_closed_days
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from notifications.models import Notification
from notifications.registry import get_email_class
from notifications.rendering import render
from professionals.models import Person
from tests.bookings.booking.test_request_pages import DATES
from tests.bookings.flow import WHERE, text
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.placed import place, place_as_staff
from tests.bookings.rows import LEEDS, MONDAY, NOW, at, make_booking
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
TUESDAY = MONDAY + timedelta(days=1)
SAID = "We are closed on 25 January: Christmas."


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


def days_offered(presentation: Presentation, postcode: str) -> set[date]:
    slot_query = SlotQuery(presentation, Format.WORKPLACE, find_place(postcode), "")
    schedule = read_schedule(slot_query, first_day=MONDAY, last_day=MONDAY + timedelta(days=4), now=NOW)
    return {day for day, _slots in schedule.week(MONDAY)}


def test_a_closed_day_has_no_times(presentation: Presentation, close: Any) -> None:
    close(MONDAY, TUESDAY)
    assert min(days_offered(presentation, LEEDS)) == date(2027, 1, 27)


def test_in_one_nation_it_closes_what_is_there_and_who_lives_there(presentation: Presentation, close: Any) -> None:
    close(MONDAY, MONDAY, "presentations", nation=Nation.SCOTLAND)
    assert MONDAY in days_offered(presentation, LEEDS)
    assert MONDAY not in days_offered(presentation, "EH1 1YZ")
    Presenter.objects.update(nation=Nation.SCOTLAND)
    assert MONDAY not in days_offered(presentation, LEEDS)


def test_closed_days_are_no_days_of_notice(presentation: Presentation, close: Any) -> None:
    close(date(2027, 1, 14), date(2027, 1, 18), "advice_line")
    slot_query = SlotQuery(presentation, Format.ONLINE, None, "")
    parts = read_schedule(slot_query, first_day=MONDAY, last_day=MONDAY, now=NOW).parts
    assert [part.first_day for part in parts] == [date(2027, 1, 22)]  # without it the 19th


def test_the_week_and_the_month_say_why(client: Client, presentation: Presentation, close: Any) -> None:
    close(MONDAY)
    client.post("/book/signs/where/", WHERE)
    page = text(client.get("/book/signs/when/?week=2027-01-25"))
    assert SAID in page
    month = client.get("/book/signs/when/?month=2027-01").json()
    assert month["closed"] == [SAID]
    said = {day["day"]: (day["closed"], bool(day["times"])) for day in month["days"]}
    assert (said["2027-01-25"], said["2027-01-26"]) == ((SAID, False), ("", True))
    client.post("/language/", {"language": "cy"})
    assert "Rydym ar gau ar 25 Ionawr: Y Nadolig." in text(client.get("/book/signs/when/?week=2027-01-25"))


def test_a_closure_of_something_else_says_nothing_there(client: Client, presentation: Presentation, close: Any) -> None:
    close(MONDAY, MONDAY, "parcels")
    client.post("/book/signs/where/", WHERE)
    assert "closed on" not in text(client.get("/book/signs/when/?week=2027-01-25"))
    assert client.get("/book/signs/when/?month=2027-01").json()["closed"] == []


def test_nobody_asks_for_a_closed_day_on_the_website(client: Client, presentation: Presentation, close: Any) -> None:
    close(MONDAY, TUESDAY)
    client.post("/book/signs/where/", WHERE)
    closed = "We are closed from 25 January to 26 January: Christmas."
    assert closed in text(client.get("/book/signs/dates/"))
    page = client.post("/book/signs/dates/", DATES)
    assert f"{closed} Choose another day." in text(page)
    ranges = {**DATES, "day_1": "", "clock_1": "", "first_day": "25 1 2027"}
    assert "Choose another day." in text(client.post("/book/signs/dates/", {**ranges, "last_day": "26 1 2027"}))
    assert client.post("/book/signs/dates/", {**ranges, "last_day": "27 1 2027"}).status_code == 302


def test_the_public_can_not_place_it_and_staff_can_with_a_reason(person: Person, presenter: Presenter, close: Any) -> None:
    close(MONDAY)
    with pytest.raises(SlotTaken):
        place(person)
    with pytest.raises(OutsideRules) as refusal:
        place_as_staff(presenter=presenter)
    assert refusal.value.violations == (RuleViolation.CLOSED,)
    assert "We are closed that day." in str(refusal.value.message)
    booking = place_as_staff(presenter=presenter, override_reason="Agreed with the team")
    assert booking.state == BookingState.CONFIRMED
    assert list(Booking.objects.on_closed_days(NOW)) == [booking]


def test_moving_there_needs_a_reason_too(presenter: Presenter, close: Any) -> None:
    booking = make_booking(presenter, at("10:00", TUESDAY))
    close(MONDAY)
    with pytest.raises(OutsideRules):
        reschedule(booking=booking, start=at("10:00"), expected=booking.version, by=make_staff(), now=NOW)


def test_the_teams_calendar_and_the_form_for_a_caller_say_it(client: Client, presenter: Presenter, close: Any) -> None:
    close(MONDAY)
    sign_in_staff(client, make_staff())
    page = client.get("/staff/bookings/calendar/?day=25+1+2027").content.decode()
    assert re.findall(r'<p class="holiday">([^<]+)</p>', page) == ["Closed: Christmas"]


def test_sessions_on_closed_days_are_found(presenter: Presenter, close: Any) -> None:
    session = make_session(presenter, at("10:00", TUESDAY))
    assert list(upcoming_on_closed_days(OpenSession.objects.all(), NOW)) == []
    close(TUESDAY)
    assert list(upcoming_on_closed_days(OpenSession.objects.all(), NOW)) == [session]


def words_of(kind: str, booking: Booking) -> str:
    notification = Notification(kind=kind, about=f"booking:{booking.pk}", recipient=booking.person.email, created_at=NOW)
    return " ".join(render(get_email_class(kind)(notification).message()).text.split())


def test_a_confirmation_and_a_reminder_say_when_nobody_answers(presenter: Presenter, close: Any) -> None:
    booking = make_booking(presenter, at("10:00"))
    note = "We are closed from 20 January to 21 January: Christmas. We can’t answer calls or emails then."
    assert note not in words_of("booking-confirmed", booking)
    close(date(2027, 1, 20), date(2027, 1, 21))
    for kind in ("booking-confirmed", "booking-reminder"):
        assert note in words_of(kind, booking)
    with translation.override("cy"):
        assert "Rydym ar gau o 20 Ionawr i 21 Ionawr: Y Nadolig." in words_of("booking-confirmed", booking)


def test_a_request_says_that_closed_days_do_not_count(presenter: Presenter, close: Any) -> None:
    booking = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    close(date(2027, 1, 13), date(2027, 1, 14))
    note = "We are closed from 13 January to 14 January: Christmas. We don’t count these days as working days."
    assert note in words_of("booking-requested", booking)


def test_the_confirmation_page_says_so_too(client: Client, person: Person, presenter: Presenter, close: Any) -> None:
    booking = make_booking(presenter, at("10:00"), person=person)
    close(date(2027, 1, 20), date(2027, 1, 21))
    client.force_login(person.user)
    page = text(client.get(f"/bookings/{booking.reference}/placed/"))
    assert "We can’t answer calls or emails then." in page
