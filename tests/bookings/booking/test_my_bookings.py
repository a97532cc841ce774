"""A booking's own pages: for its owner only."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from icalendar import Calendar

from bookings.booking.services.transitions import confirm_booking, decline_booking
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingEventKind, BookingState, BusyTime, Presentation, Presenter
from bookings.models.booking import record_event
from notifications.models import ChoiceSource
from notifications.preferences import record_choices
from notifications.registry import Topic
from professionals.models import Person
from tests.bookings.rows import LEEDS, NOW, at, make_booking, make_presentation, make_presenter
from tests.face.page import Element, Page
from tests.factories import make_person, make_staff, sign_in

pytestmark = pytest.mark.django_db
PAGES = ("", "placed/", "calendar.ics", "cancel/")


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
    return make_booking(presenter, at("10:00"), person=owner, access_needs="Hearing loop")


def text(response: HttpResponse) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def test_who_stopped_reminders_is_promised_none_and_led_to_their_choices(client: Client, booking: Booking) -> None:
    placed = f"/bookings/{booking.reference}/placed/"
    promised = text(client.get(placed))
    assert ("We will email you a reminder" in promised, "You won’t get a reminder" in promised) == (True, False)
    record_choices(address=booking.person.email, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=NOW)
    page = client.get(placed)
    assert ("We will email you a reminder" in text(page), "you stopped reminders by email" in text(page)) == (False, True)
    assert 'href="/my/mail/">Choose what you get by email</a>' in page.content.decode()
    Booking.objects.update(state=BookingState.REQUESTED)
    asked = text(client.get(placed))
    assert ("We will send you an entry for your calendar." in asked, "you stopped reminders by email" in asked) == (True, True)


def test_when_it_is_too_late_for_a_reminder_nothing_is_said_of_it(
    client: Client, booking: Booking, clock: time_machine.Traveller
) -> None:
    record_choices(address=booking.person.email, chosen={Topic.REMINDERS: False}, where=ChoiceSource.PAGE, now=NOW)
    clock.move_to(booking.reminder_due_at)
    assert "remind" not in text(client.get(f"/bookings/{booking.reference}/placed/"))


@pytest.mark.parametrize("page", PAGES)
def test_anothers_booking_is_not_found(client: Client, booking: Booking, page: str) -> None:
    colleague = make_person(organisation=booking.person.organisation)
    sign_in(client, colleague)
    assert client.get(f"/bookings/{booking.reference}/{page}").status_code == 404
    assert client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""}).status_code == 404
    assert Booking.objects.get().state == BookingState.CONFIRMED


@pytest.mark.parametrize("page", PAGES)
def test_the_signed_out_are_asked_to_sign_in(booking: Booking, page: str) -> None:
    response = Client().get(f"/bookings/{booking.reference}/{page}")
    assert response.status_code == 302
    assert response.url.startswith("/account/login/?next=%2Fbookings%2F")


def test_the_page_shows_state_answers_and_history_in_words(client: Client, booking: Booking, owner: Person) -> None:
    record_event(booking, BookingEventKind.BOOKED, by=owner.user, now=NOW)
    page = text(client.get(f"/bookings/{booking.reference}/"))
    for words in (
        "Confirmed",
        "Asha Patel",
        "Monday 25 January 2027, 10am to 11am",
        "Hearing loop",
        "Tuesday 12 January 2027, 10am You booked it.",
    ):
        assert words in page


def test_a_request_and_its_answers_are_told(client: Client, booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    assert "We are keeping this time for you." in text(client.get(f"/bookings/{booking.reference}/"))
    assert client.get(f"/bookings/{booking.reference}/calendar.ics").status_code == 404
    confirm_booking(booking=booking, by=make_staff(), now=NOW)
    assert "We confirmed it." in text(client.get(f"/bookings/{booking.reference}/"))


def test_a_decline_shows_its_reason(client: Client, booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    decline_booking(booking=booking, reason="We were there in May.", by=make_staff(), now=NOW)
    page = text(client.get(f"/bookings/{booking.reference}/"))
    assert "Declined" in page
    assert "We were there in May." in page


def test_a_booking_that_lost_its_presenter_says_that_we_look_for_another(
    client: Client, booking: Booking, presenter: Presenter
) -> None:
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind="illness", by=make_staff(), now=NOW)
    page = text(client.get(f"/bookings/{booking.reference}/"))
    assert "We are looking for another" in page
    assert "Asha Patel" not in page


def test_the_calendar_file_is_a_copy_to_keep(client: Client, booking: Booking) -> None:
    response = client.get(f"/bookings/{booking.reference}/calendar.ics")
    assert response.headers["Content-Type"] == "text/calendar; charset=utf-8"
    assert response.headers["Content-Disposition"] == f'attachment; filename="{booking.reference}.ics"'
    assert Calendar.from_ical(response.content)["method"] == "PUBLISH"


def test_opening_the_cancel_page_changes_nothing(client: Client, booking: Booking) -> None:
    assert "Cancel this booking?" in text(client.get(f"/bookings/{booking.reference}/cancel/"))
    assert Booking.objects.get().state == BookingState.CONFIRMED


def test_a_request_is_called_a_request_until_we_say_yes(client: Client, booking: Booking) -> None:
    Booking.objects.update(state=BookingState.REQUESTED)
    own = f"/bookings/{booking.reference}/"
    for page in ("", "placed/", "time/", "details/", "cancel/"):
        words = text(client.get(f"{own}{page}"))
        assert ("equest" in words, "this booking" in words.lower(), f"Booking {booking.reference}" in words) == (
            True,
            False,
            False,
        )
    assert "Withdraw this request?" in text(client.get(f"{own}cancel/"))
    assert "Your request is withdrawn. We have sent you an email." in text(client.post(f"{own}cancel/", follow=True))


def test_its_owner_cancels_with_a_reason(client: Client, booking: Booking) -> None:
    response = client.post(f"/bookings/{booking.reference}/cancel/", {"reason": "Nobody is in"}, follow=True)
    booking.refresh_from_db()
    assert (booking.state, booking.closed_reason) == (BookingState.CANCELLED, "Nobody is in")
    assert "This booking is cancelled. We have sent you an email." in text(response)
    assert not BusyTime.objects.exists()


def test_cancelling_twice_says_how_it_stands(client: Client, booking: Booking) -> None:
    client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""})
    again = client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""}, follow=True)
    assert "This booking’s state is now “Cancelled”, so you can no longer do that." in text(again)
    assert booking.events.count() == 1


def test_a_reason_that_looks_like_a_childs_details_stops_once(client: Client, booking: Booking) -> None:
    reason = {"reason": "Ana Pop, born 12/03/2014, NHS number 943 476 5919"}
    page = client.post(f"/bookings/{booking.reference}/cancel/", reason)
    assert "reason" in page.context["form"].errors
    client.post(f"/bookings/{booking.reference}/cancel/", {**reason, "keep_what_i_wrote": "on"})
    booking.refresh_from_db()
    assert (booking.state, booking.flagged_child_details) == (BookingState.CANCELLED, True)


def test_a_cancelled_booking_has_no_confirmation_and_nothing_to_cancel(client: Client, booking: Booking) -> None:
    client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""})
    assert client.get(f"/bookings/{booking.reference}/placed/").url == f"/bookings/{booking.reference}/"
    assert "This booking is already cancelled." in text(client.get(f"/bookings/{booking.reference}/cancel/"))
    assert "Book a presentation for another day" in text(client.get(f"/bookings/{booking.reference}/"))


def test_the_confirmation_is_for_the_wall(client: Client, booking: Booking) -> None:
    page = text(client.get(f"/bookings/{booking.reference}/placed/"))
    for words in ("Spotting the signs", "Monday 25 January 2027, 10am to 11am", "St James", "Asha Patel", "Jo Green"):
        assert words in page
    assert "Add it to your calendar" in page


def on_paper(page: Page, element: Element) -> str:
    """Its words without those that are for the screen alone."""
    left_out = [each.text for each in page.all("", "screen-only") if element in each.inside]
    return " ".join(re.sub("|".join(map(re.escape, left_out)) or "$^", "", element.text).split())


def test_the_joining_link_is_on_the_screen_and_not_on_the_wall(client: Client, booking: Booking) -> None:
    Booking.objects.update(format="online", own_joining_link="https://video.example/1234")
    for path in ("placed/", ""):
        page = Page(client.get(f"/bookings/{booking.reference}/{path}").content.decode())
        link = page.one("a", href="https://video.example/1234")
        assert [each.classes for each in link.inside if "screen-only" in each.classes] == [{"screen-only"}]
        (row,) = [each for each in page.all("dd") if each in link.inside]
        assert on_paper(page, row) == "We don’t print this. You can see it on this page of our website."
        assert page.one("div", "print-only").inside[-1] is row


def test_on_paper_whom_to_call_stands_by_itself(client: Client, booking: Booking) -> None:
    page = Page(client.get(f"/bookings/{booking.reference}/placed/").content.decode())
    (call,) = [each for each in page.all("p") if "call us on" in each.text and booking.reference in each.text]
    said = f"changes, call us on 0808 800 5000, Monday to Friday, 9.30am to 4.30pm, and give the reference {booking.reference}."
    assert (call.text, on_paper(page, call)) == (f"If anything else {said}", f"If anything {said}")


def test_a_reminder_that_is_past_is_not_announced(client: Client, booking: Booking, clock: time_machine.Traveller) -> None:
    clock.move_to(at("08:00"))
    sign_in(client, booking.person)
    assert "We will email you a reminder" not in text(client.get(f"/bookings/{booking.reference}/placed/"))


def test_a_confirmation_online_and_one_without_a_presenter_say_what_holds_for_them(client: Client, booking: Booking) -> None:
    Booking.objects.update(format="online")
    page = text(client.get(f"/bookings/{booking.reference}/placed/"))
    assert "Open the joining link a few minutes before 10am." in page
    Booking.objects.update(presenter=None)
    page = text(client.get(f"/bookings/{booking.reference}/placed/"))
    assert "We will email you the joining link before the day." in page
    assert "We will tell you who the presenter is." in page


def test_an_online_booking_without_a_link_says_that_it_comes(client: Client, booking: Booking) -> None:
    Booking.objects.update(format="online")
    told = "We will email you the joining link before the presentation starts."
    assert told not in text(client.get(f"/bookings/{booking.reference}/"))
    Presenter.objects.update(joining_link="")
    assert told in text(client.get(f"/bookings/{booking.reference}/"))


def test_after_the_start_the_page_says_to_call(client: Client, booking: Booking, clock: time_machine.Traveller) -> None:
    clock.move_to(at("10:00"))
    sign_in(client, booking.person)
    assert "You can no longer cancel this booking here" in text(client.get(f"/bookings/{booking.reference}/cancel/"))
    client.post(f"/bookings/{booking.reference}/cancel/", {"reason": ""})
    assert Booking.objects.get().state == BookingState.CONFIRMED


@pytest.mark.parametrize("page", PAGES)
def test_pages_keep_to_their_statements(client: Client, booking: Booking, owner: Person, presenter: Presenter, page: str) -> None:
    counts = []
    for _more in range(2):
        for _event in range(3):
            record_event(booking, BookingEventKind.REASSIGNED, by=None, now=NOW)
        make_booking(presenter, at("12:00") + timedelta(hours=BusyTime.objects.count()), person=owner)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(f"/bookings/{booking.reference}/{page}").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12


def test_my_page_reads_bookings_in_one_query(owner: Person, booking: Booking, presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"), person=owner)
    with CaptureQueriesContext(connection) as queries:
        found = [(row.presentation.title, row.when, row.status_colour) for row in Booking.objects.for_my_page(owner)]
    assert found == [
        ("Spotting the signs", "Monday 25 January 2027, 2pm to 3pm", "good"),
        ("Spotting the signs", "Monday 25 January 2027, 10am to 11am", "good"),
    ]
    assert len(queries) == 1


def test_a_booking_that_is_done_with_is_booked_again_and_only_the_time_is_asked(
    client: Client, owner: Person, presenter: Presenter
) -> None:
    presentation = make_presentation(slug="signs")
    cancelled = make_booking(
        presenter, at("10:00"), person=owner, presentation=presentation, state=BookingState.CANCELLED, claim=False
    )
    page, again = f"/bookings/{cancelled.reference}/", f"/bookings/{cancelled.reference}/again/"
    assert "Book this again for another day" in text(client.get(page))
    assert client.get(again).url == page  # only the button does it
    assert client.post(again).url == "/book/signs/when/"
    where = client.get("/book/signs/where/")
    for value in ("St James", LEEDS, "Jo Green"):
        assert f'value="{value}"' in where.content.decode()
    assert client.get("/book/signs/when/").status_code == 200
    Presentation.objects.update(active=False)
    assert "Book this again" not in text(client.get(page))
    assert client.post(again).url == page


def test_a_booking_to_come_and_one_of_somebody_else_are_not_booked_again(
    client: Client, booking: Booking, presenter: Presenter
) -> None:
    assert "Book this again" not in text(client.get(f"/bookings/{booking.reference}/"))
    assert client.post(f"/bookings/{booking.reference}/again/").url == f"/bookings/{booking.reference}/"
    other = make_booking(presenter, at("14:00"), state=BookingState.CANCELLED, claim=False)
    assert client.post(f"/bookings/{other.reference}/again/").status_code == 404
