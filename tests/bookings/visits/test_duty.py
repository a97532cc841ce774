"""Who is on duty while presenters are out: the shifts, and where their names and phones stand."""

from datetime import date

import pytest
import time_machine
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from bookings.models import Booking, DutyShift, Presenter, duty_of
from tests.bookings.admin.desk import text
from tests.bookings.rows import MONDAY, make_booking, make_presenter, make_shift
from tests.bookings.visits.visit import DAY, END, HOUR, START
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db
SHIFTS = "/staff/bookings/dutyshift/"


def test_the_shift_of_a_visit_is_that_of_its_uk_day(booking: Booking) -> None:
    online = make_booking(make_presenter(), START, postcode="")
    DutyShift.objects.all().delete()
    assert duty_of([booking, online]) == {booking.pk: []}
    before, shift = make_shift(MONDAY - DAY, MONDAY - DAY), make_shift(MONDAY, MONDAY + 6 * DAY)
    assert [person.user for person in duty_of([booking])[booking.pk]] == [shift.duty_person, shift.deputy]
    assert str(before) == "Sunday 24 January 2027"
    assert str(shift) == "Monday 25 January 2027 to Sunday 31 January 2027"
    User.objects.filter(pk=shift.duty_person_id).update(is_active=False)
    assert [person.user for person in duty_of([booking])[booking.pk]] == [shift.deputy]


@pytest.mark.parametrize("first", [MONDAY - 2 * DAY, MONDAY, MONDAY + DAY])
def test_the_database_keeps_shifts_apart(first: date) -> None:
    make_shift(MONDAY, MONDAY + DAY)
    with pytest.raises(IntegrityError, match="dutyshift_no_overlap"), transaction.atomic():
        make_shift(first, first + 2 * DAY)
    assert DutyShift.objects.count() == 1


def test_one_alone_is_no_shift(staff: User) -> None:
    with pytest.raises(IntegrityError, match="dutyshift_of_two_people"):
        make_shift(duty_person=staff, deputy=staff)


@pytest.fixture
def desk(client: Client) -> Client:
    return sign_in_staff(client, make_staff(role="coordinator"))


def test_a_coordinator_enters_a_shift_of_two_who_can_take_an_alarm_on(desk: Client) -> None:
    asha, tom, gives, closed = (
        make_staff("asha@ctac.example", role="coordinator"),
        make_staff("tom@ctac.example", role="manager"),
        make_staff("gives@ctac.example", role="presenter"),
        make_staff("closed@ctac.example", role="manager", is_active=False),
    )
    form = desk.get(f"{SHIFTS}add/").content.decode()
    assert [user.email in form for user in (asha, tom, gives, closed)] == [True, True, False, False]
    typed = {"first_day": "25 January 2027", "last_day": "31 January 2027", "duty_person": asha.pk, "duty_phone": "0113 496 0009"}
    assert "one alone may not hear the alarm" in text(desk.post(f"{SHIFTS}add/", {**typed, "deputy": asha.pk}))
    assert "can’t be before the first" in text(
        desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk, "last_day": "24 January 2027"})
    )
    desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk})
    shift = DutyShift.objects.get()
    assert (shift.duty_person, shift.deputy, shift.first_day) == (asha, tom, MONDAY)
    assert "Another shift has one of these days already" in text(desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk}))
    assert "Monday 25 January 2027 to Sunday 31 January 2027" in text(desk.get(SHIFTS))


def test_the_presenter_reads_whom_to_call(client: Client, booking: Booking, presenter: Presenter) -> None:
    """By name where the person on duty is a presenter too; the advice line where a phone is missing."""
    colleague = make_presenter(name="Tom Adeyemi", phone="0113 496 0007", user=make_staff())
    with time_machine.travel(START - HOUR, tick=False):
        phone = sign_in_staff(client, presenter.user)
        DutyShift.objects.all().delete()
        pages = ("/staff/mine/day/", f"/staff/mine/visits/{booking.reference}/")
        assert ["Advice line 0808 800 5000" in text(phone.get(page)) for page in pages] == [True, True]
        shift = make_shift(duty_person=colleague.user, deputy_phone="0113 496 0008")
        for page in pages:
            said, html = text(phone.get(page)), phone.get(page).content.decode()
            assert "Duty person Tom Adeyemi Duty person’s phone 0113 496 0007" in said
            assert f"Deputy {shift.deputy} Deputy’s phone 0113 496 0008" in said
            assert ("Advice line" in said, 'href="tel:01134960007"' in html) == (False, True)
        DutyShift.objects.update(deputy_phone="")
        assert "Advice line 0808 800 5000" in text(phone.get(pages[0]))


def test_staff_read_it_beside_the_alarm_and_on_the_bookings_page(client: Client, booking: Booking) -> None:
    with time_machine.travel(END + HOUR, tick=False):
        desk = sign_in_staff(client, make_staff())
        page = f"/staff/bookings/booking/{booking.pk}/change/"
        DutyShift.objects.all().delete()
        assert "Nobody yet. Enter a duty shift for that day." in text(desk.get(page))
        shift = make_shift(duty_phone="0113 496 0009")
        assert f"Duty person {shift.duty_person} Duty person’s phone 0113 496 0009" in text(desk.get("/staff/"))
        assert f"{shift.duty_person}, {shift.deputy}" in text(desk.get(page))
