"""Forms of sign-in, passwords, addresses, the second factor and passkeys."""

import json
import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from functools import cached_property
from typing import Any, ClassVar
from urllib.parse import urlsplit

from allauth.account import forms as account
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.fields import EmailField
from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import forms as recovery_codes
from allauth.mfa.totp import forms as totp
from allauth.mfa.utils import decrypt, is_mfa_enabled
from allauth.mfa.webauthn.forms import AuthenticateWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ValidationError
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy as _

from accounts import services
from accounts.allauth_internals import SECRET_SESSION_KEY, get_totp_secret, validate_totp_code, webauthn
from accounts.models import UK_MOBILE_PATTERN, LimitedActivity, User
from accounts.rate_limits import HoneypotMixin, is_first_use_of_code, is_rate_limited, limit_failed_codes
from core.forms import PageForm, PageFormMixin

EMAIL_ERRORS = {
    "required": _("Enter your work email address."),
    "invalid": _("Enter an email address in full, like name@example.nhs.uk."),
}
CODE_AUTHENTICATOR_TYPES = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
MOBILE_HELP = _("We will also text you when there is an alarm about a presenter on a visit.")
PASSWORD_HINT = _("At least 12 characters. Try three words that only you would put together.")


class MobileField(forms.CharField):
    """A UK mobile number in any spelling, cleaned to the form that we store."""

    widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel"})

    def clean(self, value: Any) -> str:
        typed: str = super().clean(value)
        if not typed:
            return ""
        digits = re.sub(r"[\s().-]", "", typed.replace("(0)", ""))
        number = re.sub(r"^(?:(?:\+|00)?44)?0?(?=7)", "+44", digits)
        if not re.fullmatch(UK_MOBILE_PATTERN, number):
            raise ValidationError(_("Enter a UK mobile number, like 07700 900123."), code="invalid")
        return number


class AccountForm(PageFormMixin):
    """A page form with `labels` and `hints` by field name. Its messages for empty fields follow from their names."""

    labels: ClassVar[Mapping[str, Any]] = {}
    hints: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            if name in {"email", "login"}:
                field.error_messages.update(EMAIL_ERRORS)
                # Refuse an address too long to store, which allauth would cut off.
                field.validators.append(MaxLengthValidator(254, message=EMAIL_ERRORS["invalid"]))
                field.widget.attrs["autocomplete"] = "email"
            elif name == "code":
                field.error_messages["required"] = _("Type the code.")
                field.widget.attrs |= {"spellcheck": "false", "autocapitalize": "characters", "class": "govuk-input--width-10"}
            elif "password" in name:
                field.error_messages["required"] = _("Type your password.")


EMAIL_LABEL = {"email": _("Work email address"), "login": _("Work email address")}


