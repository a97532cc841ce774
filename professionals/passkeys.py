"""Passkeys of an account (ADR 67): a way in beside the code by email, and for staff also their second factor.

The keys themselves stay in the person's device. We keep a public one, and what they call it.
"""

import json
from base64 import urlsafe_b64encode
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import get_adapter
from allauth.mfa import signals
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from professionals.access import signed_in
from professionals.allauth_internals import delete_and_cleanup, webauthn
from professionals.models import User
from professionals.services.accounts import lock_account

PASSKEY = Authenticator.Type.WEBAUTHN
MOST = 10  # to an account: some for each device, and none can fill the table


class TooManyPasskeysError(DomainError):
    message = _("You have 10 passkeys already. Remove one that you don’t use, then add this one.")


class LastFactorError(DomainError):
    message = _("Staff need a second factor. Set up your authenticator app first, then remove this passkey.")


class PasskeyGoneError(DomainError):
    message = _("This passkey was removed meanwhile, so it has no new name.")


def own_host() -> str:
    """For which passkeys are made and work: that of the site's one address, whatever name a request came by."""
    return urlsplit(settings.SITE_URL).hostname or ""


def passkeys_of(user: User) -> QuerySet[Authenticator]:
    found: QuerySet[Authenticator] = Authenticator.objects.filter(user_id=user.pk, type=PASSKEY).order_by("pk")
    return found


def to_add(user: User) -> str:
    """What the browser is asked for, as JSON: a passkey that knows whose it is and that asks for finger, face or PIN."""
    return json.dumps(webauthn.begin_registration(user, passwordless=True))


def to_sign_in() -> dict[str, Any]:
    """The same for any passkey of this site: nothing in it says who has one."""
    return dict(webauthn.begin_authentication(None))


def to_prove(user: User) -> str:
    """The same for one of theirs; empty if they have none."""
    return json.dumps(webauthn.begin_authentication(user)) if passkeys_of(user).exists() else ""


def kept_as(response: Any) -> dict[str, Any]:
    """Of what the browser sent no more than what is checked later. `response`: what webauthn.parse_registration_response gave."""
    parts = {"clientDataJSON": response.response.client_data, "attestationObject": response.response.attestation_object}
    in_base64 = {name: urlsafe_b64encode(bytes(part)).rstrip(b"=").decode() for name, part in parts.items()}
    return {"id": response.id, "rawId": response.id, "type": "public-key", "response": in_base64}


def is_known(credential_id: str) -> bool:
    """Whether any account has it: a second could only be somebody's copy."""
    return bool(Authenticator.objects.filter(type=PASSKEY, data__credential__id=credential_id).exists())


@transaction.atomic
def add(request: HttpRequest, *, name: str, credential: dict[str, Any]) -> Authenticator:
    """Raises TooManyPasskeysError. They are told by email."""
    user = lock_account(signed_in(request).pk)
    if passkeys_of(user).count() >= MOST:
        raise TooManyPasskeysError
    passkey: Authenticator = Authenticator.objects.create(user=user, type=PASSKEY, data={"name": name, "credential": credential})
    signals.authenticator_added.send(sender=Authenticator, request=request, user=user, authenticator=passkey)
    get_adapter().send_notification_mail("mfa/email/webauthn_added", user)
    return passkey


@transaction.atomic
def remove(request: HttpRequest, passkey: Authenticator) -> None:
    """Raises LastFactorError. They are told by email. A second press, which waited for the first, finds nothing left to do."""
    user = lock_account(signed_in(request).pk)
    kept = as_it_stands(user, passkey)
    if kept is None:
        return
    others = Authenticator.objects.filter(user=user).exclude(pk=kept.pk)
    if user.is_staff and not others.filter(type__in=[PASSKEY, Authenticator.Type.TOTP]).exists():
        raise LastFactorError
    delete_and_cleanup(request, kept)
    get_adapter().send_notification_mail("mfa/email/webauthn_removed", user)


@transaction.atomic
def rename(request: HttpRequest, passkey: Authenticator, name: str) -> None:
    """Raises PasskeyGoneError."""
    kept = as_it_stands(lock_account(signed_in(request).pk), passkey)
    if kept is None:
        raise PasskeyGoneError
    kept.data["name"] = name
    kept.save(update_fields=["data"])


def as_it_stands(user: User, passkey: Authenticator) -> Authenticator | None:
    """`user` is locked, so nobody else adds, renames or removes one of theirs meanwhile. None: it has gone."""
    return passkeys_of(user).filter(pk=passkey.pk).first()
