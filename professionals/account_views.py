"""allauth's views with our forms, and what each must do beyond allauth's."""

from contextlib import nullcontext
from typing import Any

from allauth.account import views as account
from allauth.account.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from django.contrib import messages
from django.forms import Form
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.views.generic import RedirectView

from professionals import account_forms as forms
from professionals.access import safe_next, signed_in, with_next
from professionals.account_limits import confirm_email_or_refuse, limited, stopped, too_many
from professionals.allauth_internals import record_authentication
from professionals.asking_again import ask_again, asks_again, has_second_factor
from professionals.guarded import GuardedView
from professionals.passkey_views import PasskeyBeside
from professionals.services.accounts import said_if_gone
from professionals.stale_codes import StillTheirsMixin


@method_decorator(limited("signup"), name="dispatch")
class SignUpView(GuardedView, account.SignupView):
    form_class = forms.SignUpForm


@method_decorator(limited("login"), name="dispatch")
class SignInView(GuardedView, account.LoginView):
    """The usual way in: the address, then the code that is sent to it."""

    form_class = forms.SignInForm


@method_decorator(limited("login"), name="dispatch")
class PasswordSignInView(account.LoginView):
    form_class = forms.PasswordSignInForm
    template_name = "account/login_password.html"


class RequestCodeView(RedirectView):
    """Where allauth sends someone whose code has expired: asking for one is the sign-in page itself."""

    pattern_name = "account_login"
    query_string = True


class SignInCodeView(account.ConfirmLoginCodeView):
    form_class = forms.SignInCodeForm

    def form_valid(self, form: Form) -> HttpResponse:
        """The right code; or the button for another email, which counts as the first did.

        The first code shows, too, that the address is theirs, which is written down. Raises AccountGoneError.
        """
        login = self.stage.login
        if not isinstance(form, forms.SignInCodeForm) and stopped(self.request, "request_login_code", address=login.email):
            adapter = get_adapter()
            adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["rate_limited"])
            return redirect(self.passthrough_next_url(reverse("account_confirm_login_code")))
        with said_if_gone(login.user.pk) if login.user else nullcontext():
            response: HttpResponse = super().form_valid(form)
        return response


class AddressCodeView(account.ConfirmEmailVerificationCodeView):
    form_class = forms.AddressCodeForm

    def form_valid(self, form: Form) -> HttpResponse:
        """Of an address that has an account already no code is right, and no other email goes out, but it counts alike."""
        if self.stage and self.stage.login.user is None:
            confirm_email_or_refuse(self.request, self.stage.login.email)
        response: HttpResponse = super().form_valid(form)
        return response


@method_decorator([asks_again, limited("manage_email")], name="dispatch")
class NewAddressView(account.EmailView):
    """One address a person: asking for another one sends it a code, and the code replaces the old address."""

    form_class = forms.NewAddressForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)


@method_decorator(limited("change_password"), name="dispatch")
class ChangePasswordView(account.PasswordChangeView):
    """Its form asks for the password of now: enough for those who have no more than that."""

    form_class = forms.ChangePasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        needs_more = request.user.is_authenticated and (request.user.is_staff or has_second_factor(signed_in(request)))
        response: HttpResponseBase = (ask_again(request) if needs_more else None) or super().dispatch(request, *args, **kwargs)
        return response


@method_decorator([asks_again, limited("change_password")], name="dispatch")
class SetPasswordView(account.PasswordSetView):
    form_class = forms.SetPasswordForm


class ForgottenPasswordView(GuardedView, account.PasswordResetView):
    form_class = forms.ForgottenPasswordForm

    def form_valid(self, form: Form) -> HttpResponse:
        if stopped(self.request, "reset_password", address=form.cleaned_data["email"]):
            return too_many(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class ResetCodeView(account.ConfirmPasswordResetCodeView):
    form_class = forms.ResetCodeForm


@method_decorator(limited("reset_password_from_key"), name="dispatch")
class ResetPasswordView(StillTheirsMixin, account.CompletePasswordResetView):
    form_class = forms.ResetPasswordForm


@method_decorator(limited("reauthenticate"), name="dispatch")
class ReauthenticateView(PasskeyBeside, account.ReauthenticateView):
    form_class = forms.ReauthenticateForm


class ActivateAppView(totp.ActivateTOTPView):
    """Enrolment. The code shows that the app works, so this session has passed the second factor."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = ask_again(request, enrolling=True) or super().dispatch(request, *args, **kwargs)
        return response

    def form_valid(self, form: Form) -> HttpResponse:
        response = super().form_valid(form)
        authenticator = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        record_authentication(
            self.request, self.request.user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True
        )
        return response

    def get_success_url(self) -> str:
        return with_next("mfa_view_recovery_codes", safe_next(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "next": safe_next(self.request)}


@method_decorator(asks_again, name="dispatch")
class StopAppView(totp.DeactivateTOTPView):
    def form_valid(self, form: Form) -> HttpResponse:
        """Codes for its loss go with it; allauth leaves them to who has a passkey."""
        response: HttpResponse = super().form_valid(form)
        Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.RECOVERY_CODES).delete()
        return response


@method_decorator(asks_again, name="dispatch")
class NewRecoveryCodesView(recovery_codes.GenerateRecoveryCodesView):
    """Its form is in MFA_FORMS."""


@method_decorator(asks_again, name="dispatch")
class RecoveryCodesView(recovery_codes.ViewRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        onward = "staff:index" if self.request.user.is_staff else "account_details"
        return {**super().get_context_data(**kwargs), "next": safe_next(self.request) or reverse(onward)}
