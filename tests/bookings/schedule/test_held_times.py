"""A presenter's times that are held for the people of one area, around a visit near there."""

from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction

from bookings.booking.services.create import place_booking
from bookings.booking.services.transitions import cancel_booking
from bookings.errors import SlotTaken, TransitionNotAllowed
from bookings.leave.services import record_leave
from bookings.models import Booking, BusyKind, BusyTime, Format, HeldEndReason, HeldTime, Hold, Presenter
from bookings.schedule.holds import (
    AreaToVisit,
    NotHeld,
    held_times_lookup,
    hold_slot,
    hold_times,
    lapse_held_times,
    presenters_with_stale_held_times,
    release_held_time,
    release_hold,
)
from bookings.schedule.queries import read_schedule
from bookings.schedule.slots import SlotQuery
from bookings.tasks import lapse_dates
from bookings.travel import Place, find_place
from core.dates import uk_datetime, uk_day
from core.errors import DomainError
from tests.bookings.rows import (
    LEEDS,
    LEEDS_TOO,
    MONDAY,
    NOW,
    YORK,
    at,
    make_booking,
    make_draft,
    make_leave,
    make_presentation,
    make_presenter,
    unsaved_booking,
    visit_address,
)
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TWO, FOUR = at("14:00"), at("16:00")
IN_YORK = visit_address("The Shambles", "York", YORK)


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


@pytest.fixture
def visit(presenter: Presenter) -> Booking:
    return make_booking(presenter, at("10:00"))


def york() -> AreaToVisit:
    there = find_place(YORK)
    middle = Place("YO1", there.latitude, there.longitude, there.nation, there.zone)
    return AreaToVisit("E06000014", "York", {"E06000014"}, middle)


def hold_for_york(visit: Booking, *starts: datetime, now: datetime = NOW) -> list[HeldTime]:
    return hold_times(visit=visit, area=york(), starts=starts or [TWO], by=None, now=now)


def offers(visit: Booking, postcode: str, start: datetime = TWO, now: datetime = NOW) -> bool:
    """Whether the public may book a visit there then."""
    place = find_place(postcode) if postcode else None
    query = SlotQuery(visit.presentation, Format.WORKPLACE if postcode else Format.ONLINE, place)
    day = uk_day(start)
    return bool(
        read_schedule(query, first_day=day, last_day=day, now=now, ignoring=held_times_lookup(place)).offered_candidates(start)
    )


def book(address: dict[str, str] = IN_YORK, start: datetime = TWO, now: datetime = NOW, **more: Any) -> Booking:
    person = more.pop("person", None) or make_person()
    presentation = more.pop("presentation", None) or make_presentation()
    booking = unsaved_booking(person, start, address=address, presentation=presentation, **more)
    return place_booking(booking=booking, by=person.user, now=now)


def choose(postcode: str, start: datetime = TWO, now: datetime = NOW) -> Hold:
    query = SlotQuery(make_presentation(), Format.WORKPLACE, find_place(postcode))
    return hold_slot(draft=make_draft(), person=None, slot_query=query, start=start, now=now)


def claim_of(held: HeldTime) -> BusyTime | None:
    return BusyTime.objects.filter(held=held).first()


def state_of(held: HeldTime) -> str:
    return HeldTime.objects.get(pk=held.pk).ended


def test_a_held_time_is_offered_there_and_nowhere_else(visit: Booking) -> None:
    hold_for_york(visit)
    assert offers(visit, YORK)
    assert not offers(visit, LEEDS)
    assert not offers(visit, "")


def test_it_is_a_claim_that_the_database_keeps(visit: Booking, presenter: Presenter) -> None:
    (held,) = hold_for_york(visit)
    claim = BusyTime.objects.get(held=held)
    assert (claim.kind, claim.live, claim.postcode, claim.expires_at) == (BusyKind.HELD, True, "YO1", held.expires_at)
    with pytest.raises(IntegrityError, match="busytime_no_overlap"), transaction.atomic():
        make_leave(presenter, at("14:30"), at("15:00"))
    with transaction.atomic():
        make_booking(presenter, at("15:15"), postcode=LEEDS)
        with pytest.raises(IntegrityError, match="minutes of travel"):
            connection.check_constraints()
        transaction.set_rollback(True)
    with pytest.raises(IntegrityError, match="busytime_belongs_to_one_thing"), transaction.atomic():
        BusyTime.objects.filter(pk=claim.pk).update(held=None)
    with pytest.raises(IntegrityError, match="busytime_only_holds_and_options_expire"), transaction.atomic():
        BusyTime.objects.filter(pk=claim.pk).update(expires_at=None)


