"""Checking in and out of a visit, and a colleague who says that all is well."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from bookings.models import Booking, BookingEvent, Overdue, Presenter, State, Visit, overdue
from bookings.models.visit import CHECK_IN, CHECK_OUT
from bookings.services import (
    NotAVisit,
    NotBegun,
    NotOverdue,
    SomebodyElseIsThere,
    TooEarly,
    TooLongAgo,
    VisitOver,
    check_in,
    check_out,
    say_safe,
)
from ctac.errors import DomainError
from notifications.models import Notification
from professionals.models import User
from tests.bookings.rows import at, make_booking, make_presenter
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
START, END = at("10:00"), at("11:00")


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter(name="Asha Patel", user=make_staff(superuser=False))


@pytest.fixture
def booking(presenter: Presenter) -> Booking:
    """From 10am to 11am."""
    return make_booking(presenter, START)


def arrive(booking: Booking, now: datetime, **more: Any) -> Visit:
    presenter = more.pop("presenter", None) or booking.presenter
    return check_in(booking=booking, presenter=presenter, by=more.pop("by", None) or presenter.user, now=now, **more)


def leave(booking: Booking, now: datetime, **more: Any) -> Visit:
    presenter = more.pop("presenter", None) or booking.presenter
    return check_out(booking=booking, presenter=presenter, by=more.pop("by", None) or presenter.user, now=now, **more)


def history(booking: Booking) -> list[tuple[str, str, datetime]]:
    found = BookingEvent.objects.filter(booking=booking).select_related("by")
    return [(event.kind, event.by.email if event.by else "", event.at) for event in found]


def missed(booking: Booking, now: datetime) -> tuple[str, datetime] | None:
    late = Overdue.find(Booking.objects.get(pk=booking.pk), now)
    return (late.missed, late.missed_at) if late else None


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
    [(START - 2 * HOUR - MINUTE, TooEarly), (START - 2 * HOUR, None), (END - MINUTE, None), (END, VisitOver)],
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
    with pytest.raises(NotBegun):
        leave(booking, START - MINUTE)
    leave(booking, END)
    visit = Visit.objects.get()
    assert (visit.checked_in_at, visit.checked_out_at) == (None, END)


def test_one_can_check_out_late_for_four_weeks(booking: Booking) -> None:
    arrive(booking, START)
    with pytest.raises(TooLongAgo):
        leave(booking, START + 28 * DAY + MINUTE)
    assert leave(booking, START + 28 * DAY).checked_out_at == START + 28 * DAY


@pytest.mark.parametrize("fields", [{"postcode": ""}, {"state": State.REQUESTED}, {"state": State.CANCELLED, "claim": False}])
def test_where_nobody_goes_there_is_nothing_to_check_in_to(presenter: Presenter, fields: dict[str, Any]) -> None:
    nothing = make_booking(presenter, START, **fields)
    with pytest.raises(NotAVisit):
        arrive(nothing, START)
    with pytest.raises(NotAVisit):
        leave(nothing, END)


def test_who_is_there_checks_out_though_it_was_cancelled_meanwhile(booking: Booking) -> None:
    arrive(booking, START - HOUR)
    Booking.objects.update(state=State.CANCELLED)
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)
    leave(booking, START)
    assert missed(booking, END + HOUR) is None


def test_two_presenters_are_not_mixed_up(booking: Booking) -> None:
    """Somebody else takes over while the first is there: the first leaves first."""
    first, second = booking.presenter, make_presenter(user=make_staff(superuser=False))
    arrive(booking, START)
    Booking.objects.update(presenter=second)
    with pytest.raises(SomebodyElseIsThere):
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
        (START + 28 * DAY, (CHECK_OUT, END)),
        (START + 28 * DAY + MINUTE, None),
    ],
)
def test_nobody_checked_in(booking: Booking, now: datetime, expected: tuple[str, datetime] | None) -> None:
    assert missed(booking, now) == expected


@pytest.mark.parametrize(("now", "expected"), [(END + 29 * MINUTE, None), (END + 30 * MINUTE, (CHECK_OUT, END))])
def test_checked_in_and_not_out(booking: Booking, now: datetime, expected: tuple[str, datetime] | None) -> None:
    arrive(booking, START)
    assert missed(booking, now) == expected


@pytest.mark.parametrize("state", [State.CONFIRMED, State.DELIVERED])
def test_marking_as_delivered_does_not_say_that_somebody_is_safe(booking: Booking, state: State) -> None:
    Booking.objects.update(state=state)
    assert missed(booking, END + HOUR) == (CHECK_OUT, END)
    leave(booking, END + HOUR)
    assert missed(booking, END + 2 * HOUR) is None


@pytest.mark.parametrize("fields", [{"postcode": ""}, {"state": State.REQUESTED}, {"state": State.CANCELLED, "claim": False}])
def test_where_nobody_went_nobody_is_overdue(presenter: Presenter, fields: dict[str, Any]) -> None:
    assert missed(make_booking(presenter, START, **fields), END + HOUR) is None


def test_without_a_presenter_nobody_is_overdue() -> None:
    assert missed(make_booking(None, START), END + HOUR) is None


def test_all_is_well_ends_the_alert_and_the_check_out_is_still_waited_for(booking: Booking, staff: User) -> None:
    with pytest.raises(NotOverdue):
        say_safe(booking=booking, by=staff, now=START, note="Too soon")
    say_safe(booking=booking, by=staff, now=START + 20 * MINUTE, note="Her train is late.")
    assert missed(booking, START + 30 * MINUTE) is None
    assert missed(booking, END + 30 * MINUTE) == (CHECK_OUT, END)
    say_safe(booking=booking, by=staff, now=END + 40 * MINUTE, note="She is on her way home.")
    assert missed(booking, END + 10 * HOUR) is None
    assert [kind for kind, _by, _at in history(booking)] == ["said-safe", "said-safe"]


def test_the_second_colleague_reads_that_somebody_has_said_so(booking: Booking, staff: User) -> None:
    say_safe(booking=booking, by=staff, now=END + 40 * MINUTE, note="She is safe.")
    with pytest.raises(NotOverdue):
        say_safe(booking=booking, by=make_staff(), now=END + 41 * MINUTE, note="She is safe.")
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
    """Past bookings cost nothing: 3,000 lie outside the four weeks."""
    booking = make_booking(presenter, START)
    old = Booking.objects.get(pk=booking.pk)
    rows = []
    for number in range(3000):
        start = START - timedelta(days=40 + number)
        rows.append(
            Booking(
                **{
                    field.name: getattr(old, field.name)
                    for field in Booking._meta.concrete_fields
                    if field.name not in {"id", "reference", "ical_uid", "starts_at", "ends_at", "submission_token"}
                },
                reference=f"BK-X{number}",
                ical_uid=f"old-{number}",
                starts_at=start,
                ends_at=start + HOUR,
            )
        )
    Booking.objects.bulk_create(rows)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE bookings_booking")
    with CaptureQueriesContext(connection) as statements:
        found = list(overdue(Booking.objects.all(), END + HOUR))
    assert (found, len(statements)) == ([booking], 1)
    plan = overdue(Booking.objects.all(), END + HOUR).explain()
    assert ("Seq Scan on bookings_booking" in plan, " on bookings_booking " in plan) == (False, True), plan
