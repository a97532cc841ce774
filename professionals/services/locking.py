"""People and accounts are locked in one order: people by key, then the account. Who erases somebody does the same (privacy)."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from django.db import DatabaseError, transaction
from django.db.models import Q, Value
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.models import Person, User

if TYPE_CHECKING:
    from django.db.models import QuerySet


class AccountGoneError(DomainError):
    """Deleted while its owner, or who meant to be, did something. PersonMiddleware shows them the sign-in page.

    `of_a_caller` is what staff are told instead, as many who call have no account.
    """

    message = _("That account has just been deleted.")
    of_a_caller = _("This person’s details were erased a moment ago. Nothing was placed.")


class _OthersByNow(Exception):
    pass


def lock_account(user_id: int) -> User:
    """Inside a transaction. What they order meanwhile, which names them in its history, does not wait.

    Raises AccountGoneError.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise AccountGoneError
    return user


def lock_person(person: Person) -> None:
    """Inside a transaction, before anything of theirs is written. Raises AccountGoneError for who is erased by then."""
    if Person.objects.select_for_update(no_key=True).only("pk").filter(pk=person.pk, erased_at=None).first() is None:
        raise AccountGoneError


@contextmanager
def said_if_gone(user_id: int) -> Iterator[None]:
    """Where allauth writes into rows that go with the account. Raises AccountGoneError instead of the database's refusal."""
    try:
        yield
    except DatabaseError as refusal:
        if User.objects.filter(pk=user_id).exists():
            raise
        raise AccountGoneError from refusal


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
