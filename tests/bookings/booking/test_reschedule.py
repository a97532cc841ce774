"""Moving a booking to another time and changing its details: who may, what moves with it, who is told."""

from collections.abc import Callable
from contextlib import nullcontext
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bookings.booking.services.decide import agree_time
from bookings.booking.services.reschedule import change_details, reschedule
from bookings.booking.views.bookings import is_offered
from bookings.errors import NothingChanged, OutsideRules, SlotTaken, StaleBooking, TooLateToChange, TransitionNotAllowed
from bookings.models import Booking, BookingEventKind, BookingState, BusyTime, Presenter
from bookings.schedule.substitutes import rank_presenters_for
from notifications.models import Notification
from professionals.models import FlagDecision, FlaggedText, Person
from tests.bookings.placed import TEN, sent
from tests.bookings.rows import (
    DETAILS,
    LEEDS,
    LEEDS_TOO,
    LONDON,
    NOW,
    YORK,
    at,
    make_booking,
    make_leave,
    make_option,
    make_presenter,
    make_request,
    visit_address,
)
from tests.factories import make_staff

pytestmark = pytest.mark.django_db
TWO = at("14:00")
THURSDAY, FRIDAY, SUNDAY, TUESDAY = date(2027, 1, 21), date(2027, 1, 22), date(2027, 1, 24), date(2027, 1, 26)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def booking(presenter: Presenter, person: Person) -> Booking:
    return make_booking(presenter, TEN, person=person)


def move(booking: Booking, start: datetime = TWO, **more: Any) -> Booking:
    asked = {"expected": booking.version, "by": booking.person.user, "now": NOW}
    return reschedule(booking=booking, start=start, **{**asked, **more})


def change(booking: Booking, **more: Any) -> Booking:
    asked = {"answers": {**DETAILS, "room": "Room 3"}, "expected": booking.version, "by": booking.person.user, "now": NOW}
    return change_details(booking=booking, **{**asked, **more})


def the_claim(booking: Booking) -> tuple[Presenter, datetime, datetime, int | None]:
    claim = BusyTime.objects.get(booking=booking)
    return claim.presenter, claim.busy.lower, claim.busy.upper, claim.travel_minutes


# The time


def test_the_one_claim_moves_and_its_presenter_stays(booking: Booking, presenter: Presenter) -> None:
    make_presenter()
    before = BusyTime.objects.get().pk
    BusyTime.objects.update(travel_minutes=40, travel_reason="Roadworks")
    move(booking)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.ends_at, booking.sequence, booking.state) == (TWO, at("15:00"), 1, BookingState.CONFIRMED)
    assert (BusyTime.objects.get().pk, the_claim(booking)) == (before, (presenter, TWO, at("15:00"), 40))
    event = booking.events.get()
    assert (event.kind, event.by, event.at) == (BookingEventKind.RESCHEDULED, booking.person.user, NOW)
    assert event.changes == {
        "time": ["2027-01-25T10:00:00+00:00", "2027-01-25T14:00:00+00:00"],
        "presenter": [presenter.pk, presenter.pk],
        "sequence": 1,
    }


def test_owner_presenter_and_team_are_each_told_once(booking: Booking, presenter: Presenter) -> None:
    move(booking, at("10:00", TUESDAY))
    assert sent(booking) == [
        ("booking-moved", booking.person.email, 1),
        ("presenter-moved", presenter.email, 1),
        ("staff-booking-moved", settings.STAFF_EMAIL, 1),
    ]


def test_when_its_presenter_is_not_free_then_another_comes_and_both_are_told(booking: Booking, presenter: Presenter) -> None:
    make_leave(presenter, at("13:00"), at("17:00"))
    other = make_presenter()
    BusyTime.objects.filter(booking=booking).update(travel_minutes=40, travel_reason="Roadworks")
    move(booking)
    assert the_claim(booking) == (other, TWO, at("15:00"), None)
    told = {kind: to for kind, to, _version in sent(booking)}
    assert (told["presenter-booked"], told["presenter-freed"]) == (other.email, presenter.email)
    assert "presenter-moved" not in told


