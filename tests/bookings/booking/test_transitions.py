"""A booking's states, its presenter and its travel minutes: who may change them, and who is told."""

from datetime import timedelta

import pytest
from django.conf import settings

from bookings.booking.services.assign import reassign, set_travel_time
from bookings.booking.services.transitions import cancel_booking, confirm_booking, decline_booking, mark_delivered, transition
from bookings.errors import NeedsPresenter, NotOver, OutsideRules, SamePresenter, SlotTaken, TooLateToCancel, TransitionNotAllowed
from bookings.models import Booking, BookingEvent, BookingEventKind, BookingState, BusyTime, Presenter
from bookings.models.booking import BOOKING_TRANSITIONS
from professionals.models import Person
from tests.bookings.placed import TEN, place, place_as_staff, sent
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    NOW,
    at,
    make_booking,
    make_hold,
    make_leave,
    make_presenter,
    visit_address,
)
from tests.factories import make_staff

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def test_moves_that_are_not_in_the_table_are_refused(presenter: Presenter) -> None:
    for before in BookingState:
        for after in BookingState:
            booking = make_booking(None, TEN, state=before)
            if after in BOOKING_TRANSITIONS[before]:
                transition(booking, after, BookingEventKind.CONFIRMED, by=None, now=NOW)
                assert Booking.objects.get(pk=booking.pk).state == after
            else:
                with pytest.raises(TransitionNotAllowed):
                    transition(booking, after, BookingEventKind.CONFIRMED, by=None, now=NOW)
                assert Booking.objects.get(pk=booking.pk).state == before


def test_a_move_from_a_state_that_is_no_longer_true_is_refused(presenter: Presenter) -> None:
    booking = make_booking(None, TEN, state=BookingState.REQUESTED)
    Booking.objects.update(state=BookingState.DECLINED)
    with pytest.raises(TransitionNotAllowed):
        transition(booking, BookingState.CONFIRMED, BookingEventKind.CONFIRMED, by=None, now=NOW)
    assert not BookingEvent.objects.exists()


def test_confirming_tells_the_professional_and_the_presenter(presenter: Presenter) -> None:
    booking, staff = make_booking(presenter, TEN, state=BookingState.REQUESTED), make_staff()
    confirm_booking(booking=booking, by=staff, now=NOW)
    event = booking.events.get()
    assert (event.by, event.at, event.from_state, event.to_state) == (staff, NOW, "requested", "confirmed")
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-confirmed", "presenter-booked"]


def test_confirming_twice_is_refused(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=BookingState.REQUESTED)
    confirm_booking(booking=booking, by=None, now=NOW)
    with pytest.raises(TransitionNotAllowed, match="Confirmed"):
        confirm_booking(booking=booking, by=None, now=NOW)


def test_a_request_without_presenter_cannot_be_confirmed() -> None:
    with pytest.raises(NeedsPresenter):
        confirm_booking(booking=make_booking(None, TEN, state=BookingState.REQUESTED), by=None, now=NOW)


def test_declining_gives_the_time_back_and_tells_why(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=BookingState.REQUESTED)
    decline_booking(booking=booking, reason="We were there last month.", by=make_staff(), now=NOW)
    booking.refresh_from_db()
    assert (booking.state, booking.closed_reason) == (BookingState.DECLINED, "We were there last month.")
    assert not BusyTime.objects.exists()
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-declined", "presenter-cancelled"]


def test_cancelling_gives_the_time_back_bumps_the_sequence_and_tells_everyone(presenter: Presenter, person: Person) -> None:
    booking = make_booking(presenter, TEN, person=person)
    cancel_booking(booking=booking, by=person.user, now=NOW, reason="Nobody is in")
    booking.refresh_from_db()
    assert (booking.state, booking.sequence, booking.presenter) == (BookingState.CANCELLED, 1, presenter)
    assert not BusyTime.objects.exists()
    assert sent(booking) == [
        ("booking-cancelled", person.email, 1),
        ("presenter-cancelled", presenter.email, 1),
        ("staff-booking-cancelled", settings.STAFF_EMAIL, 1),
    ]
    with pytest.raises(TransitionNotAllowed):
        cancel_booking(booking=booking, by=person.user, now=NOW)


def test_its_owner_cannot_cancel_once_it_has_started_and_staff_can(presenter: Presenter, person: Person) -> None:
    booking = make_booking(presenter, TEN, person=person)
    with pytest.raises(TooLateToCancel):
        cancel_booking(booking=booking, by=person.user, now=TEN)
    assert cancel_booking(booking=booking, by=make_staff(), now=TEN).state == BookingState.CANCELLED


