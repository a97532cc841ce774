"""A booking is handed over at the same moment as somebody else acts on it: one comes first, and the other sees what it did."""

from typing import Any

import pytest

from bookings.booking.services.assign import reassign, transfer_bookings
from bookings.booking.services.reschedule import reschedule
from bookings.booking.services.transitions import cancel_booking
from bookings.leave.services import record_leave
from bookings.models import Booking, BookingEvent, BusyTime
from bookings.schedule.services import save_presenter
from notifications.models import Notification
from privacy.services import erase_person
from professionals.models import Person
from tests.bookings.rows import NOW, at, make_booking, make_presenter
from tests.factories import make_person
from tests.professionals.in_turn import Job, ended, in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
BOOKING = "SELECT 1 FROM bookings_booking WHERE id = %s FOR UPDATE"
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"


@pytest.fixture
def nadia() -> Person:
    return make_person(name="Nadia Rahman", email="nadia@leeds.nhs.uk")


@pytest.fixture
def omar(nadia: Person) -> Person:
    return make_person(name="Omar Aziz", email="omar@leeds.nhs.uk", organisation=nadia.organisation)


@pytest.fixture
def booking(nadia: Person) -> Booking:
    return make_booking(make_presenter(), at("10:00"), person=nadia)


def give(before: Person, after: Person) -> Job:
    return lambda: transfer_bookings(person=before, to=after, by=None, reason="Nadia has left", now=NOW)


def of_its_owner(what: str, booking: Booking) -> Job:
    """As it was read a moment before, when the page was asked for."""
    read = Booking.objects.select_related("person__user").get(pk=booking.pk)
    if what == "cancel":
        return lambda: cancel_booking(booking=read, by=read.person.user, now=NOW)
    return lambda: reschedule(booking=read, start=at("14:00"), expected=read.version, by=read.person.user, now=NOW)


def stands() -> tuple[str, str, Any]:
    now = Booking.objects.select_related("person").get()
    return now.person.name, now.state, now.starts_at


def history() -> list[str]:
    return list(BookingEvent.objects.order_by("pk").values_list("kind", flat=True))


@pytest.mark.parametrize("what", ["cancel", "move"])
def test_handed_over_first_its_old_owner_changes_nothing(booking: Booking, nadia: Person, omar: Person, what: str) -> None:
    assert in_turn(BOOKING, booking.pk, give(nadia, omar), of_its_owner(what, booking)) == ["done", "StaleBooking"]
    assert stands() == ("Omar Aziz", "confirmed", at("10:00"))
    assert history() == ["handed-over"]


def test_read_before_and_locked_after_it_is_refused_as_well(booking: Booking, nadia: Person, omar: Person) -> None:
    """Nobody waits here: the old owner's request had only just begun."""
    pressed = of_its_owner("cancel", booking)
    give(nadia, omar)()

    assert ended(pressed) == "StaleBooking"
    assert stands() == ("Omar Aziz", "confirmed", at("10:00"))


def test_control_if_nobody_asked_whose_it_was_the_colleagues_booking_would_be_cancelled(
    booking: Booking, nadia: Person, omar: Person
) -> None:
    read = Booking.objects.get(pk=booking.pk)
    give(nadia, omar)()
    read.person = omar

    assert ended(lambda: cancel_booking(booking=read, by=nadia.user, now=NOW)) == "done"
    assert stands() == ("Omar Aziz", "cancelled", at("10:00"))


def test_cancelled_first_it_stays_who_cancelled_its(booking: Booking, nadia: Person, omar: Person) -> None:
    ends = in_turn(BOOKING, booking.pk, of_its_owner("cancel", booking), give(nadia, omar))

    assert ends == ["done", "NothingToTransferError"]
    assert stands() == ("Nadia Rahman", "cancelled", at("10:00"))


