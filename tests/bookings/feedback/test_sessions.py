"""After an open session: numbers by its presenter, the same short link, certificate and reminder for who had a place."""

from datetime import timedelta

import pytest
import time_machine
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bookings import privacy as bookings_privacy
from bookings.feedback import emails as feedback_emails
from bookings.feedback.services import attendance_counts, record_attendance, request_year_later, send_year_later_reminders
from bookings.models import AnniversaryPrompt, FollowUp, OpenSession, PlaceState, Presenter, SessionPlace
from bookings.open_sessions.services.sessions import mark_session_delivered
from core.errors import DomainError
from notifications import rendering
from notifications.models import Notification
from notifications.registry import get_email_class
from professionals.models import Person, Profession
from tests.bookings.feedback.conftest import START
from tests.bookings.feedback.test_feedback import SAID, TOKEN, statements
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person, make_staff, sign_in, sign_in_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def session(presenter: Presenter) -> OpenSession:
    return make_session(presenter, START, capacity=40)


@pytest.fixture
def place(session: OpenSession) -> SessionPlace:
    return make_place(session, person=make_person(profession=Profession.POLICE_OFFICER))


def test_its_presenter_counts_on_a_phone_and_no_place_changes(phone: Client, session: OpenSession, place: SessionPlace) -> None:
    page = f"/staff/mine/sessions/{session.reference}/"
    assert "Record who came" in phone.get(page).content.decode()
    form = phone.get(f"{page}attendance/").content.decode()
    assert "people_police-officer" in form.split("<details", 1)[0]  # who has a place is likely to have come
    sent = {"people_police-officer": "21", "people_teacher": "4", "total": "25"}
    assert "Thank you. 25 people came." in phone.post(f"{page}attendance/", sent, follow=True).content.decode()
    session.refresh_from_db()
    place.refresh_from_db()
    assert (session.state, session.occupied, place.state) == ("delivered", 1, PlaceState.TAKEN)
    assert attendance_counts(session.attendance) == {"police-officer": 21, "teacher": 4}
    assert list(session.events.values_list("kind", "changes")) == [("attendance", {"people": [None, 25]}), ("delivered", {})]
    assert phone.post(f"{page}slide/", follow=True)["Content-Type"] == "application/pdf"


def test_everybody_who_had_a_place_is_asked_how_it_was_once_and_not_before_it_is_over(
    session: OpenSession, place: SessionPlace, presenters_user: User
) -> None:
    come = make_place(session, PlaceState.ATTENDED)
    make_place(session, PlaceState.GIVEN_UP)
    make_place(session, person=make_person(with_user=False, email="", phone="0113 496 0000"))
    mark_session_delivered(session=session, by=presenters_user, now=session.ends_at)
    mails = list(Notification.objects.filter(kind="session-afterwards").order_by("pk"))
    assert {mail.recipient for mail in mails} == {place.person.email, come.person.email}
    assert {mail.due_at for mail in mails} == {session.ends_at}
    kind, mail = get_email_class("session-afterwards"), mails[0]
    said, code = rendering.render(kind(mail).message()), session.follow_up.code
    assert "You had a place at our open session “Spotting the signs”" in said.text
    assert f"/f/{code}/\n" in said.text
    assert f"/f/{code}/certificate/" in said.text
    assert kind(mail).is_still_due()
    Person.objects.filter(email=mail.recipient).update(email="new@leeds.nhs.uk")
    assert not kind(mail).is_still_due()


def test_one_that_is_cancelled_has_no_numbers_and_no_slide(phone: Client, presenters_user: User, presenter: Presenter) -> None:
    session = make_session(presenter, START, state="cancelled")
    with pytest.raises(DomainError, match="This presentation did not take place, so nobody"):
        record_attendance(given=session, counts={"gp": 1}, by=presenters_user, now=timezone.now())
    page = phone.post(f"/staff/mine/sessions/{session.reference}/slide/", follow=True).content.decode()
    assert "is not taking place" in page
    assert not FollowUp.objects.exists()


def test_who_had_a_place_says_how_it_was_and_may_wish_a_reminder(
    client: Client, presenters_user: User, session: OpenSession, place: SessionPlace
) -> None:
    sign_in(client, place.person)
    mine = f"/sessions/{session.reference}/mine/"
    before = statements(client, mine)
    record_attendance(given=session, counts={"gp": 1}, by=presenters_user, now=timezone.now())
    link = FollowUp.objects.get().get_absolute_url()
    assert f'href="{link}"' in client.get(mine).content.decode()
    assert statements(client, mine) == before <= 12
    client.post(link, {**SAID, "token": TOKEN})
    client.post(f"{mine}again/", {"wish": "1"})
    assert "Don’t remind me" in client.get(mine).content.decode()
    assert bookings_privacy.export_places(place.person)[0]["reminder_a_year_later"] == AnniversaryPrompt.objects.get().due_at
    client.post(f"{mine}again/", {"withdraw": "1"})
    assert not AnniversaryPrompt.objects.exists()
    stranger = sign_in(Client(), make_person())
    assert stranger.post(f"{mine}again/", {"wish": "1"}).status_code == 404


def test_a_year_later_they_are_led_to_open_sessions_unless_they_have_a_place_at_one(
    presenters_user: User, session: OpenSession, place: SessionPlace
) -> None:
    record_attendance(given=session, counts={"gp": 1}, by=presenters_user, now=timezone.now())
    wish = request_year_later(of=place, now=timezone.now())
    assert send_year_later_reminders(now=wish.due_at) == 1
    row = Notification.objects.get(kind="year-later")
    message = feedback_emails.YearLaterEmail(row).message()
    text = rendering.render(message).text
    assert message.subject == "It has been a year: would you like to join us again?"
    assert ("See our open sessions:\n" in text, "your team heard" in text) == (True, False)
    assert feedback_emails.YearLaterEmail(row).is_still_due()
    make_place(make_session(session.presenter, timezone.now() + timedelta(days=9)), person=place.person)
    assert not feedback_emails.YearLaterEmail(row).is_still_due()


def test_what_is_over_is_for_no_calendar(client: Client, session: OpenSession, place: SessionPlace) -> None:
    booking = make_booking(make_presenter(), START, postcode="")
    sign_in(client, place.person)
    mine = f"/sessions/{session.reference}/mine/"
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        assert "Add it to your calendar" in client.get(mine).content.decode()
    assert "Add it to your calendar" not in client.get(mine).content.decode()
    sign_in(client, booking.person)
    hosts = f"/bookings/{booking.reference}/"
    assert "Add it to your calendar" not in client.get(hosts).content.decode()
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        assert "Add it to your calendar" in client.get(hosts).content.decode()


def test_staff_see_and_put_right_what_a_session_came_to(client: Client, presenters_user: User, session: OpenSession) -> None:
    record_attendance(given=session, counts={"gp": 7}, by=presenters_user, now=timezone.now())
    desk = sign_in_staff(client, make_staff())
    page = f"/staff/bookings/opensession/{session.pk}/"
    seen = desk.get(f"{page}change/").content.decode()
    assert ("7 people came." in seen, "Nobody has answered yet" in seen, "Attendance recorded: 7" in seen) == (True, True, True)
    desk.post(f"{page}do/attendance/", {"people_gp": "8", "total": "8", "seen": "0"})
    assert OpenSession.objects.get().attendance.people == 8
    assert session.reference in desk.get("/staff/bookings/followup/").content.decode()
