"""Leave: shown first which bookings it hits, entered, taken back."""

import re

import pytest
import time_machine
from django.test import Client

from accounts.models import User
from bookings.leave.forms import OwnLeaveForm
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingState, BusyTime, Leave, OpenSession, Presenter
from bookings.visits.services import check_in
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, text, told_lead
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import MONDAY, NOW, at, make_booking, make_presenter
from tests.factories import sign_in, sign_in_staff

pytestmark = pytest.mark.django_db


def leave_form(presenter: Presenter, **more: str) -> dict[str, str]:
    day = MONDAY.isoformat()
    clocks = {"first_day": day, "from_clock": "00:00", "last_day": day, "to_clock": "23:59"}
    return {"presenter": str(presenter.pk), "kind": "illness", "reason": "", "seen": "", **clocks, **more}


def test_leave_that_hits_nothing_is_entered_at_once(desk: Client, presenter: Presenter) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter), follow=True)
    assert "The leave is entered. No booking or session is affected." in text(page)
    assert Leave.objects.get().ends_at == at("23:59")


def test_leave_needs_no_year_as_no_other_form_does(desk: Client, presenter: Presenter) -> None:
    days = {"first_day": "25 January", "last_day": "Monday 25 Jan"}
    desk.post("/staff/bookings/leave/add/", leave_form(presenter, **days))
    assert (Leave.objects.get().starts_at, Leave.objects.get().ends_at) == (at("00:00"), at("23:59"))
    week = OwnLeaveForm({"kind": "holiday", "first_day": "tomorrow", "last_day": "next Friday", "reason": ""})
    assert week.is_valid(), week.errors
    assert week.cleaned_data["last_day"].weekday() == 4


def test_leave_first_shows_which_bookings_it_hits_then_frees_them(desk: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert booking.reference in text(page)
    assert "Enter this leave anyway" in text(page)
    assert not Leave.objects.exists()
    after = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=page.context["seen"]), follow=True)
    assert f"1 presentation needs a presenter: {booking.reference}" in text(after)
    assert list(Booking.objects.needing_a_presenter()) == [booking]


def test_leave_shows_the_open_sessions_that_it_hits_too(desk: Client, presenter: Presenter) -> None:
    session = make_session(presenter)
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert f"{session.reference} : Spotting the signs, Monday 25 January 2027, 10am to 11am (open session)" in text(page)
    after = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=page.context["seen"]), follow=True)
    assert f"1 presentation needs a presenter: {session.reference}" in text(after)
    assert OpenSession.objects.get().needs_a_presenter


@pytest.mark.parametrize(("kind", "why"), [("illness", "Illness"), ("holiday", "Annual leave")])
def test_the_story_says_that_a_presenter_is_needed_and_leads_to_the_leave(
    desk: Client, presenter: Presenter, staff: User, kind: str, why: str
) -> None:
    booking, session = make_booking(presenter, at("13:00")), make_session(presenter)
    record_leave(presenter=presenter, starts_at=at("09:00"), ends_at=at("17:00"), kind=kind, by=staff, now=NOW)
    for path in (f"/staff/bookings/booking/{booking.pk}/change/", f"/staff/bookings/opensession/{session.pk}/change/"):
        story = desk.get(path)
        [link] = re.findall(r'<a href="(\S+)">The presenter’s leave</a>: Needs a presenter', story.content.decode())
        assert (f"from {presenter.name} to nobody" in text(story), why in text(story)) == (True, False)
        assert why in text(desk.get(link))
    assert [event.changes["presenter"] for event in (booking.events.get(), session.events.get())] == [[presenter.pk, None]] * 2
    assert kind not in f"{booking.events.get().changes} {session.events.get().changes}"
    owner = sign_in(Client(), booking.person)
    assert why not in text(owner.get(booking.get_absolute_url())) + text(owner.get("/account/my-data/"))


def test_leave_over_a_visit_that_has_begun_says_to_call_first(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    clock.move_to(at("10:05"))
    sign_in_staff(desk, staff)
    asked = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=asked.context["seen"]), follow=True)
    assert f"Nobody has heard from the presenter of {booking.reference}. Call them first" in text(page)
    buttons = text(desk.get(f"/staff/bookings/booking/{booking.pk}/change/"))
    assert ("Say that all is well" in buttons, "Choose a presenter" in buttons) == (True, False)


def test_leave_over_somebody_who_is_checked_in_says_what_has_to_come_first(
    desk: Client, presenter: Presenter, staff: User, clock: time_machine.Traveller
) -> None:
    booking = make_booking(presenter, at("10:00"))
    clock.move_to(at("10:05"))
    sign_in_staff(desk, staff)
    check_in(booking=booking, presenter=presenter, by=staff, now=at("10:00"))
    asked = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=asked.context["seen"]), follow=True)
    there = "Asha Patel is still checked in there."
    assert f"{booking.reference}: {there} The next presenter can’t check in before Asha Patel has checked out." in text(page)
    Booking.objects.update(presenter=make_presenter(name="Tom Adeyemi"))
    change = f"/staff/bookings/booking/{booking.pk}/change/"
    said = f"{there} Tom Adeyemi can’t check in before Asha Patel has checked out."
    page = text(desk.get(change))
    assert (f"{said} Checked in: " in page, "Check the presenter out" in page) == (True, True)
    clock.move_to(at("11:40"))
    sign_in_staff(desk, staff)
    assert f"No check-out {said}" in text(desk.get(change))


