"""A slot that is kept for someone who is still filling in the form."""

from datetime import datetime, timedelta

import pytest

from bookings.models import BusyTime, Hold, Presenter
from bookings.services import (
    DraftGone,
    SlotTaken,
    hold_slot,
    release_hold,
)
from professionals.models import Person
from tests.bookings.placed import TEN
from tests.bookings.rows import (
    NOW,
    at,
    make_booking,
    make_draft,
    make_presentation,
    make_presenter,
    wish,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def presenter() -> Presenter:
    return make_presenter()


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
