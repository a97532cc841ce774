"""What a booking’s page and its actions say: who asked, what it is about, what can be done now."""

from datetime import date, timedelta

import pytest
import time_machine
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from bookings.models import Booking, BookingEventKind, BookingState, Presenter
from bookings.models.booking import record_event
from tests.bookings.admin.desk import BOOKINGS, do, text
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.face.page import Page
from tests.factories import make_organisation, make_person, make_staff, sign_in_staff

pytestmark = pytest.mark.django_db


def facts(response: HttpResponse) -> dict[str, str]:
    """The rows of a change page: label → what stands beside it."""
    page = Page(response.content.decode())
    rows = page.all("div", "form-row")
    return {
        next(e.text.rstrip(":") for e in page.all("label") if row in e.inside): next(
            e.text for e in page.all("div", "readonly") if row in e.inside
        )
        for row in rows
    }


def test_a_page_says_who_asked_and_leaves_out_what_is_empty(desk: Client, presenter: Presenter) -> None:
    person = make_person(name="Pat Moss", email="pat@a-charity.example", organisation=make_organisation("A charity"))
    leeds = {"nation": "england", "local_authority": "E08000035"}
    booking = make_booking(presenter, at("13:30"), person=person, state=BookingState.REQUESTED, notes="Ring twice.", **leeds)
    assert facts(desk.get(f"{BOOKINGS}{booking.pk}/change/")) == {
        "State": "Requested",
        "When": "Monday 25 January 2027, 1:30pm to 2:30pm",
        "Where": "St JamesLeedsLS1 4AP",
        "Area": "Leeds, Yorkshire and the Humber, England",
        "Presenter": "Asha Patel",
        "Presentation": "Spotting the signs",
        "Why it waits": (
            "We don’t recognise the email domain of this workplace. Check who is asking: a presenter will go there alone."
        ),
        "Person": "Pat Moss",
        "Organisation": "A charity",
        "Email address": "pat@a-charity.example",
        "Phone": "0113 496 0000",
        "Email domain": "Not recognised Check that this workplace is real before a presenter goes there.",
        "Contact on the day": "Jo Green",
        "Contact’s phone": "0113 496 0001",
        "People coming": "8",
        "Anything else": "Ring twice.",
        "Asked": "Tuesday 12 January 2027, 10am",
        "Came by": "Website",
    }


