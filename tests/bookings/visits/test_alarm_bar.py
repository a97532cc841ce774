"""An alarm is a red bar until someone is on it, which takes one press. That every staff page has it: tests/matrix/checks.py."""

from collections.abc import Iterator

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from accounts.models import User
from bookings.models import Booking, BookingEvent, Presenter, Visit
from bookings.visits.services import confirm_presenter_safe, take_on_alarm
from tests.bookings.admin.desk import text
from tests.bookings.rows import make_booking, make_presenter
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START, arrive
from tests.face.page import Page
from tests.factories import make_staff, sign_in_staff
from tests.leaflets.statements import statements

LIST = "/staff/leaflets/order/?q=BK"
LATE = START + 20 * MINUTE

pytestmark = pytest.mark.django_db


@pytest.fixture
def lee(booking: Booking) -> Iterator[User]:
    """A coordinator; nobody has checked in at the visit, which began 20 minutes ago."""
    with time_machine.travel(LATE, tick=False):
        yield make_staff("lee@ctac.example", role="coordinator", name="Lee Ward")


def bars(response: HttpResponse) -> list[str]:
    """The names of the bars at the head of a page."""
    return [part.attrs["aria-label"] for part in Page(response.content.decode()).all("section") if is_bar(part.attrs)]


def is_bar(attrs: dict[str, str]) -> bool:
    return "alarm--bar" in attrs.get("class", "").split()


def press(client: Client, booking: Booking, **more: str) -> HttpResponse:
    response: HttpResponse = client.post(f"/staff/alarms/{booking.pk}/take-on/", {"next": LIST, **more}, follow=True)
    return response


def test_the_number_is_first_then_one_press_and_they_are_back_where_they_were(
    client: Client, lee: User, booking: Booking
) -> None:
    desk = sign_in_staff(client, lee)
    page = desk.get(LIST)
    assert bars(page) == ["Alarm"]
    said = text(page)
    words = ["Call Asha Patel: 0113 496 0002", "No check-in from Asha Patel", "I am on it", "Today at 10am", "Jo Green"]
    places = [said.index(each) for each in [*words, "0113 496 0001", "St James, Leeds, LS1 4AP", "Find anything"]]
    assert places == sorted(places)
    form = Page(page.content.decode()).one("form", action=f"/staff/alarms/{booking.pk}/take-on/")
    assert form.attrs["method"] == "post"
    after = press(desk, booking)
    assert after.request["PATH_INFO"] + "?" + after.request["QUERY_STRING"] == LIST
    assert "You are on it. Call the presenter, then the contact on site." in text(after)
    visit = Visit.objects.get()
    assert (visit.taken_on_by, visit.taken_on_at) == (lee, LATE)


def test_it_goes_for_everyone_and_who_is_on_it_keeps_the_numbers_until_all_is_well(
    client: Client, lee: User, booking: Booking
) -> None:
    desk, other = sign_in_staff(client, lee), sign_in_staff(Client(), make_staff(role="manager"))
    assert (bars(desk.get(LIST)), bars(other.get(LIST))) == (["Alarm"], ["Alarm"])
    mine = press(desk, booking)
    assert (bars(mine), bars(other.get(LIST))) == (["The alarm that you are on"], [])
    for words in ("0113 496 0002", "Say that all is well", "On it : Lee Ward, since 10:20am".replace(" :", "")):
        assert words in text(mine)
    confirm_presenter_safe(booking, by=lee, now=LATE, note="At the door.")
    assert bars(desk.get(LIST)) == []


def test_the_second_who_presses_reads_who_is_on_it(client: Client, lee: User, booking: Booking) -> None:
    other = sign_in_staff(client, make_staff(role="coordinator"))
    take_on_alarm(booking, by=lee, now=LATE)
    page = press(other, booking)
    assert "Lee Ward has been on it since 10:20am." in text(page)
    assert Visit.objects.get().taken_on_by == lee


