"""Placing a booking: for the public within the rules, for staff beyond them with a reason."""

from datetime import timedelta

import pytest
from django.conf import settings

from bookings.errors import AlreadyPlaced, NotOffered, OutsideRules, SlotTaken
from bookings.models import Booking, BookingEvent, BookingState, BusyTime, Hold, Presenter
from bookings.schedule.holds import hold_slot
from professionals.models import Person
from tests.bookings.placed import STRANGER, TEN, history, place, place_as_staff, sent
from tests.bookings.rows import (
    DETAILS,
    LEEDS,
    LEEDS_TOO,
    NOW,
    YORK,
    at,
    make_booking,
    make_draft,
    make_presentation,
    make_presenter,
    slot_query,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def test_a_slot_that_we_offer_books_at_once_as_confirmed(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    claim = BusyTime.objects.get()
    assert (booking.state, booking.presenter, booking.ends_at) == (BookingState.CONFIRMED, presenter, at("11:00"))
    assert (claim.booking, claim.busy.lower, claim.busy.upper, claim.postcode) == (booking, TEN, at("11:00"), LEEDS)
    assert history(booking) == [("booked", "", "confirmed")]
    assert sent(booking) == [
        ("booking-confirmed", person.email, 0),
        ("presenter-booked", presenter.email, 0),
        ("staff-new-booking", settings.STAFF_EMAIL, 0),
    ]


def test_an_address_that_we_do_not_know_waits_for_staff_and_holds_its_time(presenter: Presenter) -> None:
    person = make_person(email=STRANGER)
    booking = place(person)
    assert (booking.state, history(booking)) == (BookingState.REQUESTED, [("requested", "", "requested")])
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-requested", "presenter-kept", "staff-new-booking"]
    with pytest.raises(SlotTaken):
        place(make_person(email="sam@leeds.nhs.uk"))


def test_online_nobody_waits_for_staff(presenter: Presenter) -> None:
    booking = place(make_person(email=STRANGER), format="online", address=None)
    assert (booking.state, booking.postcode, BusyTime.objects.get().place) == (BookingState.CONFIRMED, "", None)


def test_a_booking_takes_the_hold_of_its_draft(presenter: Presenter, person: Person) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    claim = BusyTime.objects.get()
    booking = place(person, presentation=presentation, submission=(draft.token, "digest"))
    assert not Hold.objects.exists()
    assert BusyTime.objects.get().pk == claim.pk
    assert BusyTime.objects.get().booking == booking


@pytest.mark.parametrize("minutes", [20, 60])
def test_after_the_hold_has_expired_the_slot_is_booked_if_it_is_still_free(
    presenter: Presenter, person: Person, minutes: int
) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=minutes)
    booking = place(person, presentation=presentation, submission=(draft.token, "digest"), now=later)
    assert not Hold.objects.exists()
    assert BusyTime.objects.get().booking == booking


def test_after_the_hold_has_expired_somebody_else_may_have_the_slot(presenter: Presenter, person: Person) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, slot_query=slot_query(presentation), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=20)
    place(make_person(email="jo@leeds.nhs.uk"), now=later)
    with pytest.raises(SlotTaken):
        place(person, presentation=presentation, submission=(draft.token, "digest"), now=later)


def test_a_token_books_once(presenter: Presenter, person: Person) -> None:
    submission = ("token", "digest")
    place(person, submission=submission)
    with pytest.raises(AlreadyPlaced):
        place(person, submission=submission)
    with pytest.raises(AlreadyPlaced):
        place(person, start=at("14:00"), submission=submission)
    assert Booking.objects.count() == 1


def test_a_visit_too_near_to_another_is_lost_though_the_hour_itself_is_free(presenter: Presenter, person: Person) -> None:
    make_booking(presenter, at("11:00"), postcode=LEEDS_TOO)
    with pytest.raises(SlotTaken):
        place(person)
    assert place(person, start=at("09:30")).presenter == presenter


def test_what_is_not_offered_cannot_be_booked(presenter: Presenter, person: Person) -> None:
    for presentation in (make_presentation(active=False), make_presentation(formats=["online"])):
        with pytest.raises(NotOffered):
            place(person, presentation=presentation)


def test_kept_text_that_looks_like_a_childs_details_is_flagged_and_the_lead_is_told(presenter: Presenter, person: Person) -> None:
    booking = place(person, details={**DETAILS, "notes": "kept", "flagged_child_details": True})
    assert booking.flagged_child_details
    assert ("safeguarding-flag", settings.SAFEGUARDING_LEAD_EMAIL, 1) in sent(booking)


def test_staff_book_for_an_unknown_address_as_confirmed(presenter: Presenter) -> None:
    assert place_as_staff().state == BookingState.CONFIRMED


def test_staff_override_notice_and_hours_with_a_reason_that_is_kept(presenter: Presenter) -> None:
    tomorrow_evening = at("19:10", NOW.date() + timedelta(days=1))
    with pytest.raises(OutsideRules) as refusal:
        place_as_staff(start=tomorrow_evening)
    assert [violation.value for violation in refusal.value.violations] == ["notice", "hours", "returns-late"]
    booking = place_as_staff(start=tomorrow_evening, override_reason="The court sits on Thursday")
    assert BookingEvent.objects.get(booking=booking).reason == "The court sits on Thursday"


def test_the_public_overrides_nothing(presenter: Presenter, person: Person) -> None:
    with pytest.raises(SlotTaken):
        place(person, start=at("19:00"), override_reason="Please")


def test_staff_never_override_overlap_or_travel(presenter: Presenter) -> None:
    make_booking(presenter, TEN, postcode=YORK)
    for start in (TEN, at("11:00")):
        with pytest.raises(SlotTaken):
            place_as_staff(start=start, override_reason="It must be", presenter=presenter)


def test_staff_get_a_presenter_within_the_rules_first(presenter: Presenter) -> None:
    make_presenter(weekdays=())
    within = make_presenter(base_postcode=YORK)
    make_booking(presenter, TEN)
    assert place_as_staff().presenter == within


def test_staff_can_name_the_presenter(presenter: Presenter) -> None:
    other = make_presenter(base_postcode=YORK)
    assert place_as_staff(presenter=other).presenter == other
