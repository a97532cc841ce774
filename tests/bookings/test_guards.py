"""What the database refuses by itself: every row here is written straight into the tables, past every service."""

from datetime import timedelta

import pytest
from django.db import Error, IntegrityError, connection, transaction
from django.db.backends.postgresql.psycopg_any import DateTimeTZRange

from bookings.models import BookingEvent, BookingEventKind, BusyKind, BusyTime, Leave, LeaveKind, LeaveState, Presenter
from bookings.schedule.holds import place_columns
from bookings.travel import find_place
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    LONDON,
    MONDAY,
    NOW,
    at,
    make_booking,
    make_hold,
    make_leave,
    make_presenter,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def refused(*, by: str) -> "pytest.RaisesExc[IntegrityError]":
    return pytest.raises(IntegrityError, match=by)


TOO_CLOSE = "minutes of travel"
OVERLAP = "busytime_no_overlap"


def visit(presenter: Presenter, clock: str, postcode: str = LEEDS) -> None:
    """An hour at that time, and hear at once what the deferred guard says."""
    with transaction.atomic():
        make_booking(presenter, at(clock), postcode=postcode)
        connection.check_constraints()


@pytest.mark.parametrize("clock", ["09:30", "10:00", "10:30"])
def test_an_overlap_is_refused(presenter: Presenter, clock: str) -> None:
    visit(presenter, "10:00")
    with refused(by=OVERLAP):
        visit(presenter, clock)


def test_an_overlap_online_or_with_leave_is_refused(presenter: Presenter) -> None:
    make_leave(presenter, at("10:00"), at("12:00"))
    with refused(by=OVERLAP):
        visit(presenter, "11:00", postcode="")


def test_another_presenter_is_free_at_the_same_time(presenter: Presenter) -> None:
    visit(presenter, "10:00")
    visit(make_presenter(), "10:00")
    assert BusyTime.objects.count() == 2


def test_a_claim_that_is_not_live_is_in_nobodys_way(presenter: Presenter) -> None:
    visit(presenter, "10:00")
    BusyTime.objects.update(live=False)
    visit(presenter, "10:00")
    assert BusyTime.objects.filter(live=True).count() == 1


def test_two_teams_in_one_building_can_follow_each_other(presenter: Presenter) -> None:
    visit(presenter, "10:00")
    visit(presenter, "11:00")
    visit(presenter, "09:00")
    assert BusyTime.objects.count() == 3


@pytest.mark.parametrize(("clock", "fits"), [("11:29", False), ("11:30", True), ("08:31", False), ("08:30", True)])
def test_too_little_travel_on_either_side_is_refused(presenter: Presenter, clock: str, fits: bool) -> None:
    visit(presenter, "10:00", LEEDS)
    if fits:
        visit(presenter, clock, LEEDS_TOO)
    else:
        with refused(by=TOO_CLOSE):
            visit(presenter, clock, LEEDS_TOO)


