"""allauth's forms as pages of ours: our labels and sentences, no placeholders, our form pack."""

from collections.abc import Mapping
from typing import Any, ClassVar

from allauth.account import forms as account
from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.core import context
from allauth.mfa import signals
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import forms as recovery_codes
from allauth.mfa.totp import forms as totp
from allauth.mfa.utils import decrypt, is_mfa_enabled
from django import forms
from django.core.validators import MaxLengthValidator
from django.db import IntegrityError, transaction
from django.forms import BooleanField, Field
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from ctac.forms import PageFormMixin
from professionals.account_limits import few_tries, is_first_use, stopped
from professionals.allauth_internals import SECRET_SESSION_KEY, get_totp_secret, validate_totp_code
from professionals.guarded import GuardedMixin
from professionals.models import User, Where
from professionals.sign_up import keep_details

EMAIL_ERRORS = {
    "required": _("Enter your work email address."),
    "invalid": _("Enter an email address in full, like name@example.nhs.uk."),
}
TYPED = (Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES)
PASSWORD_HINT = _("At least 12 characters. Three words that only you would put together are good.")


def tidy_email(field: Field) -> None:
    """Our sentences; and no address longer than we can store, which allauth would cut off."""
    field.error_messages.update(EMAIL_ERRORS)
    field.validators.append(MaxLengthValidator(254, message=EMAIL_ERRORS["invalid"]))
    field.widget.attrs.pop("placeholder", None)
    field.widget.attrs["autocomplete"] = "email"


class AccountForm(PageFormMixin):
    """`labels` and `hints` by field name; what a field says when it is empty follows from its name."""

    labels: ClassVar[Mapping[str, Any]] = {}
    hints: ClassVar[Mapping[str, Any]] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.labels.get(name, field.label)
            field.help_text = self.hints.get(name, "")
            if name in {"email", "login"}:
                tidy_email(field)
            elif name == "code":
                field.error_messages["required"] = _("Type the code.")
                field.widget.attrs |= {"spellcheck": "false", "autocapitalize": "characters", "class": "govuk-input--width-10"}
            elif "password" in name:
                field.error_messages["required"] = _("Type your password.")


EMAIL_LABEL = {"email": _("Work email address"), "login": _("Work email address")}


