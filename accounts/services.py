"""Writes to accounts, which are locked first: accounts of staff, passkeys (ADR 7), and the security log."""

import logging
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.account import signals as account_signals
from allauth.account.adapter import get_adapter
from allauth.account.authentication import get_authentication_records
from allauth.account.models import EmailAddress
from allauth.mfa import signals as mfa_signals
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.contrib.auth import signals as auth_signals
from django.contrib.auth.models import Group
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.functions import Upper
from django.db.models.signals import m2m_changed
from django.dispatch import Signal, receiver
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import signed_in_user
from accounts.allauth_internals import delete_and_cleanup
from accounts.models import User
from accounts.roles import ROLES_BY_NAME
from accounts.sessions import end_sessions
from audit.models import Act
from audit.services import AuditSubject, acting_user_id, write_audit_entry
from core.errors import DomainError

logger = logging.getLogger("ctac.security")


class AccountGoneError(DomainError):
    """The account was deleted while its owner did something: PersonMiddleware shows the sign-in page.

    `of_a_caller` is the sentence for staff.
    """

    message = _("That account has just been deleted.")
    of_a_caller = _("This person’s details were erased a moment ago. Nothing was placed.")


def lock_account(user_id: int) -> User:
    """Lock an account, inside a transaction. An order that names it in its history meanwhile doesn't wait for this lock.

    Raises AccountGoneError.
    """
    user = User.objects.select_for_update(no_key=True).filter(pk=user_id).first()
    if user is None:
        raise AccountGoneError
    return user


def mobiles_of(addresses: Iterable[str]) -> QuerySet[User, str]:
    """The mobiles of colleagues who have one of these addresses."""
    staff = User.objects.filter(is_staff=True, is_active=True).exclude(mobile="")
    found = staff.alias(address=Upper("email")).filter(address__in=[address.upper() for address in addresses])
    return found.order_by("pk").values_list("mobile", flat=True)


@dataclass(frozen=True)
class PhoneCopies:
    """Where higher apps keep a copy of somebody's phone number, which an alarm may call.

    `find(owner, number, now)` says in words where that number of theirs is. `replace(owner, before=, after=, by=, now=)` puts
    the new number there, in the caller's transaction. `question` asks whether to, and its answers are the two numbers.
    """

    question: str | Promise
    find: Callable[[Any, str, datetime], list[str]]
    replace: Callable[..., object]


PHONE_COPIES: dict[type[Any], PhoneCopies] = {}  # by the model that has the number


@transaction.atomic
def change_mobile(user: User, mobile: str, *, now: datetime, with_copies: bool = False) -> None:
    """Alarms go to another phone from now on, or to none: the security log says so, without the number."""
    if with_copies:
        PHONE_COPIES[User].replace(user, before=user.mobile, after=mobile, by=user, now=now)
    user.mobile = mobile
    user.save(update_fields=["mobile"])
    logger.info("mobile changed: user %s", user.pk)


@contextmanager
def raising_account_gone(user_id: int) -> Iterator[None]:
    """Raise AccountGoneError in place of the database's error, where allauth writes to rows that are deleted with the account."""
    try:
        yield
    except DatabaseError as error:
        if User.objects.filter(pk=user_id).exists():
            raise
        raise AccountGoneError from error


def has_address(user: User, email: str) -> bool:
    """Whether the database has this address for them now, however old `user` is."""
    same = {"email__iexact": email}
    return User.objects.filter(pk=user.pk, **same).exists() or EmailAddress.objects.filter(user=user, **same).exists()


def account_with_email(email: str) -> User | None:
    """The account with this address, in any case. Checked again here: the database takes some letters for equal that aren't."""
    found = User.objects.filter(email__iexact=email).first()
    return found if found is not None and found.email.lower() == email.lower() else None


