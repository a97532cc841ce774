"""Two who change or put back an address at the same moment take turns."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from accounts.models import Session, User
from notifications.models import Notification
from tests.accounts.sessions.browsers import is_in
from tests.accounts.sessions.test_at_once import held
from tests.factories import make_person, sign_in
from tests.professionals.mailing import last_code
from tests.professionals.test_address_changes import CHANGE, CONFIRM, NEW, NEWER, OLD, address_of, all_is, link, move
from tests.professionals.waiting import begun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LOCKED = "SELECT 1 FROM accounts_user WHERE id = %s FOR UPDATE"


def in_turn(user: User, *works: Callable[[], Any]) -> list[Any]:
    """All wait for the account's row, in this order; then they go on. Their answers."""
    answers: list[Any] = []
    with held(LOCKED, user.pk) as other:
        threads = [begun(work, answers, turn) for turn, work in enumerate(works, 1)]
        other.rollback()
        for thread in threads:
            thread.join()
    return answers


@pytest.fixture
def person() -> Any:
    return make_person(email=OLD)


def test_two_who_put_it_back_at_once_do_it_once(person):
    move(sign_in(Client(), person))
    path = link()
    answers = in_turn(person.user, *[lambda: Client().post(path)] * 2)

    assert [answer.status_code for answer in answers] == [302, 302]
    assert Notification.objects.filter(kind="address-objection").count() == 1
    assert address_of(person) == all_is(OLD)


def test_the_first_and_the_second_at_once_end_with_the_first(person):
    thief = sign_in(Client(), person)
    move(thief)
    move(thief, NEWER)
    paths = [link(NEW), link(OLD)]
    in_turn(person.user, *[lambda path=path: Client().post(path) for path in paths])

    assert address_of(person) == all_is(OLD)


def test_a_change_that_is_confirmed_while_the_address_is_put_back_changes_nothing(person):
    """The thief's request has begun, and waits; the owner puts the address back; then the thief's goes on."""
    thief = sign_in(Client(), person)
    move(thief)
    thief.post(CHANGE, {"email": NEWER})
    code, path = last_code(NEWER), link(OLD)
    in_turn(person.user, lambda: Client().post(path), lambda: thief.post(CONFIRM, {"code": code}))

    assert address_of(person) == all_is(OLD)
    assert not is_in(thief)
    assert Session.objects.filter(user=person.user).count() == 0
    assert [mail for mail in Notification.objects.filter(recipient=NEWER) if "changed" in mail.kind] == []


def test_a_password_that_is_set_while_the_address_is_put_back_is_none(person):
    thief = sign_in(Client(), person)
    move(thief)
    path = link(OLD)
    new = {"password1": "two-kettles-one-plug", "password2": "two-kettles-one-plug"}
    in_turn(person.user, lambda: Client().post(path), lambda: thief.post("/account/password/set/", new))

    assert User.objects.get(pk=person.user.pk).has_usable_password() is False
    assert address_of(person) == all_is(OLD)
