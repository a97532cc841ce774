"""People and accounts are locked in one order: people by key, then the account. Who erases somebody does the same (privacy)."""

from contextlib import suppress
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower

from professionals.models import Person, User
from professionals.services.accounts import AccountGoneError, lock_account

if TYPE_CHECKING:
    from django.db.models import QuerySet


class _OthersByNow(Exception):
    pass


def lock_person(person: Person) -> None:
    """Inside a transaction, before anything of theirs is written. Raises AccountGoneError for who is erased by then."""
    if Person.objects.select_for_update(no_key=True).only("pk").filter(pk=person.pk, erased_at=None).first() is None:
        raise AccountGoneError


def lock_people_and_account(user_id: int, email: str) -> tuple[User, list[Person]]:
    """The account, and both of whom its verified address may make one: its own person, and whoever has that address.

    Inside a transaction. Who they are may change until the locks are there; then all are let go and taken anew. Three
    statements. Raises AccountGoneError.
    """
    asked = _of_account_or_address(user_id, email)
    while True:
        with suppress(_OthersByNow), transaction.atomic():
            locked = set(asked.order_by("pk").select_for_update().values_list("pk", flat=True))
            user, people = lock_account(user_id), list(asked)
            if not locked >= {person.pk for person in people}:
                raise _OthersByNow
            return user, people


def _of_account_or_address(user_id: int, email: str) -> "QuerySet[Person]":
    has_address = Q(lower_email=Lower(Value(email))) & ~Q(email="")
    return Person.objects.alias(lower_email=Lower("email")).filter(Q(user=user_id) | has_address)
