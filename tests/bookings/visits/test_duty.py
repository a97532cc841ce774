"""Who is on duty while presenters are out: the shifts, and where their names and phones stand."""

from datetime import date
from functools import partial

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import User
from bookings.booking.services.assign import reassign
from bookings.booking.services.decide import agree_time, offer_times
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import confirm_booking
from bookings.errors import SlotTaken
from bookings.models import Booking, BookingState, DutyShift, Format, Presenter, duty_contacts_by_booking
from bookings.schedule.availability import Schedule
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.travel import find_place
from bookings.visits.services import NoCover, refuse_without_cover
from tests.bookings.admin.desk import text
from tests.bookings.placed import place, place_as_staff
from tests.bookings.rows import (
    LEEDS,
    MONDAY,
    NOW,
    make_booking,
    make_presentation,
    make_presenter,
    make_request,
    make_shift,
)
from tests.bookings.visits.visit import DAY, END, HOUR, START
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
SHIFTS = "/staff/bookings/dutyshift/"


def test_the_shift_of_a_visit_is_that_of_its_uk_day(booking: Booking) -> None:
    online = make_booking(make_presenter(), START, postcode="")
    DutyShift.objects.all().delete()
    assert duty_contacts_by_booking([booking, online]) == {booking.pk: []}
    before, shift = make_shift(MONDAY - DAY, MONDAY - DAY), make_shift(MONDAY, MONDAY + 6 * DAY)
    assert [person.user for person in duty_contacts_by_booking([booking])[booking.pk]] == [shift.duty_person, shift.deputy]
    assert str(before) == "Sunday 24 January 2027"
    assert str(shift) == "Monday 25 January 2027 to Sunday 31 January 2027"
    User.objects.filter(pk=shift.duty_person_id).update(is_active=False)
    assert [person.user for person in duty_contacts_by_booking([booking])[booking.pk]] == [shift.deputy]


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
    assert "One person alone may miss the alarm" in text(desk.post(f"{SHIFTS}add/", {**typed, "deputy": asha.pk}))
    assert "can’t be before the first" in text(
        desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk, "last_day": "24 January 2027"})
    )
    desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk})
    shift = DutyShift.objects.get()
    assert (shift.duty_person, shift.deputy, shift.first_day) == (asha, tom, MONDAY)
    assert "Another shift already has one of these days" in text(desk.post(f"{SHIFTS}add/", {**typed, "deputy": tom.pk}))
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
        User.objects.filter(pk=shift.deputy_id).update(mobile="+447700900008")
        assert "Deputy’s phone +447700900008" in text(phone.get(pages[0]))


def test_staff_read_it_beside_the_alarm_and_on_the_bookings_page(client: Client, booking: Booking) -> None:
    with time_machine.travel(END + HOUR, tick=False):
        desk = sign_in_staff(client, make_staff())
        page = f"/staff/bookings/booking/{booking.pk}/change/"
        DutyShift.objects.all().delete()
        assert "Nobody yet. Enter a duty shift for that day." in text(desk.get(page))
        shift = make_shift(duty_phone="0113 496 0009")
        assert f"Duty person {shift.duty_person} Duty person’s phone 0113 496 0009" in text(desk.get("/staff/"))
        assert f"{shift.duty_person}, {shift.deputy}" in text(desk.get(page))


# Without cover no visit is confirmed


@pytest.fixture
def uncovered(presenter: Presenter) -> None:
    """Nobody is on duty on the Monday; on the other days somebody is."""
    make_shift(MONDAY - 60 * DAY, MONDAY - DAY)
    make_shift(MONDAY + DAY, MONDAY + 60 * DAY)


@pytest.mark.usefixtures("uncovered")
def test_no_way_leads_to_a_confirmed_visit_on_a_day_without_cover(presenter: Presenter, staff: User) -> None:
    person, other = make_person(email="sam@leeds.nhs.uk"), make_presenter()
    asked = make_booking(presenter, START, state=BookingState.REQUESTED)
    later = make_booking(presenter, START + DAY)
    request = make_request()
    moving = {"booking": later, "start": START + HOUR / 2, "expected": later.version, "by": staff, "now": NOW}
    ways = [
        lambda: place_as_staff(presenter=other),
        lambda: confirm_booking(booking=asked, by=staff, now=NOW),
        lambda: agree_time(booking=request, start=START, by=staff, now=NOW, presenter=other),
        lambda: offer_times(booking=request, starts=[START], by=staff, now=NOW, presenter=other),
        lambda: reschedule(**moving, presenter=other),
        lambda: reassign(booking=make_booking(presenter, START + 4 * HOUR), presenter=other, by=staff, now=NOW),
    ]
    for way in ways:
        with pytest.raises(NoCover, match="Nobody is on duty on Monday 25 January 2027, so we can’t confirm a visit"):
            way()
    with pytest.raises(SlotTaken):
        place(person)
    assert place(person, START + 4 * HOUR, postcode="", format=Format.ONLINE).state == BookingState.CONFIRMED
    assert place(make_person(email="x@unknown.example"), START + DAY + 2 * HOUR).state == BookingState.REQUESTED


