"""What people say: by a short link without account or cookie, the host by a link of their own; nobody's name is kept."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
from django.conf import settings
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import rate_limits
from bookings.booking.services.transitions import cancel_booking, mark_delivered
from bookings.feedback.queries import host_key
from bookings.feedback.services import get_or_create_follow_up, record_attendance
from bookings.models import (
    AnniversaryPrompt,
    Booking,
    BookingEvent,
    BookingEventKind,
    BookingState,
    Feedback,
    FollowUp,
    PlaceState,
    Presenter,
)
from core.dates import format_uk_time
from notifications.models import Notification
from office.site_settings.queries import site_settings
from tests.bookings.feedback.conftest import END, JUST_AFTER, START
from tests.bookings.open_sessions.rows import make_place, make_session
from tests.factories import make_staff, sign_in, sign_in_staff
from tests.leaflets.dispatch.prints.reading import Read

pytestmark = pytest.mark.django_db
SAID = {"useful": "5", "clear": "4", "ready": "5", "confidence_before": "2", "confidence_now": "4", "comment": "A break, please."}
TOKEN = "t" * 43


@pytest.fixture
def follow_up(booking: Booking) -> FollowUp:
    return get_or_create_follow_up(given=booking, now=JUST_AFTER)


@pytest.fixture
def anybody() -> Client:
    """Whose browser would be refused if these pages were protected against forged requests."""
    return Client(enforce_csrf_checks=True)


def test_somebody_answers_without_an_account_a_cookie_or_a_name(anybody: Client, follow_up: FollowUp) -> None:
    page = anybody.get(f"/f/{follow_up.code.lower()[:3]}-{follow_up.code.lower()[3:]}/")
    token = re.search(r'name="token" value="([\w-]{43})"', page.content.decode())
    assert token is not None
    for _twice in range(2):  # a second tap
        sent = anybody.post(f"/f/{follow_up.code}/", {**SAID, "token": token[1]}, follow=True)
    assert "Thank you. We have your answers" in sent.content.decode()
    answer = Feedback.objects.get()
    assert (answer.useful, answer.clear, answer.ready, answer.comment) == (5, 4, 5, "A break, please.")
    assert (answer.by_host, answer.arranging, answer.received_on) == (False, None, END.date())
    assert not anybody.cookies


def test_a_childs_details_are_asked_about_and_what_stays_is_told_to_the_lead(anybody: Client, follow_up: FollowUp) -> None:
    sent = {**SAID, "token": TOKEN, "comment": "Think of Mia Brown, born 3 May 2015."}
    assert "This looks like details of a child." in anybody.post(f"/f/{follow_up.code}/", sent).content.decode()
    assert not Feedback.objects.exists()
    anybody.post(f"/f/{follow_up.code}/", {**sent, "keep_what_i_wrote": "on"})
    assert Feedback.objects.get().flagged_child_details
    assert Notification.objects.get(kind="safeguarding-flag").reference == follow_up.given.reference


def test_it_opens_half_an_hour_before_the_end_and_closes_after_six_weeks(anybody: Client, follow_up: FollowUp) -> None:
    said = []
    for moment in (START, END - timedelta(minutes=29), END + timedelta(weeks=6, minutes=-1), END + timedelta(weeks=6)):
        with time_machine.travel(moment, tick=False):
            said.append(re.findall(r"<h1[^>]*>(.*?)</h1>", anybody.get(f"/f/{follow_up.code}/").content.decode()))
    early, closed = "This page is not open yet", "This page is closed"
    assert said == [[early], ["How was it?"], ["How was it?"], [closed]]


@pytest.mark.parametrize("page", ["", "certificate/"])
def test_too_early_it_says_one_time_and_that_is_when_it_opens(anybody: Client, follow_up: FollowUp, page: str) -> None:
    with time_machine.travel(START, tick=False):
        said = anybody.get(f"/f/{follow_up.code}/{page}").content.decode()
    assert f"It opens at {format_uk_time(END - timedelta(minutes=30))} on " in said
    assert "at the end" not in said


def test_codes_that_are_nobodys_look_alike_and_who_guesses_is_stopped(
    anybody: Client, follow_up: FollowUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert [anybody.get(path).status_code for path in ("/f/AAAAAA/", "/f/O0O0O0/", "/f/x/")] == [404] * 3
    assert anybody.get("/f/?code=7q4+m2f").headers["Location"] == "/f/7Q4M2F/"
    cancel_booking(booking=follow_up.given, by=None, now=START - timedelta(days=1))  # type: ignore[arg-type]
    assert anybody.get(f"/f/{follow_up.code}/").status_code == 404
    Booking.objects.update(state=BookingState.DELIVERED)
    monkeypatch.setattr("bookings.feedback.views.UNKNOWN_CODE_RATE_LIMIT", (5, timedelta(hours=1)))
    answers = [anybody.get(f"/f/{code}/").status_code for code in ("AAAAAA", follow_up.code)]
    assert (answers, anybody.get("/f/").status_code) == ([404, 429], 200)


def test_very_many_answers_from_one_address_wait_and_lose_nothing(
    anybody: Client, follow_up: FollowUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.feedback.views.FEEDBACK_RATE_LIMIT", (0, timedelta(hours=1)))
    refused = anybody.post(f"/f/{follow_up.code}/", {**SAID, "token": TOKEN})
    assert (refused.status_code, "A break, please." in refused.content.decode()) == (429, True)
    monkeypatch.undo()
    rate_limits.clear_limits(["feedback:address:127.0.0.1"])
    assert anybody.post(f"/f/{follow_up.code}/", {**SAID, "token": TOKEN}).status_code == 302


def answered(follow_up: FollowUp, times: int) -> None:
    marks = dict.fromkeys(("useful", "clear", "ready"), 4)
    day, first = END.date(), Feedback.objects.count()
    Feedback.objects.bulk_create(
        Feedback(follow_up=follow_up, token=f"{first + number}", received_on=day, **marks) for number in range(times)
    )


@pytest.mark.parametrize(
    ("expected", "came", "most"), [(12, None, 17), (40, None, 50), (12, 8, 17), (12, 24, 30), (1000, None, 1250)]
)
def test_answers_are_taken_from_whom_we_expected_and_some_more(
    anybody: Client, follow_up: FollowUp, expected: int, came: int | None, most: int
) -> None:
    Booking.objects.update(audience_size=expected)
    if came:
        record_attendance(given=follow_up.given, counts={"midwife": came}, by=make_staff(), now=JUST_AFTER)
    answered(follow_up, most - 1)
    page = f"/f/{follow_up.code}/"
    assert "Tell us how far you agree" in anybody.get(page).content.decode()
    for _twice in range(2):  # a second tap of the last one
        assert anybody.post(page, {**SAID, "token": TOKEN}).status_code == 302
    refused = anybody.post(page, {**SAID, "token": "n" * 43}).content.decode()
    assert ("We have feedback from everybody we expected." in refused, "A break, please." in refused) == (True, True)
    shut = anybody.get(page).content.decode()
    assert ("Everybody has answered" in shut, site_settings().advice_phone in shut, "Get your certificate" in shut) == (True,) * 3
    assert Feedback.objects.count() == most
    host = {**SAID, "token": "h" * 43, "arranging": "5"}
    assert anybody.post(f"{page}host/{host_key(follow_up)}/", host).status_code == 302  # is asked in any case


def test_of_an_open_session_as_many_as_had_a_place(anybody: Client, presenter: Presenter) -> None:
    session = make_session(presenter, START - timedelta(hours=3))
    for _number in range(2):
        make_place(session, PlaceState.ATTENDED)
    follow_up = get_or_create_follow_up(given=session, now=JUST_AFTER)
    answered(follow_up, 6)
    assert anybody.post(f"/f/{follow_up.code}/", {**SAID, "token": TOKEN}).status_code == 302
    assert "Everybody has answered" in anybody.get(f"/f/{follow_up.code}/").content.decode()


def test_staff_can_let_more_answer_and_say_why(anybody: Client, client: Client, follow_up: FollowUp) -> None:
    answered(follow_up, 17)
    desk, page = sign_in_staff(client, make_staff()), f"/staff/bookings/booking/{follow_up.booking_id}/do/more-feedback/"
    assert "Write why there are more people than we expected." in desk.post(page, {"reason": ""}).content.decode()
    assert desk.post(page, {"reason": "The night shift came too."}).status_code == 302
    event = BookingEvent.objects.get(kind=BookingEventKind.MORE_FEEDBACK)
    assert event.reason == "The night shift came too."
    assert anybody.post(f"/f/{follow_up.code}/", {**SAID, "token": TOKEN}).status_code == 302
    desk.post(page, {"reason": "Once more."})  # is no longer offered
    assert BookingEvent.objects.filter(kind=BookingEventKind.MORE_FEEDBACK).count() == 1


def test_the_host_is_asked_by_email_once_answers_once_and_may_wish_a_reminder(anybody: Client, booking: Booking) -> None:
    mark_delivered(booking=booking, by=None, now=END)
    row = Notification.objects.get(kind="booking-afterwards")
    assert (row.due_at, row.recipient) == (END, "meera@leeds.nhs.uk")
    follow_up = FollowUp.objects.get()
    link = f"/f/{follow_up.code}/host/{host_key(follow_up)}/"
    assert "It was easy to arrange." in anybody.get(link).content.decode()
    assert not Feedback.objects.exists()
    anybody.post(link, {**SAID, "arranging": "3", "token": TOKEN, "remind": "on"})
    anybody.post(link, {**SAID, "arranging": "1", "token": "u" * 43})
    assert list(Feedback.objects.values_list("by_host", "arranging")) == [(True, 3)]
    assert AnniversaryPrompt.objects.get().due_at == END + timedelta(days=365)
    assert "We have your answers" in anybody.get(link).content.decode()
    assert anybody.get(f"/f/{follow_up.code}/host/{'0' * 32}/").status_code == 404
    with time_machine.travel(END + timedelta(days=365), tick=False):
        assert anybody.get(f"{link}leaflets/").status_code == 404
    assert not anybody.cookies


def test_staff_see_figures_and_words_in_statements_that_do_not_grow(client: Client, follow_up: FollowUp) -> None:
    desk = sign_in_staff(client, make_staff())
    pages = [f"/staff/bookings/{path}/" for path in (f"booking/{follow_up.booking_id}/change", "followup")]
    pages.append(f"/staff/bookings/followup/{follow_up.pk}/change/")
    for page in pages:
        desk.get(page)  # what is read once is read
    Feedback.objects.create(follow_up=follow_up, useful=1, clear=1, ready=1, comment="Good", token=TOKEN, received_on=END)
    before = [statements(desk, page) for page in pages]
    Feedback.objects.all().delete()
    same = {"follow_up": follow_up, "clear": 4, "ready": 4, "comment": "Good", "received_on": END}
    answers = [Feedback(useful=n % 5 + 1, token=f"{n:043}", **same) for n in range(120)]
    Feedback.objects.bulk_create(answers)
    assert [statements(desk, page) for page in pages] == before
    assert "120 answers. Of 5: useful 3.0, understood 4.0, knows what to do 4.0" in desk.get(pages[0]).content.decode()
    listed = desk.get(pages[1]).content.decode()
    assert re.findall(r'field-number_(?:answers|useful|clear)"[^>]*>(.*?)<', listed) == ["120", "3.0", "4.0"]
    whole = desk.get(pages[2]).content.decode()
    assert ("These are the newest 100" in whole, whole.count("said__comment")) == (True, 100)


def statements(client: Client, page: str) -> int:
    with CaptureQueriesContext(connection) as taken:
        assert client.get(page).status_code == 200
    return len(taken)


def test_pages_of_visitors_take_few_statements(client: Client, follow_up: FollowUp) -> None:
    key = host_key(follow_up)
    paths = ["", "thanks/", "certificate/", f"host/{key}/", f"host/{key}/again/", f"host/{key}/leaflets/"]
    Booking.objects.update(state=BookingState.DELIVERED)
    sign_in(client, follow_up.booking.person)  # type: ignore[union-attr]
    taken = [statements(client, f"/f/{follow_up.code}/{path}") for path in paths]
    assert max([*taken, statements(client, f"/bookings/{follow_up.given.reference}/")]) <= 12, taken


def test_the_certificate_has_the_name_and_nothing_else_keeps_it(
    anybody: Client, follow_up: FollowUp, capfd: pytest.CaptureFixture[str]
) -> None:
    page = f"/f/{follow_up.code}/certificate/"
    assert "Enter your name" in anybody.post(page, {"name": " "}).content.decode()
    response = anybody.post(page, {"name": "Łucja Ŵyn-Okonkwo"})
    assert response["Content-Type"] == "application/pdf"
    assert "no-store" in response["Cache-Control"]
    certificate_says(response.content)
    assert "Okonkwo" not in capfd.readouterr().err + str(response.headers)
    assert not anybody.cookies


def certificate_says(content: bytes) -> None:
    with Read(BytesIO(content)) as read:
        said, outside = read.spoken(), read.drawn_outside()
    assert said[0] == ("P", "Child trafficking advice centre")
    assert said[1:7] == [
        ("H1", "Certificate of attendance"),
        ("P", "Łucja Ŵyn-Okonkwo"),
        ("P", "attended the presentation"),
        ("P", "Spotting the signs"),
        ("P", "Day: Monday 25 January 2027"),
        ("P", "Length: 1 hour"),
    ]
    assert ("P", "Given by: CTAC, the child trafficking advice centre") in said
    assert any("not an accreditation" in words for _kind, words in said)
    assert [kind for kind, _words in said].count("H1") == 1
    assert outside == 0
    assert str(settings.SITE_URL) in said[-1][1]
