"""Each service, its states, events and messages."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings

from bookings.models import Booking, BookingEvent, BusyTime, Channel, EventKind, Hold, Presenter, State
from bookings.models.booking import MOVES
from bookings.services import (
    Address,
    AlreadyPlaced,
    DraftGone,
    MoveRefused,
    NeedsPresenter,
    NotOffered,
    NotStarted,
    OutsideRules,
    SamePresenter,
    SlotTaken,
    Submission,
    TooLate,
    book,
    cancel,
    confirm,
    decline,
    hold_slot,
    mark_delivered,
    reassign,
    release_hold,
    set_travel,
)
from bookings.services.moving import move
from notifications.models import Notification
from professionals.models import Person
from tests.bookings.rows import (
    ADDRESS,
    DETAILS,
    LEEDS,
    LEEDS_TOO,
    LONDON,
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_draft,
    make_hold,
    make_leave,
    make_presentation,
    make_presenter,
    wish,
)
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db
TEN = at("10:00")
STRANGER = "someone@unknown.example"


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def place(person: Person, start: datetime = TEN, **more: Any) -> Booking:
    defaults: dict[str, Any] = {
        "by": person.user,
        "channel": Channel.WEB,
        "presentation": more.pop("presentation", None) or make_presentation(),
        "format": "workplace",
        "address": ADDRESS,
        "details": DETAILS,
        "now": NOW,
    }
    return book(person=person, start=start, **{**defaults, **more})


def sent(booking: Booking) -> list[tuple[str, str, int]]:
    rows = Notification.objects.filter(about=f"booking:{booking.pk}").order_by("pk")
    return [(row.kind, row.recipient, row.version) for row in rows]


def history(booking: Booking) -> list[tuple[str, str, str]]:
    return [(event.kind, event.from_state, event.to_state) for event in booking.events.all()]


# --- Holding ---


def test_a_hold_keeps_the_slot_for_fifteen_minutes(presenter: Presenter) -> None:
    draft = make_draft()
    hold = hold_slot(draft=draft, person=None, wish=wish(make_presentation()), start=TEN, now=NOW)
    assert (hold.presenter, hold.expires_at) == (presenter, NOW + timedelta(minutes=15))
    with pytest.raises(SlotTaken):
        hold_slot(draft=make_draft(), person=None, wish=wish(make_presentation()), start=TEN, now=NOW + timedelta(minutes=14))


def test_an_expired_hold_is_cleared_by_the_next_writer(presenter: Presenter) -> None:
    hold_slot(draft=make_draft(), person=None, wish=wish(make_presentation()), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=15)
    second = hold_slot(draft=make_draft(), person=None, wish=wish(make_presentation()), start=TEN, now=later)
    assert list(Hold.objects.all()) == [second]
    assert BusyTime.objects.get().hold == second


def test_choosing_the_same_slot_again_does_not_make_the_hold_longer(presenter: Presenter) -> None:
    draft, asked = make_draft(), wish(make_presentation())
    first = hold_slot(draft=draft, person=None, wish=asked, start=TEN, now=NOW)
    again = hold_slot(draft=draft, person=None, wish=asked, start=TEN, now=NOW + timedelta(minutes=5))
    assert (again, again.expires_at) == (first, first.expires_at)


def test_choosing_another_slot_gives_the_first_one_back(presenter: Presenter) -> None:
    draft, asked = make_draft(), wish(make_presentation())
    hold_slot(draft=draft, person=None, wish=asked, start=TEN, now=NOW)
    hold_slot(draft=draft, person=None, wish=asked, start=at("10:30"), now=NOW)
    assert [claim.busy.lower for claim in BusyTime.objects.all()] == [at("10:30")]


def test_a_slot_that_is_lost_leaves_what_was_held_before(presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"))
    draft, asked = make_draft(), wish(make_presentation())
    hold = hold_slot(draft=draft, person=None, wish=asked, start=TEN, now=NOW)
    with pytest.raises(SlotTaken):
        hold_slot(draft=draft, person=None, wish=asked, start=at("14:00"), now=NOW)
    assert list(Hold.objects.all()) == [hold]


def test_a_person_has_one_live_hold(presenter: Presenter, person: Person) -> None:
    asked = wish(make_presentation())
    hold_slot(draft=make_draft(), person=person, wish=asked, start=TEN, now=NOW)
    second = hold_slot(draft=make_draft(), person=person, wish=asked, start=at("10:30"), now=NOW)
    assert list(Hold.objects.all()) == [second]


@pytest.mark.parametrize("start", [at("08:30"), at("16:30"), at("10:10"), at("10:00", NOW.date() + timedelta(days=1))])
def test_what_is_no_slot_cannot_be_held(presenter: Presenter, start: datetime) -> None:
    """Before hours, after them, off the half hour, without notice."""
    with pytest.raises(SlotTaken):
        hold_slot(draft=make_draft(), person=None, wish=wish(make_presentation()), start=start, now=NOW)


def test_a_draft_that_is_finished_holds_nothing(presenter: Presenter) -> None:
    draft = make_draft()
    type(draft).objects.all().delete()
    with pytest.raises(DraftGone):
        hold_slot(draft=draft, person=None, wish=wish(make_presentation()), start=TEN, now=NOW)


def test_a_hold_can_be_given_back(presenter: Presenter) -> None:
    draft = make_draft()
    hold_slot(draft=draft, person=None, wish=wish(make_presentation()), start=TEN, now=NOW)
    release_hold(draft=draft, now=NOW)
    assert not Hold.objects.exists()
    assert not BusyTime.objects.exists()


# --- Booking ---


def test_a_slot_that_we_offer_books_at_once_as_confirmed(presenter: Presenter, person: Person) -> None:
    booking = place(person)
    claim = BusyTime.objects.get()
    assert (booking.state, booking.presenter, booking.ends_at) == (State.CONFIRMED, presenter, at("11:00"))
    assert (claim.booking, claim.busy.lower, claim.busy.upper, claim.postcode) == (booking, TEN, at("11:00"), LEEDS)
    assert history(booking) == [("booked", "", "confirmed")]
    assert sent(booking) == [
        ("booking-confirmed", person.email, 0),
        ("presenter-booked", presenter.email, 0),
        ("staff-new-booking", settings.STAFF_EMAIL, 0),
        ("booking-reminder", person.email, 0),
    ]


def test_the_reminder_is_due_at_nine_uk_time_on_the_day_before_and_dies_at_the_start(
    presenter: Presenter, person: Person
) -> None:
    booking = place(person, start=at("09:00", MONDAY.replace(month=3, day=30)))
    reminder = Notification.objects.get(kind="booking-reminder")
    assert (reminder.due_at, reminder.expires_at) == (at("08:00", MONDAY.replace(month=3, day=29)), booking.starts_at)


def test_an_address_that_we_do_not_know_waits_for_staff_and_holds_its_time(presenter: Presenter) -> None:
    person = make_person(email=STRANGER)
    booking = place(person)
    assert (booking.state, history(booking)) == (State.REQUESTED, [("requested", "", "requested")])
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-requested", "presenter-kept", "staff-new-booking"]
    with pytest.raises(SlotTaken):
        place(make_person(email="sam@leeds.nhs.uk"))


def test_online_nobody_waits_for_staff(presenter: Presenter) -> None:
    booking = place(make_person(email=STRANGER), format="online", address=None)
    assert (booking.state, booking.postcode, BusyTime.objects.get().place) == (State.CONFIRMED, "", None)


def test_a_booking_takes_the_hold_of_its_draft(presenter: Presenter, person: Person) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, wish=wish(presentation), start=TEN, now=NOW)
    claim = BusyTime.objects.get()
    booking = place(person, presentation=presentation, submission=Submission(draft.token, "digest"))
    assert not Hold.objects.exists()
    assert BusyTime.objects.get().pk == claim.pk
    assert BusyTime.objects.get().booking == booking


@pytest.mark.parametrize("minutes", [20, 60])
def test_after_the_hold_has_expired_the_slot_is_booked_if_it_is_still_free(
    presenter: Presenter, person: Person, minutes: int
) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, wish=wish(presentation), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=minutes)
    booking = place(person, presentation=presentation, submission=Submission(draft.token, "digest"), now=later)
    assert not Hold.objects.exists()
    assert BusyTime.objects.get().booking == booking


def test_after_the_hold_has_expired_somebody_else_may_have_the_slot(presenter: Presenter, person: Person) -> None:
    draft, presentation = make_draft(), make_presentation()
    hold_slot(draft=draft, person=person, wish=wish(presentation), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=20)
    place(make_person(email="jo@leeds.nhs.uk"), now=later)
    with pytest.raises(SlotTaken):
        place(person, presentation=presentation, submission=Submission(draft.token, "digest"), now=later)


def test_a_token_books_once(presenter: Presenter, person: Person) -> None:
    submission = Submission("token", "digest")
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
    from dataclasses import replace

    booking = place(person, details=replace(DETAILS, notes="kept", flagged=True))
    assert booking.flagged_child_details
    assert ("safeguarding-flag", settings.SAFEGUARDING_LEAD_EMAIL, 1) in sent(booking)


# --- Staff: rules yield with a reason, overlap to nobody ---


def place_as_staff(**more: Any) -> Booking:
    person = Person.objects.filter(email=STRANGER).first() or make_person(with_user=False, email=STRANGER)
    return place(person, **{"by": make_staff(), "channel": Channel.PHONE, **more})


def test_staff_book_for_an_unknown_address_as_confirmed(presenter: Presenter) -> None:
    assert place_as_staff().state == State.CONFIRMED


def test_staff_override_notice_and_hours_with_a_reason_that_is_kept(presenter: Presenter) -> None:
    tomorrow_evening = at("19:10", NOW.date() + timedelta(days=1))
    with pytest.raises(OutsideRules) as refusal:
        place_as_staff(start=tomorrow_evening)
    assert [breach.value for breach in refusal.value.breaches] == ["notice", "hours"]
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


# --- States ---


def test_moves_that_are_not_in_the_table_are_refused(presenter: Presenter) -> None:
    for before in State:
        for after in State:
            booking = make_booking(None, TEN, state=before)
            if after in MOVES[before]:
                move(booking, after, EventKind.CONFIRMED, by=None, now=NOW)
                assert Booking.objects.get(pk=booking.pk).state == after
            else:
                with pytest.raises(MoveRefused):
                    move(booking, after, EventKind.CONFIRMED, by=None, now=NOW)
                assert Booking.objects.get(pk=booking.pk).state == before


def test_a_move_from_a_state_that_is_no_longer_true_is_refused(presenter: Presenter) -> None:
    booking = make_booking(None, TEN, state=State.REQUESTED)
    Booking.objects.update(state=State.DECLINED)
    with pytest.raises(MoveRefused):
        move(booking, State.CONFIRMED, EventKind.CONFIRMED, by=None, now=NOW)
    assert not BookingEvent.objects.exists()


def test_confirming_tells_the_professional_and_the_presenter(presenter: Presenter) -> None:
    booking, staff = make_booking(presenter, TEN, state=State.REQUESTED), make_staff()
    confirm(booking=booking, by=staff, now=NOW)
    event = booking.events.get()
    assert (event.by, event.at, event.from_state, event.to_state) == (staff, NOW, "requested", "confirmed")
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-confirmed", "presenter-booked", "booking-reminder"]


def test_confirming_twice_is_refused(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=State.REQUESTED)
    confirm(booking=booking, by=None, now=NOW)
    with pytest.raises(MoveRefused, match="confirmed"):
        confirm(booking=booking, by=None, now=NOW)


def test_a_request_without_presenter_cannot_be_confirmed() -> None:
    with pytest.raises(NeedsPresenter):
        confirm(booking=make_booking(None, TEN, state=State.REQUESTED), by=None, now=NOW)


def test_declining_gives_the_time_back_and_tells_why(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=State.REQUESTED)
    decline(booking=booking, reason="We were there last month.", by=make_staff(), now=NOW)
    booking.refresh_from_db()
    assert (booking.state, booking.closed_reason) == (State.DECLINED, "We were there last month.")
    assert not BusyTime.objects.exists()
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-declined", "presenter-cancelled"]


def test_cancelling_gives_the_time_back_bumps_the_sequence_and_tells_everyone(presenter: Presenter, person: Person) -> None:
    booking = make_booking(presenter, TEN, person=person)
    cancel(booking=booking, by=person.user, now=NOW, reason="Nobody is in")
    booking.refresh_from_db()
    assert (booking.state, booking.sequence, booking.presenter) == (State.CANCELLED, 1, presenter)
    assert not BusyTime.objects.exists()
    assert sent(booking) == [
        ("booking-cancelled", person.email, 1),
        ("presenter-cancelled", presenter.email, 1),
        ("staff-booking-cancelled", settings.STAFF_EMAIL, 1),
    ]
    with pytest.raises(MoveRefused):
        cancel(booking=booking, by=person.user, now=NOW)


def test_its_owner_cannot_cancel_once_it_has_started_and_staff_can(presenter: Presenter, person: Person) -> None:
    booking = make_booking(presenter, TEN, person=person)
    with pytest.raises(TooLate):
        cancel(booking=booking, by=person.user, now=TEN)
    assert cancel(booking=booking, by=make_staff(), now=TEN).state == State.CANCELLED


def test_delivered_only_after_it_has_started(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN)
    with pytest.raises(NotStarted):
        mark_delivered(booking=booking, by=None, now=TEN - timedelta(minutes=1))
    assert mark_delivered(booking=booking, by=None, now=TEN).state == State.DELIVERED
    assert BusyTime.objects.get().booking == booking


# --- Reassigning and travel ---


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
        ("booking-reminder", booking.person.email, 1),
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
    assert [breach.value for breach in refusal.value.breaches] == ["distance", "hours"]
    reassign(booking=booking, presenter=other, by=make_staff(), now=NOW, override_reason="Is in Leeds that day")
    assert booking.events.get().reason == "Is in Leeds that day"


def test_reassigning_to_the_same_presenter_or_a_closed_booking_is_refused(presenter: Presenter) -> None:
    with pytest.raises(SamePresenter):
        reassign(booking=make_booking(presenter, TEN), presenter=presenter, by=None, now=NOW)
    with pytest.raises(MoveRefused):
        reassign(booking=make_booking(None, TEN, state=State.CANCELLED), presenter=presenter, by=None, now=NOW)


def test_a_request_that_is_reassigned_is_not_told_to_the_professional_yet(presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, state=State.REQUESTED)
    reassign(booking=booking, presenter=make_presenter(), by=None, now=NOW)
    assert [kind for kind, _to, _version in sent(booking)] == ["presenter-kept", "presenter-freed"]


def test_travel_minutes_set_by_staff_are_checked_against_the_neighbours(presenter: Presenter) -> None:
    make_booking(presenter, at("08:20"))
    booking = make_booking(presenter, TEN, postcode=LEEDS_TOO)
    set_travel(booking=booking, minutes=40, reason="Roadworks", by=make_staff(), now=NOW)
    assert BusyTime.objects.get(booking=booking).travel_minutes == 40
    with pytest.raises(SlotTaken):
        set_travel(booking=booking, minutes=41, reason="More roadworks", by=make_staff(), now=NOW)
    with pytest.raises(NeedsPresenter):
        set_travel(booking=make_booking(None, TEN), minutes=5, reason="", by=None, now=NOW)


def test_a_place_far_away_is_refused_for_the_public(presenter: Presenter, person: Person) -> None:
    with pytest.raises(SlotTaken):
        place(person, address=Address("1 Borough High Street", "London", LONDON))


def test_holds_and_leave_are_in_the_way_of_staff_too(presenter: Presenter) -> None:
    make_hold(presenter, TEN, expires_at=NOW + timedelta(minutes=5))
    make_leave(presenter, at("13:00"), at("17:00"))
    for start in (TEN, at("14:00")):
        with pytest.raises(SlotTaken):
            place_as_staff(start=start, override_reason="Must")