def get_or_open_account(email: str, *, now: datetime) -> User:
    """The account of somebody who has just proved that this address is theirs. Opened if there is none."""
    if (known := account_with_email(email)) is not None:
        return known
    try:
        return open_account(user=User(email=email), by=None, now=now)
    except IntegrityError:  # opened in another window of theirs at this moment
        if (known := account_with_email(email)) is None:
            raise
        return known


def get_or_create_address(user: User, email: str) -> EmailAddress:
    """Allauth's row for their address, added as not verified if it is missing."""
    return EmailAddress.objects.get_or_create(user=user, email=email)[0]


@transaction.atomic
def open_account(*, user: User, by: User | None, now: datetime) -> User:
    """Save a new account without a password. The first sign-in with a code verifies its address."""
    user.email = user.email.strip().lower()
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user


@transaction.atomic
def reset_second_factor(user: User, *, by: User | None, now: datetime) -> None:
    """For a lost phone: the next sign-in enrols a new one.

    Ends every session, and removes the password, which may be what was stolen.
    """
    locked = User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=locked).delete()
    locked.set_unusable_password()
    locked.save(update_fields=["password"])
    end_sessions(user=locked)


# Passkeys are a way to sign in beside the code by email, and a second factor of staff. We store public key and name (ADR 7).

PASSKEY_TYPE = Authenticator.Type.WEBAUTHN
MAX_PASSKEYS = 10  # for each account: some for each device, but nobody can fill the table


def passkey_host() -> str:
    """The host of the site's one address, whatever host a request names."""
    return urlsplit(settings.SITE_URL).hostname or ""


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    passkeys: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk, type=PASSKEY_TYPE).order_by("pk")
    return passkeys


def credential_to_store(response: Any) -> dict[str, Any]:
    """The parts of a parsed registration that are stored: no more than later checks need."""
    parts = {"clientDataJSON": response.response.client_data, "attestationObject": response.response.attestation_object}
    in_base64 = {name: urlsafe_b64encode(bytes(part)).rstrip(b"=").decode() for name, part in parts.items()}
    return {"id": response.id, "rawId": response.id, "type": "public-key", "response": in_base64}


@transaction.atomic
def add_passkey(request: HttpRequest, *, name: str, credential: dict[str, Any]) -> Authenticator:
    """Add a passkey and email its owner. Raises DomainError if there are too many."""
    user = lock_account(signed_in_user(request).pk)
    if passkeys_of(user).count() >= MAX_PASSKEYS:
        raise DomainError(_("You have 10 passkeys already. Remove one that you don’t use, then add this one."))
    passkey: Authenticator = Authenticator.objects.create(
        user=user, type=PASSKEY_TYPE, data={"name": name, "credential": credential}
    )
    mfa_signals.authenticator_added.send(sender=Authenticator, request=request, user=user, authenticator=passkey)
    get_adapter().send_notification_mail("mfa/email/webauthn_added", user)
    return passkey


@transaction.atomic
def remove_passkey(request: HttpRequest, passkey: Authenticator) -> None:
    """Remove a passkey and email its owner. A second press changes nothing.

    Raises DomainError if it is a colleague's last second factor.
    """
    user = lock_account(signed_in_user(request).pk)
    current = current_passkey(user, passkey)
    if current is None:
        return
    others = Authenticator.objects.filter(user=user).exclude(pk=current.pk)
    if user.is_staff and not others.filter(type__in=[PASSKEY_TYPE, Authenticator.Type.TOTP]).exists():
        raise DomainError(_("Staff need a second factor. Set up your authenticator app first, then remove this passkey."))
    delete_and_cleanup(request, current)
    get_adapter().send_notification_mail("mfa/email/webauthn_removed", user)


@transaction.atomic
def rename_passkey(request: HttpRequest, passkey: Authenticator, name: str) -> None:
    """Rename a passkey. Raises DomainError if it is gone."""
    current = current_passkey(lock_account(signed_in_user(request).pk), passkey)
    if current is None:
        raise DomainError(_("This passkey has been removed, so we could not rename it."))
    current.data["name"] = name
    current.save(update_fields=["data"])


