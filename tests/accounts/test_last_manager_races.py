"""Two managers who take the role away at the same moment, from each other or each from themselves: one of them keeps it."""

from collections.abc import Callable

import pytest
from django.test import Client

from accounts.admin import UserForm, accounts_that_give_roles
from accounts.models import User
from tests.accounts.role_pages import colleague
from tests.accounts.sessions.test_at_once import held
from tests.accounts.test_giving_roles import save
from tests.professionals.waiting import begun

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
LOCKED = "SELECT 1 FROM accounts_user WHERE id = ANY(%s) FOR UPDATE"
Manager = tuple[Client, User]
Act = Callable[[Manager, Manager], int]
ACTS: dict[str, Act] = {
    "the other's role": lambda own, other: save(own[0], other[1], "coordinator"),
    "the other's account": lambda own, other: save(own[0], other[1], "manager", is_active=""),
    "their own role": lambda own, _other: save(own[0], own[1], "coordinator"),
}


def at_once(act: Act) -> list[int]:
    """Both have sent their form; both accounts are held until the one waits to be written, and the other for its turn."""
    one, two = colleague("manager"), colleague("manager")
    answers: list[int] = []
    with held(LOCKED, [one[1].pk, two[1].pk]) as other:
        threads = [begun(lambda: act(one, two), answers, 1), begun(lambda: act(two, one), answers, 2)]
        other.rollback()
        for thread in threads:
            thread.join()
    return sorted(answers)


@pytest.mark.parametrize("what", ACTS)
def test_one_manager_stays(what: str) -> None:
    assert at_once(ACTS[what]) == [200, 302]
    assert accounts_that_give_roles().count() == 1


@pytest.mark.parametrize("what", ACTS)
def test_without_the_lock_none_would(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the race does happen."""

    def only_looked_at(form: UserForm) -> bool:
        return set(accounts_that_give_roles().values_list("pk", flat=True)) == {form.instance.pk}

    monkeypatch.setattr(UserForm, "is_the_last_manager", only_looked_at)
    assert at_once(ACTS[what]) == [302, 302]
    assert accounts_that_give_roles().count() == 0