def test_only_a_press_changes_anything(client: Client, lee: User, booking: Booking) -> None:
    desk = sign_in_staff(client, lee)
    for path in (LIST, "/staff/", f"/staff/bookings/booking/{booking.pk}/do/on-it/"):
        assert desk.get(path).status_code == 200
    assert desk.get(f"/staff/alarms/{booking.pk}/take-on/").status_code == 405
    assert (Visit.objects.count(), BookingEvent.objects.count()) == (0, 0)


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example/", "staff:index", ""])
def test_it_never_leads_to_another_site(client: Client, lee: User, booking: Booking, elsewhere: str) -> None:
    answer = sign_in_staff(client, lee).post(f"/staff/alarms/{booking.pk}/take-on/", {"next": elsewhere})
    assert answer.headers["Location"] == f"/staff/bookings/booking/{booking.pk}/change/"


@pytest.mark.parametrize("role", ["read-only", "fulfilment", "presenter"])
def test_who_can_not_take_it_on_has_no_bar(client: Client, lee: User, booking: Booking, role: str) -> None:
    user = make_staff(role=role)
    if role == "presenter":
        make_presenter(user=user)
    page = sign_in_staff(client, user).get(LIST if role != "presenter" else reverse("presenter_diary"))
    assert (page.status_code, bars(page)) == (200, [])
    assert press(client, booking).status_code == 403
    assert Visit.objects.count() == 0


def test_today_shows_each_alarm_once_those_that_nobody_is_on_first(client: Client, lee: User, booking: Booking) -> None:
    earlier = make_booking(make_presenter(name="Tom Adeyemi"), START - HOUR)
    take_on_alarm(earlier, by=lee, now=LATE)
    page = sign_in_staff(client, lee).get("/staff/")
    assert (bars(page), [alarm.about for alarm in page.context["alarms"]]) == ([], [booking.reference, earlier.reference])
    assert text(page).count("No check-in from Asha Patel") == 1
    assert press(client, booking, next="/staff/").request["PATH_INFO"] == "/staff/"


def test_a_page_shows_one_alarm_that_nobody_is_on_and_leads_to_all_of_them(client: Client, lee: User, booking: Booking) -> None:
    for number in range(6):
        make_booking(make_presenter(), START - (number + 2) * HOUR)
    mine = make_booking(make_presenter(), START - DAY)
    take_on_alarm(mine, by=lee, now=LATE)
    page = sign_in_staff(client, lee).get(LIST)
    assert bars(page) == ["Alarm"]
    assert text(page).count("See every alarm") == 1


def test_without_a_number_the_bar_says_so(client: Client, lee: User) -> None:
    Presenter.objects.update(phone="")
    assert "We don’t have a phone number for Asha Patel." in text(sign_in_staff(client, lee).get(LIST))


def test_another_alarm_of_the_same_visit_is_red_again(client: Client, lee: User, booking: Booking) -> None:
    """Somebody was on the missing check-in; nobody is on the missing check-out."""
    take_on_alarm(booking, by=lee, now=LATE)
    arrive(booking, LATE)
    with time_machine.travel(END + 31 * MINUTE, tick=False):
        page = sign_in_staff(client, lee).get(LIST)
    assert (bars(page), "No check-out from Asha Patel" in text(page)) == (["Alarm"], True)


def test_the_bar_is_one_statement_however_many_alarms_there_are(client: Client, lee: User, booking: Booking) -> None:
    desk = sign_in_staff(client, lee)
    desk.get(LIST)
    counts = [len(statements(lambda: desk.get(LIST)))]
    for number in range(7):
        make_booking(make_presenter(), START - (number + 2) * HOUR)
    counts.append(len(statements(lambda: desk.get(LIST))))
    Booking.objects.update(visit_closed=True)
    counts.append(len(statements(lambda: desk.get(LIST))))
    assert len(set(counts)) == 1
    unasked = sign_in_staff(client, make_staff(role="fulfilment"))
    assert not any("taken_on_at" in sql for sql in statements(lambda: unasked.get(LIST)))


def test_the_alarms_own_page_begins_with_the_number(client: Client, lee: User, booking: Booking) -> None:
    """The page that the email and the text message lead to; its button works as before."""
    there = f"/staff/bookings/booking/{booking.pk}/do/on-it/"
    page = sign_in_staff(client, lee).get(there)
    rows = [row["label"] for row in page.context["rows"]]
    assert rows[:3] == ["Presenter’s phone", "Contact on site", "Their phone"]
    assert '<span class="alarm__number"><a href="tel:01134960002">0113 496 0002</a></span>' in page.content.decode()
    assert "You are on it." in text(client.post(there, {"sent": "1"}, follow=True))
