"""A presenter at their phone when it is over: who came, and the slide."""

import re
from datetime import timedelta
from io import BytesIO

import pytest
import time_machine
import zxingcpp
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import User
from bookings.feedback.services import attendance_counts, get_or_create_follow_up, record_attendance
from bookings.models import Booking, BookingState, FollowUp
from tests.bookings.feedback.conftest import END, START
from tests.bookings.rows import make_booking, make_presenter
from tests.leaflets.dispatch.prints.reading import Read

pytestmark = pytest.mark.django_db


def page(booking: Booking, what: str = "") -> str:
    return f"/staff/mine/visits/{booking.reference}/{what}"


def test_one_form_and_one_button_record_who_came(phone: Client, booking: Booking) -> None:
    assert "Record who came" in phone.get(page(booking)).content.decode()
    form = phone.get(page(booking, "attendance/")).content.decode()
    shown, folded = form.split("<details", 1)
    assert [name in shown for name in ("people_health-visitor", "people_other", "people_gp")] == [True, True, False]
    assert "people_gp" in folded
    sent = {"people_health-visitor": "9", "people_gp": "3", "total": "12", "seen": ""}
    after = phone.post(page(booking, "attendance/"), sent, follow=True)
    assert "Thank you. 12 people came." in after.content.decode()
    booking.refresh_from_db()
    assert (booking.state, attendance_counts(booking.attendance)) == (BookingState.DELIVERED, {"health-visitor": 9, "gp": 3})
    again = phone.get(page(booking, "attendance/")).content.decode()
    assert re.search(r'name="people_gp" value="3"', again.split("<details", 1)[0])  # who came is not folded away


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({}, "Enter how many people came."),
        ({"people_gp": "3", "people_teacher": "9", "total": "11"}, "add up to 12, but your total is only 11."),
        ({"people_gp": "3000", "people_teacher": "3000"}, "Your numbers by profession add up to 6000."),
        ({"people_gp": "three", "total": "3"}, "Enter a whole number in figures, like 12."),
    ],
)
def test_what_does_not_add_up_is_said_and_what_was_typed_stays(
    phone: Client, booking: Booking, sent: dict[str, str], said: str
) -> None:
    answer = phone.post(page(booking, "attendance/"), sent).content.decode()
    assert said in answer
    assert all(f'name="{name}" value="{value}"' in answer for name, value in sent.items())
    assert not hasattr(Booking.objects.get(), "attendance")


def test_nobody_adds_up_by_head(phone: Client, booking: Booking) -> None:
    assert "Leave this empty and we will add up the numbers." in phone.get(page(booking, "attendance/")).content.decode()
    phone.post(page(booking, "attendance/"), {"people_health-visitor": "9", "people_gp": "3", "total": "", "seen": ""})
    attendance = Booking.objects.get().attendance
    assert (attendance.people, attendance_counts(attendance)) == (12, {"health-visitor": 9, "gp": 3})


@pytest.mark.parametrize(
    ("sent", "counts", "said"),
    [
        ({"total": "14"}, {"other": 14}, "14 people came. All of them count as “Other”, because you entered no profession."),
        ({"people_gp": "3", "total": "14"}, {"gp": 3, "other": 11}, "14 people came. 11 of them count as “Other”."),
        (
            {"people_gp": "9", "people_other": "4", "total": "14"},
            {"gp": 9, "other": 5},
            "14 people came. 1 of them counts as “Other”.",
        ),
        ({"people_gp": "9", "people_other": "4", "total": "13"}, {"gp": 9, "other": 4}, "13 people came.</"),
    ],
)
def test_whose_profession_nobody_counted_counts_as_other(
    phone: Client, booking: Booking, sent: dict[str, str], counts: dict[str, int], said: str
) -> None:
    assert "it will count as “Other”" in phone.get(page(booking, "attendance/")).content.decode()
    answer = phone.post(page(booking, "attendance/"), {**sent, "seen": ""}, follow=True).content.decode()
    assert said in answer
    attendance = Booking.objects.get().attendance
    assert (attendance.people, attendance_counts(attendance)) == (sum(counts.values()), counts)


