"""Staff move a booking and change its details: the public's times and any other, who gives it, and where."""

import re
from typing import Any

import pytest
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings.booking.services.reschedule import reschedule
from bookings.models import Booking, BookingState, BusyTime, Format, Presenter
from tests.bookings.admin.desk import ABOUT_A_CHILD, BOOKINGS, KEPT, checked, text, told_lead, values
from tests.bookings.rows import LEEDS, LEEDS_TOO, LONDON, NOW, YORK, at, make_booking, make_presenter

pytestmark = pytest.mark.django_db
TWO = "2027-01-25T14:00Z"
DETAILS = {"audience_size": "8", "contact_name": "Jo Green", "contact_phone": "0113 496 0001"}
ADDRESS = {"address_line_1": "St James", "town": "Leeds", "postcode": LEEDS}


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"))


def url(booking: Booking, slug: str) -> str:
    return f"{BOOKINGS}{booking.pk}/do/{slug}/"


def send(desk: Client, booking: Booking, slug: str, **typed: Any) -> HttpResponse:
    """With the version that the page carries."""
    page = desk.get(url(booking, slug)).content.decode()
    [version] = re.findall(r'name="version" value="([^"]*)"', page)
    response: HttpResponse = desk.post(url(booking, slug), {"version": version, **typed}, follow=True)
    booking.refresh_from_db()
    return response


def test_a_free_time_of_the_week_is_chosen(desk: Client, booking: Booking, staff: User) -> None:
    page = desk.get(url(booking, "move"))
    assert (TWO in values(page, "start"), checked(page, "start")) == (True, [])
    assert "10am to 11am, Monday 25 January 2027 as now" in text(page)
    assert "Week of Monday 25 January 2027" in text(page)
    said = send(desk, booking, "move", start=TWO)
    assert "The booking has moved to Monday 25 January 2027, 2pm to 3pm." in text(said)
    assert (booking.starts_at, booking.sequence, booking.events.get().by) == (at("14:00"), 1, staff)


def test_any_other_time_is_typed_and_the_rules_yield_to_a_reason(desk: Client, booking: Booking) -> None:
    typed = {"start": "other", "day": "13/1/2027", "clock": "6pm"}
    refused = send(desk, booking, "move", **typed)
    assert "It is sooner than the notice period allows. It is outside the presenter’s availability. If you still want" in text(
        refused
    )
    assert refused.context["form"]["clock"].value() == "6pm"
    assert booking.sequence == 0
    send(desk, booking, "move", **typed, override_reason="They asked for the evening")
    assert booking.starts_at == at("18:00", at("10:00").date().replace(day=13))
    assert booking.events.get().reason == "They asked for the evening"


def test_a_day_that_has_just_passed_is_not_taken_for_next_years(desk: Client, booking: Booking) -> None:
    typed = {"start": "other", "day": "11 January", "clock": "2pm", "override_reason": "They asked for it"}
    assert "11 January has passed. Write the year too." in text(send(desk, booking, "move", **typed))
    assert (booking.starts_at, booking.sequence) == (at("10:00"), 0)