def test_a_time_that_overlaps_its_own_is_free(booking: Booking, presenter: Presenter) -> None:
    move(booking, at("10:30"))
    assert the_claim(booking)[:3] == (presenter, at("10:30"), at("11:30"))


@pytest.mark.parametrize(
    ("minutes", "offered"),
    [(None, ["10:30", "11:00", "11:30"]), (90, ["11:30"]), (0, ["10:00", "10:30", "11:00", "11:30"])],
)
def test_what_staff_have_set_for_its_journeys_holds_at_another_time_too(
    presenter: Presenter, person: Person, minutes: int | None, offered: list[str]
) -> None:
    """What is offered is what the database then lets in; each is tried."""
    make_booking(presenter, at("09:00"), postcode=LEEDS_TOO)
    booking = make_booking(presenter, at("12:30"), person=person)
    BusyTime.objects.filter(booking=booking).update(travel_minutes=minutes, travel_reason="Roadworks" if minutes else "")
    clocks = ["10:00", "10:30", "11:00", "11:30"]
    assert [clock for clock in clocks if is_offered(booking, at(clock), NOW)] == offered
    for clock in clocks:
        booking.refresh_from_db()
        with nullcontext() if clock in offered else pytest.raises(SlotTaken):
            move(booking, at(clock))


def test_who_could_give_it_counts_what_staff_have_set_for_its_journeys(presenter: Presenter, person: Person) -> None:
    booking = make_booking(presenter, at("12:30"), postcode=YORK, person=person)
    (by_rule,) = rank_presenters_for(booking, NOW).verdicts
    BusyTime.objects.update(travel_minutes=20, travel_reason="Her sister drives her")
    (as_set,) = rank_presenters_for(booking, NOW).verdicts
    assert [verdict.candidate and verdict.candidate.extra for verdict in (by_rule, as_set)] == [110, 40]


def test_a_time_that_is_taken_leaves_everything_as_it_was(booking: Booking, presenter: Presenter) -> None:
    make_booking(presenter, TWO)
    for start in (TWO, at("14:30"), at("14:10")):
        with pytest.raises(SlotTaken):
            move(booking, start)
    booking.refresh_from_db()
    assert (booking.starts_at, booking.sequence, the_claim(booking)[1]) == (TEN, 0, TEN)
    assert not booking.events.exists()
    assert sent(booking) == []


def test_neither_another_place_in_between_nor_leave_yields_to_staff(booking: Booking, presenter: Presenter) -> None:
    make_booking(presenter, at("13:00"), postcode=YORK)
    make_leave(presenter, at("16:00"), at("17:00"))
    for start in (at("14:00"), at("16:00")):
        with pytest.raises(SlotTaken):
            move(booking, start, by=make_staff(), override_reason="Must")


def test_the_public_keep_to_notice_and_hours_and_staff_say_why(booking: Booking) -> None:
    soon, late = at("10:00", date(2027, 1, 14)), at("18:00")
    for start, violations in ((soon, ["notice"]), (late, ["hours"])):
        with pytest.raises(SlotTaken):
            move(booking, start)
        with pytest.raises(OutsideRules) as refusal:
            move(booking, start, by=make_staff())
        assert [violation.value for violation in refusal.value.violations] == violations
    move(booking, late, by=make_staff(), override_reason="Evening shift")
    assert booking.events.get().reason == "Evening shift"
    assert "staff-booking-moved" not in [kind for kind, _to, _version in sent(booking)]


def test_staff_choose_the_presenter(booking: Booking) -> None:
    other = make_presenter()
    move(booking, by=make_staff(), presenter=other)
    assert the_claim(booking)[0] == other


def test_what_lacks_a_presenter_gets_one(person: Person, presenter: Presenter) -> None:
    booking = make_booking(None, TEN, person=person)
    move(booking)
    claim = BusyTime.objects.get(booking=booking)
    assert (claim.presenter, claim.busy.lower, claim.postcode) == (presenter, TWO, LEEDS)


def test_a_request_stays_a_request_and_its_time_is_kept(person: Person, presenter: Presenter) -> None:
    booking = make_booking(presenter, TEN, person=person, state=BookingState.REQUESTED)
    move(booking)
    booking.refresh_from_db()
    assert (booking.state, the_claim(booking)[1]) == (BookingState.REQUESTED, TWO)
    assert [kind for kind, _to, _version in sent(booking)] == ["booking-moved", "presenter-moved", "staff-booking-moved"]