class SignInForm(HoneypotMixin, AccountForm, PageForm):
    """Asks only for the address. A code is sent to it whether or not it has an account: nothing here looks that up."""

    where, answer_field = LimitedActivity.SIGN_IN, "login"
    labels = EMAIL_LABEL

    login = EmailField()

    def __init__(self, *args: Any, request: HttpRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.request = request

    def clean_login(self) -> str:
        email: str = get_account_adapter().clean_email(self.cleaned_data["login"])
        return email

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors and is_rate_limited(self.request, "request_login_code", address=self.cleaned_data["login"]):
            self.add_error("login", get_account_adapter().validation_error("too_many_login_attempts"))
        return cleaned


class PasswordSignInForm(AccountForm, account.LoginForm):
    """Has no honeypot: it sends no mail, wrong tries are counted, and a password manager may send it at once."""

    labels = {**EMAIL_LABEL, "password": _("Password")}

    def _setup_password_field(self) -> None:
        """Keep the password field, which allauth removes from the form if sign-up asks for no password."""
        self.fields["password"].widget.attrs["autocomplete"] = "current-password"


CODE_LABEL = {"code": _("Code from the email")}
CODE_HINT = {"code": _("8 letters, like BCDF-GHJK. Small letters are fine.")}


class SignInCodeForm(AccountForm, account.ConfirmLoginCodeForm):
    labels, hints = CODE_LABEL, CODE_HINT


class AddressCodeForm(AccountForm, account.ConfirmEmailVerificationCodeForm):
    labels, hints = CODE_LABEL, CODE_HINT


class ResetCodeForm(AccountForm, account.ConfirmPasswordResetCodeForm):
    labels, hints = CODE_LABEL, CODE_HINT


class NewAddressForm(AccountForm, account.AddEmailForm):
    labels = {"email": _("New work email address")}
    hints = {"email": _("We will send a code to it. You keep your old address until you type the code.")}


class ForgottenPasswordForm(HoneypotMixin, AccountForm, account.ResetPasswordForm):
    where, answer_field = LimitedActivity.PASSWORD, "email"
    labels = EMAIL_LABEL

    def clean_email(self) -> str:
        """One statement whatever the address; allauth has one more for an address that it does not know."""
        email: str = get_account_adapter().clean_email(self.cleaned_data["email"])
        known = services.account_with_email(email)
        self.users = [known] if known is not None and known.is_active else []
        return email


NEW_PASSWORD_LABELS = {"password1": _("New password"), "password2": _("New password again")}


class ChangePasswordForm(AccountForm, account.ChangePasswordForm):
    labels = {"oldpassword": _("Password now"), **NEW_PASSWORD_LABELS}
    hints = {"password1": PASSWORD_HINT}


class SetPasswordForm(AccountForm, account.SetPasswordForm):
    labels, hints = NEW_PASSWORD_LABELS, {"password1": PASSWORD_HINT}


class ResetPasswordForm(AccountForm, account.ResetPasswordKeyForm):
    labels, hints = NEW_PASSWORD_LABELS, {"password1": PASSWORD_HINT}


class ReauthenticateForm(AccountForm, account.ReauthenticateForm):
    labels = {"password": _("Password")}


class SecondFactorMixin(forms.Form):
    """A code from the app works only once in all the time that it is valid (RFC 6238, section 5.2). Needs no cache."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        with limit_failed_codes(context.request, self.user):
            code: str = self.cleaned_data["code"]
            factors = list(
                Authenticator.objects.filter(user=self.user, type__in=CODE_AUTHENTICATOR_TYPES).order_by("-type")
            )  # the app first
            for factor in factors:
                if factor.type == Authenticator.Type.TOTP:
                    is_valid = validate_totp_code(decrypt(factor.data["secret"]), code)
                    is_valid = is_valid and is_first_use_of_code(self.user.pk, code)
                else:
                    is_valid = factor.wrap().validate_code(code)
                if is_valid:
                    self.authenticator = factor
                    return code
            if factors:
                signals.authentication_failed.send(
                    sender=Authenticator,
                    request=context.request,
                    user=self.user,
                    authenticator=factors[0],
                    reauthentication=isinstance(self, mfa.ReauthenticateForm),
                )
            raise get_adapter().validation_error("incorrect_code")


class SecondFactorForm(SecondFactorMixin, AccountForm, mfa.AuthenticateForm):
    labels = {"code": _("Code from your app")}
    hints = {"code": _("6 digits that change every 30 seconds, or one of your recovery codes.")}


class ReauthenticateSecondFactorForm(SecondFactorMixin, AccountForm, mfa.ReauthenticateForm):
    labels, hints = SecondFactorForm.labels, SecondFactorForm.hints


class NewRecoveryCodesForm(recovery_codes.GenerateRecoveryCodesForm):
    def clean(self) -> dict[str, Any]:
        """Refuse anybody without a second factor. allauth would take a passkey for one, which it isn't for a professional."""
        if not is_mfa_enabled(self.user):
            raise get_adapter().validation_error("cannot_generate_recovery_codes")
        return super().clean() or self.cleaned_data


class ActivateAppForm(AccountForm, totp.ActivateTOTPForm):
    labels = {"code": _("Code that the app shows")}
    hints = {"code": _("6 digits that change every 30 seconds.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """One secret for the whole enrolment: a reload or a second tab must not make the first picture worthless."""
        secret = get_totp_secret()
        super().__init__(*args, **kwargs)
        self.secret = context.request.session[SECRET_SESSION_KEY] = secret

    def clean_code(self) -> str:
        """A right code is used up, so that it doesn't also pass the second factor in another window."""
        with limit_failed_codes(context.request, self.user, "rate_limited"):
            code: str = super().clean_code()
            if not is_first_use_of_code(self.user.pk, code):
                raise get_adapter().validation_error("incorrect_code")
            return code

    @property
    def spaced_secret(self) -> str:
        """The key in groups of four, to be typed by hand."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))


MAX_CREDENTIAL_LENGTH = 20_000  # characters; those of today's devices have some 2,000
MAX_PASSKEY_NAME_LENGTH = 60
# ES256, EdDSA, ES384, ES512, PS256, RS256 by their COSE numbers (RFC 9053, RFC 8812): what FIPS 186-5 approves.
ALLOWED_ALGORITHMS = {-7, -8, -35, -36, -37, -257}
PASSKEY_REFUSED_MESSAGE = _("That passkey did not work here. Try again, or use a code instead.")
# What the library raises for bytes that are no passkey. A stranger may send any bytes.
CREDENTIAL_ERRORS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    struct.error,
)


@contextmanager
def uniform_passkey_error() -> Iterator[None]:
    """Give the same error whatever is wrong with a passkey, so that it shows nothing about accounts."""
    try:
        yield
    except (ValidationError, *CREDENTIAL_ERRORS) as error:
        if isinstance(error, ValidationError) and error.code != "incorrect_code":
            raise
        services.log_refused_passkey()
        raise ValidationError(PASSKEY_REFUSED_MESSAGE, code="passkey") from error


def check_origin(response: Any) -> None:
    """Refuse a passkey that was not made on a page of this very host. The library would also accept subdomains."""
    if urlsplit(response.response.client_data.origin).hostname != services.passkey_host():
        raise ValueError("another origin")


class CredentialField(forms.Field):
    """JSON that a script fills in. Empty if no script ran."""

    widget = forms.HiddenInput
    default_error_messages: ClassVar = {"required": PASSKEY_REFUSED_MESSAGE}

    def to_python(self, value: Any) -> dict[str, Any] | None:
        if not value:
            return None
        try:
            credential = json.loads(value) if len(value) <= MAX_CREDENTIAL_LENGTH else None
        except (ValueError, RecursionError):
            credential = None
        if not isinstance(credential, dict):
            raise ValidationError(PASSKEY_REFUSED_MESSAGE, code="passkey")
        return credential


class PasskeyForm(AuthenticateWebAuthnForm):
    """A passkey of `user`, as second factor. After five wrong ones the next is refused, as with codes."""

    credential = CredentialField()

    def clean_credential(self) -> Authenticator:
        """Only a user that we know already has a limit: otherwise anybody could use up somebody's tries by naming them."""
        with uniform_passkey_error():
            check_origin(webauthn.parse_authentication_response(self.cleaned_data["credential"]))
            with limit_failed_codes(context.request, self.user) if self.user is not None else nullcontext():
                passkey: Authenticator = super().clean_credential()
        return passkey


class ReauthenticatePasskeyForm(PasskeyForm):
    reauthenticated = True


class PasskeySignInForm(PasskeyForm):
    """Any passkey of this site, which names its account itself."""

    passwordless = True

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, user=None, **kwargs)


class PasskeyNameForm(PageForm):
    name = forms.CharField(
        label=_("Name"),
        max_length=MAX_PASSKEY_NAME_LENGTH,
        help_text=_("A name that you will recognise, such as the device that it is on."),
        error_messages={
            "required": _("Give the passkey a name."),
            "max_length": _("Use at most 60 characters."),
        },
    )


PHONE_COPIES_QUESTION = "new_phone_copies"


def ask_about_phone_copies(form: PageFormMixin, owner: Any, before: str, after: str) -> bool:
    """For clean(): ask if a new number also goes where the old one was copied. False also while nobody has answered."""
    copies = services.PHONE_COPIES.get(owner._meta.model)  # request.user is wrapped
    places = copies.find(owner, before, timezone.now()) if copies and before and after else []
    if copies is None or not places:
        return False
    new, old = f"new {after}", f"old {after}"  # if another number is typed, the question is asked again
    choices = [(new, gettext("The new number: %s") % after), (old, gettext("The number from before: %s") % before)]
    return form.ask_extra_question(PHONE_COPIES_QUESTION, copies.question, choices, ", ".join(places)) == new


class MobileForm(PageForm):
    """The mobile of `user`. `with_copies`: the new one also goes where the old one was copied."""

    autocomplete = {"mobile": "tel"}
    with_copies = False

    mobile = MobileField(label=_("Mobile"), required=False, max_length=30, help_text=MOBILE_HELP)

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, initial={"mobile": user.mobile}, **kwargs)
        self.user = user

    def clean(self) -> None:
        super().clean()
        before, mobile = self.user.mobile, str(self.cleaned_data.get("mobile", self.user.mobile))
        self.with_copies = mobile != before and ask_about_phone_copies(self, self.user, before, mobile)


class NewPasskeyForm(PasskeyNameForm):
    """A new passkey. After clean(), `stored` is what to store of it."""

    credential = CredentialField()
    stored: dict[str, Any]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for refusal in self.errors.pop("credential", []):
            self.add_error(None, refusal)
        if not self.errors:
            with uniform_passkey_error():
                credential = cleaned["credential"]
                response = webauthn.parse_registration_response(credential)
                check_origin(response)
                # The library accepts any signature that it can check, even RSA with SHA-1, though we don't offer that.
                key = response.response.attestation_object.auth_data.credential_data.public_key
                if key.ALGORITHM not in ALLOWED_ALGORITHMS:
                    raise ValueError("a weak signature")
                webauthn.complete_registration(credential)
                self.stored = services.credential_to_store(response)
                # Only somebody's copy of it could get to a second account.
                if Authenticator.objects.filter(type=services.PASSKEY_TYPE, data__credential__id=self.stored["id"]).exists():
                    raise ValueError("known already")
        return cleaned


# The words that a stranger would try here first. docs/security.md says where this list is.
SITE_WORDS: tuple[str, ...] = (
    "ctac",
    "nspcc",
    "child",
    "children",
    "trafficking",
    "leaflet",
    "leaflets",
    "presentation",
    "presenter",
    "booking",
    "order",
)
SITE_WORDS += ("safeguarding", "advice", "charity", "nhs", "health", "visitor", "social", "worker", "staff", "coordinator")
MAX_REFUSED_WORDS = 2
MIN_WORD_LENGTH = 3  # letters of the shortest word that counts
LEET = str.maketrans("01345$@", "oieassa")


class FewCommonWordsValidator:
    """Refuses passwords made of one or two common words, or of words that everybody here has in mind.

    Of the 20,000 passwords that Django's own validator knows, 194 are as long as ours must be. At that length, most leaked
    passwords are two common words together, or one with digits after it (OWASP ASVS 5.0, V6.2.4, V6.2.11 and V6.2.12).
    """

    def validate(self, password: str, user: Any = None) -> None:
        # The fewest known words that make up its letters; more than any limit if none do.
        if any(
            sum(self._count_fewest_words(part) for part in re.findall(r"[^\W\d_]+", form)) <= MAX_REFUSED_WORDS
            for form in (password.lower(), password.lower().translate(LEET))
        ):
            raise ValidationError(self.get_help_text(), code="password_few_common_words")

    def get_help_text(self) -> str:
        return gettext(
            "That password is made of one or two words that many people use. Add two more words that don’t belong together."
        )

    def _count_fewest_words(self, letters: str) -> int:
        fewest = [0, *[len(letters) + MAX_REFUSED_WORDS + 1] * len(letters)]
        for end in range(1, len(letters) + 1):
            starts = [start for start in range(end) if letters[start:end] in self.known or len(set(letters[start:end])) == 1]
            fewest[end] = min([fewest[end], *[fewest[start] + 1 for start in starts]])
        return fewest[-1]

    @cached_property
    def known(self) -> frozenset[str]:
        common = CommonPasswordValidator().passwords
        return frozenset([*SITE_WORDS, *(word for word in common if len(word) >= MIN_WORD_LENGTH)])
