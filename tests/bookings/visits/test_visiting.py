"""Checking in and out of a visit, and a colleague who says that all is well."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.models import User
from bookings.booking.services.assign import reassign
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking, mark_delivered
from bookings.models import Booking, BookingEvent, BookingState, Presenter, Visit, may_check_in
from bookings.models.booking import CHECK_IN, CHECK_OUT
from bookings.visits.services import NotAVisit, NotOverdue, TooEarlyToCheckIn, VisitOver, confirm_presenter_safe, take_back_tap
from core.errors import DomainError
from notifications.models import Notification
from privacy.services import VisitBlocksErasure
from tests.bookings.rows import make_booking, make_presenter
from tests.bookings.visits.visit import DAY, END, HOUR, MINUTE, START, arrive, leave, missed
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


def history(booking: Booking) -> list[tuple[str, str, datetime]]:
    found = BookingEvent.objects.filter(booking=booking).select_related("by")
    return [(event.kind, event.by.email if event.by else "", event.at) for event in found]


# Checking in and out


def test_a_presenter_checks_in_and_out_and_the_history_says_who_and_when(booking: Booking, presenter: Presenter) -> None:
    arrive(booking, START - 10 * MINUTE)
    leave(booking, END + 5 * MINUTE)
    visit = Visit.objects.get()
    assert (visit.booking, visit.presenter) == (booking, presenter)
    assert (visit.checked_in_at, visit.checked_out_at) == (START - 10 * MINUTE, END + 5 * MINUTE)
    email = presenter.user.email
    assert history(booking) == [
        ("checked-in", email, START - 10 * MINUTE),
        ("checked-out", email, END + 5 * MINUTE),
    ]


def test_a_second_tap_changes_nothing(booking: Booking) -> None:
    for minutes in (0, 1):
        arrive(booking, START + minutes * MINUTE)
    for minutes in (0, 1):
        leave(booking, END + minutes * MINUTE)
    arrive(booking, END + 2 * MINUTE)
    visit = Visit.objects.get()
    assert (visit.checked_in_at, visit.checked_out_at) == (START, END)
    assert [kind for kind, _by, _at in history(booking)] == ["checked-in", "checked-out"]


@pytest.mark.parametrize(
    ("now", "refusal"),
    [(START - 2 * HOUR - MINUTE, TooEarlyToCheckIn), (START - 2 * HOUR, None), (END - MINUTE, None), (END, VisitOver)],
)
def test_one_can_check_in_from_two_hours_before_until_the_end(
    booking: Booking, now: datetime, refusal: type[DomainError] | None
) -> None:
    if refusal is None:
        assert arrive(booking, now).checked_in_at == now
        return
    with pytest.raises(refusal):
        arrive(booking, now)
    assert (Visit.objects.count(), history(booking)) == (0, [])


def test_whoever_forgot_to_check_in_checks_out_all_the_same_but_not_before_the_start(booking: Booking) -> None:
    with pytest.raises(DomainError, match="This visit has not begun"):
        leave(booking, START - MINUTE)
    leave(booking, END)
    visit = Visit.objects.get()
    assert (visit.checked_in_at, visit.checked_out_at) == (None, END)


@pytest.mark.parametrize("late", [HOUR, 28 * DAY + MINUTE, 400 * DAY])
def test_one_can_check_out_however_late(booking: Booking, late: timedelta) -> None:
    arrive(booking, START)
    assert missed(booking, END + late) == (CHECK_OUT, END)
    assert leave(booking, END + late).checked_out_at == END + late
    assert missed(booking, END + late) is None


@pytest.mark.parametrize(
    "fields", [{"postcode": ""}, {"state": BookingState.REQUESTED}, {"state": BookingState.CANCELLED, "claim": False}]
)
def test_where_nobody_goes_there_is_nothing_to_check_in_to(presenter: Presenter, fields: dict[str, Any]) -> None:
    nothing = make_booking(presenter, START, **fields)
    with pytest.raises(NotAVisit):
        arrive(nothing, START)
    with pytest.raises(NotAVisit):
        leave(nothing, END)


def test_a_clock_that_is_behind_keeps_nobody_from_checking_out(booking: Booking) -> None:
    arrive(booking, START)
    visit = leave(booking, START - MINUTE)
    assert visit.is_checked_out
    assert visit.checked_out_at == START == booking.events.get(kind="checked-out").at


def test_who_is_there_checks_out_though_it_was_cancelled_meanwhile(booking: Booking) -> None:
    arrive(booking, START - HOUR)
    Booking.objects.update(state=BookingState.CANCELLED)
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)
    leave(booking, START)
    assert missed(booking, END + HOUR) is None


def test_two_presenters_are_not_mixed_up(booking: Booking) -> None:
    """Somebody else takes over while the first is there: the first leaves first."""
    first, second = booking.presenter, make_presenter(user=make_staff(role="presenter"))
    arrive(booking, START)
    Booking.objects.update(presenter=second)
    with pytest.raises(DomainError, match="Nobody else can check in or out before"):
        arrive(booking, START, presenter=second)
    leave(booking, START + MINUTE, presenter=first)
    assert Visit.objects.get().presenter == first


def test_a_check_in_from_before_the_booking_was_moved_counts_no_more(booking: Booking) -> None:
    arrive(booking, START)
    leave(booking, END)
    Booking.objects.update(starts_at=START + DAY, ends_at=END + DAY)
    assert missed(booking, START + DAY + 15 * MINUTE) == (CHECK_IN, START + DAY)
    visit = arrive(booking, START + DAY)
    assert (visit.checked_in_at, visit.checked_out_at) == (START + DAY, None)
    assert missed(booking, END + DAY + 30 * MINUTE) == (CHECK_OUT, END + DAY)


def test_staff_check_somebody_in_and_out_after_a_call(booking: Booking, staff: User) -> None:
    arrive(booking, START, by=staff, note="She called from reception.")
    leave(booking, END, by=staff, note="She called from her car.", flagged=True)
    assert history(booking) == [("checked-in", staff.email, START), ("checked-out", staff.email, END)]
    assert list(BookingEvent.objects.values_list("reason", flat=True)) == [
        "She called from reception.",
        "She called from her car.",
    ]
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


# What else happens to the booking meanwhile


def test_whoever_takes_over_is_waited_for_though_the_first_has_left(booking: Booking, staff: User) -> None:
    """The first fell ill on the doorstep."""
    first, second = booking.presenter, make_presenter(user=make_staff(role="presenter"))
    arrive(booking, START - 50 * MINUTE)
    leave(booking, START - 45 * MINUTE)
    reassign(booking=booking, presenter=second, by=staff, now=START - 40 * MINUTE, override_reason="She is near")
    assert missed(booking, START + 15 * MINUTE) == (CHECK_IN, START)
    booking.refresh_from_db()
    assert may_check_in(booking, START)
    assert arrive(booking, START).presenter == second
    assert missed(booking, END + 30 * MINUTE) == (CHECK_OUT, END)
    leave(booking, END)
    assert missed(booking, END + 400 * DAY) is None
    assert [kind for kind, by, _at in history(booking) if by == first.user.email] == ["checked-in", "checked-out"]


def test_who_left_after_the_end_need_not_come_again_when_the_booking_is_put_right(booking: Booking) -> None:
    arrive(booking, START)
    leave(booking, END)
    Booking.objects.update(presenter=make_presenter(), visit_closed=False)
    assert missed(booking, END + HOUR) is None


@pytest.mark.parametrize("now", [START + 15 * MINUTE, END + 30 * MINUTE])
def test_nothing_takes_an_alert_away_but_word_of_the_presenter(booking: Booking, staff: User, now: datetime) -> None:
    """Neither cancelling nor moving nor somebody else who goes instead."""
    other = make_presenter()
    tries: list[Callable[[], object]] = [
        lambda: cancel_booking(booking=booking, by=staff, now=now),
        lambda: reassign(booking=booking, presenter=other, by=staff, now=now, override_reason="Instead"),
        lambda: move_a_week(booking, staff, now),
    ]
    for attempt in tries:
        with pytest.raises(VisitBlocksErasure, match="We have not heard from the presenter of this visit"):
            attempt()
    confirm_presenter_safe(booking=booking, by=staff, now=now, note="Her car broke down.")
    move_a_week(booking, staff, now)


def test_a_visit_at_which_somebody_is_does_not_move(booking: Booking, staff: User) -> None:
    arrive(booking, START - MINUTE)
    with pytest.raises(DomainError, match="The presenter has checked in and has not checked out"):
        move_a_week(booking, staff, START)
    leave(booking, START + MINUTE)
    move_a_week(booking, staff, START + MINUTE)
    assert missed(booking, START + 7 * DAY + 15 * MINUTE) == (CHECK_IN, START + 7 * DAY)


def test_cancelled_with_nobody_there_nobody_is_waited_for_and_with_somebody_they_are(booking: Booking, staff: User) -> None:
    other = make_booking(make_presenter(user=make_staff(role="presenter")), START)
    arrive(other, START - HOUR)
    for each in (booking, other):
        cancel_booking(booking=each, by=staff, now=START - MINUTE)
        each.refresh_from_db()
    assert (booking.visit_closed, other.visit_closed) == (True, False)
    assert (missed(booking, END + HOUR), missed(other, END + 400 * DAY)) == (None, (CHECK_OUT, END))
    leave(other, END + HOUR)
    other.refresh_from_db()
    assert other.visit_closed


def move_a_week(booking: Booking, by: User, now: datetime) -> None:
    version = Booking.objects.get(pk=booking.pk).version
    seen = Booking.objects.with_related().get(pk=booking.pk)
    reschedule(booking=seen, start=START + 7 * DAY, expected=version, by=by, now=now, override_reason="They asked")


# The database


@pytest.mark.parametrize("fields", [{"checked_in_at": END, "checked_out_at": START}, {"checked_in_at": START, "presenter": None}])
def test_the_database_refuses_a_visit_that_cannot_be(booking: Booking, presenter: Presenter, fields: dict[str, Any]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Visit.objects.create(**{"booking": booking, "presenter": presenter, **fields})


# Overdue


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (START + 15 * MINUTE - timedelta(seconds=1), None),
        (START + 15 * MINUTE, (CHECK_IN, START)),
        (END + 30 * MINUTE - timedelta(seconds=1), (CHECK_IN, START)),
        (END + 30 * MINUTE, (CHECK_OUT, END)),
        (START + 28 * DAY + MINUTE, (CHECK_OUT, END)),
        (START + 1000 * DAY, (CHECK_OUT, END)),
    ],
)
def test_nobody_checked_in(booking: Booking, now: datetime, expected: tuple[str, datetime] | None) -> None:
    assert missed(booking, now) == expected


@pytest.mark.parametrize(("now", "expected"), [(END + 29 * MINUTE, None), (END + 30 * MINUTE, (CHECK_OUT, END))])
def test_checked_in_and_not_out(booking: Booking, now: datetime, expected: tuple[str, datetime] | None) -> None:
    arrive(booking, START)
    assert missed(booking, now) == expected


def test_marking_as_delivered_does_not_say_that_somebody_is_safe(booking: Booking, staff: User) -> None:
    mark_delivered(booking=booking, by=staff, now=END)
    assert (missed(booking, END + HOUR), missed(booking, END + 90 * DAY)) == ((CHECK_OUT, END), (CHECK_OUT, END))
    leave(booking, END + HOUR)
    assert missed(booking, END + 2 * HOUR) is None


@pytest.mark.parametrize(
    "fields", [{"postcode": ""}, {"state": BookingState.REQUESTED}, {"state": BookingState.CANCELLED, "claim": False}]
)
def test_where_nobody_went_nobody_is_overdue(presenter: Presenter, fields: dict[str, Any]) -> None:
    assert missed(make_booking(presenter, START, **fields), END + HOUR) is None


def test_without_a_presenter_nobody_is_overdue() -> None:
    assert missed(make_booking(None, START), END + HOUR) is None


def test_all_is_well_ends_the_alert_and_the_check_out_is_still_waited_for(booking: Booking, staff: User) -> None:
    with pytest.raises(NotOverdue):
        confirm_presenter_safe(booking=booking, by=staff, now=START, note="Too soon")
    confirm_presenter_safe(booking=booking, by=staff, now=START + 20 * MINUTE, note="Her train is late.")
    assert missed(booking, START + 30 * MINUTE) is None
    assert missed(booking, END + 30 * MINUTE) == (CHECK_OUT, END)
    confirm_presenter_safe(booking=booking, by=staff, now=END + 40 * MINUTE, note="She is on her way home.")
    assert missed(booking, END + 10 * HOUR) is None
    assert [kind for kind, _by, _at in history(booking)] == ["said-safe", "said-safe"]


def test_the_second_colleague_reads_that_somebody_has_said_so(booking: Booking, staff: User) -> None:
    confirm_presenter_safe(booking=booking, by=staff, now=END + 40 * MINUTE, note="She is safe.")
    with pytest.raises(NotOverdue):
        confirm_presenter_safe(booking=booking, by=make_staff(), now=END + 41 * MINUTE, note="She is safe.")
    assert len(history(booking)) == 1


@pytest.mark.parametrize("day", [date(2027, 3, 28), date(2027, 10, 31)])
def test_minutes_are_minutes_over_both_clock_changes(presenter: Presenter, day: date) -> None:
    """From midnight UK time to 3am on the nights when the clocks go forward at 1am and back at 2am UTC+1."""
    start = datetime(day.year, day.month, day.day, 0, 45, tzinfo=UTC)
    booking = make_booking(presenter, start, minutes=90)
    end = start + 90 * MINUTE
    assert missed(booking, start + 14 * MINUTE) is None
    assert missed(booking, start + 15 * MINUTE) == (CHECK_IN, start)
    arrive(booking, start + 16 * MINUTE)
    assert missed(booking, end + 29 * MINUTE) is None
    assert missed(booking, end + 30 * MINUTE) == (CHECK_OUT, end)


def test_the_overdue_are_found_in_one_indexed_statement(presenter: Presenter) -> None:
    """Visits that are closed cost nothing, 3,000 of them; one that nobody closed is found after years."""
    booking = make_booking(presenter, START)
    Booking.objects.bulk_create(copy_of(booking, number) for number in range(3000))
    forgotten = Booking.objects.get(reference="BK-X2000")
    Booking.objects.filter(pk=forgotten.pk).update(visit_closed=False)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings_booking")
    with CaptureQueriesContext(connection) as statements:
        found = list(Booking.objects.overdue(END + HOUR))
    assert (found, len(statements)) == ([forgotten, booking], 1)
    plan = Booking.objects.overdue(END + HOUR).explain()
    assert ("booking_visit_open" in plan, "Seq Scan on bookings_booking" in plan) == (True, False), plan


def copy_of(booking: Booking, number: int) -> Booking:
    """Of long ago, and closed."""
    start = START - timedelta(days=40 + number)
    its_own = {"id", "reference", "ical_uid", "starts_at", "ends_at", "submission_token", "visit_closed"}
    same = {field.name: getattr(booking, field.name) for field in Booking._meta.concrete_fields if field.name not in its_own}
    times = {"starts_at": start, "ends_at": start + HOUR, "visit_closed": True}
    return Booking(**same, **times, reference=f"BK-X{number}", ical_uid=f"old-{number}")


# Taken back


def back(booking: Booking, tap: str, now: datetime, **more: Any) -> Visit:
    return take_back_tap(
        booking=booking, tap=tap, now=now, **{"by": booking.presenter.user, "presenter": booking.presenter, **more}
    )


def test_a_check_in_and_a_check_out_are_taken_back_one_after_the_other_and_the_watch_goes_on(booking: Booking) -> None:
    arrive(booking, START - MINUTE)
    leave(booking, START + MINUTE)
    assert missed(booking, END + HOUR) is None
    back(booking, CHECK_IN, START + 2 * MINUTE)  # not the last tap
    back(booking, CHECK_OUT, START + 2 * MINUTE)
    back(booking, CHECK_OUT, START + 2 * MINUTE)  # a second tap
    assert (missed(booking, START + HOUR / 2), missed(booking, END + HOUR)) == (None, (CHECK_OUT, END))
    back(booking, CHECK_IN, START + 3 * MINUTE)
    assert (missed(booking, START + HOUR / 2), Visit.objects.get().presenter) == ((CHECK_IN, START), None)
    kinds = [kind for kind, _by, _at in history(booking)]
    assert kinds == ["checked-in", "checked-out", "check-out-taken-back", "check-in-taken-back"]
    assert arrive(booking, START + 4 * MINUTE).is_checked_in


def test_presenters_take_back_for_ten_minutes_and_staff_for_a_day(booking: Booking, staff: User) -> None:
    arrive(booking, START)
    leave(booking, END)
    with pytest.raises(DomainError, match="That was too long ago to undo"):
        back(booking, CHECK_OUT, END + 10 * MINUTE)
    with pytest.raises(DomainError, match="That was too long ago to undo"):
        back(booking, CHECK_OUT, END + DAY, by=staff, presenter=None)
    back(booking, CHECK_OUT, END + HOUR, by=staff, presenter=None, note="It was a colleague’s phone.", flagged=True)
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)
    assert BookingEvent.objects.get(kind="check-out-taken-back").reason == "It was a colleague’s phone."
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1


def test_nobody_takes_back_what_somebody_else_has_tapped(booking: Booking) -> None:
    first, second = booking.presenter, make_presenter(user=make_staff(role="presenter"))
    arrive(booking, START)
    leave(booking, START + MINUTE)
    Booking.objects.update(presenter=second)
    arrive(booking, START + 2 * MINUTE, presenter=second)
    with pytest.raises(DomainError, match="Nobody else can check in or out before"):
        back(booking, CHECK_OUT, START + 3 * MINUTE, presenter=first)
    leave(booking, START + 4 * MINUTE, presenter=second)
    assert back(booking, CHECK_OUT, START + 5 * MINUTE, presenter=first).is_checked_out


def test_of_a_cancelled_visit_nobody_is_waited_for_once_the_check_in_is_taken_back(booking: Booking) -> None:
    arrive(booking, START - MINUTE)
    Booking.objects.update(state=BookingState.CANCELLED)
    leave(booking, START)
    back(booking, CHECK_OUT, START)
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)
    back(booking, CHECK_IN, START)
    booking.refresh_from_db()
    assert (missed(booking, END + HOUR), booking.visit_closed) == (None, True)


def test_that_all_is_well_is_never_taken_back(booking: Booking, staff: User) -> None:
    confirm_presenter_safe(booking=booking, by=staff, now=END + 40 * MINUTE, note="She is on her way home.")
    leave(booking, END + 50 * MINUTE)
    back(booking, CHECK_OUT, END + 51 * MINUTE)
    booking.refresh_from_db()
    assert (missed(booking, END + 2 * HOUR), booking.visit_closed) == (None, True)
