"""My leave on the presenter's phone: asking, being ill, taking it back."""

import pytest
from django.test import Client

from bookings.models import Leave, LeaveState, Presenter
from tests.bookings.admin.desk import ABOUT_A_CHILD, KEPT, text, told_lead
from tests.bookings.open_sessions.rows import make_session
from tests.bookings.rows import NOW, at, make_booking, make_leave, make_presenter

pytestmark = pytest.mark.django_db
LEAVE = "/staff/mine/leave/"
WHOLE_MONDAY = {"kind": "holiday", "first_day": "25 1 2027", "last_day": "25 1 2027"}


def send(phone: Client, **answers: str) -> str:
    return text(phone.post(f"{LEAVE}ask/", {**WHOLE_MONDAY, **answers}, follow=True))


def test_leave_is_asked_for_and_stands_in_the_list_as_asked_for(phone: Client, presenter: Presenter) -> None:
    page = send(phone)
    assert "Until then, you can still be booked" in page
    assert "Monday 25 January 2027, all day" in page
    assert "Asked for" in page
    assert [(leave.presenter, leave.state) for leave in Leave.objects.all()] == [(presenter, LeaveState.ASKED)]


def test_the_page_first_shows_the_bookings_in_that_time(phone: Client, presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    page = phone.post(f"{LEAVE}ask/", {**WHOLE_MONDAY, "kind": "illness"})
    assert page.context["hit"] == [booking]
    assert not Leave.objects.exists()
    page = send(phone, kind="illness", seen=booking.reference)
    booking.refresh_from_db()
    assert "Get well soon. The team knows that somebody else must give your presentations in that time" in page
    assert booking.needs_a_presenter


def test_the_page_shows_the_open_sessions_too(phone: Client, presenter: Presenter) -> None:
    session = make_session(presenter)
    page = phone.post(f"{LEAVE}ask/", {**WHOLE_MONDAY, "kind": "illness"})
    assert "Monday 25 January 2027, 10am to 11am (open session)" in text(page)
    assert f'href="/staff/mine/sessions/{session.reference}/"' in page.content.decode()
    send(phone, kind="illness", seen=session.reference)
    session.refresh_from_db()
    assert session.needs_a_presenter


def test_what_is_wrong_is_said_and_what_was_typed_is_kept(phone: Client) -> None:
    page = phone.post(f"{LEAVE}ask/", {**WHOLE_MONDAY, "last_day": "24 1 2027"})
    assert "Leave must end after it starts." in text(page)
    assert 'value="24 1 2027"' in page.content.decode()


def test_a_note_about_a_child_is_asked_about_again(phone: Client) -> None:
    assert not Leave.objects.exists()
    send(phone, reason=ABOUT_A_CHILD)
    assert not Leave.objects.exists()
    send(phone, reason=ABOUT_A_CHILD, **KEPT)
    assert (Leave.objects.count(), told_lead()) == (1, 1)


def test_taking_it_back_asks_first(phone: Client, presenter: Presenter) -> None:
    send(phone)
    leave = Leave.objects.get()
    assert "Cancel this leave" in text(phone.get(f"{LEAVE}{leave.pk}/end/"))
    assert Leave.objects.exists()
    assert "Your leave is cancelled." in text(phone.post(f"{LEAVE}{leave.pk}/end/", follow=True))
    assert not Leave.objects.exists()


def test_whoever_is_ill_says_that_they_are_back(phone: Client, presenter: Presenter) -> None:
    leave = make_leave(presenter, at("09:00", NOW.date()), at("17:00", NOW.date())).leave
    assert "I am back" in text(phone.get(LEAVE))
    assert "Welcome back." in text(phone.post(f"{LEAVE}{leave.pk}/end/", follow=True))
    leave.refresh_from_db()
    assert leave.ends_at == NOW


def test_somebody_elses_leave_is_not_found(phone: Client) -> None:
    leave = make_leave(make_presenter(), at("09:00"), at("17:00")).leave
    assert phone.get(f"{LEAVE}{leave.pk}/end/").status_code == 404
    assert phone.post(f"{LEAVE}{leave.pk}/end/").status_code == 404
    assert str(leave) not in text(phone.get(LEAVE))
    assert Leave.objects.count() == 1
