"""A form that is begun at the very moment at which the account is deleted: nothing of it stays."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from privacy.services import erase_person
from professionals import drafts
from professionals.models import Draft, Person
from tests.factories import make_person, sign_in
from tests.leaflets.factories import make_edition
from tests.professionals.in_turn import in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def begun_while_erased(person: Person) -> Any:
    make_edition(timezone.now(), stock=500, slug="one", title="One")
    client, answers = sign_in(Client(), person), list[Any]()
    erase = lambda: erase_person(person, by=None, now=timezone.now())  # noqa: E731
    add = lambda: answers.append(client.post(reverse("basket_add", args=["one"]), {"one-copies": 5}))  # noqa: E731

    assert in_turn(PERSON, person.pk, erase, add) == ["done"] * 2
    return answers[0]


def test_a_draft_that_is_begun_while_its_owner_is_erased_is_not_kept(person: Person) -> None:
    answer = begun_while_erased(person)

    assert (answer.status_code, answer.headers.get("Location")) == (302, "/account/login/")
    assert Draft.objects.count() == 0


def test_control_if_nobody_asked_it_would_be_the_erased_persons(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "lock_person", lambda person: None)
    begun_while_erased(person)

    assert list(Draft.objects.values_list("person", flat=True)) == [person.pk]