def test_delivered_only_after_its_end(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN)
    with pytest.raises(NotOver):
        mark_delivered(booking=booking, by=None, now=TEN + timedelta(minutes=59))
    assert mark_delivered(booking=booking, by=None, now=TEN + timedelta(hours=1)).state == BookingState.DELIVERED
    assert BusyTime.objects.get().booking == booking


def test_reassigning_tells_all_three_and_bumps_the_sequence(presenter: Presenter) -> None:
    booking, other = make_booking(presenter, TEN), make_presenter()
    BusyTime.objects.update(travel_minutes=5)
    reassign(booking=booking, presenter=other, by=make_staff(), now=NOW)
    booking.refresh_from_db()
    claim = BusyTime.objects.get()
    assert (booking.presenter, booking.sequence) == (other, 1)
    assert (claim.presenter, claim.travel_minutes, claim.postcode) == (other, None, LEEDS)
    assert sent(booking) == [
        ("booking-confirmed", booking.person.email, 1),
        ("presenter-booked", other.email, 1),
        ("presenter-freed", presenter.email, 1),
    ]


def test_a_booking_that_needs_a_presenter_gets_one(presenter: Presenter) -> None:
    booking = make_booking(None, TEN)
    reassign(booking=booking, presenter=presenter, by=make_staff(), now=NOW)
    claim = BusyTime.objects.get()
    assert (claim.presenter, claim.postcode, claim.busy.lower) == (presenter, LEEDS, TEN)


def test_a_presenter_who_is_busy_or_cannot_get_there_is_refused_with_the_reason(presenter: Presenter) -> None:
    booking, other = make_booking(presenter, TEN), make_presenter(name="Asha Patel")
    make_booking(other, at("11:00"), postcode=LONDON)
    with pytest.raises(SlotTaken, match="Asha Patel is busy then"):
        reassign(booking=booking, presenter=other, by=make_staff(), now=NOW, override_reason="Must")
    assert BusyTime.objects.get(booking=booking).presenter == presenter


def test_outside_hours_and_area_staff_must_say_why(presenter: Presenter) -> None:
    booking, other = make_booking(presenter, TEN), make_presenter(weekdays=(4,), base_postcode=LONDON)
    with pytest.raises(OutsideRules) as refusal:
        reassign(booking=booking, presenter=other, by=make_staff(), now=NOW)
    assert [violation.value for violation in refusal.value.violations] == ["distance", "hours", "leaves-early"]
    reassign(booking=booking, presenter=other, by=make_staff(), now=NOW, override_reason="Is in Leeds that day")
    assert booking.events.get().reason == "Is in Leeds that day"


def test_reassigning_to_the_same_presenter_or_a_closed_booking_is_refused(presenter: Presenter) -> None:
    with pytest.raises(SamePresenter):
        reassign(booking=make_booking(presenter, TEN), presenter=presenter, by=None, now=NOW)
    with pytest.raises(TransitionNotAllowed):
        reassign(booking=make_booking(None, TEN, state=BookingState.CANCELLED), presenter=presenter, by=None, now=NOW)


def test_a_request_that_is_reassigned_is_not_told_to_the_professional_yet(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=BookingState.REQUESTED)
    reassign(booking=booking, presenter=make_presenter(), by=None, now=NOW)
    assert [kind for kind, _to, _version in sent(booking)] == ["presenter-kept", "presenter-freed"]


def test_travel_minutes_set_by_staff_are_checked_against_the_neighbours(presenter: Presenter) -> None:
    make_booking(presenter, at("08:20"))
    booking = make_booking(presenter, TEN, postcode=LEEDS_TOO)
    set_travel_time(booking=booking, minutes=40, reason="Roadworks", by=make_staff(), now=NOW)
    assert BusyTime.objects.get(booking=booking).travel_minutes == 40
    with pytest.raises(SlotTaken):
        set_travel_time(booking=booking, minutes=41, reason="More roadworks", by=make_staff(), now=NOW)
    with pytest.raises(NeedsPresenter):
        set_travel_time(booking=make_booking(None, TEN), minutes=5, reason="", by=None, now=NOW)


def test_a_place_far_away_is_refused_for_the_public(presenter: Presenter, person: Person) -> None:
    with pytest.raises(SlotTaken):
        place(person, address=visit_address("1 Borough High Street", "London", LONDON))


def test_holds_and_leave_are_in_the_way_of_staff_too(presenter: Presenter) -> None:
    make_hold(presenter, TEN, expires_at=NOW + timedelta(minutes=5))
    make_leave(presenter, at("13:00"), at("17:00"))
    for start in (TEN, at("14:00")):
        with pytest.raises(SlotTaken):
            place_as_staff(start=start, override_reason="Must")
