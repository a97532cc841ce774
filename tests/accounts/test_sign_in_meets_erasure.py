"""Signing in at the very moment at which the account goes: the sign-in page, and nothing of theirs is kept."""

from collections.abc import Callable
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.models import Session, User
from privacy.services import erase_person
from professionals.drafts import DRAFT_RETENTION_PERIOD, _hash
from professionals.models import Draft, Person
from tests.accounts.factors.proof import enrol, totp
from tests.accounts.passkeys.device import SIGN_IN as BY_PASSKEY, add_passkey, options_to_sign_in
from tests.accounts.sessions.browsers import CODE, PASSWORD, SIGN_IN, with_password
from tests.factories import make_person, sign_in
from tests.professionals.in_turn import Job, in_turn
from tests.professionals.mailing import last_code

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
ACCOUNT = "SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE"
PASSKEY = "SELECT 1 FROM mfa_authenticator WHERE id = %s FOR UPDATE"
PERSON = "SELECT 1 FROM professionals_person WHERE id = %s FOR UPDATE"
GONE = "That account has just been deleted"
SECRET = "s" * 43
Press = Callable[[], Any]


@pytest.fixture
def person() -> Person:
    return make_person(email="nadia@leeds.nhs.uk")


@pytest.fixture
def client() -> Client:
    """With something that was typed here before anybody signed in."""
    expires = timezone.now() + DRAFT_RETENTION_PERIOD
    Draft.objects.create(kind="order", key_hash=_hash(SECRET), token="t" * 43, answers={"basket": {"1": 5}}, expires_at=expires)
    client = Client(raise_request_exception=False)
    client.cookies[settings.DRAFT_COOKIE_NAME] = SECRET
    return client


def by_password(client: Client, person: Person) -> Press:
    with_password(person.user)
    return lambda: client.post("/account/login/password/", {"login": person.email, "password": PASSWORD})


def by_code(client: Client, person: Person) -> Press:
    client.post(SIGN_IN, {"login": person.email})
    code = last_code(person.email)
    return lambda: client.post(CODE, {"code": code})


def by_first_code(client: Client, person: Person) -> Press:
    """Of an account that staff opened or whose address nobody has shown yet: the code shows that too."""
    person.user.emailaddress_set.update(verified=False)
    return by_code(client, person)


def by_passkey(client: Client, person: Person) -> Press:
    device = add_passkey(sign_in(Client(), person))
    credential = device.get(options_to_sign_in(client))
    return lambda: client.post(BY_PASSKEY, {"credential": credential})


def by_second_factor(client: Client, person: Person) -> Press:
    enrol(person.user)
    by_code(client, person)()
    return lambda: client.post("/account/2fa/authenticate/", {"code": totp()})


WAYS = pytest.mark.parametrize("way", [by_password, by_code, by_first_code, by_passkey, by_second_factor])


def erasing(person: Person) -> Job:
    return lambda: erase_person(person, by=None, now=timezone.now())


@WAYS
@pytest.mark.parametrize("gate", [ACCOUNT, PERSON])
def test_the_account_goes_first_and_they_are_sent_to_sign_in(client: Client, person: Person, way: Any, gate: str) -> None:
    press, answers = way(client, person), []
    key = person.user.pk if gate == ACCOUNT else person.pk

    assert in_turn(gate, key, erasing(person), lambda: answers.append(press())) == ["done"] * 2

    assert (answers[0].status_code, answers[0].headers.get("Location")) == (302, SIGN_IN)
    assert GONE in client.get(SIGN_IN).content.decode()
    assert User.objects.count() == Session.objects.exclude(user=None).count() == 0
    assert Draft.objects.exclude(person=None).count() == 0


@WAYS
def test_control_whose_account_stays_is_signed_in(client: Client, person: Person, way: Any) -> None:
    answer = way(client, person)()

    assert (answer.status_code, answer.headers.get("Location")) == (302, "/my/")
    assert list(Draft.objects.values_list("person", flat=True)) == [person.pk]


def test_a_passkey_that_is_removed_at_the_moment_at_which_it_is_used_does_not_work(client: Client, person: Person) -> None:
    press, answers = by_passkey(client, person), list[Any]()
    passkey = Authenticator.objects.get()
    remove = lambda: passkey.delete()  # noqa: E731

    assert in_turn(PASSKEY, passkey.pk, remove, lambda: answers.append(press())) == ["done"] * 2

    assert (answers[0].status_code, answers[0].headers.get("Location")) == (302, SIGN_IN)
    assert "That passkey did not work here" in client.get(SIGN_IN).content.decode()