def test_who_is_taken_out_again_does_not_come_back_as_other(phone: Client, booking: Booking, presenters_user: User) -> None:
    record_attendance(given=booking, counts={"gp": 10, "teacher": 2}, by=presenters_user, now=timezone.now())
    form = phone.get(page(booking, "attendance/")).context["form"]
    shown = {field.html_name: "" if field.value() is None else str(field.value()) for field in form}
    assert (shown["people_gp"], shown["people_teacher"]) == ("10", "2")
    answer = phone.post(page(booking, "attendance/"), {**shown, "people_gp": "8"}, follow=True).content.decode()
    assert ("10 people came." in answer, "count as “Other”" in answer) == (True, False)
    assert attendance_counts(Booking.objects.get().attendance) == {"gp": 8, "teacher": 2}


def test_a_colleagues_numbers_are_shown_before_they_are_replaced(phone: Client, booking: Booking, presenters_user: User) -> None:
    record_attendance(given=booking, counts={"gp": 5}, by=presenters_user, now=timezone.now())
    sent = {"people_gp": "4", "total": "4", "seen": ""}
    answer = phone.post(page(booking, "attendance/"), sent).content.decode()
    assert "Somebody has just recorded that 5 people came." in answer
    phone.post(page(booking, "attendance/"), {**sent, "seen": "0"})
    assert Booking.objects.get().attendance.people == 4


def test_only_who_gave_it_and_only_from_the_start_on(phone: Client, booking: Booking) -> None:
    other = make_booking(make_presenter(), START, postcode="")
    assert [phone.get(page(other, what)).status_code for what in ("attendance/", "slide.pdf")] == [404, 404]
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        assert "Record who came" not in phone.get(page(booking)).content.decode()
        assert (
            "You can record who came once the presentation has started"
            in phone.post(page(booking, "attendance/"), {"people_gp": "3", "total": "3"}).content.decode()
        )
    with time_machine.travel(END + timedelta(days=15), tick=False):
        assert "Record who came" not in phone.get(page(booking)).content.decode()


def test_a_phone_reads_the_slide_and_a_screen_reader_too(phone: Client, booking: Booking) -> None:
    assert phone.get(page(booking, "slide.pdf")).status_code == 404  # looking makes nothing
    assert not FollowUp.objects.exists()
    response = phone.post(page(booking, "slide/"), follow=True)
    follow_up = FollowUp.objects.get()
    url = f"{settings.SITE_URL}/f/{follow_up.code}/"
    assert (response["Content-Type"], get_or_create_follow_up(given=booking, now=timezone.now())) == (
        "application/pdf",
        follow_up,
    )
    with Read(BytesIO(response.content)) as read:
        # The link, whom to tell, and the code.
        assert [kind for kind, _words in read.spoken()] == ["P", "H1", *["P"] * 6, "Figure"]
        said = [words for _kind, words in read.spoken()]
        assert (said[4], said[5]) == (url.partition("://")[2].rstrip("/"), "If a child is in immediate danger, call 999.")
        assert said[-1] == f"QR code that opens {url}"
        assert read.drawn_outside() == 0
        picture = read.picture(0, 60)
        assert len(read.texts()) == 1
    assert picture.width > 1.7 * picture.height
    assert [code.text for code in zxingcpp.read_barcodes(picture)] == [url]


def test_a_list_to_sign_is_printed_for_as_many_as_are_expected_and_names_nobody(phone: Client, booking: Booking) -> None:
    visit = make_booking(booking.presenter, END + timedelta(hours=2), audience_size=7)
    with time_machine.travel(START - timedelta(hours=1), tick=False):
        shown = [phone.get(page(given)).content.decode() for given in (visit, booking)]
        assert ["sheet.pdf" in html for html in shown] == [True, False]  # nobody signs online
        response = phone.get(page(visit, "sheet.pdf"))
    assert response["Content-Type"] == "application/pdf"
    with Read(BytesIO(response.content)) as read:
        said = [words for _kind, words in read.spoken()]
        assert read.drawn_outside() == 0
    assert "Who was there" in said
    assert "Give this list to the host. CTAC keeps no list of names. Write nothing about a child." in " ".join(said)
    assert visit.contact_name not in " ".join(said)
    other = make_booking(make_presenter(), START, postcode="")
    assert phone.get(page(other, "sheet.pdf")).status_code == 404