def current_passkey(user: User, passkey: Authenticator) -> Authenticator | None:
    """The passkey as it is now that `user` is locked; None if it has gone."""
    return passkeys_of(user).filter(pk=passkey.pk).first()


# The security log (OWASP ASVS 5.0, V16.3.1): who signed in and how, and which credentials changed. Only keys, in a line of the
# log and a row of the audit.

CREDENTIAL_CHANGE_BY_SIGNAL: dict[Signal, str] = {
    account_signals.password_set: "password set",
    account_signals.password_changed: "password changed",
    account_signals.password_reset: "password reset",
    account_signals.email_changed: "address changed",
    mfa_signals.authenticator_added: "second factor added",
    mfa_signals.authenticator_removed: "second factor removed",
    mfa_signals.authenticator_reset: "recovery codes renewed",
}


@receiver(auth_signals.user_logged_in)
def log_sign_in(request: HttpRequest, user: User, **_details: Any) -> None:
    records = get_authentication_records(request, user)
    methods = sorted({"passkey" if each.get("type") == PASSKEY_TYPE else str(each["method"]) for each in records})
    logger.info("signed in: user %s by %s", user.pk, " and ".join(methods) or "another way")
    write_audit_entry(Act.SIGNED_IN, by=user.pk, about=AuditSubject.of(user), whats=[", ".join(methods)])


@receiver(auth_signals.user_logged_out)
def log_sign_out(user: User | None, **_details: Any) -> None:
    if user is not None:
        logger.info("signed out: user %s", user.pk)
        write_audit_entry(Act.SIGNED_OUT, by=user.pk, about=AuditSubject.of(user))


@receiver(auth_signals.user_login_failed)
def log_refused_password(**_details: Any) -> None:
    """Log it without the account: a look-up would take longer for an address that has one."""
    logger.warning("password refused")
    write_audit_entry(Act.NOT_LET_IN, whats=["password"])


@receiver(mfa_signals.authentication_failed)
def log_refused_code(user: User, **_details: Any) -> None:
    """Log a refused code of the second factor. The account is known by then."""
    logger.warning("second factor refused: user %s", user.pk)
    write_audit_entry(Act.NOT_LET_IN, by=user.pk, about=AuditSubject.of(user), whats=["second factor"])


def log_refused_passkey() -> None:
    """Log it without the account, as for a password."""
    logger.warning("passkey refused")
    write_audit_entry(Act.NOT_LET_IN, whats=["passkey"])


@receiver(list(CREDENTIAL_CHANGE_BY_SIGNAL))
def log_credential_change(signal: Signal, user: User, authenticator: Authenticator | None = None, **details: Any) -> None:
    what = CREDENTIAL_CHANGE_BY_SIGNAL[signal]
    if signal is account_signals.email_changed and details["from_email_address"] is None:
        return  # the first sign-in confirms the address of a new account; nothing has changed
    if authenticator is not None and authenticator.type == PASSKEY_TYPE:
        what = what.replace("second factor", "passkey")
    logger.info("%s: user %s", what, user.pk)
    write_audit_entry(Act.CREDENTIALS, by=acting_user_id.get() or user.pk, about=AuditSubject.of(user), whats=[what])


ROLE_ACTS = {"post_add": Act.ROLE_GIVEN, "post_remove": Act.ROLE_TAKEN}


@receiver(m2m_changed, sender=User.groups.through)
def log_role_change(instance: User, action: str, pk_set: set[int] | None, **_details: Any) -> None:
    if action in ROLE_ACTS and pk_set:
        names = Group.objects.filter(pk__in=pk_set).order_by("name").values_list("name", flat=True)
        slugs = [ROLES_BY_NAME[name].slug if name in ROLES_BY_NAME else "no role" for name in names]
        write_audit_entry(ROLE_ACTS[action], by=acting_user_id.get(), about=AuditSubject.of(instance), whats=slugs)
