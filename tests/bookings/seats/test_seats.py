"""Spare seats: who may ask, what a host decides name by name, and what becomes of all seats when the visit changes."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.db import IntegrityError, transaction

from bookings import tasks
from bookings.booking.services.assign import set_joining_link
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.booking.services.transitions import cancel_booking, remind_of_bookings
from bookings.booking.services.undo import take_back_cancelled
from bookings.feedback.forms import AttendanceForm
from bookings.models import Attendance, AttendanceCount, Booking, BookingEvent, BookingEventKind, BookingState, Seat, SeatState
from bookings.seats import services
from bookings.seats.queries import guest_rows, missing_professions, seats_near
from bookings.seats.services import (
    NoSeatsOffered,
    SeatsFull,
    SeatStateChanged,
    approve_seat,
    close_seat_offer,
    decline_seat,
    decline_unanswered,
    give_up_seat,
    offer_seats,
)
from core.errors import DomainError
from notifications.models import Notification
from professionals.models import Person, Profession
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.bookings.seats.scene import LAST_DAY, LEEDS_CODE, ask, make_seat, midwife, offered, told
from tests.factories import make_person

pytestmark = pytest.mark.django_db


def sees(person: Person, booking: Booking) -> bool:
    return seats_near(person, NOW).filter(pk=booking.pk).exists()


@pytest.mark.parametrize(
    ("fields", "is_near"),
    [
        ({}, True),
        ({"postcode": "LS29 9AA"}, True),  # Ilkley: Bradford, within 15 miles
        ({"postcode": "YO1 7HH"}, False),  # York: more than 15 miles
        ({"postcode": "SE1 7PB"}, False),
        ({"postcode": ""}, False),
        ({"postcode": "BF1 2AA"}, False),  # forces post lies nowhere
        ({"profession": Profession.SOCIAL_WORKER}, False),
    ],
)
def test_seats_are_shown_to_the_professions_asked_for_who_work_near(fields: dict[str, Any], is_near: bool) -> None:
    assert sees(midwife(**fields), offered()) is is_near


def test_whoever_works_in_the_same_authority_is_near_however_far_it_is() -> None:
    """A part of North Yorkshire, further than 15 miles from another."""
    far = offered(postcode="HG4 1AA", local_authority="E06000065")
    assert sees(midwife(postcode="YO11 2AA"), far)
    assert not sees(midwife(postcode="YO1 7HH"), far)


def test_an_online_presentation_is_where_its_host_works_and_a_crossing_parts_what_is_near() -> None:
    booking = offered(postcode="")
    assert sees(midwife(), booking)
    assert not sees(midwife(postcode="SE1 7PB"), booking)
    over_the_water = offered(postcode="PO30 1UD", local_authority="E06000046", person=make_person(postcode="PO30 1UD"))
    assert sees(midwife(postcode="PO33 2HH"), over_the_water)
    assert not sees(midwife(postcode="PO1 2AL"), over_the_water)


@pytest.mark.parametrize(
    "columns",
    [
        {"seats_until": None},
        {"seats_until": NOW.date() - timedelta(days=1)},
        {"seats_offered": 0},
        {"state": BookingState.CANCELLED},
        {"starts_at": NOW - timedelta(hours=1), "ends_at": NOW + timedelta(hours=1)},
    ],
)
def test_what_is_closed_full_cancelled_or_begun_is_shown_to_nobody(columns: dict[str, Any]) -> None:
    booking, guest = offered(), midwife()
    Booking.objects.filter(pk=booking.pk).update(**columns)
    assert not sees(guest, booking)
    with pytest.raises(DomainError):
        ask(booking, guest)
    assert not Seat.objects.exists()


def test_the_host_sees_no_seat_of_their_own() -> None:
    host = midwife()
    assert not sees(host, offered(person=host))


def test_a_guest_asks_and_the_host_gives_the_seat() -> None:
    booking = offered()
    seat = ask(booking, needs="Step-free access")
    assert told(seat) == [("seat-asked", "host@leeds.nhs.uk")]
    assert ask(booking, seat.person).pk == seat.pk  # pressed twice
    assert approve_seat(seat, by=booking.person.user, now=NOW).state == SeatState.APPROVED
    approve_seat(seat, by=booking.person.user, now=NOW)  # and so is this
    assert told(seat) == [("seat-asked", "host@leeds.nhs.uk"), ("seat-approved", seat.person.email)]
    booking.refresh_from_db()
    assert (booking.seats_taken, booking.seats_left) == (1, 1)
    kinds = BookingEvent.objects.filter(booking=booking).values_list("kind", "changes")
    assert list(kinds) == [
        ("seats-offered", {"seats": 2}),
        ("seat-asked", {"seat": seat.pk}),
        ("seat-approved", {"seat": seat.pk}),
    ]
    rows = [f"Nadia Khan, Midwife, {seat.person.organisation}", "Step-free access"]
    assert [row["value"] for row in guest_rows(booking)] == rows


def test_never_more_than_offered_and_a_seat_taken_back_is_free_again() -> None:
    booking = offered(1)
    first, second = ask(booking), ask(booking)
    approve_seat(first, by=None, now=NOW)
    with pytest.raises(SeatsFull):
        approve_seat(second, by=None, now=NOW)
    decline_seat(first, by=None, now=NOW)
    assert told(first)[-1] == ("seat-declined", first.person.email)
    approve_seat(second, by=None, now=NOW)
    booking.refresh_from_db()
    assert booking.seats_taken == 1
    with pytest.raises(SeatStateChanged):
        ask(booking, first.person)  # the host has said no
    with pytest.raises(SeatStateChanged):
        approve_seat(first, by=None, now=NOW)


def test_the_database_refuses_one_seat_too_many_and_counts_itself() -> None:
    booking = offered(1)
    make_seat(booking, SeatState.APPROVED)
    second = make_seat(booking)
    with pytest.raises(IntegrityError, match="booking_never_more_seats_than_offered"), transaction.atomic():
        Seat.objects.filter(pk=second.pk).update(state=SeatState.APPROVED, approved_at=NOW)
    with pytest.raises(IntegrityError, match="booking_never_more_seats_than_offered"), transaction.atomic():
        make_seat(booking, SeatState.APPROVED)
    with pytest.raises(IntegrityError, match="booking_never_more_seats_than_offered"), transaction.atomic():
        Booking.objects.filter(pk=booking.pk).update(seats_offered=0)
    with pytest.raises(IntegrityError, match="seat_given_says_when"), transaction.atomic():
        make_seat(booking, SeatState.APPROVED, approved_at=None)
    with pytest.raises(IntegrityError, match="seat_in_a_known_state"), transaction.atomic():
        make_seat(booking, "elsewhere")
    with pytest.raises(IntegrityError, match="seat_one_a_guest"), transaction.atomic():
        make_seat(booking, person=second.person)
    Seat.objects.filter(state=SeatState.APPROVED).delete()
    booking.refresh_from_db()
    assert booking.seats_taken == 0


def test_a_guest_gives_up_the_host_hears_and_the_guest_may_ask_again() -> None:
    booking = offered()
    seat = approve_seat(ask(booking), by=None, now=NOW)
    give_up_seat(seat, by=seat.person.user, now=NOW)
    assert told(seat)[-2:] == [("seat-given-up", seat.person.email), ("seat-free", "host@leeds.nhs.uk")]
    again = ask(booking, seat.person)
    assert (again.pk, again.state, again.approved_at) == (seat.pk, SeatState.ASKED, None)
    before = len(told(seat))
    give_up_seat(again, by=seat.person.user, now=NOW)  # the host had given nothing
    assert told(seat)[before:] == [("seat-given-up", seat.person.email)]


def test_closed_nobody_else_asks_and_who_has_asked_is_still_answered() -> None:
    booking = offered()
    seat = ask(booking)
    close_seat_offer(booking, by=None, now=NOW)
    with pytest.raises(NoSeatsOffered):
        ask(booking)
    assert approve_seat(seat, by=None, now=NOW).has_a_seat


@pytest.mark.parametrize(
    "what",
    [
        {"seats": 0},
        {"seats": 21},
        {"professions": []},
        {"professions": ["astronaut"]},
        {"until": date(2027, 1, 11)},
        {"until": date(2027, 1, 26)},
    ],
)
def test_an_offer_out_of_bounds_is_refused(what: dict[str, Any]) -> None:
    booking = offered()
    asked = {"seats": 2, "professions": [Profession.MIDWIFE], "until": LAST_DAY, **what}
    with pytest.raises(DomainError):
        offer_seats(booking, by=None, now=NOW, **asked)


def test_a_host_offers_no_fewer_than_are_given() -> None:
    booking = offered(2)
    approve_seat(ask(booking), by=None, now=NOW)
    approve_seat(ask(booking), by=None, now=NOW)
    with pytest.raises(DomainError, match="2 seats"):
        offer_seats(booking, seats=1, professions=[Profession.GP], until=LAST_DAY, by=None, now=NOW)


def test_professions_are_missing_that_nobody_has_come_from_in_a_year() -> None:
    booking = offered(audience_profession=Profession.SOCIAL_WORKER)
    recent, old = (
        make_booking(None, NOW - timedelta(days=days), state=BookingState.DELIVERED, local_authority=LEEDS_CODE)
        for days in (30, 400)
    )
    for given, profession in ((recent, Profession.MIDWIFE), (old, Profession.GP)):
        attendance = Attendance.objects.create(booking=given, people=3, recorded_at=NOW, changed_at=NOW)
        AttendanceCount.objects.create(attendance=attendance, profession=profession, people=3)
    missing = missing_professions(booking, NOW)
    assert Profession.GP in missing
    assert not {Profession.MIDWIFE, Profession.SOCIAL_WORKER, Profession.HEALTH_VISITOR, Profession.OTHER} & set(missing)
    assert missing_professions(Booking(person=Person(postcode="")), NOW) == []


def both(booking: Booking) -> tuple[Seat, Seat]:
    """One who has a seat, one who waits for an answer."""
    return approve_seat(ask(booking), by=None, now=NOW), ask(booking)


def test_a_move_tells_all_and_other_details_those_with_a_seat() -> None:
    booking = offered()
    has, waits = both(booking)
    moved = reschedule(booking=booking, start=at("14:00"), expected=Booking.objects.get().version, by=None, now=NOW)
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-moved", "seat-moved")
    answers = {"contact_name": "Ali Reza"}
    moved = change_details(booking=moved, answers=answers, expected=moved.version, by=None, now=NOW)
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-details", "seat-moved")
    before = Notification.objects.filter(about__startswith="seat:").count()
    change_details(booking=moved, answers={"audience_size": 9}, expected=moved.version, by=None, now=NOW)
    assert Notification.objects.filter(about__startswith="seat:").count() == before  # no business of a guest's


def test_a_new_joining_link_goes_to_those_with_a_seat() -> None:
    booking = offered(postcode="")
    has, waits = both(booking)
    set_joining_link(booking, link="https://meet.example/other", by=None, now=NOW)
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-details", "seat-asked")


def test_a_cancelled_visit_tells_all_and_taken_back_it_has_its_guests_again() -> None:
    booking = offered()
    has, waits = both(booking)
    cancelled = cancel_booking(booking, by=None, now=NOW)
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-cancelled", "seat-cancelled")
    with pytest.raises(DomainError):
        give_up_seat(has, by=None, now=NOW)
    take_back_cancelled(cancelled, reason="By mistake", by=None, now=NOW)
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-restored", "seat-restored")
    assert Booking.objects.get().seats_taken == 1


def test_guests_are_reminded_the_day_before() -> None:
    booking = offered()
    has, waits = both(booking)
    remind_of_bookings(now=booking.reminder_due_at + timedelta(minutes=1))
    assert (told(has)[-1][0], told(waits)[-1][0]) == ("seat-reminder", "seat-asked")
    remind_of_bookings(now=booking.reminder_due_at + timedelta(minutes=6))
    assert [kind for kind, _to in told(has)].count("seat-reminder") == 1


@pytest.mark.parametrize(
    ("asked", "now", "is_declined"),
    [
        (-timedelta(days=1), timedelta(0), True),
        (-timedelta(days=1), -timedelta(minutes=1), False),  # the host may still answer
        (-timedelta(hours=4), timedelta(0), True),
        (-timedelta(hours=3), timedelta(0), False),  # asked late: the host has had three hours
        (timedelta(hours=1), timedelta(hours=5), True),
        (-timedelta(days=1), timedelta(days=2), False),  # it is over
    ],
)
def test_a_guest_whose_host_does_not_answer_hears_by_the_day_before(asked: timedelta, now: timedelta, is_declined: bool) -> None:
    """Each moment counts from when reminders go."""
    booking = offered()
    moment = booking.reminder_due_at
    given, waits = make_seat(booking, SeatState.APPROVED, make_person()), make_seat(booking, created_at=moment + asked)
    for minutes in (0, 5):
        decline_unanswered(now=moment + now + timedelta(minutes=minutes if is_declined else 0))
    given.refresh_from_db()
    waits.refresh_from_db()
    assert (given.state, waits.state) == (SeatState.APPROVED, SeatState.DECLINED if is_declined else SeatState.ASKED)
    assert told(waits) == ([("seat-declined", waits.person.email)] if is_declined else [])
    assert BookingEvent.objects.filter(kind=BookingEventKind.SEAT_DECLINED, by=None).count() == is_declined


def test_a_seat_that_its_host_gives_at_that_moment_is_not_declined(monkeypatch: pytest.MonkeyPatch) -> None:
    """The host is a moment earlier: between the task's look and its lock."""
    booking = offered()
    waits, lock = make_seat(booking), services.lock_seat

    def lock_after_the_host(seat: Seat, now: datetime) -> Seat:
        Seat.objects.filter(pk=seat.pk, state=SeatState.ASKED).update(state=SeatState.APPROVED, approved_at=NOW)
        return lock(seat, now)

    monkeypatch.setattr(services, "lock_seat", lock_after_the_host)
    decline_unanswered(now=booking.reminder_due_at)
    waits.refresh_from_db()
    assert (waits.state, told(waits)) == (SeatState.APPROVED, [])


def test_unanswered_seats_are_declined_by_the_task_that_reminds() -> None:
    booking = offered()
    waits = make_seat(booking)
    with time_machine.travel(booking.reminder_due_at + timedelta(minutes=1), tick=False):
        tasks.remind_of_their_bookings()
    waits.refresh_from_db()
    assert waits.state == SeatState.DECLINED


def test_the_presenters_count_suggests_the_professions_of_guests() -> None:
    booking = offered()
    both(booking)
    form = AttendanceForm(given=Booking.objects.get())
    assert "people_midwife" in form.first


def test_a_booking_without_seats_asks_nothing_of_them(django_assert_num_queries: Any) -> None:
    from bookings.seats.services import notify_all_seats

    booking = make_booking(make_presenter(), at("10:00"))
    with django_assert_num_queries(0):
        notify_all_seats("seat-moved", booking, NOW)
        assert guest_rows(booking) == []