def test_what_is_there_is_said_in_words(desk: Client) -> None:
    person = make_person(email="", with_user=False)
    booking = make_booking(None, at("13:30"), person=person, postcode="", flagged_child_details=True)
    said = facts(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert said["Presenter"] == "Needs a presenter"
    assert said["Where"] == "Online"
    assert said["Email address"] == "No email address: call them"
    assert said["Email domain"] == "–"
    assert said["Child’s details"].startswith("Looks like a child’s details")


def test_a_recognised_domain_is_said_and_travel_that_staff_set(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("13:30"), person=make_person(email="pat@leeds.nhs.uk"))
    do(desk, booking, "travel", minutes="95", reason="Roadworks")
    said = facts(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert said["Email domain"] == "Recognised"
    assert said["Travel time"] == "95 minutes each way, set by staff: Roadworks"


def test_history_is_told_in_uk_words(desk: Client, presenter: Presenter, clock: time_machine.Traveller, staff: User) -> None:
    booking = make_booking(presenter, at("10:00", date(2027, 7, 1)), state=BookingState.REQUESTED)
    clock.move_to(at("12:15", date(2027, 6, 7)))
    sign_in_staff(desk, staff)
    do(desk, booking, "confirm")
    moved = {"time": [at("10:00").isoformat(), at("10:00", date(2027, 7, 1)).isoformat()], "by_link": True}
    record_event(booking, BookingEventKind.RESCHEDULED, by=None, now=at("12:20", date(2027, 6, 7)), changes=moved)
    record_event(
        booking, BookingEventKind.DETAILS_CHANGED, by=staff, now=at("12:25", date(2027, 6, 7)), changes={"fields": ["room"]}
    )
    do(desk, booking, "reassign", presenter=make_presenter(name="Tom Adeyemi").pk, override_reason="He is near")
    page = text(desk.get(f"{BOOKINGS}{booking.pk}/change/"))
    assert "Presenter changed. Presenter: from Asha Patel to Tom Adeyemi" in page
    assert "What has happened" in page
    assert "Monday 7 June 2027, 1:15pm" in page
    assert "another time: from Monday 25 January 2027, 10am to Thursday 1 July 2027, 11am (by a link in an email)" in page
    assert "Details changed: Room, parking or entrance" in page


def buttons(desk: Client, booking: Booking) -> list[tuple[str, str]]:
    """What each button of the row says, and its weight."""
    page = Page(desk.get(f"{BOOKINGS}{booking.pk}/change/").content.decode())
    row = page.one("div", "actions-row")
    weights = ("main", "quiet", "stop")
    found = [
        (a.text, {weight for weight in weights for name in a.classes if name.endswith(f"--{weight}")})
        for a in page.all("a")
        if row in a.inside
    ]
    return [(label, weight) for label, (weight,) in found]


def test_each_page_has_one_main_button_named_whole(desk: Client, presenter: Presenter, clock: time_machine.Traveller) -> None:
    changes = [("Move to another time", "quiet"), ("Change the details", "quiet")]
    quiet = [("Change the presenter", "quiet"), *changes, ("Set the travel time", "quiet")]
    decline, stop, seats = ("Decline this booking", "stop"), ("Cancel this booking", "stop"), ("Offer spare seats", "quiet")
    asked = make_booking(presenter, at("10:00"), state=BookingState.REQUESTED)
    assert buttons(desk, asked) == [("Confirm this booking", "main"), ("Offer other times", "quiet"), decline, *quiet, stop]
    assert buttons(desk, make_booking(None, at("12:00"), state=BookingState.REQUESTED)) == [
        *(("Choose a presenter", "main"), ("Offer other times", "quiet"), decline),
        *changes,
        stop,
    ]
    agreed = make_booking(presenter, at("14:00"))
    assert buttons(desk, agreed) == [*with_main(quiet), seats, ("Cancel this booking", "stop")]
    clock.move_to(NOW + timedelta(minutes=1))
    begun = make_booking(presenter, NOW)
    came = ("Record who came", "quiet")
    there = [("Check the presenter in", "quiet"), ("Check the presenter out", "quiet"), came]
    assert buttons(desk, begun) == [*with_main(there), *quiet, ("Cancel this booking", "stop")]
    clock.move_to(NOW + timedelta(hours=2))
    sign_in_staff(desk, make_staff())
    # Whether the presenter is safe comes before the books.
    heard = [("Say that all is well", "quiet"), ("Check the presenter out", "quiet"), came]
    again = ("Book again", "quiet")
    assert buttons(desk, begun) == [("I am on it", "main"), again, *heard, *quiet, ("Cancel this booking", "stop")]
    over = make_booking(make_presenter(), NOW, postcode="")  # where nobody is waited for
    assert buttons(desk, over)[0] == ("Mark as delivered", "main")
    online = make_booking(make_presenter(), NOW + timedelta(hours=3), postcode="")
    link = [("Set the joining link", "quiet"), ("Change the presenter", "quiet")]
    assert buttons(desk, online) == [*with_main(link), *changes, seats, ("Cancel this booking", "stop")]


def with_main(quiet: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """A page where nothing is urgent has a main button all the same: the first."""
    (first, _weight), *others = quiet
    return [(first, "main"), *others]


def test_what_is_rare_stands_in_a_menu(desk: Client, presenter: Presenter) -> None:
    page = Page(desk.get(f"{BOOKINGS}{make_booking(presenter, at('14:00')).pk}/change/").content.decode())
    menu = page.one("details", "more")
    assert [a.text for a in page.all("a") if menu in a.inside] == [
        "Set the travel time",
        "Offer spare seats",
        "Cancel this booking",
    ]
    few = make_booking(presenter, at("10:00"), state=BookingState.CANCELLED)
    assert not Page(desk.get(f"{BOOKINGS}{few.pk}/change/").content.decode()).all("details", "more")


def test_choosing_a_presenter_for_one_without(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(None, at("10:00"))
    do(desk, booking, "reassign", presenter=presenter.pk)
    assert booking.presenter is None
    page = do(desk, booking, "assign", presenter="")
    assert page.context["form"].errors["presenter"] == ["Choose a presenter."]
    do(desk, booking, "assign", presenter=presenter.pk)
    assert booking.presenter == presenter


def test_an_action_shows_what_it_is_about(desk: Client, presenter: Presenter) -> None:
    person = make_person(name="Pat Moss", organisation=make_organisation("A charity"))
    booking = make_booking(presenter, at("13:30"), person=person)
    page = Page(desk.get(f"{BOOKINGS}{booking.pk}/do/cancel/").content.decode())
    assert [dd.text for dd in page.all("dd")] == [
        "Spotting the signs",
        "Monday 25 January 2027, 1:30pm to 2:30pm",
        "St JamesLeedsLS1 4AP",
        "Asha Patel",
        "Pat Moss, A charity0113 496 0000",
    ]