@pytest.mark.parametrize(
    ("columns", "constraint"),
    [
        ({"number": 4}, "heldtime_three_at_most"),
        ({"number": 0}, "heldtime_three_at_most"),
        ({"number": 1}, "heldtime_numbers_differ"),
        ({"ended": "lapsed"}, "heldtime_ended_says_when"),
        ({"ended": "taken", "ended_at": NOW}, "heldtime_taken_by_a_booking"),
        ({"ends_at": TWO}, "heldtime_in_order"),
    ],
)
def test_the_database_refuses_a_row_that_is_wrong(visit: Booking, columns: dict[str, Any], constraint: str) -> None:
    held = hold_for_york(visit, TWO, at("12:00"))[1]
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        HeldTime.objects.filter(pk=held.pk).update(**columns)


def test_three_of_a_presenter_at_most(visit: Booking, presenter: Presenter) -> None:
    tuesday = MONDAY + timedelta(days=1)
    three = [TWO, at("09:30", tuesday), at("14:00", tuesday)]
    with pytest.raises(DomainError, match="3 times of one presenter at most"):
        hold_for_york(visit, *three, at("16:00", tuesday))
    hold_for_york(visit, *three)
    with pytest.raises(DomainError, match="3 times of one presenter at most"):
        hold_for_york(visit, at("16:00", tuesday))
    release_held_time(HeldTime.objects.get(starts_at=TWO), by=None, now=NOW)
    hold_for_york(visit, TWO)
    assert sorted(HeldTime.objects.open().values_list("number", flat=True)) == [1, 2, 3]


@pytest.mark.parametrize(
    "start",
    [
        at("10:30"),  # while the visit goes on
        at("11:30"),  # before anybody could be there
        at("08:00"),  # outside the hours
        at("14:10"),
        at("14:00", MONDAY + timedelta(days=2)),  # two days after
    ],
)
def test_only_what_somebody_there_could_book_around_the_visit(visit: Booking, start: datetime) -> None:
    with pytest.raises(SlotTaken, match="is no longer free on"):
        hold_for_york(visit, start)
    assert not HeldTime.objects.exists()


def test_two_that_are_too_near_each_other_are_not_both_held(visit: Booking) -> None:
    with pytest.raises(SlotTaken):
        hold_for_york(visit, TWO, at("14:30"))


def test_a_visit_that_is_off_has_nothing_around_it(visit: Booking) -> None:
    cancel_booking(visit, by=None, now=NOW)
    with pytest.raises(TransitionNotAllowed):
        hold_for_york(visit)
    assert not HeldTime.objects.exists()


# --- Taken ---


def test_a_booking_there_takes_it(visit: Booking, presenter: Presenter) -> None:
    held, other = hold_for_york(visit, TWO, at("09:30", MONDAY + timedelta(days=1)))
    booking = book()
    held.refresh_from_db()
    assert (booking.presenter, held.ended, held.booking) == (presenter, HeldEndReason.TAKEN, booking)
    assert claim_of(held) is None
    assert BusyTime.objects.get(booking=booking).postcode == YORK
    assert state_of(other) == ""
    assert BusyTime.objects.get(held=other).live


