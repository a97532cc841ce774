"""An account is locked, or found to be gone, while somebody does something with it."""

from collections.abc import Iterator
from contextlib import contextmanager

from allauth.account.models import EmailAddress
from django.db import DatabaseError
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.models import User


class AccountGoneError(DomainError):
    """Deleted while its owner, or who meant to be, did something. PersonMiddleware shows them the sign-in page.

    `of_a_caller` is what staff are told instead, as many who call have no account.
    """

    message = _("That account has just been deleted.")
    of_a_caller = _("This person’s details were erased a moment ago. Nothing was placed.")


def lock_account(user_id: int) -> User:
    """Inside a transaction. What they order meanwhile, which names them in its history, does not wait.

    Raises AccountGoneError.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise AccountGoneError
    return user


@contextmanager
def said_if_gone(user_id: int) -> Iterator[None]:
    """Where allauth writes into rows that go with the account. Raises AccountGoneError instead of the database's refusal."""
    try:
        yield
    except DatabaseError as refusal:
        if User.objects.filter(pk=user_id).exists():
            raise
        raise AccountGoneError from refusal


def has_address(user: User, email: str) -> bool:
    """As the database has it now, not as `user` was read."""
    same = {"email__iexact": email}
    return User.objects.filter(pk=user.pk, **same).exists() or EmailAddress.objects.filter(user=user, **same).exists()