def test_the_refusal_comes_at_commit_when_nobody_asks_earlier(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    with refused(by=TOO_CLOSE), transaction.atomic():
        make_booking(presenter, at("11:00"), postcode=LONDON)
        with connection.cursor() as cursor:
            cursor.execute("SET CONSTRAINTS bookings_busytime_travel IMMEDIATE")


def test_a_long_journey_needs_its_time_over_the_whole_day(presenter: Presenter) -> None:
    visit(presenter, "09:00", LEEDS)
    with refused(by=TOO_CLOSE):
        visit(presenter, "13:00", LONDON)
    visit(presenter, "17:00", LONDON)
    assert BusyTime.objects.count() == 2


def test_online_needs_no_travel(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    visit(presenter, "11:00", "")
    visit(presenter, "12:00", LEEDS)
    assert BusyTime.objects.count() == 3


def test_something_online_between_two_visits_gives_no_time_to_travel(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    visit(presenter, "11:00", "")
    with refused(by=TOO_CLOSE):
        visit(presenter, "12:00", LEEDS_TOO)
    visit(presenter, "12:30", LEEDS_TOO)
    assert BusyTime.objects.count() == 3


def test_something_online_must_leave_time_for_the_journey_round_it(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    visit(presenter, "12:00", LEEDS_TOO)  # an hour between them, of which the journey takes half
    with refused(by=TOO_CLOSE):
        visit(presenter, "11:00", "")
    with transaction.atomic():
        make_booking(presenter, at("11:15"), minutes=30, postcode="")
        connection.check_constraints()


def test_leave_between_two_visits_gives_no_time_to_travel(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    make_leave(presenter, at("11:00"), at("16:00"))
    with refused(by=TOO_CLOSE):
        visit(presenter, "16:00", LONDON)


def test_visits_two_days_apart_are_never_too_close_whatever_lies_between(presenter: Presenter) -> None:
    make_booking(presenter, at("09:00"), postcode=LEEDS)
    make_leave(presenter, at("10:00"), at("10:00") + timedelta(hours=48))
    make_booking(presenter, at("10:00") + timedelta(hours=48), postcode=LONDON)
    connection.check_constraints()
    assert BusyTime.objects.count() == 3


def test_what_staff_set_for_a_visit_counts_on_both_sides_longer_or_shorter(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    BusyTime.objects.update(travel_minutes=10, travel_reason="Next door")
    visit(presenter, "11:10", LEEDS_TOO)
    with refused(by=TOO_CLOSE), transaction.atomic():
        BusyTime.objects.filter(postcode=LEEDS_TOO).update(travel_minutes=11)
        connection.check_constraints()
    with refused(by=TOO_CLOSE):
        visit(presenter, "08:55", LEEDS_TOO)
    visit(presenter, "08:50", LEEDS_TOO)


def test_a_moved_visit_is_checked_where_it_is_now(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    with transaction.atomic():
        booking = make_booking(presenter, at("11:00"), postcode=LEEDS_TOO)
        BusyTime.objects.filter(booking=booking).update(busy=DateTimeTZRange(at("12:00"), at("13:00")))
        connection.check_constraints()
    with refused(by=TOO_CLOSE), transaction.atomic():
        BusyTime.objects.filter(booking=booking).update(busy=DateTimeTZRange(at("11:10"), at("12:10")))
        connection.check_constraints()


def test_bringing_a_claim_back_to_life_is_checked(presenter: Presenter) -> None:
    visit(presenter, "10:00", LEEDS)
    BusyTime.objects.update(live=False)
    visit(presenter, "11:00", LEEDS_TOO)
    with refused(by=TOO_CLOSE), transaction.atomic():
        BusyTime.objects.update(live=True)
        connection.check_constraints()


def test_giving_time_back_is_never_refused(presenter: Presenter) -> None:
    """Without the visit between, whose journeys staff had shortened, the other two would be too far apart."""
    visit(presenter, "09:00", LEEDS)
    with transaction.atomic():
        between = make_booking(presenter, at("10:05"), minutes=20, postcode=LEEDS_TOO)
        BusyTime.objects.filter(booking=between).update(travel_minutes=5)
        make_booking(presenter, at("10:30"), postcode=LONDON)
        connection.check_constraints()
    BusyTime.objects.filter(booking=between).delete()
    connection.check_constraints()
    assert BusyTime.objects.count() == 2


def test_a_claim_belongs_to_exactly_one_thing(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), claim=False)
    leave = Leave.objects.create(
        presenter=presenter, starts_at=at("10:00"), ends_at=at("11:00"), kind=LeaveKind.OTHER, created_at=NOW
    )
    busy = DateTimeTZRange(at("10:00"), at("11:00"))
    for links in ({}, {"booking": booking, "leave": leave}, {"leave": leave}):
        with refused(by="busytime_belongs_to_one_thing"), transaction.atomic():
            BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=busy, **links)


def test_only_holds_expire(presenter: Presenter) -> None:
    make_hold(presenter, at("14:00"), expires_at=NOW)
    with refused(by="busytime_only_holds_and_options_expire"), transaction.atomic():
        BusyTime.objects.update(expires_at=None)
    busy = DateTimeTZRange(at("10:00"), at("11:00"))
    with refused(by="busytime_only_holds_and_options_expire"), transaction.atomic():
        booking = make_booking(presenter, at("10:00"), claim=False)
        BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=busy, booking=booking, expires_at=NOW)


def test_a_place_is_whole_or_absent_and_leave_has_none(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), claim=False)
    busy = DateTimeTZRange(at("10:00"), at("11:00"))
    for half in ({"latitude": 53.8}, {"postcode": LEEDS}, {"latitude": 53.8, "longitude": -1.5}):
        with refused(by="busytime_place_is_whole_or_absent"), transaction.atomic():
            BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=busy, booking=booking, **half)
    leave = make_leave(presenter, at("14:00"), at("15:00"))
    with refused(by="busytime_place_is_whole_or_absent"), transaction.atomic():
        BusyTime.objects.filter(pk=leave.pk).update(**place_columns(find_place(LEEDS)))


@pytest.mark.parametrize("state", [LeaveState.ASKED, LeaveState.REFUSED])
def test_only_granted_leave_of_that_presenter_claims_time(presenter: Presenter, state: LeaveState) -> None:
    claim = make_leave(presenter, at("14:00"), at("15:00"))
    for change in ({"state": state}, {"presenter": make_presenter()}):
        with refused(by="claims time"), transaction.atomic():
            Leave.objects.update(**change)
    BusyTime.objects.update(live=False)
    Leave.objects.update(state=state)
    with refused(by="is not granted"), transaction.atomic():
        BusyTime.objects.update(live=True)
    claim.delete()
    with refused(by="is not granted"), transaction.atomic():
        BusyTime.objects.create(presenter=presenter, kind=BusyKind.LEAVE, busy=claim.busy, leave=Leave.objects.get())


def test_a_claim_has_a_start_and_an_end(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"), claim=False)
    for busy in (DateTimeTZRange(at("10:00"), None), DateTimeTZRange(None, at("10:00")), DateTimeTZRange(empty=True)):
        with refused(by="busytime_has_a_start_and_an_end"), transaction.atomic():
            BusyTime.objects.create(presenter=presenter, kind=BusyKind.BOOKING, busy=busy, booking=booking)


def test_history_can_only_grow_and_only_its_reason_can_be_blanked(presenter: Presenter) -> None:
    booking = make_booking(presenter, at("10:00"))
    event = BookingEvent.objects.create(booking=booking, at=NOW, kind=BookingEventKind.BOOKED, reason="Called")
    for change in ({"kind": BookingEventKind.CANCELLED}, {"at": at("09:00")}, {"by": None, "to_state": "declined"}):
        with pytest.raises(Error, match="append-only"), transaction.atomic():
            BookingEvent.objects.filter(pk=event.pk).update(**change)
    with pytest.raises(Error, match="append-only"), transaction.atomic():
        event.delete()
    BookingEvent.objects.filter(pk=event.pk).update(reason="")
    assert BookingEvent.objects.get().reason == ""


def test_the_fixed_day_of_these_tests_is_a_monday() -> None:
    assert MONDAY.weekday() == 0
