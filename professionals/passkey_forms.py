"""What a browser sends of a passkey, checked; and what its owner calls it."""

import json
import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.core import context
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from audit.models import Act
from audit.services import record
from ctac.forms import PageForm
from professionals import passkeys
from professionals.account_limits import few_tries
from professionals.allauth_internals import webauthn

logger = logging.getLogger("ctac.security")
LONGEST = 20_000  # characters; those of today's devices have some 2,000
LONGEST_NAME = 60
# ES256, EdDSA, ES384, ES512, PS256, RS256 by their COSE numbers (RFC 9053, RFC 8812): what FIPS 186-5 approves.
SIGNED_WITH = {-7, -8, -35, -36, -37, -257}
REFUSED = _("That passkey did not work here. Try again, or use a code instead.")
# What the library raises over bytes that are no passkey's: a stranger may send any.
BROKEN = (ArithmeticError, AssertionError, AttributeError, LookupError, NotImplementedError, TypeError, ValueError, struct.error)


@contextmanager
def one_refusal() -> Iterator[None]:
    """Whatever is wrong is told in one sentence, which says nothing of whose passkey it may be."""
    try:
        yield
    except ValidationError as refusal:
        if refusal.code != "incorrect_code":
            raise
        refused()
        raise ValidationError(REFUSED, code="passkey") from refusal
    except BROKEN as error:
        refused()
        raise ValidationError(REFUSED, code="passkey") from error


def refused() -> None:
    """Not whose, as with a password."""
    logger.warning("passkey refused")
    record(Act.NOT_LET_IN, whats=["passkey"])


def must_be_from_here(response: Any) -> None:
    """Made on a page of this very host; the library would take those of names below it too."""
    if urlsplit(response.response.client_data.origin).hostname != passkeys.own_host():
        raise ValueError("another origin")


def must_sign_well(response: Any) -> None:
    """The library takes whatever it can check, RSA with SHA-1 too, though the question does not offer that."""
    key = response.response.attestation_object.auth_data.credential_data.public_key
    if key.ALGORITHM not in SIGNED_WITH:
        raise ValueError("a weak signature")


class CredentialField(forms.Field):
    """JSON that a script puts there. Empty where none ran."""

    widget = forms.HiddenInput
    default_error_messages: ClassVar = {"required": REFUSED}

    def to_python(self, value: Any) -> dict[str, Any] | None:
        if not value:
            return None
        try:
            found = json.loads(value) if len(value) <= LONGEST else None
        except (ValueError, RecursionError):
            found = None
        if not isinstance(found, dict):
            raise ValidationError(REFUSED, code="passkey")
        return found


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey of `user`'s, shown at their second factor. Five wrong ones stop the next, as wrong codes do."""

    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        """Whose it is says the question, if we know: else anybody could have anybody stopped by naming them in the answer."""
        with one_refusal():
            must_be_from_here(webauthn.parse_authentication_response(self.cleaned_data["credential"]))
            with few_tries(context.request, self.user) if self.user is not None else nullcontext():
                found: Authenticator = super().clean_credential()
        return found


class PasskeyAgainForm(PasskeyForm):
    reauthenticated = True


class PasskeySignInForm(PasskeyForm):
    """Any passkey of this site, which says itself whose it is."""

    passwordless = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)


class PasskeyNameForm(PageForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=LONGEST_NAME,
        help_text=_("So that you know it again, such as the device that it is on."),
        error_messages={
            "required": _("Give the passkey a name."),
            "max_length": _("Use at most 60 characters."),
        },
    )


class NewPasskeyForm(PasskeyNameForm):
    """After clean(), `kept`: what is stored of it."""

    credential = CredentialField()
    kept: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for refusal in self.errors.pop("credential", []):
            self.add_error(None, refusal)
        if not self.errors:
            with one_refusal():
                self.kept = self._checked(cleaned["credential"])
        return cleaned

    def _checked(self, credential: dict[str, Any]) -> dict[str, Any]:
        response = webauthn.parse_registration_response(credential)
        must_be_from_here(response)
        must_sign_well(response)
        webauthn.complete_registration(credential)
        kept = passkeys.kept_as(response)
        if passkeys.is_known(kept["id"]):
            raise ValueError("known already")
        return kept