def test_a_booking_from_elsewhere_does_not(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    with pytest.raises(SlotTaken):
        book(visit_address("Harehills", "Leeds", LEEDS_TOO))
    with pytest.raises(SlotTaken):
        choose(LEEDS)
    assert state_of(held) == ""


def test_a_time_that_overlaps_it_takes_it_too_and_one_beside_it_leaves_it(visit: Booking) -> None:
    held, later = hold_for_york(visit, at("12:30"), at("15:30"))
    book(start=at("12:00"))
    assert state_of(held) == HeldEndReason.TAKEN
    assert BusyTime.objects.get(held=later).live


def test_a_time_that_is_not_possible_beside_the_booking_waits_and_comes_back_once_it_is_off(visit: Booking) -> None:
    """Nobody gets from one end of York to the other in no time: both are not held for long, but neither is lost for good."""
    (held,) = hold_for_york(visit, at("14:30"))
    booking = book(visit_address("Fulford", "York", "YO19 4XX"), at("13:30"))
    claim = BusyTime.objects.get(held=held)
    assert (state_of(held), claim.live) == ("", False)
    lapse_held_times(held.presenter_id, now=NOW)
    assert not BusyTime.objects.get(held=held).live
    cancel_booking(booking, by=None, now=NOW)
    lapse_held_times(held.presenter_id, now=NOW)
    assert BusyTime.objects.get(held=held).live


def test_while_the_form_is_filled_in_it_is_kept_for_that_person(visit: Booking, presenter: Presenter) -> None:
    (held,) = hold_for_york(visit)
    hold = choose(YORK)
    assert hold.presenter == presenter
    assert not BusyTime.objects.get(held=held).live
    assert not offers(visit, YORK)  # somebody else from there waits until they are done
    person = make_person()
    booking = unsaved_booking(
        person, TWO, address=IN_YORK, presentation=hold.presentation, submission=(hold.draft.token, "digest")
    )
    place_booking(booking=booking, by=person.user, now=NOW + timedelta(minutes=5))
    assert state_of(held) == HeldEndReason.TAKEN
    assert [claim.kind for claim in BusyTime.objects.filter(busy__startswith=TWO)] == [BusyKind.BOOKING]


def test_who_leaves_the_form_gives_it_back_to_the_area(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    hold = choose(YORK)
    release_hold(draft=hold.draft, now=NOW)
    assert BusyTime.objects.get(held=held).live


def test_when_their_time_runs_out_it_is_the_areas_again(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    choose(YORK)
    later = NOW + timedelta(minutes=16)
    assert presenters_with_stale_held_times(later) == {held.presenter_id}
    with pytest.raises(SlotTaken):  # whoever writes next finds it held, though nobody has looked through them
        choose(LEEDS, now=later)
    lapse_held_times(held.presenter_id, now=later)
    assert BusyTime.objects.get(held=held).live
    assert choose(YORK, now=later).start == TWO


def test_a_draft_that_is_deleted_gives_it_back_within_a_minute(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    choose(YORK).draft.delete()
    assert not BusyTime.objects.get(held=held).live
    lapse_held_times(held.presenter_id, now=NOW)
    assert BusyTime.objects.get(held=held).live


# --- Five working days ---


@pytest.mark.parametrize(
    ("held_on", "until"),
    [
        (date(2027, 1, 12), date(2027, 1, 19)),
        (date(2027, 3, 25), date(2027, 4, 5)),  # over Easter, and the clocks go forward
        (date(2027, 10, 28), date(2027, 11, 4)),  # the clocks go back
        (date(2027, 8, 27), date(2027, 9, 6)),  # the last Monday in August is a bank holiday
    ],
)
def test_it_lasts_five_working_days(presenter: Presenter, held_on: date, until: date) -> None:
    now, day = uk_datetime(held_on, NOW.time()), held_on + timedelta(days=28)
    day -= timedelta(days=day.weekday())
    visit = make_booking(presenter, uk_datetime(day, at("10:00").time()))
    start = uk_datetime(day, at("14:00").time())
    (held,) = hold_for_york(visit, start, now=now)
    assert held.expires_at == uk_datetime(until, at("17:00").time())
    a_moment_before = held.expires_at - timedelta(seconds=1)
    assert not offers(visit, LEEDS, start, a_moment_before)
    assert offers(visit, LEEDS, start, held.expires_at)
    lapse_held_times(presenter.pk, now=a_moment_before)
    assert state_of(held) == ""
    lapse_held_times(presenter.pk, now=held.expires_at)
    assert state_of(held) == HeldEndReason.LAPSED
    assert claim_of(held) is None


@pytest.mark.tuesday
def test_a_day_when_the_office_is_closed_does_not_count(presenter: Presenter, close: Any) -> None:
    close(date(2027, 1, 14), date(2027, 1, 15))
    week = timedelta(days=7)
    (held,) = hold_for_york(make_booking(presenter, at("10:00") + week), TWO + week)
    assert held.expires_at == uk_datetime(date(2027, 1, 21), at("17:00").time())


def test_it_never_lasts_longer_than_until_it_begins(presenter: Presenter, change_settings: Any) -> None:
    change_settings(notice_working_days=0)
    visit = make_booking(presenter, at("10:00", date(2027, 1, 14)))
    (held,) = hold_for_york(visit, at("14:00", date(2027, 1, 14)))
    assert held.expires_at == held.starts_at


@pytest.mark.parametrize(("notice", "own", "last"), [(5, None, 18), (8, None, 13), (5, 9, 12), (0, None, 19)])
def test_it_never_lasts_longer_than_the_notice_lets_somebody_book_it(
    presenter: Presenter, change_settings: Any, notice: int, own: int | None, last: int
) -> None:
    change_settings(notice_working_days=notice)
    Presenter.objects.update(notice_working_days=own)
    (held,) = hold_for_york(make_booking(presenter, at("10:00")))
    assert uk_day(held.expires_at) == date(2027, 1, last)
    assert offers(held.visit, YORK, now=held.expires_at - timedelta(seconds=1))
    if last < 19:
        assert not offers(held.visit, YORK, now=held.expires_at + timedelta(minutes=1))


def test_the_task_lapses_it(visit: Booking, now: datetime) -> None:
    (held,) = hold_for_york(visit)
    HeldTime.objects.filter(pk=held.pk).update(held_at=now - timedelta(days=9), expires_at=now - timedelta(minutes=1))
    BusyTime.objects.filter(held=held).update(expires_at=now - timedelta(minutes=1))
    lapse_dates()
    assert state_of(held) == HeldEndReason.LAPSED
    assert claim_of(held) is None


def test_what_has_lapsed_makes_room_for_another_before_the_task_has_run(visit: Booking) -> None:
    tuesday = MONDAY + timedelta(days=1)
    held = hold_for_york(visit, TWO, at("09:30", tuesday), at("14:00", tuesday))
    later = max(each.expires_at for each in held)
    again = hold_for_york(visit, at("12:00", tuesday), now=later)
    assert [each.number for each in again] == [1]


# --- Ended ---


def test_staff_release_it(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    release_held_time(held, by=None, now=NOW)
    assert (state_of(held), claim_of(held)) == (HeldEndReason.RELEASED, None)
    assert offers(visit, LEEDS)
    with pytest.raises(NotHeld):
        release_held_time(held, by=None, now=NOW)


def test_one_that_was_released_while_somebody_books_it_stays_theirs_and_is_not_taken(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    choose(YORK)
    release_held_time(held, by=None, now=NOW)
    assert state_of(held) == HeldEndReason.RELEASED
    assert BusyTime.objects.get(kind=BusyKind.HOLD).live


@pytest.mark.parametrize("is_aside", [False, True])
def test_leave_ends_it(visit: Booking, presenter: Presenter, is_aside: bool) -> None:
    (held,) = hold_for_york(visit)
    if is_aside:
        choose(YORK)
    record_leave(by=None, now=NOW, presenter=presenter, starts_at=at("12:00"), ends_at=at("18:00"), kind="illness")
    assert (state_of(held), claim_of(held)) == (HeldEndReason.AWAY, None)


def test_it_stays_when_the_visit_is_cancelled(visit: Booking) -> None:
    (held,) = hold_for_york(visit)
    cancel_booking(visit, by=None, now=NOW)
    assert BusyTime.objects.get(held=held).live


def test_an_island_is_known_by_its_nation() -> None:
    assert held_times_lookup(find_place("GY1 1WG")) == {"held__keys__contains": ["guernsey"]}
    assert held_times_lookup(find_place(YORK)) == {"held__keys__contains": ["E06000014"]}
    assert held_times_lookup(None) == {"held__keys__contains": None}


def test_it_counts_towards_the_most_a_day_for_others_only(visit: Booking, presenter: Presenter) -> None:
    Presenter.objects.filter(pk=presenter.pk).update(most_a_day=2)
    hold_for_york(visit)
    assert offers(visit, YORK, at("13:00"))
    assert not offers(visit, LEEDS, at("16:30"))