class SignUpForm(GuardedMixin, account.SignupForm):
    """Address and details on one page, no password. Says the same whether or not the address has an account."""

    where, told_by = Where.SIGN_UP, "email"
    field_order = ["email", "name", "profession", "organisation_name", "phone", "postcode", "invite"]
    account_already_exists: bool

    invite = BooleanField(label=_("Email me when new open sessions are planned"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        email = self.fields["email"]
        email.label, email.help_text = _("Work email address"), _("We send a code to this address. You don’t need a password.")
        tidy_email(email)

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Someone who signs up again before the code was typed (a double click, a lost email) just gets a new code."""
        keep_details(request, self.cleaned_data["email"], self.details(), invite=self.cleaned_data["invite"])
        waiting = self._waiting_user() if self.account_already_exists else None
        if waiting is not None:
            return waiting, None
        try:
            saved: tuple[User | None, HttpResponse | None] = super().try_save(request)
        except IntegrityError:  # the same address was signed up with at the same moment
            self.account_already_exists = True
            return self.try_save(request)
        return saved

    @transaction.atomic
    def save(self, request: HttpRequest) -> User:
        user: User = super().save(request)
        return user

    def _waiting_user(self) -> User | None:
        """The user with this address whose address has never been verified."""
        unverified = User.objects.filter(email=self.cleaned_data["email"], is_active=True, is_staff=False, last_login=None)
        return unverified.exclude(emailaddress__verified=True).first()


class SignInForm(GuardedMixin, AccountForm, account.LoginForm):
    """The address alone: a code is sent to it."""

    where, told_by, quicker = Where.SIGN_IN, "login", 0.5
    labels = EMAIL_LABEL

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        if not self.errors and stopped(self.request, "request_login_code", address=self.cleaned_data["login"]):
            self.add_error("login", get_account_adapter().validation_error("too_many_login_attempts"))
        return cleaned


class PasswordSignInForm(AccountForm, account.LoginForm):
    """Not guarded: it sends nothing, wrong tries are counted, and a password manager may send it at once."""

    labels = {**EMAIL_LABEL, "password": _("Password")}

    def _setup_password_field(self) -> None:
        """Keep the password, which allauth drops from its form where sign-up asks for none."""
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
    hints = {"email": _("We send a code to it. Your old address stays until you type the code.")}


class ForgottenPasswordForm(GuardedMixin, AccountForm, account.ResetPasswordForm):
    where, told_by, quicker = Where.PASSWORD, "email", 0.5
    labels = EMAIL_LABEL


NEW_PASSWORD = {"password1": _("New password"), "password2": _("New password again")}


class ChangePasswordForm(AccountForm, account.ChangePasswordForm):
    labels = {"oldpassword": _("Password now"), **NEW_PASSWORD}
    hints = {"password1": PASSWORD_HINT}


class SetPasswordForm(AccountForm, account.SetPasswordForm):
    labels, hints = NEW_PASSWORD, {"password1": PASSWORD_HINT}


class ResetPasswordForm(AccountForm, account.ResetPasswordKeyForm):
    labels, hints = NEW_PASSWORD, {"password1": PASSWORD_HINT}


class ReauthenticateForm(AccountForm, account.ReauthenticateForm):
    labels = {"password": _("Password")}


class SecondFactorMixin(forms.Form):
    """A code of the app serves once in all the time that it is valid (RFC 6238, section 5.2), and needs no cache."""

    user: User
    authenticator: Authenticator

    def clean_code(self) -> str:
        with few_tries(context.request, self.user):
            code: str = self.cleaned_data["code"]
            theirs = list(Authenticator.objects.filter(user=self.user, type__in=TYPED).order_by("-type"))  # the app first
            for each in theirs:
                if self._is_right(each, code):
                    self.authenticator = each
                    return code
            for each in theirs[:1]:
                told = {"request": context.request, "user": self.user, "authenticator": each}
                again = isinstance(self, mfa.ReauthenticateForm)
                signals.authentication_failed.send(sender=Authenticator, reauthentication=again, **told)
            raise get_adapter().validation_error("incorrect_code")

    def _is_right(self, authenticator: Authenticator, code: str) -> bool:
        if authenticator.type == Authenticator.Type.TOTP:
            is_valid = validate_totp_code(decrypt(authenticator.data["secret"]), code)
            return is_valid and is_first_use(self.user.pk, code)
        return bool(authenticator.wrap().validate_code(code))


class SecondFactorForm(SecondFactorMixin, AccountForm, mfa.AuthenticateForm):
    labels = {"code": _("Code from your app")}
    hints = {"code": _("6 digits that change every 30 seconds, or one of your recovery codes.")}


class SecondFactorAgainForm(SecondFactorMixin, AccountForm, mfa.ReauthenticateForm):
    labels, hints = SecondFactorForm.labels, SecondFactorForm.hints


class NewRecoveryCodesForm(recovery_codes.GenerateRecoveryCodesForm):
    def clean(self) -> dict[str, Any]:
        """allauth would make some for whoever has a passkey, which to a professional is no second factor."""
        if not is_mfa_enabled(self.user):
            raise get_adapter().validation_error("cannot_generate_recovery_codes")
        return super().clean() or self.cleaned_data


class ActivateAppForm(AccountForm, totp.ActivateTOTPForm):
    labels = {"code": _("Code that the app shows")}
    hints = {"code": _("6 digits that change every 30 seconds.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """One secret for the whole enrolment: a reload or a second tab must not make the first picture worthless."""
        kept = get_totp_secret()
        super().__init__(*args, **kwargs)
        self.secret = context.request.session[SECRET_SESSION_KEY] = kept

    def clean_code(self) -> str:
        """It is used up by that, and does not pass the second factor in another window."""
        with few_tries(context.request, self.user, "rate_limited"):
            code: str = super().clean_code()
            if not is_first_use(self.user.pk, code):
                raise get_adapter().validation_error("incorrect_code")
            return code

    @property
    def spaced_secret(self) -> str:
        """The key to type by hand, in groups of four."""
        return " ".join(self.secret[start : start + 4] for start in range(0, len(self.secret), 4))
