"""A changed address can be put back: the old one is told, and its reader has a week to object (ADR 66).

Whoever changes or puts back an address locks whose it is, then the account, so they take turns.
"""

import secrets
from datetime import datetime, timedelta

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from notifications.services.writing import notify
from professionals.address_mail import OBJECTION, tell_of_change, tell_put_back
from professionals.models import AddressChange, Person, User
from professionals.models.address_change import kept_as
from professionals.services.locking import lock_people_and_account
from professionals.services.people import address_verified
from professionals.services.sessions import end_sessions

OBJECT_FOR = timedelta(days=7)
KEPT_LONGER = timedelta(days=7)  # after the last day to object, for whoever calls about it


class NoSuchChangeError(DomainError):
    message = _("This link does not work.")


class TooLateError(DomainError):
    message = _("The 7 days to put your old address back are over.")


class AccountClosedError(DomainError):
    message = _("This account is closed.")


class AddressTakenError(DomainError):
    message = _("Your old address belongs to another account by now.")


def note_change(*, user: User, old: str, now: datetime) -> None:
    """`user` has a new address instead of `old`, which is told so, with the link by which its reader puts it back."""
    token = secrets.token_urlsafe(32)
    change = AddressChange.objects.create(
        user=user, old=old, new=user.email, changed_at=now, until=now + OBJECT_FOR, token_hash=kept_as(token)
    )
    tell_of_change(change, token, now)


def change_to_object(*, token: str, now: datetime) -> AddressChange:
    """The change that this link may still undo, or undid already. Raises what says why it can't."""
    change = AddressChange.objects.select_related("user").with_token(token).first()
    if change is None:
        raise NoSuchChangeError
    if change.objected_at is None:
        _refuse(change, now)
    return change


def _refuse(change: AddressChange, now: datetime) -> None:
    if now >= change.until:
        raise TooLateError
    if not change.user.is_active:
        raise AccountClosedError
    if _is_taken(change):
        raise AddressTakenError


def _is_taken(change: AddressChange) -> bool:
    """By an account that somebody uses: a sign-up whose address nobody verified holds nothing."""
    others = User.objects.filter(email__iexact=change.old).exclude(pk=change.user_id)
    return (
        others.exclude(pk__in=_never_used(change.old).values("pk")).exists()
        or EmailAddress.objects.filter(email=change.old.lower(), verified=True).exclude(user=change.user_id).exists()
        or Person.objects.with_email(change.old).exclude(user=None).exclude(user=change.user_id).exists()
    )


def _never_used(email: str) -> QuerySet[User]:
    return User.objects.filter(email__iexact=email, last_login=None, is_staff=False, is_superuser=False, person=None).exclude(
        emailaddress__verified=True
    )


@transaction.atomic
def put_back(*, token: str, now: datetime) -> AddressChange:
    """The account has its old address again; nobody stays signed in, and no password or passkey that may be another's opens it.

    Twice does no harm. An older change wins: those after it are undone with it. Raises as change_to_object,
    and AccountGoneError.
    """
    found = change_to_object(token=token, now=now)
    user, _people = lock_people_and_account(found.user_id, found.old)
    change = change_to_object(token=token, now=now)  # what it is now, that nobody else changes it
    if change.objected_at is None:
        before = user.email
        _restore(user, change, now)
        AddressChange.objects.from_this_on(change).filter(objected_at=None).update(objected_at=now)
        tell_put_back(change, before=before, now=now)
        notify(kind=OBJECTION, about=f"address-change:{change.pk}", to=[settings.STAFF_EMAIL], now=now)
    return change


def _restore(user: User, change: AddressChange, now: datetime) -> None:
    try:
        with transaction.atomic():
            _never_used(change.old).exclude(pk=user.pk).delete()
            user.email = change.old
            user.set_unusable_password()
            user.save(update_fields=["email", "password"])
            EmailAddress.objects.filter(user=user).delete()
            EmailAddress.objects.create(user=user, email=change.old, verified=True, primary=True)
    except IntegrityError as error:  # taken at this very moment
        raise AddressTakenError from error
    address_verified(user=user, email=change.old, details=None, now=now)
    _forget_ways_in(user, change)
    end_sessions(user=user)


def _forget_ways_in(user: User, change: AddressChange) -> None:
    """Passkeys may be the thief's. Of staff the app stays, so that whoever reads their mail can't enrol another; who has none
    keeps the passkeys of before the change."""
    theirs = Authenticator.objects.filter(user=user)
    if not user.is_staff:
        theirs.delete()
        return
    passkeys = theirs.filter(type=Authenticator.Type.WEBAUTHN)
    has_app = theirs.filter(type=Authenticator.Type.TOTP).exists()
    (passkeys if has_app else passkeys.filter(created_at__gte=change.changed_at)).delete()
