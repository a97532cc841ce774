"""Who came: numbers that add up, by whoever gave it or by a colleague, and the presentation is delivered with them."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from accounts.models import User
from bookings import tasks
from bookings.feedback.services import AttendanceChanged, attendance_counts, record_attendance
from bookings.models import Attendance, AttendanceCount, Booking, BookingEventKind, BookingState, Visit
from bookings.visits.services import check_in, check_out
from core.errors import DomainError
from notifications.models import Notification
from tests.bookings.feedback.conftest import END, START
from tests.bookings.rows import make_booking, make_presenter

pytestmark = pytest.mark.django_db
TEAM = {"health-visitor": 9, "social-worker": 3}


def record(booking: Booking, user: User, counts: dict[str, int] = TEAM, **more: object) -> Attendance:
    return record_attendance(given=booking, counts=counts, by=user, now=timezone.now(), **more)  # type: ignore[arg-type]


def test_numbers_are_kept_the_booking_is_delivered_and_its_host_is_asked_how_it_was(
    booking: Booking, presenters_user: User
) -> None:
    attendance = record(booking, presenters_user, {**TEAM, "gp": 0}, by_presenter=True)
    booking.refresh_from_db()
    assert (attendance.people, attendance_counts(attendance), booking.state) == (12, TEAM, BookingState.DELIVERED)
    kinds = booking.events.values_list("kind", "changes")
    assert list(kinds) == [(BookingEventKind.ATTENDANCE, {"people": [None, 12]}), (BookingEventKind.DELIVERED, {})]
    assert Notification.objects.values_list("kind", "recipient").get() == ("booking-afterwards", "meera@leeds.nhs.uk")


def test_counted_while_it_goes_on_it_is_delivered_once_it_is_over(presenters_user: User) -> None:
    """The numbers are kept at once; a visit of which nobody has heard stays as it is, and on the lists of today."""
    heard, unheard = (make_booking(make_presenter(), START) for _each in range(2))
    for booking in (heard, unheard):
        record_attendance(given=booking, counts=TEAM, by=presenters_user, now=END - timedelta(minutes=1))
        check_in(booking=booking, presenter=booking.presenter, by=presenters_user, now=START)
        check_out(booking=booking, presenter=booking.presenter, by=presenters_user, now=END)
    Visit.objects.filter(booking=unheard).update(checked_out_at=None)
    Booking.objects.update(visit_closed=False)
    assert Booking.objects.filter(state=BookingState.CONFIRMED, attendance__people=12).count() == 2
    for now, delivered in ((END - timedelta(minutes=1), []), (END + timedelta(hours=1), [heard])):
        with time_machine.travel(now, tick=False):
            tasks.deliver_what_was_counted()
            tasks.deliver_what_was_counted()
        assert list(Booking.objects.filter(state=BookingState.DELIVERED)) == delivered
    event = heard.events.get(kind=BookingEventKind.DELIVERED)
    assert (event.by, Notification.objects.get(kind="booking-afterwards").about) == (presenters_user, f"booking:{heard.pk}")


def test_numbers_are_put_right_but_not_over_a_colleagues(booking: Booking, presenters_user: User) -> None:
    record(booking, presenters_user)
    record(booking, presenters_user)  # a second tap
    assert Attendance.objects.get().revision == 0
    record(booking, presenters_user, {"health-visitor": 10}, expected=0)
    with pytest.raises(AttendanceChanged) as refused:
        record(booking, presenters_user, {"health-visitor": 11}, expected=0)
    assert "10 people came" in str(refused.value.message)
    assert attendance_counts(Attendance.objects.get()) == {"health-visitor": 10}
    assert Notification.objects.count() == 1


def test_a_presenter_records_from_the_start_and_for_two_weeks_a_colleague_at_any_time(
    booking: Booking, presenters_user: User
) -> None:
    with pytest.raises(DomainError, match="You can record who came once the presentation has started"):
        record_attendance(given=booking, counts=TEAM, by=presenters_user, now=START - timedelta(minutes=1))
    late = END + timedelta(days=15)
    with pytest.raises(DomainError, match="That was some time ago"):
        record_attendance(given=booking, counts=TEAM, by=presenters_user, now=late, by_presenter=True)
    assert record_attendance(given=booking, counts=TEAM, by=presenters_user, now=late).people == 12
    cancelled = make_booking(make_presenter(), START, state=BookingState.CANCELLED, claim=False)
    with pytest.raises(DomainError, match="This presentation did not take place, so nobody"):
        record(cancelled, presenters_user)


def test_a_visit_whose_presenter_is_not_heard_of_is_not_marked_as_delivered(presenters_user: User) -> None:
    """Whether somebody is safe comes before the books."""
    booking = make_booking(make_presenter(), START)
    record_attendance(given=booking, counts=TEAM, by=presenters_user, now=END + timedelta(hours=1))
    booking.refresh_from_db()
    assert booking.state == BookingState.CONFIRMED
    Visit.objects.create(booking=booking, presenter=booking.presenter, checked_out_at=END)
    record_attendance(given=booking, counts=TEAM, by=presenters_user, now=END + timedelta(hours=2))
    booking.refresh_from_db()
    assert booking.state == BookingState.DELIVERED


def test_the_database_refuses_numbers_that_do_not_add_up(booking: Booking, presenters_user: User) -> None:
    attendance = record(booking, presenters_user)
    wrong = [
        lambda: Attendance.objects.update(people=13),
        lambda: attendance.counts.all()[0].delete(),
        lambda: AttendanceCount.objects.filter(profession="social-worker").update(people=4),
        lambda: Attendance.objects.create(booking=booking, people=1, recorded_at=END, changed_at=END),
        lambda: Attendance.objects.create(people=1, recorded_at=END, changed_at=END),
    ]
    for write in wrong:
        with pytest.raises(IntegrityError):
            checked(write)


def checked(write: Callable[[], object]) -> None:
    with transaction.atomic():
        write()
        connection.check_constraints()
