"""Two at the same moment about one visit: what only the lock on its booking keeps apart, each with its negative control."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
import time_machine
from django.db import connection, transaction
from django.db.models import QuerySet
from django.test import Client

from bookings.models import Booking, BookingEvent, BookingState, Presenter, Visit
from bookings.models.booking import CHECK_IN
from bookings.visits import services as visits_services
from bookings.visits.services import (
    NoCover,
    check_in,
    check_out,
    confirm_presenter_safe,
    refuse_without_cover,
    take_back_tap,
    take_on_alarm,
    visits_covered_by,
)
from notifications.models import Notification
from tests.bookings.admin.desk import text
from tests.bookings.rows import MONDAY, NOW, make_shift
from tests.bookings.test_races import all_at_once, wait_until_somebody_waits
from tests.bookings.visits.visit import END, START
from tests.factories import make_staff, sign_in_staff

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LATE = END + timedelta(minutes=40)


@pytest.fixture
def nobody_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_how: self)


@pytest.fixture
def read_together(nobody_locks: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both have read how the visit stands, and neither has written."""
    together, keep = Barrier(2), visits_services.save_visit

    def keep_later(*args: Any, **more: Any) -> None:
        together.wait(timeout=30)
        keep(*args, **more)

    monkeypatch.setattr("bookings.visits.services.save_visit", keep_later)


# To duty person, deputy and the team.
ALARM = ["duty-alarm", "duty-alarm", "staff-no-check-out"]


def alarms() -> list[str]:
    return sorted(Notification.objects.values_list("kind", flat=True))


def kinds() -> list[str]:
    return list(BookingEvent.objects.values_list("kind", flat=True))


def arrivals(booking: Booking, presenter: Presenter) -> list[Callable[[], object]]:
    return [lambda: check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)] * 2


def departures(booking: Booking, presenter: Presenter) -> list[Callable[[], object]]:
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)
    return [lambda: check_out(booking=booking, presenter=presenter, by=presenter.user, now=END)] * 2


def words_of_two(booking: Booking, presenter: Presenter) -> list[Callable[[], object]]:
    """Of two colleagues who have both called."""
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)
    colleagues = [make_staff(), make_staff()]
    return [lambda by=by: confirm_presenter_safe(booking=booking, by=by, now=LATE, note="Safe") for by in colleagues]


# Arriving, leaving and all being well, twice at once


