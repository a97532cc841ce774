"""For somebody who has lost both mailbox and second factor: staff, who called the organisation, move the account (ADR 69)."""

import logging
from datetime import datetime

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db import IntegrityError, transaction
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.address_mail import tell_moved_by_staff
from professionals.models import AccountRecovery, AddressChange, Person, User
from professionals.services.accounts import lock_account
from professionals.services.sessions import end_sessions

logger = logging.getLogger("ctac.security")


class OwnAccountError(DomainError):
    message = _("This is your own account. Ask another manager.")


class SameAddressError(DomainError):
    message = _("That is the address of the account already. For a lost phone alone, reset the second factor.")


class AddressInUseError(DomainError):
    message = _("Another account has that address. Look that one up first.")


class PhoneOfTheAccountError(DomainError):
    message = _("That number is in the account, so a thief may have put it there. Find the organisation’s number yourself.")


@transaction.atomic
def recover_account(*, user: User, by: User, email: str, called: str, number: str, now: datetime) -> AccountRecovery:
    """The account has a new address, which counts once a code sent to it was typed; what opened it before no longer does.

    The person keeps the old address until then: nothing of theirs goes to one that was misheard. The old one is told.
    Raises OwnAccountError, SameAddressError, AddressInUseError, PhoneOfTheAccountError.
    """
    account, new = lock_account(user.pk), email.strip().lower()
    _refuse(account, by, new, number)
    recovery = AccountRecovery.objects.create(
        user=account, by=by, at=now, old=account.email, new=new, called=called.strip(), number=number.strip()
    )
    _move(account, new)
    AddressChange.objects.filter(user=account, until__gt=now).update(until=now)  # a call is worth more than a link of before
    Authenticator.objects.filter(user=account).delete()
    end_sessions(user=account)
    tell_moved_by_staff(recovery)
    logger.info("account moved by staff: user %s by user %s", account.pk, by.pk)
    return recovery


def _refuse(account: User, by: User, new: str, number: str) -> None:
    if account.pk == by.pk:
        raise OwnAccountError
    if account.email.lower() == new:
        raise SameAddressError
    in_use = Person.objects.with_email(new).exclude(user=None).exclude(user=account).exists()
    if in_use or EmailAddress.objects.filter(email=new).exclude(user=account).exists():
        raise AddressInUseError
    theirs = Person.objects.filter(user=account).values_list("phone", flat=True).first()
    if theirs and _digits(theirs) == _digits(number):
        raise PhoneOfTheAccountError


def _digits(number: str) -> str:
    """As it is dialled: "+44 (0)113 496 0123" is "0113 496 0123"."""
    digits = "".join(letter for letter in number if letter.isdecimal())
    return digits.removeprefix("0044").removeprefix("44").lstrip("0")


def _move(account: User, new: str) -> None:
    account.email = new
    account.set_unusable_password()
    try:
        with transaction.atomic():
            account.save(update_fields=["email", "password"])
    except IntegrityError as error:
        raise AddressInUseError from error
    EmailAddress.objects.filter(user=account).delete()
    EmailAddress.objects.create(user=account, email=new, verified=False, primary=True)