@pytest.mark.parametrize("do", [move, change])
def test_a_page_that_is_too_old_changes_nothing(booking: Booking, do: Callable[..., Booking]) -> None:
    old = booking.version
    move(booking)
    with pytest.raises(StaleBooking):
        do(booking, expected=old)
    with pytest.raises(StaleBooking):
        do(Booking.objects.get(), expected="")
    assert booking.events.count() == 1


@pytest.mark.parametrize("do", [move, change])
@pytest.mark.parametrize("state", [BookingState.DELIVERED, BookingState.CANCELLED, BookingState.DECLINED])
def test_what_is_closed_stays(presenter: Presenter, state: BookingState, do: Callable[..., Booking]) -> None:
    booking = make_booking(presenter, TEN, state=state, claim=False)
    with pytest.raises(TransitionNotAllowed):
        do(booking, by=make_staff(), override_reason="Must")


def test_the_same_time_is_no_change(booking: Booking) -> None:
    with pytest.raises(NothingChanged):
        move(booking, TEN)


# The cut-off: the presentation is on a Monday, two working days before it is the Thursday


@pytest.mark.parametrize(
    ("now", "may"),
    [(at("23:59", THURSDAY), True), (at("00:00", FRIDAY), False), (at("10:00", SUNDAY), False)],
)
def test_its_owner_can_until_the_end_of_the_second_working_day_before(booking: Booking, now: datetime, may: bool) -> None:
    assert (booking.last_day_to_change, booking.may_still_change(now)) == (THURSDAY, may)
    far = at("10:00", date(2027, 2, 8))
    if may:
        assert move(booking, far, now=now).starts_at == far
        return
    for do in (lambda **who: move(booking, far, now=now, **who), lambda **who: change(booking, now=now, **who)):
        with pytest.raises(TooLateToChange):
            do()
        do(by=make_staff())
        booking.refresh_from_db()
        Booking.objects.update(starts_at=TEN, ends_at=at("11:00"))
        booking.refresh_from_db()


def test_by_a_link_the_cut_off_holds_and_nobody_is_named(booking: Booking) -> None:
    with pytest.raises(TooLateToChange):
        move(booking, at("10:00", date(2027, 2, 8)), by=None, by_link=True, now=at("10:00", FRIDAY))
    with pytest.raises(SlotTaken):
        move(booking, at("18:00"), by=None, by_link=True, override_reason="Must")
    move(booking, by=None, by_link=True)
    assert (booking.events.get().by, booking.events.get().changes["by_link"]) == (None, True)
    assert "staff-booking-moved" in [kind for kind, _to, _version in sent(booking)]


# The details


def test_details_change_and_calendars_hear_only_of_their_own(booking: Booking, presenter: Presenter) -> None:
    change(booking, answers={**DETAILS, "audience_size": 30, "contact_name": "Ana Diaz"})
    booking.refresh_from_db()
    assert (booking.audience_size, booking.contact_name, booking.sequence, booking.revision) == (30, "Ana Diaz", 0, 1)
    assert sent(booking) == [("booking-changed", booking.person.email, 1), ("presenter-changed", presenter.email, 1)]
    event = booking.events.get()
    assert event.kind == BookingEventKind.DETAILS_CHANGED
    assert event.changes == {"fields": ["audience_size", "contact_name"], "revision": 1, "in_calendars": False}


def test_a_room_stands_in_calendars_so_their_entry_is_new(booking: Booking) -> None:
    change(booking)
    booking.refresh_from_db()
    assert (booking.room, booking.sequence, booking.revision) == ("Room 3", 1, 1)
    assert [(kind, version) for kind, _to, version in sent(booking)] == [("booking-changed", 1), ("presenter-changed", 1)]


def test_the_team_hear_of_details_while_they_still_have_to_do_something(person: Person, presenter: Presenter) -> None:
    for booking in (
        make_booking(presenter, TEN, person=person, state=BookingState.REQUESTED),
        make_booking(None, TEN, person=person),
    ):
        change(booking)
        assert ("staff-booking-changed", settings.STAFF_EMAIL, 1) in sent(booking)