def test_two_phones_check_in_once(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(arrivals(booking, presenter)) == {"done": 2}
    assert (kinds(), Visit.objects.count()) == (["checked-in"], 1)


@pytest.mark.usefixtures("read_together")
def test_without_the_lock_the_database_alone_still_keeps_one_visit(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(arrivals(booking, presenter)) == {"done": 1, "IntegrityError": 1}
    assert (kinds(), Visit.objects.count()) == (["checked-in"], 1)


def test_two_phones_check_out_once(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(departures(booking, presenter)) == {"done": 2}
    assert kinds() == ["checked-in", "checked-out"]


def test_control_without_the_lock_a_presenter_leaves_twice(
    booking: Booking, presenter: Presenter, request: pytest.FixtureRequest
) -> None:
    jobs = departures(booking, presenter)
    request.getfixturevalue("read_together")
    assert all_at_once(jobs) == {"done": 2}
    assert kinds() == ["checked-in", "checked-out", "checked-out"]


def test_of_two_colleagues_one_says_that_all_is_well_and_the_other_is_told(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(words_of_two(booking, presenter)) == {"done": 1, "NotOverdue": 1}
    assert kinds() == ["checked-in", "said-safe"]


def test_control_without_the_lock_both_say_it(booking: Booking, presenter: Presenter, request: pytest.FixtureRequest) -> None:
    jobs = words_of_two(booking, presenter)
    request.getfixturevalue("read_together")
    assert all_at_once(jobs) == {"done": 2}
    assert kinds() == ["checked-in", "said-safe", "said-safe"]


def answers_of_two(booking: Booking, presenter: Presenter) -> list[Callable[[], object]]:
    """Of the duty person and the deputy, who have both opened the email."""
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)
    return [lambda by=by: take_on_alarm(booking=booking, by=by, now=LATE) for by in (make_staff(), make_staff())]


def test_of_two_on_duty_one_is_on_it_and_the_other_is_told(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(answers_of_two(booking, presenter)) == {"done": 1, "DomainError": 1}
    assert kinds() == ["checked-in", "taken-on"]


def test_control_without_the_lock_both_are_on_it(booking: Booking, presenter: Presenter, request: pytest.FixtureRequest) -> None:
    jobs = answers_of_two(booking, presenter)
    request.getfixturevalue("read_together")
    assert all_at_once(jobs) == {"done": 2}
    assert kinds() == ["checked-in", "taken-on", "taken-on"]


def test_of_two_who_press_in_the_bar_at_once_one_is_on_it_and_the_other_reads_who(booking: Booking) -> None:
    with time_machine.travel(START + timedelta(minutes=20), tick=False):
        desks = [sign_in_staff(Client(), make_staff(f"{name}@ctac.example")) for name in ("ana", "ben")]
        pages: list[str] = []
        there = f"/staff/alarms/{booking.pk}/take-on/"
        jobs = [lambda desk=desk: pages.append(text(desk.post(there, {"next": "/staff/"}, follow=True))) for desk in desks]  # type: ignore[misc]
        assert all_at_once(jobs) == {"done": 2}
    taken = Visit.objects.get().taken_on_by
    assert sorted("You are on it." in page for page in pages) == [False, True]
    assert sorted(f"{taken} has been on it since 10:20am." in page for page in pages) == [False, True]
    assert kinds() == ["taken-on"]


def taps_taken_back(booking: Booking, presenter: Presenter) -> list[Callable[[], object]]:
    check_in(booking=booking, presenter=presenter, by=presenter.user, now=START)
    back = {"booking": booking, "tap": CHECK_IN, "presenter": presenter, "by": presenter.user, "now": START}
    return [lambda: take_back_tap(**back)] * 2


def test_two_phones_take_a_tap_back_once(booking: Booking, presenter: Presenter) -> None:
    assert all_at_once(taps_taken_back(booking, presenter)) == {"done": 2}
    assert kinds() == ["checked-in", "check-in-taken-back"]


def test_control_without_the_lock_it_is_taken_back_twice(
    booking: Booking, presenter: Presenter, request: pytest.FixtureRequest
) -> None:
    jobs = taps_taken_back(booking, presenter)
    request.getfixturevalue("read_together")
    assert all_at_once(jobs) == {"done": 2}
    assert kinds() == ["checked-in", "check-in-taken-back", "check-in-taken-back"]


# Leaving at the moment of the alert


def alert_in_a_thread(booking: Booking) -> Thread:
    def job() -> None:
        try:
            visits_services.alert_staff(key=booking.pk, now=LATE)
        finally:
            connection.close()

    thread = Thread(target=job)
    thread.start()
    return thread


def test_an_alert_waits_for_a_check_out_and_sees_it(booking: Booking, presenter: Presenter) -> None:
    assert visits_services.bookings_to_alert(now=LATE) == [booking.pk]
    with transaction.atomic():
        check_out(booking=booking, presenter=presenter, by=presenter.user, now=LATE)
        thread = alert_in_a_thread(booking)
        wait_until_somebody_waits()
    thread.join(timeout=30)
    assert Notification.objects.count() == 0


@pytest.mark.usefixtures("nobody_locks")
def test_control_without_the_lock_staff_are_told_of_somebody_who_has_left(booking: Booking, presenter: Presenter) -> None:
    with transaction.atomic():
        check_out(booking=booking, presenter=presenter, by=presenter.user, now=LATE)
        alert_in_a_thread(booking).join(timeout=30)
    assert alarms() == ALARM


# Two beats


@contextmanager
def told_more_than_once() -> Iterator[None]:
    """Without the index that keeps a notification unique."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT indexdef FROM pg_indexes WHERE indexname = 'notification_once'")
        index = cursor.fetchone()[0]
        cursor.execute("DROP INDEX notification_once")
    try:
        yield
    finally:
        Notification.objects.all().delete()
        with connection.cursor() as cursor:
            cursor.execute(index)


def beats(booking: Booking, count: int) -> list[Callable[[], object]]:
    return [lambda: visits_services.alert_staff(key=booking.pk, now=LATE)] * count


def test_eight_beats_at_once_write_one_alert(booking: Booking) -> None:
    assert all_at_once(beats(booking, 8)) == {"done": 8}
    assert alarms() == ALARM


@pytest.mark.usefixtures("nobody_locks")
def test_without_the_lock_the_database_alone_still_keeps_one_alert(booking: Booking) -> None:
    assert all_at_once(beats(booking, 8)) == {"done": 8}
    assert alarms() == ALARM


def test_control_without_the_index_each_beat_tells_again(booking: Booking) -> None:
    with told_more_than_once():
        assert all_at_once(beats(booking, 2)) == {"done": 2}
        assert alarms() == sorted(ALARM * 2)


# A visit is confirmed while its duty shift goes


def test_a_shift_waits_for_the_visit_that_is_being_confirmed(booking: Booking) -> None:
    shift = make_shift(MONDAY, MONDAY)
    Booking.objects.filter(pk=booking.pk).update(state=BookingState.REQUESTED)
    resting: list[Booking] = []

    def take_the_shift_away() -> None:
        try:
            resting.extend(visits_covered_by(shift, NOW))
        finally:
            connection.close()

    thread = Thread(target=take_the_shift_away)
    with transaction.atomic():
        refuse_without_cover(booking, START, by_staff=True)
        thread.start()
        wait_until_somebody_waits()
        Booking.objects.filter(pk=booking.pk).update(state=BookingState.CONFIRMED)
    thread.join(timeout=30)
    assert resting == [booking]


def test_a_visit_is_not_confirmed_by_a_shift_that_is_going(booking: Booking) -> None:
    shift = make_shift(MONDAY, MONDAY)
    ends: list[str] = []

    def confirm() -> None:
        try:
            with transaction.atomic():
                refuse_without_cover(booking, START, by_staff=True)
        except NoCover as refusal:
            ends.append(str(refusal.message))
        finally:
            connection.close()

    thread = Thread(target=confirm)
    with transaction.atomic():
        assert visits_covered_by(shift, NOW) == [booking]
        shift.delete()
        thread.start()
        wait_until_somebody_waits()
    thread.join(timeout=30)
    assert len(ends) == 1
    assert ends[0].startswith("Nobody is on duty on Monday 25 January 2027")
