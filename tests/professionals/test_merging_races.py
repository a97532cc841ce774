"""A merge beside another, an erasure, a sign-up and a booking of the same people, on real connections."""

from collections.abc import Callable
from functools import partial

import pytest
from allauth.account.models import EmailAddress

from accounts.models import User
from bookings.booking.services.create import place_booking
from bookings.models import Booking
from privacy.services import erase_person
from professionals.merges.services import confirm_merge, merge_people, undo_merge
from professionals.models import Merge, Person
from professionals.services import assign_verified_address
from tests.bookings.rows import NOW, at, make_availability, make_presentation, make_presenter, unsaved_booking
from tests.factories import make_person, make_staff, make_user
from tests.professionals.in_turn import Job, in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"


@pytest.fixture
def staff() -> User:
    return make_staff()


@pytest.fixture
def sam() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


@pytest.fixture
def samuel(sam: Person) -> Person:
    return make_person(name="Samuel Taylor", email="samuel@leeds.nhs.uk", with_user=False, organisation=sam.organisation)


@pytest.fixture
def merging(sam: Person, samuel: Person, staff: User) -> Job:
    return lambda: merge_people(sam, other=samuel, kept_values={}, by=staff, now=NOW)


def again(key: int, does: Callable[[Person], object]) -> Job:
    """With a row read before anybody waited."""
    return partial(does, Person.objects.get(pk=key))


def test_of_two_colleagues_who_merge_the_same_two_one_is_told(sam: Person, samuel: Person, staff: User, merging: Job) -> None:
    other_way = again(samuel.pk, lambda person: merge_people(person, other=sam, kept_values={}, by=staff, now=NOW))
    assert in_turn(PERSON, sam.pk, merging, other_way) == ["done", "ChangedMeanwhile"]
    assert (list(Person.objects.all()), Merge.objects.count()) == ([sam], 1)


def test_of_two_who_take_it_apart_one_is_told(sam: Person, staff: User, merging: Job) -> None:
    merging()
    undoing = [again(sam.pk, lambda person: undo_merge(person, by=staff, now=NOW)) for _each in range(2)]
    assert in_turn(PERSON, sam.pk, *undoing) == ["done", "TooLateToUndo"]
    assert Person.objects.count() == 2


def test_erased_first_nobody_is_merged(sam: Person, samuel: Person, merging: Job) -> None:
    erasing = again(samuel.pk, lambda person: erase_person(person, by=None, now=NOW))
    assert in_turn(PERSON, samuel.pk, erasing, merging) == ["done", "ChangedMeanwhile"]
    assert Person.objects.count() == 2


def test_merged_first_who_is_left_can_be_erased_and_who_went_cannot(sam: Person, samuel: Person, merging: Job) -> None:
    erasing = [again(key, lambda person: erase_person(person, by=None, now=NOW)) for key in (samuel.pk, sam.pk)]
    assert in_turn(PERSON, sam.pk, merging, erasing[1]) == ["done", "done"]
    erased = Person.objects.get()
    assert (erased.erased_at, Merge.objects.count()) == (NOW, 0)


def test_who_is_erased_as_they_become_anothers_is_refused(sam: Person, samuel: Person, merging: Job) -> None:
    erasing = again(samuel.pk, lambda person: erase_person(person, by=None, now=NOW))
    assert in_turn(PERSON, samuel.pk, merging, erasing) == ["done", "AccountGoneError"]


def test_erased_while_it_is_taken_apart_they_stay_one(sam: Person, staff: User, merging: Job) -> None:
    merging()
    erasing = again(sam.pk, lambda person: erase_person(person, by=None, now=NOW))
    undoing = again(sam.pk, lambda person: undo_merge(person, by=staff, now=NOW))
    assert in_turn(PERSON, sam.pk, erasing, undoing) == ["done", "TooLateToUndo"]


@pytest.mark.parametrize("merged_first", [True, False])
def test_who_signs_up_meanwhile_is_one_person_with_that_sign_in(staff: User, merged_first: bool) -> None:
    pat = make_person(name="Pat", email="", with_user=False)
    patricia = make_person(name="Patricia", email="pat@leeds.nhs.uk", with_user=False, organisation=pat.organisation)
    user = make_user("pat@leeds.nhs.uk")
    joins = lambda: assign_verified_address(user=user, email=user.email, details=None, now=NOW)  # noqa: E731
    merges = lambda: merge_people(pat, other=patricia, kept_values={}, by=staff, now=NOW)  # noqa: E731
    assert in_turn(PERSON, patricia.pk, *((merges, joins) if merged_first else (joins, merges))) == ["done", "done"]
    left = Person.objects.get()
    assert (left.user, left.email) == (user, "pat@leeds.nhs.uk")
    assert EmailAddress.objects.count() == 2  # theirs, and the colleague's


@pytest.mark.parametrize("merged_first", [True, False])
def test_a_booking_for_who_becomes_another_is_theirs_or_is_refused(
    sam: Person, samuel: Person, merging: Job, merged_first: bool
) -> None:
    make_availability(make_presenter(), 0, "09:00", "17:00")
    booking = unsaved_booking(samuel, at("10:00"), presentation=make_presentation(), channel="phone")
    books = lambda: place_booking(booking=booking, by=None, now=NOW)  # noqa: E731
    ends = in_turn(PERSON, samuel.pk, *((merging, books) if merged_first else (books, merging)))
    assert ends == (["done", "AccountGoneError"] if merged_first else ["done", "done"])
    assert list(Booking.objects.values_list("person", flat=True)) == ([] if merged_first else [sam.pk])


def test_both_who_confirm_at_once_become_one_once(sam: Person, staff: User) -> None:
    twin = make_person(email="s.taylor@bradford.nhs.uk")
    merge = merge_people(sam, other=twin, kept_values={}, by=staff, now=NOW)
    both = [again(key, lambda person: confirm_merge(merge, person=person, now=NOW)) for key in (sam.pk, twin.pk)]
    assert in_turn(PERSON, sam.pk, *both) == ["done", "done"]
    assert (list(Person.objects.all()), Merge.objects.get().merged_at) == ([sam], NOW)