def test_if_the_bookings_changed_meanwhile_the_page_asks_again(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"))
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    late = make_booking(presenter, at("14:00"))
    again = desk.post("/staff/bookings/leave/add/", leave_form(presenter, seen=page.context["seen"]))
    assert late.reference in text(again)
    assert not Leave.objects.exists()


def test_leave_over_something_delivered_is_explained(desk: Client, presenter: Presenter) -> None:
    make_booking(presenter, at("10:00"), state=BookingState.DELIVERED)
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert "A presentation took place in that time." in text(page)


def test_leave_that_ends_before_it_starts_is_explained(desk: Client, presenter: Presenter) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, to_clock="00:00"))
    assert "Leave must end after it starts." in text(page)


def test_leave_can_be_taken_back(desk: Client, presenter: Presenter) -> None:
    desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    leave = Leave.objects.get()
    assert desk.get(f"/staff/bookings/leave/{leave.pk}/change/").status_code == 200
    assert desk.get(f"/staff/bookings/leave/{leave.pk}/delete/").status_code == 200
    desk.post(f"/staff/bookings/leave/{leave.pk}/delete/", {"post": "yes"})
    assert not Leave.objects.exists()
    assert not BusyTime.objects.exists()


def test_leave_asks_about_a_childs_details(desk: Client, presenter: Presenter) -> None:
    answers = leave_form(presenter, reason=ABOUT_A_CHILD)
    assert "This looks like details of a child." in text(desk.post("/staff/bookings/leave/add/", answers))
    assert not Leave.objects.exists()
    desk.post("/staff/bookings/leave/add/", {**answers, **KEPT})
    assert (Leave.objects.get().reason, told_lead()) == (ABOUT_A_CHILD, 1)


FAR = ["0001-01-01", "1900-01-01", "2150-01-01", "9999-12-31"]


@pytest.mark.parametrize("field", ["first_day", "last_day"])
@pytest.mark.parametrize("day", FAR)
def test_leave_is_entered_for_no_day_far_out(desk: Client, presenter: Presenter, field: str, day: str) -> None:
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter, **{field: day}))
    assert "Check the year" in str(page.context["form"].errors[field])
    assert not Leave.objects.exists()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({}, "Monday 25 January 2027, all day"),
        ({"last_day": "29 1 2027"}, "Monday 25 January 2027 to Friday 29 January 2027"),
        ({"from_clock": "1:30pm", "to_clock": "5pm"}, "Monday 25 January 2027, 1:30pm to 5pm"),
    ],
)
def test_leave_without_times_is_for_the_whole_day(desk: Client, presenter: Presenter, typed: dict[str, str], said: str) -> None:
    desk.post("/staff/bookings/leave/add/", leave_form(presenter, from_clock="", to_clock="") | typed)
    assert Leave.objects.count() == 1
    for path in ("leave/", "busytime/", f"leave/{Leave.objects.get().pk}/change/"):
        assert said in text(desk.get(f"/staff/bookings/{path}"))


def test_what_is_missing_is_asked_for_in_words(desk: Client) -> None:
    page = desk.post("/staff/bookings/leave/add/", {"kind": "illness"})
    assert {name: list(errors) for name, errors in page.context["form"].errors.items()} == {
        "presenter": ["Choose who is away."],
        "first_day": ["Enter the first day of the leave."],
        "last_day": ["Enter the last day of the leave."],
    }


def test_what_was_delivered_after_the_page_asked_is_explained_too(
    desk: Client, presenter: Presenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.leave.admin.get_affected_by_leave", lambda **asked: [])  # as it was a moment before
    make_booking(presenter, at("10:00"), state=BookingState.DELIVERED)
    page = desk.post("/staff/bookings/leave/add/", leave_form(presenter))
    assert "A presentation took place in that time." in text(page)


def test_one_that_is_deleted_leaves_its_time_to_the_leave_it_overlapped(desk: Client, presenter: Presenter) -> None:
    desk.post("/staff/bookings/leave/add/", leave_form(presenter, to_clock="13:00"))
    desk.post("/staff/bookings/leave/add/", leave_form(presenter, from_clock="10:00", to_clock="15:00"))
    first, second = Leave.objects.order_by("pk")
    assert BusyTime.objects.get(leave=second).busy.lower == at("13:00")
    desk.post(f"/staff/bookings/leave/{first.pk}/delete/", {"post": "yes"})
    assert BusyTime.objects.get().busy.lower == at("10:00")
