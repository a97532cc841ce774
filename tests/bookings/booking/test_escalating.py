"""Requests that wait too long for our answer: who is told, when, and again when."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client

from bookings.booking.services.request import escalate_overdue_requests, waiting_too_long
from bookings.models import Booking, BookingEvent, BookingEventKind, BookingState, DateOptionKind, DateOptionState, Presenter
from core.dates import uk_day
from leaflets.models import Order
from notifications import rendering
from notifications.models import Notification
from notifications.registry import email_for
from tests.bookings.admin.desk import text
from tests.bookings.rows import make_option, make_request
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db
# A Thursday; the Monday after it is the second working day.
THURSDAY = datetime(2027, 1, 14, 15, tzinfo=UTC)
MONDAY = datetime(2027, 1, 18, 9, 5, tzinfo=UTC)
A_DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def clock(change_settings) -> Iterator[time_machine.Traveller]:
    change_settings(request_escalation_email="manager@ctac.example")
    with time_machine.travel(THURSDAY, tick=False) as traveller:
        yield traveller


@pytest.fixture
def request_of_thursday() -> Booking:
    return make_request(created_at=THURSDAY)


def told(*moments: datetime) -> list[int]:
    return [escalate_overdue_requests(now=moment) for moment in moments]


def newest() -> Notification:
    return Notification.objects.filter(kind="manager-requests-waiting").latest("created_at")


def words_now() -> str:
    return rendering.render(email_for(newest()).message()).text


def test_the_manager_is_told_after_two_working_days_and_again_two_later(
    request_of_thursday: Booking, clock: time_machine.Traveller
) -> None:
    friday, saturday, early = MONDAY - 3 * A_DAY, MONDAY - 2 * A_DAY, MONDAY.replace(hour=8)
    assert told(friday, saturday, early, MONDAY, MONDAY + timedelta(hours=1)) == [0, 0, 0, 1, 0]
    clock.move_to(MONDAY)
    assert newest().recipient == "manager@ctac.example"
    said = words_now()
    assert request_of_thursday.reference in said
    assert "Waiting for us since Thursday 14 January 2027" in said
    assert request_of_thursday.person.name not in said
    assert told(MONDAY + A_DAY, MONDAY + 2 * A_DAY, MONDAY + 3 * A_DAY) == [0, 1, 0]
    assert Notification.objects.filter(kind="manager-requests-waiting").count() == 2


def test_another_that_waits_too_long_is_told_of_the_next_day(request_of_thursday: Booking) -> None:
    make_request(created_at=THURSDAY + A_DAY)
    assert told(MONDAY, MONDAY + A_DAY) == [1, 1]


def test_a_day_on_which_nothing_ran_is_caught_up_with(request_of_thursday: Booking) -> None:
    assert told(MONDAY + 4 * A_DAY) == [1]


def test_bank_holidays_are_no_working_days() -> None:
    """Good Friday and Easter Monday of 2027 stand between."""
    asked = datetime(2027, 3, 24, 12, tzinfo=UTC)
    make_request(created_at=asked)
    days = [asked + days * A_DAY for days in range(8)]
    assert [uk_day(day).day for day in days if escalate_overdue_requests(now=day)] == [30]


def test_what_was_answered_is_not_told(request_of_thursday: Booking, clock: time_machine.Traveller) -> None:
    escalate_overdue_requests(now=MONDAY)
    clock.move_to(MONDAY)
    assert email_for(newest()).is_still_due()
    Booking.objects.update(state=BookingState.DECLINED)
    assert not email_for(newest()).is_still_due()
    assert told(MONDAY + 2 * A_DAY) == [0]


def test_it_waits_for_us_from_when_they_answered(request_of_thursday: Booking, presenter: Presenter) -> None:
    booking = request_of_thursday
    option = make_option(booking, presenter, MONDAY + 20 * A_DAY, expires_at=MONDAY, kind=DateOptionKind.PROPOSED)
    assert not waiting_too_long(Booking.objects.all(), MONDAY + A_DAY).exists()
    type(option).objects.update(state=DateOptionState.EXPIRED)
    assert [waiting_too_long(Booking.objects.all(), MONDAY + days * A_DAY).exists() for days in (1, 2)] == [False, True]
    BookingEvent.objects.create(booking=booking, at=MONDAY + A_DAY, kind=BookingEventKind.OTHERS_ASKED)
    assert [waiting_too_long(Booking.objects.all(), MONDAY + days * A_DAY).exists() for days in (2, 3)] == [False, True]


def test_dates_that_we_let_lapse_ourselves_begin_nothing_anew(request_of_thursday: Booking, presenter: Presenter) -> None:
    make_option(
        request_of_thursday, presenter, MONDAY + 20 * A_DAY, expires_at=MONDAY - timedelta(hours=1), state=DateOptionState.EXPIRED
    )
    BookingEvent.objects.create(booking=request_of_thursday, at=MONDAY - timedelta(hours=1), kind=BookingEventKind.LAPSED)
    assert waiting_too_long(Booking.objects.all(), MONDAY).exists()


def test_a_request_for_leaflets_waits_too(clock: time_machine.Traveller) -> None:
    order = make_order(make_person(), THURSDAY)
    Order.objects.update(state="requested")
    assert told(MONDAY) == [1]
    clock.move_to(MONDAY)
    said = words_now()
    assert (order.reference in said, "A request for leaflets" in said) == (True, True)
    assert "/staff/leaflets/order/?waits=long" in said


def test_the_email_leads_to_the_list_that_has_all_of_them(
    request_of_thursday: Booking, clock: time_machine.Traveller, settings: Any
) -> None:
    escalate_overdue_requests(now=MONDAY)
    clock.move_to(MONDAY)
    assert f"{settings.SITE_URL}/staff/bookings/booking/?waits=long" in words_now()
    make_order(make_person(), THURSDAY)
    Order.objects.update(state="requested")
    assert f"{settings.SITE_URL}/staff/\n" in words_now()


def test_it_stands_on_the_first_staff_page_and_the_line_leads_to_it(
    request_of_thursday: Booking, clock: time_machine.Traveller, client: Client
) -> None:
    clock.move_to(MONDAY)
    fresh = make_request(created_at=MONDAY)
    staff = sign_in_staff(client, make_staff("desk@ctac.example", superuser=True))
    assert "1 waiting too long for our answer" in text(staff.get("/staff/"))
    listed = text(staff.get("/staff/bookings/booking/?waits=long"))
    assert (request_of_thursday.reference in listed, fresh.reference in listed) == (True, False)


def test_it_costs_the_same_for_one_and_for_many(request_of_thursday: Booking, clock: time_machine.Traveller) -> None:
    escalate_overdue_requests(now=MONDAY)
    clock.move_to(MONDAY)
    one = statements(words_now)
    for _more in range(4):
        make_request(created_at=THURSDAY)
    assert len(statements(words_now)) == len(one)
