"""A slot that is kept for someone who is still filling in the form."""

from datetime import datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from bookings.errors import DraftGone, HoldAlreadyExtended, HoldExpired, SlotTaken, TooManyHolds
from bookings.models import BusyTime, Hold, Presenter
from bookings.schedule.holds import extend_hold, hold_slot, release_hold
from professionals.models import Person
from tests.bookings.placed import TEN
from tests.bookings.rows import (
    NOW,
    at,
    make_booking,
    make_draft,
    make_presentation,
    make_presenter,
    slot_query,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


def test_a_hold_keeps_the_slot_for_fifteen_minutes(presenter: Presenter) -> None:
    draft = make_draft()
    hold = hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    assert (hold.presenter, hold.expires_at) == (presenter, NOW + timedelta(minutes=15))
    with pytest.raises(SlotTaken):
        hold_slot(
            draft=make_draft(),
            person=None,
            slot_query=slot_query(make_presentation()),
            start=TEN,
            now=NOW + timedelta(minutes=14),
        )


def test_an_expired_hold_is_cleared_by_the_next_writer(presenter: Presenter) -> None:
    hold_slot(draft=make_draft(), person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    later = NOW + timedelta(minutes=15)
    second = hold_slot(draft=make_draft(), person=None, slot_query=slot_query(make_presentation()), start=TEN, now=later)
    assert list(Hold.objects.all()) == [second]
    assert BusyTime.objects.get().hold == second


def test_choosing_the_same_slot_again_does_not_make_the_hold_longer(presenter: Presenter) -> None:
    draft, asked = make_draft(), slot_query(make_presentation())
    first = hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW)
    again = hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW + timedelta(minutes=5))
    assert (again, again.expires_at) == (first, first.expires_at)


def test_choosing_another_slot_gives_the_first_one_back(presenter: Presenter) -> None:
    draft, asked = make_draft(), slot_query(make_presentation())
    hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW)
    hold_slot(draft=draft, person=None, slot_query=asked, start=at("10:30"), now=NOW)
    assert [claim.busy.lower for claim in BusyTime.objects.all()] == [at("10:30")]


def test_a_slot_that_is_lost_leaves_what_was_held_before(presenter: Presenter) -> None:
    make_booking(presenter, at("14:00"))
    draft, asked = make_draft(), slot_query(make_presentation())
    hold = hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW)
    with pytest.raises(SlotTaken):
        hold_slot(draft=draft, person=None, slot_query=asked, start=at("14:00"), now=NOW)
    assert list(Hold.objects.all()) == [hold]


def test_a_person_has_one_live_hold(presenter: Presenter, person: Person) -> None:
    asked = slot_query(make_presentation())
    hold_slot(draft=make_draft(), person=person, slot_query=asked, start=TEN, now=NOW)
    second = hold_slot(draft=make_draft(), person=person, slot_query=asked, start=at("10:30"), now=NOW)
    assert list(Hold.objects.all()) == [second]


@pytest.mark.parametrize("start", [at("08:30"), at("16:30"), at("10:10"), at("10:00", NOW.date() + timedelta(days=1))])
def test_what_is_no_slot_cannot_be_held(presenter: Presenter, start: datetime) -> None:
    """Before hours, after them, off the half hour, without notice."""
    with pytest.raises(SlotTaken):
        hold_slot(draft=make_draft(), person=None, slot_query=slot_query(make_presentation()), start=start, now=NOW)


def test_a_draft_that_is_finished_holds_nothing(presenter: Presenter) -> None:
    draft = make_draft()
    type(draft).objects.all().delete()
    with pytest.raises(DraftGone):
        hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)


def test_a_hold_can_be_given_back(presenter: Presenter) -> None:
    draft = make_draft()
    hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    release_hold(draft=draft, now=NOW)
    assert not Hold.objects.exists()
    assert not BusyTime.objects.exists()


# --- Fifteen minutes more ---


def test_a_hold_can_be_kept_for_fifteen_minutes_more_and_says_so(presenter: Presenter) -> None:
    draft, asked = make_draft(), slot_query(make_presentation())
    hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW)
    hold = extend_hold(draft=draft, now=NOW + timedelta(minutes=14))
    assert (hold.expires_at, hold.extended_at) == (NOW + timedelta(minutes=30), NOW + timedelta(minutes=14))
    assert Hold.objects.get().expires_at == BusyTime.objects.get().expires_at == hold.expires_at
    with pytest.raises(SlotTaken):
        hold_slot(draft=make_draft(), person=None, slot_query=asked, start=TEN, now=NOW + timedelta(minutes=29))


def test_a_second_time_it_is_refused(presenter: Presenter) -> None:
    draft = make_draft()
    hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    extend_hold(draft=draft, now=NOW)
    with pytest.raises(HoldAlreadyExtended):
        extend_hold(draft=draft, now=NOW + timedelta(minutes=20))
    assert Hold.objects.get().expires_at == NOW + timedelta(minutes=30)


def test_a_hold_whose_time_is_over_cannot_be_kept_longer(presenter: Presenter) -> None:
    draft = make_draft()
    hold_slot(draft=draft, person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    with pytest.raises(HoldExpired):
        extend_hold(draft=draft, now=NOW + timedelta(minutes=15))
    with pytest.raises(HoldExpired):
        extend_hold(draft=make_draft(), now=NOW)


def test_the_database_refuses_a_hold_that_is_longer(presenter: Presenter) -> None:
    hold_slot(draft=make_draft(), person=None, slot_query=slot_query(make_presentation()), start=TEN, now=NOW)
    for columns in (
        {"expires_at": NOW + timedelta(minutes=61)},
        {"expires_at": NOW + timedelta(minutes=121), "extended_at": NOW},
    ):
        with pytest.raises(IntegrityError, match="hold_is_extended_once"), transaction.atomic():
            Hold.objects.update(**columns)


# --- From one address ---


def test_only_so_many_times_can_be_kept_from_one_address_at_once(presenter: Presenter, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bookings.schedule.holds.MAX_HOLDS_PER_CLIENT", 3)
    asked, hours = slot_query(make_presentation()), iter(range(6))

    def hold(client: str, now: datetime = NOW) -> Hold:
        start = TEN + timedelta(hours=next(hours))
        return hold_slot(draft=make_draft(), person=None, slot_query=asked, start=start, now=now, client=client)

    for _number in range(3):
        hold("one")
    with pytest.raises(TooManyHolds):
        hold("one", NOW + timedelta(minutes=14))
    hold("two")
    assert hold_slot(draft=make_draft(), person=None, slot_query=asked, start=TEN, now=NOW + timedelta(minutes=15), client="one")


def test_whoever_holds_a_time_may_change_it_though_the_others_hold_all(
    presenter: Presenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bookings.schedule.holds.MAX_HOLDS_PER_CLIENT", 1)
    draft, asked = make_draft(), slot_query(make_presentation())
    hold_slot(draft=draft, person=None, slot_query=asked, start=TEN, now=NOW, client="one")
    hold_slot(draft=draft, person=None, slot_query=asked, start=at("14:00"), now=NOW, client="one")
    assert Hold.objects.get().start == at("14:00")
    with pytest.raises(TooManyHolds):
        hold_slot(draft=make_draft(), person=None, slot_query=asked, start=TEN, now=NOW, client="one")