def test_overlap_yields_to_nobody_and_the_nearest_times_are_said(desk: Client, booking: Booking, presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"))
    typed = {"day": "25/1/2027", "clock": "14:30", "override_reason": "Must"}
    refused = send(desk, booking, "move", start="other", **typed)
    [said] = refused.context["form"].errors["clock"]
    assert "No presenter is free then and able to get there in time. The nearest free times are: Monday 25 January 2027" in said
    assert "Who can give it" in text(refused)
    refused = send(desk, booking, "move", start=TWO, presenter=presenter.pk, **typed)
    assert {name: said[0][:51] for name, said in refused.context["form"].errors.items()} == {
        "start": "Asha Patel is not free then, or could not get there"
    }
    assert (checked(refused, "start"), values(refused, "clock")) == ([TWO], ["14:30"])
    assert BusyTime.objects.get(booking=booking).busy.lower == at("10:00")


def test_the_presenter_is_chosen(desk: Client, booking: Booking) -> None:
    other = make_presenter(name="Tom Adeyemi")
    send(desk, booking, "move", start=TWO, presenter=other.pk)
    assert (booking.presenter, BusyTime.objects.get().presenter) == (other, other)


def test_free_times_are_those_of_the_presenter_who_is_chosen(desk: Client, booking: Booking) -> None:
    make_booking(other := make_presenter(name="Tom Adeyemi"), at("14:00"))
    look = {"presenter": other.pk, "look": "?week=2027-01-25"}
    assert TWO in values(desk.post(url(booking, "move"), {**look, "presenter": ""}), "start")
    seen = desk.post(url(booking, "move"), look)
    assert (TWO in values(seen, "start"), "2027-01-25T12:00Z" in values(seen, "start")) == (False, True)
    assert "Tom Adeyemi is free at these times, by the rules for the public" in text(seen)
    assert f'<option value="{other.pk}" selected>' in seen.content.decode()
    refused = send(desk, booking, "move", start=TWO, presenter=other.pk)
    why = "Tom Adeyemi is not free then, or could not get there in time."
    said = f"{why} The nearest free times are: Monday 25 January 2027, 12:30pm"
    assert said in text(refused)
    assert (checked(refused, "start"), "2027-01-26T14:00Z" in values(refused, "start")) == ([TWO], True)


def test_whoever_can_not_give_it_on_any_day_is_said_so(desk: Client, booking: Booking) -> None:
    far = make_presenter(base_postcode=LONDON)
    seen = text(desk.post(url(booking, "move"), {"presenter": far.pk, "look": "?"}))
    assert "Nothing is free this week. It is further than the presenter can travel." in seen


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Choose a free time, or enter another day and time."),
        ({"start": "other", "day": "26/1/2027"}, "Enter the time it starts."),
        ({"start": "other", "clock": "10am"}, "Enter the day."),
        ({"start": "other", "day": "28/3/2027", "clock": "1:30am"}, "The clocks go forward then"),
        ({"start": "nonsense"}, "Choose one of the times below."),
    ],
)
def test_what_is_missing_is_said(desk: Client, booking: Booking, typed: dict[str, str], said: str) -> None:
    assert said in text(send(desk, booking, "move", **typed))
    assert booking.sequence == 0


def test_what_was_typed_and_the_version_stay_while_other_weeks_are_looked_at(desk: Client, booking: Booking) -> None:
    old = booking.version
    typed = {"version": old, "start": TWO, "day": "26/1/2027", "clock": "3", "override_reason": "On the phone"}
    reschedule(booking=booking, start=at("15:00"), expected=old, by=booking.person.user, now=NOW)
    seen = desk.post(url(booking, "move"), {**typed, "look": "?week=2027-02-01"})
    assert {name: values(seen, name) for name in ("version", "day", "clock", "override_reason")} == {
        name: [typed[name]] for name in ("version", "day", "clock", "override_reason")
    }
    assert ("There is a problem" in text(seen), checked(seen, "start")) == (False, [TWO])
    assert ("2027-02-01T10:00Z" in values(seen, "start"), "Monday 25 January 2027 (already chosen)" in text(seen)) == (True, True)
    told = desk.post(url(booking, "move"), {**typed, "shown": "?week=2027-02-01"})
    assert ("Somebody has changed this booking since you opened the page." in text(told), checked(told, "start")) == (True, [TWO])
    assert "2027-02-01T10:00Z" in values(told, "start")


@pytest.mark.parametrize(("slug", "typed"), [("move", {"start": TWO}), ("details", {**DETAILS, **ADDRESS, "room": "Room 3"})])
def test_a_page_that_is_too_old_is_said_and_can_be_sent_again(
    desk: Client, booking: Booking, slug: str, typed: dict[str, str]
) -> None:
    old = booking.version
    reschedule(booking=booking, start=at("15:00"), expected=old, by=booking.person.user, now=NOW)
    told = desk.post(url(booking, slug), {"version": old, **typed})
    assert "Somebody has changed this booking since you opened the page." in text(told)
    assert "Monday 25 January 2027, 3pm to 4pm" in text(told)
    booking.refresh_from_db()
    assert booking.events.count() == 1
    [version] = re.findall(r'name="version" value="([^"]*)"', told.content.decode())
    assert desk.post(url(booking, slug), {"version": version, **typed}).status_code == 302
    assert booking.events.count() == 2


def test_a_page_that_is_too_old_says_what_it_would_undo(desk: Client, booking: Booking) -> None:
    old = {"version": booking.version, **DETAILS, **ADDRESS, "room": "Room 3"}
    send(desk, booking, "details", **DETAILS, **{**ADDRESS, "address_line_1": "Merrion House"})
    told = text(desk.post(url(booking, "details"), old))
    assert "What will change if you press the button again Room, parking or entrance Room 3 Until now: nothing" in told
    assert f"Address St James Leeds {LEEDS} Until now: Merrion House Leeds {LEEDS}" in told


