"""An address that is kept or changed at the very moment at which the account is deleted: nothing of it stays."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from leaflets.models import KeptAddress
from privacy.services import erase_person
from professionals.models import Person
from tests.factories import make_person, sign_in
from tests.leaflets.orders.test_ordering import ADDRESS
from tests.professionals.in_turn import in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"


@pytest.fixture
def person() -> Person:
    return make_person(email="sam@leeds.nhs.uk")


def test_an_address_that_is_added_while_its_owner_is_erased_is_not_kept(person: Person) -> None:
    client, answers = sign_in(Client(), person), list[Any]()
    erase = lambda: erase_person(person, by=None, now=timezone.now())  # noqa: E731
    add = lambda: answers.append(client.post(reverse("my_address_add"), ADDRESS))  # noqa: E731

    assert in_turn(PERSON, person.pk, erase, add) == ["done"] * 2
    assert (answers[0].status_code, answers[0].headers.get("Location")) == (302, "/account/login/")
    assert KeptAddress.objects.count() == 0
