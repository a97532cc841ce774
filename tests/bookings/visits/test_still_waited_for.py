"""Neither leave nor erasing a professional makes us forget a presenter who is at a visit (ADR 14)."""

from datetime import datetime

import pytest

from accounts.models import User
from bookings.booking.services.assign import reassign
from bookings.booking.services.transitions import cancel_booking
from bookings.leave.services import ask_for_leave, record_leave
from bookings.models import Booking, BookingState, LeaveKind, Presenter, Visit, may_check_out
from bookings.models.booking import CHECK_IN, CHECK_OUT
from bookings.text import presenter_of_visit
from bookings.visits.services import VisitNotOver, alert_staff, check_out, confirm_presenter_safe
from notifications.models import Notification
from privacy.services import VisitBlocksErasure, erase_person
from tests.bookings.rows import make_booking, make_presenter
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START, arrive, missed

pytestmark = pytest.mark.django_db


def fall_ill(presenter: Presenter, now: datetime) -> None:
    record_leave(presenter=presenter, starts_at=now, ends_at=now + DAY, kind=LeaveKind.ILLNESS, by=None, now=now)


# Leave


@pytest.mark.parametrize("now", [START + MINUTE, START + 20 * MINUTE, END - 2 * MINUTE])
def test_leave_entered_during_a_visit_raises_the_alarm_and_only_word_of_the_presenter_ends_it(
    booking: Booking, presenter: Presenter, staff: User, now: datetime
) -> None:
    fall_ill(presenter, now)
    booking.refresh_from_db()
    assert booking.needs_a_presenter
    assert missed(booking, now) == (CHECK_IN, START)
    assert missed(booking, END + 400 * DAY) == (CHECK_OUT, END)
    alert_staff(key=booking.pk, now=now)
    assert Notification.objects.filter(kind="staff-no-check-in").count() == 1
    for attempt in (
        lambda: reassign(booking=booking, presenter=make_presenter(), by=staff, now=now, override_reason="Instead"),
        lambda: cancel_booking(booking=booking, by=staff, now=now),
    ):
        with pytest.raises(VisitBlocksErasure, match="We have not heard from the presenter of this visit"):
            attempt()
    confirm_presenter_safe(booking=booking, by=staff, now=now + MINUTE, note="She is at home with a cold.")
    assert missed(booking, END + 400 * DAY) is None
    reassign(booking=booking, presenter=make_presenter(), by=staff, now=now + MINUTE, override_reason="Instead")
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)


def test_leave_entered_after_a_missed_check_out_does_not_silence_it(booking: Booking, presenter: Presenter) -> None:
    """For the day before: somebody tidies up the diary."""
    record_leave(presenter=presenter, starts_at=START - HOUR, ends_at=END + HOUR, kind=LeaveKind.OTHER, by=None, now=START + DAY)
    assert missed(booking, START + DAY) == (CHECK_OUT, END)
    found = Booking.objects.select_related("visit__presenter", "presenter").get()
    assert (presenter_of_visit(found), may_check_out(found, START + DAY)) == (presenter, True)
    check_out(booking=booking, presenter=presenter, by=presenter.user, now=START + DAY)
    assert missed(booking, START + 2 * DAY) is None


def test_leave_that_presenters_enter_themselves_is_no_word_either(booking: Booking, presenter: Presenter) -> None:
    """Their phone may be in somebody else's hand."""
    asked = {"starts_at": START + HOUR / 2, "ends_at": END + DAY, "kind": LeaveKind.ILLNESS}
    ask_for_leave(presenter=presenter, **asked, by=presenter.user, now=START + HOUR / 2)
    assert missed(booking, START + HOUR / 2) == (CHECK_IN, START)


def test_who_is_checked_in_is_waited_for_at_the_end_though_on_leave(booking: Booking, presenter: Presenter) -> None:
    arrive(booking, START)
    fall_ill(presenter, START + HOUR / 2)
    assert missed(booking, START + HOUR / 2) is None
    assert (missed(booking, END + 29 * MINUTE), missed(booking, END + 30 * MINUTE)) == (None, (CHECK_OUT, END))
    check_out(booking=booking, presenter=presenter, by=presenter.user, now=END)
    assert missed(booking, END + HOUR) is None


def test_illness_before_the_visit_alarms_nobody(booking: Booking, presenter: Presenter) -> None:
    fall_ill(presenter, START - MINUTE)
    assert (missed(booking, END + HOUR), Visit.objects.count()) == (None, 0)


def test_after_a_word_of_all_is_well_leave_is_one_more_thing_to_ask_about(
    booking: Booking, presenter: Presenter, staff: User
) -> None:
    confirm_presenter_safe(booking=booking, by=staff, now=START + 20 * MINUTE, note="Her train is late.")
    fall_ill(presenter, START + 30 * MINUTE)
    assert missed(booking, START + 30 * MINUTE) == (CHECK_IN, START)


# Erasing


@pytest.mark.parametrize(
    ("now", "arrives"),
    [(START - 2 * HOUR, False), (START - MINUTE, True), (START + MINUTE, False), (END - MINUTE, True), (END + DAY, False)],
)
def test_a_professional_is_not_erased_while_a_presenter_may_be_with_them(
    booking: Booking, presenter: Presenter, now: datetime, arrives: bool
) -> None:
    later = make_booking(make_presenter(), START + 10 * DAY, person=booking.person)
    if arrives:
        arrive(booking, now)
    with pytest.raises(VisitNotOver, match=booking.reference):
        erase_person(booking.person, by=None, now=now)
    later.refresh_from_db()
    booking.refresh_from_db()
    assert (later.state, booking.contact_name, booking.person.name) == (BookingState.CONFIRMED, "Jo Green", booking.person.name)
    check_out(booking=booking, presenter=presenter, by=presenter.user, now=max(now, START) + MINUTE)
    erase_person(booking.person, by=None, now=max(now, START) + 2 * MINUTE)
    later.refresh_from_db()
    booking.refresh_from_db()
    assert (later.state, booking.contact_name) == (BookingState.CANCELLED, "")


def test_once_the_visit_is_cancelled_with_nobody_there_its_professional_is_erased(booking: Booking, staff: User) -> None:
    cancel_booking(booking=booking, by=staff, now=START - HOUR)
    erase_person(booking.person, by=None, now=START - HOUR)
    booking.refresh_from_db()
    assert booking.contact_name == ""


def test_one_who_is_there_though_it_was_cancelled_keeps_the_contact(booking: Booking, staff: User) -> None:
    arrive(booking, START - HOUR)
    cancel_booking(booking=booking, by=staff, now=START - HOUR)
    with pytest.raises(VisitNotOver):
        erase_person(booking.person, by=None, now=START)


@pytest.mark.parametrize("fields", [{"postcode": ""}, {"state": BookingState.REQUESTED}])
def test_where_nobody_goes_erasing_waits_for_nothing(presenter: Presenter, fields: dict[str, object]) -> None:
    booking = make_booking(presenter, START, **fields)
    erase_person(booking.person, by=None, now=START - HOUR)
    booking.refresh_from_db()
    assert (booking.state, booking.contact_name) == (BookingState.CANCELLED, "")
