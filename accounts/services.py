"""Writes to accounts: they are locked first; accounts of staff; passkeys (ADR 7)."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.account.models import EmailAddress
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import DatabaseError, transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from accounts.access import signed_in
from accounts.allauth_internals import delete_and_cleanup, webauthn
from accounts.models import User
from accounts.sessions import end_sessions
from ctac.errors import DomainError

# An account is locked, or found to be gone, while somebody does something with it.


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
def raising_account_gone(user_id: int) -> Iterator[None]:
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


# Accounts of staff: they sign in with a code by email, then with a second factor that they enrol themselves.


@transaction.atomic
def open_account(*, user: User, by: User | None, now: datetime) -> User:
    """Save a new user without a password. The address counts as verified once they have signed in with a code sent to it."""
    user.email = user.email.strip().lower()
    user.set_unusable_password()
    user.save()
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=False)
    return user


@transaction.atomic
def reset_second_factor(user: User, *, by: User | None, now: datetime) -> None:
    """For a lost phone: the next sign-in enrols a new one. Ends every session and the password, which may be what was lost."""
    locked = User.objects.select_for_update().get(pk=user.pk)
    Authenticator.objects.filter(user=locked).delete()
    locked.set_unusable_password()
    locked.save(update_fields=["password"])
    end_sessions(user=locked)


# Passkeys of an account (ADR 7): a way in beside the code by email, and for staff also their second factor.
#
# The keys themselves stay in the person's device. We keep a public one, and what they call it.

PASSKEY = Authenticator.Type.WEBAUTHN
MOST_PASSKEYS = 10  # to an account: some for each device, and none can fill the table


def passkey_host() -> str:
    """For which passkeys are made and work: that of the site's one address, whatever name a request came by."""
    return urlsplit(settings.SITE_URL).hostname or ""


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk, type=PASSKEY).order_by("pk")
    return found


def passkey_creation_options(user: User) -> str:
    """What the browser is asked for, as JSON: a passkey that knows whose it is and that asks for finger, face or PIN."""
    return json.dumps(webauthn.begin_registration(user, passwordless=True))


def passkey_sign_in_options() -> dict[str, Any]:
    """The same for any passkey of this site: nothing in it says who has one."""
    return dict(webauthn.begin_authentication(None))


def passkey_proof_options(user: User) -> str:
    """The same for one of theirs; empty if they have none."""
    return json.dumps(webauthn.begin_authentication(user)) if passkeys_of(user).exists() else ""


def stored_credential(response: Any) -> dict[str, Any]:
    """Of what the browser sent no more than what is checked later. `response`: what webauthn.parse_registration_response gave."""
    parts = {"clientDataJSON": response.response.client_data, "attestationObject": response.response.attestation_object}
    in_base64 = {name: urlsafe_b64encode(bytes(part)).rstrip(b"=").decode() for name, part in parts.items()}
    return {"id": response.id, "rawId": response.id, "type": "public-key", "response": in_base64}


def is_known_credential(credential_id: str) -> bool:
    """Whether any account has it: a second could only be somebody's copy."""
    return bool(Authenticator.objects.filter(type=PASSKEY, data__credential__id=credential_id).exists())


@transaction.atomic
def add_passkey(request: HttpRequest, *, name: str, credential: dict[str, Any]) -> Authenticator:
    """They are told by email."""
    user = lock_account(signed_in(request).pk)
    if passkeys_of(user).count() >= MOST_PASSKEYS:
        raise DomainError(_("You have 10 passkeys already. Remove one that you don’t use, then add this one."))
    passkey: Authenticator = Authenticator.objects.create(user=user, type=PASSKEY, data={"name": name, "credential": credential})
    signals.authenticator_added.send(sender=Authenticator, request=request, user=user, authenticator=passkey)
    get_adapter().send_notification_mail("mfa/email/webauthn_added", user)
    return passkey


@transaction.atomic
def remove_passkey(request: HttpRequest, passkey: Authenticator) -> None:
    """They are told by email. A second press, which waited for the first, finds nothing left to do."""
    user = lock_account(signed_in(request).pk)
    kept = current_passkey(user, passkey)
    if kept is None:
        return
    others = Authenticator.objects.filter(user=user).exclude(pk=kept.pk)
    if user.is_staff and not others.filter(type__in=[PASSKEY, Authenticator.Type.TOTP]).exists():
        raise DomainError(_("Staff need a second factor. Set up your authenticator app first, then remove this passkey."))
    delete_and_cleanup(request, kept)
    get_adapter().send_notification_mail("mfa/email/webauthn_removed", user)


@transaction.atomic
def rename_passkey(request: HttpRequest, passkey: Authenticator, name: str) -> None:
    kept = current_passkey(lock_account(signed_in(request).pk), passkey)
    if kept is None:
        raise DomainError(_("This passkey was removed meanwhile, so it has no new name."))
    kept.data["name"] = name
    kept.save(update_fields=["data"])


def current_passkey(user: User, passkey: Authenticator) -> Authenticator | None:
    """`user` is locked, so nobody else adds, renames or removes one of theirs meanwhile. None: it has gone."""
    return passkeys_of(user).filter(pk=passkey.pk).first()