@pytest.mark.parametrize("who", ["duty_person", "deputy"])
@pytest.mark.parametrize("gone", ["closed", "deleted"])
def test_a_shift_of_which_one_can_no_longer_sign_in_is_no_cover(presenter: Presenter, who: str, gone: str) -> None:
    shift, query = make_shift(MONDAY - DAY, MONDAY + 6 * DAY), SlotQuery(make_presentation(), Format.WORKPLACE, find_place(LEEDS))
    week = partial(read_schedule, query, first_day=MONDAY, last_day=MONDAY + 6 * DAY, now=NOW)
    assert [day for day, _slots in week().week(MONDAY)] != []
    if gone == "closed":
        User.objects.filter(pk=getattr(shift, who).pk).update(is_active=False)
    else:
        DutyShift.objects.update(**{who: None})
    assert [day for day, _slots in week().week(MONDAY)] == []
    with pytest.raises(NoCover):
        place_as_staff(presenter=presenter)


@pytest.mark.usefixtures("uncovered")
def test_the_professional_reads_that_we_cannot_come_then(presenter: Presenter) -> None:
    """What was kept for them from before."""
    booking = make_booking(make_presenter(), START, state=BookingState.REQUESTED)
    with pytest.raises(NoCover, match="We can’t come to you on Monday 25 January 2027"):
        refuse_without_cover(booking, START, by_staff=False)


@pytest.mark.usefixtures("uncovered")
def test_visits_are_offered_on_covered_days_alone_and_online_on_all(presenter: Presenter) -> None:
    presentation, counts = make_presentation(), []
    for format_, place_, days in ((Format.WORKPLACE, find_place(LEEDS), [1, 2, 3, 4]), (Format.ONLINE, None, [0, 1, 2, 3, 4])):
        query = SlotQuery(presentation, format_, place_)
        found: list[Schedule] = []
        counts.append(
            len(
                statements(
                    lambda query=query, found=found: found.append(
                        read_schedule(query, first_day=MONDAY, last_day=MONDAY + 6 * DAY, now=NOW)
                    )
                )
            )
        )
        assert [day for day, _slots in found[0].week(MONDAY)] == [MONDAY + number * DAY for number in days]
    assert counts[0] <= counts[1] + 2  # the shifts, and the journeys between places


def test_a_shift_that_visits_rest_upon_stays(desk: Client, booking: Booking) -> None:
    shift = make_shift(MONDAY - DAY, MONDAY + DAY)
    page = f"{SHIFTS}{shift.pk}/"
    people = {"duty_person": shift.duty_person_id, "deputy": shift.deputy_id}
    with time_machine.travel(NOW, tick=False):
        sign_in_staff(desk, make_staff(role="coordinator"))
        for deleting in (f"{page}delete/", SHIFTS):
            sent = {"post": "yes", "action": "delete_selected", "_selected_action": shift.pk}
            assert booking.reference in text(desk.post(deleting, sent))
        days = {"first_day": "26 January 2027", "last_day": "27 January 2027"}
        said = text(desk.post(f"{page}change/", {**days, **people}))
        assert f"The days that you take out have confirmed visits: {booking.reference} (Monday 25 January 2027" in said
        assert desk.post(f"{page}change/", {**days, **people, "first_day": "25 January 2027"}).status_code == 302
    Booking.objects.update(state=BookingState.CANCELLED)
    desk.post(f"{page}delete/", {"post": "yes"})
    assert not DutyShift.objects.exists()


def test_a_shift_is_split_so_that_others_can_take_the_second_half(desk: Client, booking: Booking) -> None:
    shift = make_shift(MONDAY - DAY, MONDAY + DAY)
    with time_machine.travel(NOW, tick=False):
        sign_in_staff(desk, make_staff(role="coordinator"))
        page = f"{SHIFTS}{shift.pk}/do/split/"
        assert "Choose a day after the first day of this shift" in text(desk.post(page, {"first_day": "24 January 2027"}))
        desk.post(page, {"first_day": "25 January 2027"})
    first, second = DutyShift.objects.order_by("first_day")
    assert (first.last_day, second.first_day, second.last_day) == (MONDAY - DAY, MONDAY, MONDAY + DAY)
    assert second.deputy == shift.deputy


def test_an_account_on_duty_for_visits_is_not_closed(client: Client, booking: Booking) -> None:
    shift = make_shift(duty_person=make_staff("lee@ctac.example", role="coordinator"))
    page = f"/staff/accounts/user/{shift.duty_person_id}/change/"
    typed = {"email": "lee@ctac.example", "is_staff": "on", "groups": [str(Group.objects.get(name="Coordinator").pk)]}
    with time_machine.travel(NOW, tick=False):
        desk = sign_in_staff(client, make_staff(role="manager"))
        said = text(desk.post(page, typed))
        assert f"on duty for confirmed visits: {booking.reference} (Monday 25 January 2027" in said
        assert User.objects.get(pk=shift.duty_person_id).is_active
        packs = {**typed, "is_active": "on", "groups": [str(Group.objects.get(name="Fulfilment").pk)]}
        assert "on duty for confirmed visits" in text(desk.post(page, packs))
        assert "on duty for confirmed visits" in text(desk.post(page, {**packs, "groups": []}))
        assert [group.name for group in shift.duty_person.groups.all()] == ["Coordinator"]
        manager = [*typed["groups"], str(Group.objects.get(name="Manager").pk)]
        assert desk.post(page, {**typed, "is_active": "on", "groups": manager}).status_code == 302
        assert desk.post(page, {**typed, "is_active": "on"}).status_code == 302
    with time_machine.travel(END + DAY, tick=False):
        desk = sign_in_staff(client, make_staff(role="manager"))
        desk.post(page, typed)
    assert not User.objects.get(pk=shift.duty_person_id).is_active