def test_the_same_details_are_no_change(booking: Booking) -> None:
    with pytest.raises(NothingChanged):
        change(booking, answers=DETAILS)
    assert not booking.events.exists()


def test_what_looks_like_a_child_is_flagged_until_the_lead_has_decided_also_once_it_is_taken_out(booking: Booking) -> None:
    change(booking, answers={**DETAILS, "notes": "born 12/03/2014"}, flagged=True)
    assert Notification.objects.filter(kind="safeguarding-flag").count() == 1
    booking.refresh_from_db()
    assert booking.flagged_child_details
    change(booking, answers=DETAILS)
    booking.refresh_from_db()
    assert booking.flagged_child_details
    FlaggedText.objects.update(decision=FlagDecision.NO_CHILD)
    change(booking, answers={**DETAILS, "notes": "By the side door"})
    booking.refresh_from_db()
    assert not booking.flagged_child_details


def test_another_address_must_be_reached_in_time_and_the_database_decides(booking: Booking, presenter: Presenter) -> None:
    make_booking(presenter, at("11:30"), postcode=LEEDS_TOO)
    far, near = visit_address("1 High Street", "York", YORK), visit_address("2 Park Row", "Leeds", LEEDS_TOO)
    with pytest.raises(SlotTaken):
        change(booking, answers={**DETAILS, **far}, by=make_staff(), override_reason="Must")
    booking.refresh_from_db()
    assert (booking.postcode, BusyTime.objects.get(booking=booking).postcode) == (LEEDS, LEEDS)
    change(booking, answers={**DETAILS, **near}, by=make_staff())
    booking.refresh_from_db()
    assert (booking.postcode, booking.town, BusyTime.objects.get(booking=booking).postcode) == (LEEDS_TOO, "Leeds", LEEDS_TOO)
    assert booking.sequence == 1


def test_dates_that_are_kept_for_a_request_are_kept_for_its_new_place(person: Person, presenter: Presenter) -> None:
    request = make_request(person=person)
    option = make_option(request, presenter, at("10:00"))
    make_booking(presenter, at("11:30"), postcode=LEEDS_TOO)
    far, near = visit_address("1 High Street", "York", YORK), visit_address("2 Park Row", "Leeds", LEEDS_TOO)
    with pytest.raises(SlotTaken, match="a date that we are keeping"):
        change(request, answers={**DETAILS, **far}, by=make_staff())
    change(request, answers={**DETAILS, **near}, by=make_staff())
    assert BusyTime.objects.get(option=option).postcode == LEEDS_TOO
    with pytest.raises(TransitionNotAllowed):  # somebody who has still read the old place
        agree_time(booking=request, start=at("10:00"), by=make_staff(), now=NOW)
    agree_time(booking=Booking.objects.get(pk=request.pk), start=at("10:00"), by=make_staff(), now=NOW)
    assert BusyTime.objects.get(booking=request).postcode == LEEDS_TOO


def test_with_another_postcode_the_booking_lies_in_another_area(booking: Booking) -> None:
    there = visit_address("1 Royal Mile", "Edinburgh", "EH1 1RE")
    change(booking, answers={**DETAILS, **there}, by=make_staff(), override_reason="They pay for a train")
    booking.refresh_from_db()
    assert (booking.nation, booking.local_authority) == ("scotland", "S12000036")


def test_an_address_too_far_needs_a_reason(booking: Booking) -> None:
    there = visit_address("1 Borough High Street", "London", LONDON)
    with pytest.raises(OutsideRules):
        change(booking, answers={**DETAILS, **there}, by=make_staff())
    change(booking, answers={**DETAILS, **there}, by=make_staff(), override_reason="They pay for a train")
    assert BusyTime.objects.get(booking=booking).postcode == LONDON


# Statements


@pytest.mark.parametrize("others", [1, 8])
def test_moving_takes_the_same_number_of_statements_for_any_number_of_presenters(booking: Booking, others: int) -> None:
    for number in range(others):
        make_booking(make_presenter(), at("10:00") + timedelta(days=number % 5))
    with CaptureQueriesContext(connection) as queries:
        move(booking)
    assert len(queries) <= 21, [query["sql"][:80] for query in queries]
