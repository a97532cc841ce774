"""Changing a booking on its pages: another time, other details. Nothing typed is lost, and no button does its work twice."""

import html
import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from bookings.booking.emails import ProfessionalEmail
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking
from bookings.models import Booking, BookingState, BusyTime, Presenter
from notifications.models import Notification
from professionals.models import BlockedAttempt, Draft, Person
from tests.bookings.flow import WHERE, text
from tests.bookings.rows import NOW, at, make_booking, make_presentation, make_presenter
from tests.factories import make_person, make_staff, sign_in

pytestmark = pytest.mark.django_db
PAGES = ("time/", "time/check/", "details/", "details/check/")
TWO = "2027-01-25T14:00Z"
TYPED = {"audience_size": "30", "contact_name": "Ana Diaz", "contact_phone": "0113 496 0009", "room": "Room 3"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel")


@pytest.fixture
def owner(client: Client) -> Person:
    person = make_person(email="sam@leeds.nhs.uk")
    sign_in(client, person)
    return person


@pytest.fixture
def booking(presenter: Presenter, owner: Person) -> Booking:
    return make_booking(presenter, at("10:00"), person=owner, room="Room 1")


def url(booking: Booking, page: str) -> str:
    return f"/bookings/{booking.reference}/{page}"


def hidden(response: HttpResponse) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(start|version)" value="([^"]*)"', response.content.decode()))


def to_check(client: Client, booking: Booking, start: str = TWO) -> HttpResponse:
    response: HttpResponse = client.post(url(booking, "time/"), {"start": start}, follow=True)
    return response


def type_details(client: Client, booking: Booking, **typed: Any) -> HttpResponse:
    version = hidden(client.get(url(booking, "details/")))
    response: HttpResponse = client.post(url(booking, "details/"), {**version, **TYPED, **typed}, follow=True)
    return response


@pytest.mark.parametrize("page", PAGES)
def test_anothers_booking_is_not_found(client: Client, booking: Booking, page: str) -> None:
    sign_in(client, make_person(organisation=booking.person.organisation))
    sent = {"start": TWO, "version": booking.version, **TYPED}
    assert client.get(url(booking, page)).status_code == 404
    assert client.post(url(booking, page), sent).status_code == 404
    booking.refresh_from_db()
    assert (booking.sequence, booking.revision) == (0, 0)


def test_its_owner_chooses_a_time_checks_it_and_moves(client: Client, booking: Booking) -> None:
    choose = client.get(url(booking, "time/"))
    assert "Your time is Monday 25 January 2027, 10am to 11am ." in text(choose)
    # What they have is no other time; one that overlaps it is.
    offered = re.findall(r'name="start" value="([^"]+)"', choose.content.decode())
    assert ("2027-01-25T10:00Z" in offered, "2027-01-25T10:30Z" in offered) == (False, True)
    check = to_check(client, booking)
    assert "Time now Monday 25 January 2027, 10am to 11am" in text(check)
    assert "New time Monday 25 January 2027, 2pm to 3pm" in text(check)
    booking.refresh_from_db()
    assert booking.starts_at == at("10:00")
    done = client.post(url(booking, "time/check/"), hidden(check), follow=True)
    assert "Your presentation has moved to Monday 25 January 2027, 2pm to 3pm. We have sent you an email." in text(done)
    assert "You moved it from Monday 25 January 2027, 10am to Monday 25 January 2027, 2pm." in text(done)
    assert BusyTime.objects.get().busy.lower == at("14:00")


def test_pressing_twice_moves_once(client: Client, booking: Booking) -> None:
    sent = hidden(to_check(client, booking))
    for _press in range(2):
        assert client.post(url(booking, "time/check/"), sent).url == url(booking, "")
    assert booking.events.count() == 1


def test_of_two_tabs_the_later_is_told_and_can_go_on(client: Client, booking: Booking) -> None:
    first, second = hidden(to_check(client, booking)), hidden(to_check(client, booking, "2027-01-25T15:00Z"))
    client.post(url(booking, "time/check/"), first)
    told = client.post(url(booking, "time/check/"), second)
    assert "This booking was changed while you had the page open" in text(told)
    assert "Time now Monday 25 January 2027, 2pm to 3pm" in text(told)
    client.post(url(booking, "time/check/"), hidden(told))
    assert [event.changes["time"][1] for event in booking.events.all()] == [
        "2027-01-25T14:00:00+00:00",
        "2027-01-25T15:00:00+00:00",
    ]


def test_a_time_that_has_gone_leads_to_the_nearest_and_the_old_one_stays(
    client: Client, booking: Booking, presenter: Presenter
) -> None:
    sent = hidden(to_check(client, booking))
    make_booking(presenter, at("14:00"))
    lost = client.post(url(booking, "time/check/"), sent)
    assert "That time has just gone" in text(lost)
    assert "You still have Monday 25 January 2027, 10am to 11am." in text(lost)
    assert "13:00" in lost.content.decode()
    assert BusyTime.objects.get(booking=booking).busy.lower == at("10:00")
    assert "That time has just gone" in text(client.get(url(booking, f"time/check/?start={TWO}")))


@pytest.mark.parametrize("start", ["", "tomorrow", "9999-01-01T10:00Z"])
def test_a_time_that_is_none_leads_back_to_the_choice(client: Client, booking: Booking, start: str) -> None:
    assert client.get(url(booking, f"time/check/?start={start}")).url == url(booking, "time/")
    assert client.post(url(booking, "time/check/"), {"start": start}).url == url(booking, "time/")


def test_its_own_time_is_no_other_time(client: Client, booking: Booking) -> None:
    assert "Your presentation is already at this time." in text(to_check(client, booking, "2027-01-25T10:00Z"))


def test_nothing_chosen_is_said_on_the_page(client: Client, booking: Booking) -> None:
    assert "Choose a day and time." in text(client.post(url(booking, "time/"), {}))


@pytest.mark.parametrize("page", ["time/", "details/"])
def test_after_the_cut_off_the_page_says_to_call(
    client: Client, booking: Booking, page: str, clock: time_machine.Traveller
) -> None:
    assert "until the end of Thursday 21 January 2027" in text(client.get(url(booking, "")))
    clock.move_to(at("09:00", date(2027, 1, 22)))
    sign_in(client, booking.person)
    found = text(client.get(url(booking, page)))
    assert "You can no longer change" in found
    assert "The last day to change this here was Thursday 21 January 2027. Please call us" in found
    own = text(client.get(url(booking, "")))
    assert "Change the time" not in own
    assert "You could change the time and the details here until the end of Thursday 21 January 2027." in own
    client.post(url(booking, "time/check/"), {"start": "2027-02-08T10:00Z", "version": booking.version})
    booking.refresh_from_db()
    assert booking.starts_at == at("10:00")


def test_of_an_online_booking_nobody_is_said_to_be_on_the_way(
    client: Client, booking: Booking, presenter: Presenter, clock: time_machine.Traveller
) -> None:
    online = make_booking(presenter, at("15:00"), postcode="", person=booking.person)
    clock.move_to(at("09:00", date(2027, 1, 22)))
    sign_in(client, booking.person)
    said = ["may set off soon" in text(client.get(url(each, "time/"))) for each in (booking, online)]
    assert said == [True, False]


def test_what_was_typed_before_the_cut_off_is_shown_after_it(
    client: Client, booking: Booking, clock: time_machine.Traveller
) -> None:
    clock.move_to(at("23:00", date(2027, 1, 21)))
    sign_in(client, booking.person)
    type_details(client, booking)
    clock.move_to(at("08:00", date(2027, 1, 22)))
    sign_in(client, booking.person)
    found = text(client.get(url(booking, "details/check/"), follow=True))
    assert "What you wanted to change People coming 30" in found


def test_what_is_closed_cannot_be_changed(client: Client, booking: Booking) -> None:
    cancel_booking(booking=booking, by=booking.person.user, now=NOW)
    for page in ("time/", "details/"):
        assert "This booking is already cancelled." in text(client.get(url(booking, page)))


def test_a_request_without_a_time_has_details_to_change_and_no_time(client: Client, booking: Booking) -> None:
    BusyTime.objects.all().delete()
    Booking.objects.update(starts_at=None, ends_at=None, presenter=None, state=BookingState.REQUESTED)
    assert "No time is agreed yet" in text(client.get(url(booking, "time/")))
    assert client.get(url(booking, f"time/check/?start={TWO}")).url == url(booking, "time/")
    type_details(client, booking)
    client.post(url(booking, "details/check/"), hidden(client.get(url(booking, "details/check/"))))
    booking.refresh_from_db()
    assert booking.audience_size == 30


# The details


def test_its_owner_sees_what_is_different_and_stores_it(client: Client, booking: Booking) -> None:
    form = client.get(url(booking, "details/"))
    assert form.context["form"]["room"].value() == "Room 1"
    check = type_details(client, booking)
    for words in ("People coming 30 Until now: 8", "Ana Diaz 0113 496 0009", "Room 3 Until now: Room 1"):
        assert words in text(check)
    assert "Access needs" not in text(check)
    done = client.post(url(booking, "details/check/"), hidden(check), follow=True)
    assert "Your changes are saved. We have sent you an email." in text(done)
    assert "You changed: People coming, contact on the day, contact’s phone, room, parking or entrance." in text(done)
    booking.refresh_from_db()
    assert (booking.audience_size, booking.contact_name, booking.room) == (30, "Ana Diaz", "Room 3")
    assert not Draft.objects.exists()


def test_a_range_is_no_change_if_its_larger_number_stands_already(client: Client, booking: Booking) -> None:
    same = {"contact_name": "Jo Green", "contact_phone": "0113 496 0001", "room": "Room 1"}
    assert "You have not changed anything" in text(type_details(client, booking, **same, audience_size="5-8"))
    assert "People coming 9 Until now: 8" in text(type_details(client, booking, **same, audience_size="about 9"))


def test_storing_twice_stores_once(client: Client, booking: Booking) -> None:
    sent = hidden(type_details(client, booking))
    for _press in range(2):
        assert client.post(url(booking, "details/check/"), sent).url == url(booking, "")
    assert booking.events.count() == 1


def test_a_booking_that_changed_meanwhile_is_shown_before_anything_is_stored(client: Client, booking: Booking) -> None:
    sent = hidden(type_details(client, booking))
    reschedule(booking=booking, start=at("14:00"), expected=booking.version, by=make_staff(), now=NOW)
    told = client.post(url(booking, "details/check/"), sent)
    assert "This booking was changed after you opened the form" in text(told)
    assert "This booking was changed after you opened the form" in text(client.get(url(booking, "details/check/")))
    client.post(url(booking, "details/check/"), hidden(told))
    booking.refresh_from_db()
    assert (booking.room, booking.starts_at) == ("Room 3", at("14:00"))


def test_what_was_typed_when_the_session_ran_out_is_there_after_sign_in(client: Client, booking: Booking) -> None:
    sent = {**hidden(client.get(url(booking, "details/"))), **TYPED}
    client.logout()
    wrong = client.post(url(booking, "details/"), {**sent, "audience_size": ""})
    assert "Enter how many people will come." in text(wrong)
    assert 'value="Ana Diaz"' in wrong.content.decode()
    response = client.post(url(booking, "details/"), sent)
    assert response.url == url(booking, "details/check/")
    assert "/account/login/" in client.get(response.url).url
    sign_in(client, booking.person)
    assert "Ana Diaz" in text(client.get(url(booking, "details/check/")))


def test_what_is_kept_for_one_booking_is_not_shown_for_another(client: Client, booking: Booking, presenter: Presenter) -> None:
    other = make_booking(presenter, at("14:00"), person=booking.person)
    type_details(client, booking)
    assert "There is nothing to check." in text(client.get(url(other, "details/check/"), follow=True))
    assert client.get(url(other, "details/")).context["form"]["contact_name"].value() == "Jo Green"
    assert client.get(url(booking, "details/")).context["form"]["contact_name"].value() == "Ana Diaz"


def test_going_back_to_what_we_have_is_no_change(client: Client, booking: Booking) -> None:
    same = {"audience_size": "8", "contact_name": "Jo Green", "contact_phone": "0113 496 0001", "room": "Room 1"}
    assert "You have not changed anything." in text(type_details(client, booking, **same))


def test_what_looks_like_a_child_stops_once(client: Client, booking: Booking) -> None:
    child = {"notes": "Ana Pop, born 12/03/2014, NHS number 943 476 5919"}
    assert "notes" in type_details(client, booking, **child).context["form"].errors
    check = type_details(client, booking, **child, keep_what_i_wrote="on")
    client.post(url(booking, "details/check/"), hidden(check))
    booking.refresh_from_db()
    assert booking.flagged_child_details


# Statements


@pytest.mark.parametrize("page", ["time/", f"time/check/?start={TWO}", "details/", "details/check/"])
def test_pages_keep_to_their_statements(client: Client, booking: Booking, page: str) -> None:
    counts = []
    for number in range(2):
        for _more in range(3):
            make_booking(make_presenter(), at("12:00") + timedelta(days=number))
        if page == "details/check/":
            type_details(client, booking)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url(booking, page)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, counts


@pytest.mark.parametrize("way", ["time", "details"])
def test_storing_keeps_to_its_statements(client: Client, booking: Booking, way: str) -> None:
    sent = hidden(to_check(client, booking) if way == "time" else type_details(client, booking))
    with CaptureQueriesContext(connection) as queries:
        assert client.post(url(booking, f"{way}/check/"), sent).status_code == 302
    counted = [query["sql"] for query in queries if not re.match(r"SAVEPOINT|RELEASE|BEGIN|COMMIT", query["sql"])]
    assert len(counted) <= 25, "\n".join(sql[:110] for sql in counted)


def test_a_booking_that_is_changed_over_and_over_writes_to_nobody_any_more(
    client: Client, booking: Booking, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its presenter gets an email each time."""
    monkeypatch.setattr("bookings.booking.views.bookings.CHANGE_RATE_LIMIT", (1, timedelta(days=1)))
    assert client.post(url(booking, "time/check/"), hidden(to_check(client, booking))).status_code == 302
    mail = Notification.objects.count()
    answer = client.post(url(booking, "time/check/"), hidden(to_check(client, booking, "2027-01-25T10:00Z")))
    assert (answer.status_code, "This booking has been changed too often today." in text(answer)) == (429, True)
    type_details(client, booking)
    said = client.post(url(booking, "details/check/"), {"version": booking.version}, follow=True)
    assert "This booking has been changed too often today." in text(said)
    assert (Notification.objects.count(), BlockedAttempt.objects.values_list("where", "by", "times").get()) == (
        *(mail, ("change", "booking", 2)),
    )


# --- The month, for the script of each page that draws one ---


@pytest.fixture
def pickers(client: Client, booking: Booking) -> dict[str, str]:
    """The pages with a picker, by their template and who asks."""
    make_presentation(slug="signs")
    assert client.post("/book/signs/where/", WHERE).url == "/book/signs/when/"
    link = ProfessionalEmail(Notification(), booking=booking).links["change"].removeprefix(settings.SITE_URL)
    return {"when": "/book/signs/when/", "time_choose": url(booking, "time/"), "time_choose by link": f"{link}time/"}


def test_every_page_with_a_picker_answers_its_script_with_the_month(client: Client, pickers: dict[str, str]) -> None:
    folder = settings.BASE_DIR / "templates" / "bookings"
    asks = {path.stem for path in folder.rglob("*.html") if "includes/slot_picker.html" in path.read_text()}
    assert asks == {name.split()[0] for name in pickers}
    for name, path in pickers.items():
        page = client.get(f"{path}?part=afternoon&week=2027-02-01").content.decode()
        months = html.unescape(re.findall(r'data-months="([^"]*)"', page)[0])
        answer = client.get(f"{path}{months}2027-02")
        assert answer.headers["Content-Type"] == "application/json", name
        assert "no-store" in answer.headers["Cache-Control"], name
        month = answer.json()
        times = {day["day"]: [time[0] for time in day["times"]] for day in month["days"]}
        assert (month["month"], len(times)) == ("2027-02", 28), name
        # The very times that the page lists without it, of the same part of the day.
        listed = re.findall(r'type="radio" name="start" value="([^"]+)"', page)
        assert listed == [start for day, starts in times.items() if "2027-02-01" <= day <= "2027-02-07" for start in starts], name
        assert listed


def test_the_month_leaves_out_the_time_that_it_has(client: Client, pickers: dict[str, str]) -> None:
    for name, path in pickers.items():
        days = {day["day"]: day["times"] for day in client.get(f"{path}?month=2027-01").json()["days"]}
        offered = [time[0] for time in days["2027-01-25"]]
        # The booking is in the way of a new one, but not in its own: only its very start is no other time.
        assert ("2027-01-25T10:00Z" in offered, "2027-01-25T10:30Z" in offered) == (False, name != "when"), name
