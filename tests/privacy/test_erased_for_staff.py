"""Somebody erased, on the staff site: nothing can be filled in again, and no address leads to them."""

from datetime import datetime
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.utils import timezone

from privacy.services import erase_person
from professionals.models import Person
from professionals.services import assign_verified_address, find_or_enter_person
from tests.face.page import Page
from tests.factories import make_person, make_staff, make_user, sign_in_staff
from tests.professionals.in_turn import in_turn

PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"
EMAIL = "sam@leeds.nhs.uk"
TYPED = {"name": "Sam Taylor", "email": EMAIL, "phone": "", "profession": "gp", "organisation": "", "postcode": ""}


@pytest.fixture
def desk(db: None) -> Client:
    return sign_in_staff(Client(), make_staff("boss@ctac.example"))


@pytest.fixture
def erased(db: None) -> Person:
    person = make_person(with_user=False, email="")
    Person.objects.filter(pk=person.pk).update(name="", erased_at=timezone.now())
    return person


@pytest.fixture
def with_address(erased: Person) -> Person:
    Person.objects.filter(pk=erased.pk).update(email=EMAIL)
    return erased


def page_of(person: Person) -> str:
    return f"/staff/professionals/person/{person.pk}/change/"


def left_of(person: Person) -> tuple[str, str, bool]:
    row = Person.objects.get(pk=person.pk)
    return row.name, row.email, row.erased_at is not None


def test_their_page_takes_nothing(desk: Client, erased: Person) -> None:
    answer = desk.get(page_of(erased))
    assert answer.status_code == 200
    page = Page(answer.content.decode())
    assert [box.attrs["name"] for box in page.all("input") if box.attrs.get("name") in {*TYPED, "_save"}] == []

    assert desk.post(page_of(erased), TYPED).status_code == 403
    assert left_of(erased) == ("", "", True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_is_saved_while_they_are_erased_is_refused(desk: Client) -> None:
    person, answers = make_person(with_user=False, name="Sam Taylor", email=EMAIL), list[Any]()
    erase = lambda: erase_person(person, by=None, now=timezone.now())  # noqa: E731
    save = lambda: answers.append(desk.post(page_of(person), {**TYPED, "phone": "0113 496 0001"}, follow=True))  # noqa: E731

    assert in_turn(PERSON, person.pk, erase, save) == ["done"] * 2
    assert answers[0].redirect_chain == [(page_of(person), 302)]
    assert "Somebody has just erased this person, so nothing was saved." in answers[0].content.decode()
    row = Person.objects.get(pk=person.pk)
    assert (row.email, row.phone, row.erased_at is not None) == ("", "", True)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_what_is_newer_than_the_page_stays(desk: Client) -> None:
    """They sign up while a colleague saves their telephone number."""
    person, user = make_person(with_user=False, email=EMAIL, name="Sam Taylor"), make_user(EMAIL)
    sign_up = lambda: Person.objects.filter(pk=person.pk).update(user=user)  # noqa: E731
    save = lambda: desk.post(page_of(person), {**TYPED, "phone": "0113 496 0001"})  # noqa: E731

    assert in_turn(PERSON, person.pk, sign_up, save) == ["done"] * 2
    row = Person.objects.get(pk=person.pk)
    assert (row.user, row.phone) == (user, "0113 496 0001")


def test_a_caller_with_their_address_is_somebody_new(with_address: Person, now: datetime) -> None:
    details: Any = {"name": "Kim Lee", "phone": "", "profession": "gp", "organisation_name": "", "postcode": ""}
    found = find_or_enter_person(**details, email=EMAIL, by=None, now=now)

    assert (found.pk != with_address.pk, found.email, found.erased_at) == (True, EMAIL, None)
    assert left_of(with_address) == ("", "", True)


def test_who_signs_up_with_their_address_is_somebody_new(with_address: Person, now: datetime) -> None:
    user = make_user(EMAIL)
    EmailAddress.objects.get_or_create(user=user, email=EMAIL, defaults={"verified": True})
    details: Any = {"name": "Kim Lee", "phone": "", "profession": "gp", "organisation_name": "", "postcode": ""}
    person = assign_verified_address(user=user, email=EMAIL, details=details, now=now)

    assert person is not None
    assert (person.pk != with_address.pk, person.user, person.erased_at) == (True, user, None)
    assert left_of(with_address) == ("", "", True)