def test_details_stand_in_the_form_and_another_address_must_be_reached(
    desk: Client, booking: Booking, presenter: Presenter
) -> None:
    make_booking(presenter, at("11:30"), postcode=LEEDS_TOO)
    assert desk.get(url(booking, "details")).context["form"]["town"].value() == "Leeds"
    refused = send(desk, booking, "details", **DETAILS, **{**ADDRESS, "postcode": YORK, "town": "York"})
    assert "busy then, or could not get there in time" in text(refused)
    assert booking.postcode == LEEDS
    said = send(desk, booking, "details", **DETAILS, **{**ADDRESS, "postcode": LEEDS_TOO.lower()})
    assert "The details are changed." in text(said)
    assert (booking.postcode, BusyTime.objects.get(booking=booking).postcode) == (LEEDS_TOO, LEEDS_TOO)


def test_an_address_outside_the_area_needs_a_reason(desk: Client, booking: Booking) -> None:
    there = {**ADDRESS, "postcode": LONDON, "town": "London"}
    assert "It is further than the presenter can travel. The presenter would" in text(
        send(desk, booking, "details", **DETAILS, **there)
    )
    send(desk, booking, "details", **DETAILS, **there, override_reason="In London that week")
    assert (booking.postcode, booking.events.get().reason) == (LONDON, "In London that week")


@pytest.mark.parametrize(("postcode", "said"), [("", "Enter the postcode."), ("BF1 2AA", "Check it."), ("nowhere", "postcode")])
def test_a_postcode_that_is_none_is_said(desk: Client, booking: Booking, postcode: str, said: str) -> None:
    assert said in text(send(desk, booking, "details", **DETAILS, **{**ADDRESS, "postcode": postcode}))
    assert booking.revision == 0


def test_online_there_is_no_address_to_change(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), postcode="")
    assert "postcode" not in desk.get(url(booking, "details")).context["form"].fields
    send(desk, booking, "details", **{**DETAILS, "audience_size": "20"})
    assert (booking.audience_size, booking.format) == (20, Format.ONLINE)


def test_nothing_different_is_said(desk: Client, booking: Booking) -> None:
    assert "Your answers are the same as before" in text(send(desk, booking, "details", **DETAILS, **ADDRESS))


def test_what_looks_like_a_child_stops_once_and_the_lead_is_told(desk: Client, booking: Booking) -> None:
    child = {**DETAILS, **ADDRESS, "notes": ABOUT_A_CHILD}
    send(desk, booking, "details", **child)
    assert (booking.notes, told_lead()) == ("", 0)
    send(desk, booking, "details", **child, **KEPT)
    assert (booking.flagged_child_details, told_lead()) == (True, 1)
    send(desk, booking, "move", start=TWO, override_reason=ABOUT_A_CHILD, **KEPT)
    assert (booking.starts_at, told_lead()) == (at("14:00"), 2)


@pytest.mark.parametrize("slug", ["move", "details"])
def test_what_is_closed_has_no_such_button(desk: Client, booking: Booking, slug: str) -> None:
    assert f"/do/{slug}/" in desk.get(f"{BOOKINGS}{booking.pk}/change/").content.decode()
    BusyTime.objects.all().delete()
    Booking.objects.update(state=BookingState.CANCELLED)
    assert f"/do/{slug}/" not in desk.get(f"{BOOKINGS}{booking.pk}/change/").content.decode()
    assert desk.get(url(booking, slug)).status_code == 302


@pytest.mark.parametrize("slug", ["move", "details"])
def test_pages_keep_to_their_statements(desk: Client, booking: Booking, slug: str) -> None:
    counts = []
    for _more in range(2):
        for _presenter in range(3):
            make_booking(make_presenter(), at("12:00"))
        with CaptureQueriesContext(connection) as queries:
            assert desk.get(url(booking, slug)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= 12, counts


def test_no_month_is_drawn_on_a_form_whose_weeks_are_buttons(desk: Client, booking: Booking) -> None:
    """Its address never answers with a month."""
    page = desk.get(url(booking, "move")).content.decode()
    assert ('name="look"' in page, "data-months" in page, "month.js" in page) == (True, False, False)