def test_moved_first_it_is_handed_over_with_its_new_time(booking: Booking, nadia: Person, omar: Person) -> None:
    assert in_turn(BOOKING, booking.pk, of_its_owner("move", booking), give(nadia, omar)) == ["done", "done"]
    assert stands() == ("Omar Aziz", "confirmed", at("14:00"))
    assert history() == ["rescheduled", "handed-over"]


def test_whoever_was_given_it_a_moment_before_is_told_of_its_new_owner(booking: Booking, nadia: Person, omar: Person) -> None:
    other = make_presenter(name="Ben Okafor", email="ben@ctac.example")
    ends = in_turn(BOOKING, booking.pk, lambda: reassign(booking=booking, presenter=other, by=None, now=NOW), give(nadia, omar))

    assert ends == ["done", "done"]
    told = Notification.objects.filter(recipient="ben@ctac.example").order_by("pk").values_list("kind", "version")
    assert list(told) == [("presenter-booked", 1), ("presenter-booked", 2)]


def test_handed_over_twice_at_once_it_is_the_firsts(booking: Booking, nadia: Person, omar: Person) -> None:
    ruth = make_person(name="Ruth Adeyemi", email="ruth@leeds.nhs.uk", organisation=nadia.organisation)
    ends = in_turn(PERSON, nadia.pk, give(nadia, omar), give(nadia, ruth))

    assert ends == ["done", "NothingToTransferError"]
    assert stands() == ("Omar Aziz", "confirmed", at("10:00"))
    assert [row.recipient for row in Notification.objects.filter(kind="booking-taken-over")] == [omar.email]


def test_there_and_back_at_once_nobody_waits_for_ever(booking: Booking, nadia: Person, omar: Person) -> None:
    assert in_turn(PERSON, nadia.pk, give(nadia, omar), give(omar, nadia)) == ["done", "done"]
    assert stands() == ("Nadia Rahman", "confirmed", at("10:00"))
    assert history() == ["handed-over", "handed-over"]


def test_handed_on_while_who_gave_it_first_is_erased_it_names_them_no_more(booking: Booking, nadia: Person, omar: Person) -> None:
    ruth = make_person(name="Ruth Adeyemi", email="ruth@leeds.nhs.uk", organisation=nadia.organisation)
    Booking.objects.update(contact_name=nadia.name, notes="Ask for Nadia Rahman at the desk")
    give(nadia, omar)()

    ends = in_turn(BOOKING, booking.pk, give(omar, ruth), lambda: erase_person(nadia, by=None, now=NOW))

    assert ends == ["done", "done"]
    now = Booking.objects.get()
    assert (now.person, now.contact_name, now.notes) == (ruth, "Ruth Adeyemi", "Ask for – at the desk")
    reasons = BookingEvent.objects.filter(kind="handed-over").order_by("pk").values_list("reason", flat=True)
    assert list(reasons) == ["", "Nadia has left"]


def test_handed_over_while_its_presenter_has_a_new_link_its_new_owner_is_told(nadia: Person, omar: Person) -> None:
    asha = make_presenter(email="asha@ctac.example")
    booking = make_booking(asha, at("10:00"), postcode="", person=nadia)
    asha.joining_link = "https://meet.example/new"

    ends = in_turn(BOOKING, booking.pk, give(nadia, omar), lambda: save_presenter(presenter=asha, now=NOW))

    assert ends == ["done", "done"]
    assert history() == ["handed-over", "link-set"]
    booking.refresh_from_db()
    assert booking.sequence == 2


def test_handed_over_while_its_presenter_falls_ill_it_is_freed(booking: Booking, nadia: Person, omar: Person) -> None:
    away = {"presenter": booking.presenter, "starts_at": at("09:00"), "ends_at": at("17:00"), "kind": "illness"}

    ends = in_turn(BOOKING, booking.pk, give(nadia, omar), lambda: record_leave(by=None, now=NOW, **away))

    assert ends == ["done", "done"]
    assert Booking.objects.get().presenter is None
    assert not BusyTime.objects.filter(booking=booking).exists()
    assert history() == ["handed-over", "presenter-freed"]
