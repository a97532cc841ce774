"""Two presses at the same moment, on one passkey or on the last two: they take turns, and the second sees what the first did."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client

from accounts import services as accounts_services
from notifications.models import Notification
from tests.accounts.passkeys.device import kept_passkey
from tests.factories import make_person, make_staff, sign_in, sign_in_staff
from tests.professionals.test_address_races import in_turn

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LIST = "/account/passkeys/"
REMOVED = "account-webauthn-removed"


@pytest.fixture
def person() -> Any:
    return make_person()


@pytest.fixture
def browser(person: Any) -> Client:
    return sign_in(Client(raise_request_exception=False), person)


def press(client: Client, passkey: Authenticator, what: str) -> Any:
    return lambda: client.post(f"{LIST}{passkey.pk}/{what}/", {"name": "Kitchen tablet"})


def mails() -> int:
    return Notification.objects.filter(kind=REMOVED).count()


def as_it_was_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(accounts_services, "current_passkey", lambda user, passkey: passkey)


def test_remove_pressed_twice_at_once_removes_and_tells_once(person: Any, browser: Client) -> None:
    kept = kept_passkey(person.user)
    answers = in_turn(person.user, *[press(browser, kept, "remove")] * 2)

    assert [(answer.status_code, answer["Location"]) for answer in answers] == [(302, LIST)] * 2
    assert (Authenticator.objects.count(), mails()) == (0, 1)


def test_control_as_it_was_read_it_is_told_twice(person: Any, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_was_read(monkeypatch)
    kept = kept_passkey(person.user)
    in_turn(person.user, *[press(browser, kept, "remove")] * 2)

    assert mails() == 2


def test_one_that_is_removed_while_it_gets_a_name_is_gone_and_its_owner_is_told_so(person: Any, browser: Client) -> None:
    kept, other = kept_passkey(person.user), sign_in(Client(raise_request_exception=False), person)
    answers = in_turn(person.user, press(browser, kept, "remove"), press(other, kept, "rename"))

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Authenticator.objects.count() == 0
    assert "This passkey has been removed, so we could not rename it" in other.get(LIST).content.decode()


def test_control_as_it_was_read_its_name_is_an_error(person: Any, browser: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    as_it_was_read(monkeypatch)
    kept = kept_passkey(person.user)
    answers = in_turn(person.user, press(browser, kept, "remove"), press(browser, kept, "rename"))

    assert sorted(answer.status_code for answer in answers) == [302, 500]


def test_staff_who_remove_their_last_two_at_once_keep_one() -> None:
    staff = make_staff()
    browser = sign_in_staff(Client(), staff)
    both = [kept_passkey(staff), kept_passkey(staff)]
    in_turn(staff, *[press(browser, each, "remove") for each in both])

    assert [each.pk for each in Authenticator.objects.all()] == [both[1].pk]
    assert mails() == 1
