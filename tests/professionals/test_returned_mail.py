"""Whoever's mail came back: a code that they used shows that their address is right."""

import pytest
from django.utils import timezone

from notifications.models import MarkedAddress
from tests.factories import make_person
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db


@pytest.fixture
def person():
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def mark(person):
    now = timezone.now()
    return MarkedAddress.objects.create(address=person.email, sort="hard", said="550 no such user", marked_at=now, last_at=now)


def test_a_sign_in_by_code_clears_the_mark(client, person, mark):
    client.post("/account/login/", {"login": "Nadia@Leeds.nhs.uk"})
    client.post("/account/login/code/confirm/", {"code": last_code(person.email)})
    mark.refresh_from_db()
    assert (mark.marked_at, mark.cleared) == (None, "code")


def test_a_sign_in_by_password_does_not(client, person, mark):
    person.user.set_password("two-kettles-one-plug")
    person.user.save()
    client.post("/account/login/password/", {"login": person.email, "password": "two-kettles-one-plug"})
    assert client.session["_auth_user_id"] == str(person.user.pk)
    mark.refresh_from_db()
    assert mark.marked_at
