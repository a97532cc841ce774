"""Pages of sign-in, passwords, addresses, the second factor, passkeys and sessions: allauth's views with our forms."""

import json
import time
from collections.abc import Callable
from typing import Any, cast
from uuid import UUID

from allauth.account import app_settings, views as account
from allauth.account.adapter import get_adapter
from allauth.account.mixins import NextRedirectMixin
from allauth.account.utils import perform_login
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import views as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError, transaction
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _, ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic import FormView, RedirectView

from accounts import forms, rate_limits, services
from accounts.access import (
    ask_to_reauthenticate,
    has_second_factor,
    progress_for_url,
    reauthentication_required,
    reauthentication_url_name,
    safe_next_url,
    signed_in_user,
    url_with_next,
)
from accounts.allauth_internals import SECRET_SESSION_KEY, PasswordResetVerificationProcess, record_authentication, webauthn
from accounts.forms import (
    PASSKEY_REFUSED_MESSAGE,
    MobileForm,
    NewPasskeyForm,
    PasskeyForm,
    PasskeyNameForm,
    PasskeySignInForm,
    ReauthenticatePasskeyForm,
    SignInCodeForm,
)
from accounts.models import User
from accounts.rate_limits import HoneypotViewMixin, is_rate_limited, rate_limited, too_many_requests_page
from accounts.services import (
    account_with_email,
    get_or_create_address,
    get_or_open_account,
    has_address,
    lock_account,
    passkeys_of,
    raising_account_gone,
)
from accounts.sessions import device_of, end_sessions, forget_unsubmitted_form, hash_session_key, unsubmitted_form
from core.dates import format_day
from core.errors import DomainError
from core.forms import FORM_METHODS
from notifications.bounces.services import clear_mark_and_resend
from notifications.models import MarkClearReason, MarkedAddress

# Passkeys need JavaScript: without it no page offers to use or add one. The list of one's own, and removing one, work without
# (ADR 7).

PASSKEY_LIST_URL_NAME = "mfa_list_webauthn"
form_methods = require_http_methods(FORM_METHODS)


def url_keeping_next(request: HttpRequest, page: str) -> str:
    """The URL of that page, with the page to go on to afterwards."""
    onward = safe_next_url(request)
    return url_with_next(page, onward) if onward else reverse(page)


def redirect_keeping_next(request: HttpRequest, page: str) -> HttpResponse:
    return redirect(url_keeping_next(request, page))


def passkey_refused_response(request: HttpRequest, form: Form, page: str) -> HttpResponse:
    """Back to the page that also takes a code, with the reason and `next`."""
    for message in form.errors.get("credential", []):
        messages.error(request, str(message))
    return redirect_keeping_next(request, page)


class PasskeyOptionsMixin:
    """Offers the user's passkeys too, on allauth's pages for reauthentication and the second factor."""

    user_of: Callable[[Any], Any] = staticmethod(lambda view: signed_in_user(view.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        user = self.user_of(self)
        options = json.dumps(webauthn.begin_authentication(user)) if passkeys_of(user).exists() else ""
        return {**context, "passkey_options": options}


class ProgressMixin:
    """Shows on the pages of sign-in what somebody is in the middle of."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, "progress": progress_for_url(self.request, self.onward())}  # type: ignore[attr-defined]

    def onward(self) -> str:
        return safe_next_url(self.request)  # type: ignore[attr-defined]


@require_POST
@never_cache
@rate_limited("webauthn_login")
def passkey_sign_in_options(request: HttpRequest) -> HttpResponse:
    """The options for a passkey, which are the same for every account.

    The script asks for them when somebody presses the button, so that the sign-in page alone begins no session.
    """
    return JsonResponse(dict(webauthn.begin_authentication(None)))


@method_decorator(rate_limited("webauthn_login"), name="dispatch")
class PasskeySignInView(LoginWebAuthnView):
    form_class = PasskeySignInForm

    def form_valid(self, form: Form) -> HttpResponse:
        """allauth notes in the passkey that it was used. It may just have been deleted, alone or with the account.

        Raises AccountGoneError.
        """
        passkey = form.cleaned_data["credential"]
        try:
            with raising_account_gone(passkey.user_id):
                response: HttpResponse = super().form_valid(form)
        except DatabaseError:
            if Authenticator.objects.filter(pk=passkey.pk).exists():
                raise
            form.add_error("credential", PASSKEY_REFUSED_MESSAGE)
            return self.form_invalid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        return passkey_refused_response(self.request, form, "account_login")


@method_decorator([login_required, rate_limited("reauthenticate")], name="dispatch")
class ReauthenticatePasskeyView(BaseReauthenticateView):
    form_class = ReauthenticatePasskeyForm

    def _check_reauthentication_method_available(self, request: HttpRequest) -> None:
        if not passkeys_of(signed_in_user(request)).exists():
            raise Http404

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """For somebody who had to sign in meanwhile and lands here."""
        return redirect(PASSKEY_LIST_URL_NAME)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: ReauthenticatePasskeyForm) -> HttpResponse:
        form.save()
        return cast(HttpResponse, super().form_valid(form))

    def form_invalid(self, form: Form) -> HttpResponse:
        return passkey_refused_response(self.request, form, reauthentication_url_name(signed_in_user(self.request)))


@login_required
@require_safe
def own_passkeys(request: HttpRequest) -> HttpResponse:
    return render(request, "account/passkeys.html", {"passkeys": list(map(passkey_row, passkeys_of(signed_in_user(request))))})


def passkey_row(passkey: Authenticator) -> dict[str, Any]:
    used = format_day(passkey.last_used_at) if passkey.last_used_at else ""
    return {"pk": passkey.pk, "name": passkey.data["name"], "added": format_day(passkey.created_at), "used": used}


@form_methods
@reauthentication_required
def add_passkey(request: HttpRequest) -> HttpResponseBase:
    named = {"name": device_of(request.headers.get("User-Agent", ""))}
    form = NewPasskeyForm(request.POST if request.method == "POST" else None, initial=named)
    if form.is_valid():
        try:
            services.add_passkey(request, name=form.cleaned_data["name"], credential=form.stored)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("We have added the passkey. You can sign in with it next time."))
        return redirect(PASSKEY_LIST_URL_NAME)
    options = json.dumps(webauthn.begin_registration(signed_in_user(request), passwordless=True))
    return render(request, "account/passkey_add.html", {"form": form, "passkey_options": options})


@login_required
@form_methods
def rename_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    passkey = get_object_or_404(passkeys_of(signed_in_user(request)), pk=passkey_id)
    form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial={"name": passkey.data["name"]})
    if form.is_valid():
        try:
            services.rename_passkey(request, passkey, form.cleaned_data["name"])
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("We have renamed the passkey."))
        return redirect(PASSKEY_LIST_URL_NAME)
    return render(request, "account/passkey_rename.html", {"form": form})


@form_methods
@reauthentication_required
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponseBase:
    passkey = get_object_or_404(passkeys_of(signed_in_user(request)), pk=passkey_id)
    if request.method != "POST":
        return render(request, "account/passkey_remove.html", {"passkey": passkey_row(passkey)})
    try:
        services.remove_passkey(request, passkey)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(
            request, _("We have removed the passkey, and it no longer opens your account. Delete it on your device too.")
        )
    return redirect(PASSKEY_LIST_URL_NAME)


# A code that was sent waits in the session that asked for it: it works once, for ten minutes and three tries.

SIGN_IN_CODE_KEY = "sign_in_code"
SIGN_IN_CODE_TEMPLATE = "account/email/login_code"


def send_code(request: HttpRequest, key: str, template_prefix: str, email: str, **more: Any) -> None:
    adapter = get_adapter()
    code = adapter.generate_login_code()
    # Without a name: the email is the same for an address that we know and one that we don't.
    adapter.send_mail(template_prefix, email, {"request": request, "code": code, "reader_name": ""})
    request.session[key] = {"email": email, "code": code, "at": time.time(), "failed_attempts": 0, **more}


def waiting_code(request: HttpRequest, key: str) -> dict[str, Any] | None:
    state: dict[str, Any] | None = request.session.get(key)
    return state if state and time.time() - state["at"] <= app_settings.LOGIN_BY_CODE_TIMEOUT else None


def count_wrong_code(request: HttpRequest, key: str, state: dict[str, Any]) -> bool:
    """Count a wrong try. Returns False if it was the last one; the code is gone then."""
    failed = state["failed_attempts"] + 1
    if failed >= app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS:
        request.session.pop(key, None)
        return False
    request.session[key] = {**state, "failed_attempts": failed}
    return True


@method_decorator(rate_limited("login"), name="dispatch")
class SignInView(ProgressMixin, HoneypotViewMixin, account.LoginView):
    """The usual way in, for new people too: the address, then the code that is sent to it.

    For an address with an account and one without, the page does the same, statement by statement. Only the right code shows
    which it is.
    """

    form_class = forms.SignInForm

    def get_initial(self) -> dict[str, Any]:
        """Fill in the address for somebody who comes back from the code page to correct it."""
        waiting = waiting_code(self.request, SIGN_IN_CODE_KEY)
        return {**super().get_initial(), "login": waiting["email"] if waiting else ""}

    def form_valid(self, form: Form) -> HttpResponse:
        email = form.cleaned_data["login"]
        known = account_with_email(email)
        send_code(self.request, SIGN_IN_CODE_KEY, SIGN_IN_CODE_TEMPLATE, email, user=known.pk if known else None)
        return redirect_keeping_next(self.request, "account_confirm_login_code")


@method_decorator(rate_limited("login"), name="dispatch")
class PasswordSignInView(ProgressMixin, account.LoginView):
    form_class = forms.PasswordSignInForm
    template_name = "account/login_password.html"


class SignInRedirectView(RedirectView):
    """Redirects the pages for signing up and for asking for a code to the sign-in page, which does both."""

    pattern_name = "account_login"
    query_string = True


@method_decorator(never_cache, name="dispatch")
class SignInCodeView(ProgressMixin, NextRedirectMixin, FormView):
    form_class = forms.SignInCodeForm
    template_name = "account/confirm_login_code.html"
    state: dict[str, Any]

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if request.user.is_authenticated:
            return redirect(safe_next_url(request) or get_adapter().get_login_redirect_url(request))
        waiting = waiting_code(request, SIGN_IN_CODE_KEY)
        if waiting is None:
            return redirect_keeping_next(request, "account_request_login_code")
        self.state = waiting
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check the code, or send another email, which counts like the first."""
        if request.POST.get("action") != "resend":
            return super().post(request, *args, **kwargs)
        email = self.state["email"]
        if is_rate_limited(request, "request_login_code", address=email):
            messages.error(request, get_adapter().error_messages["rate_limited"])
        else:
            send_code(request, SIGN_IN_CODE_KEY, SIGN_IN_CODE_TEMPLATE, email, user=self.state["user"])
        return redirect_keeping_next(request, "account_confirm_login_code")

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "code": self.state["code"]}

    def form_valid(self, form: Form) -> HttpResponse:
        """The right code proves that the address is theirs, which is recorded. Somebody new gets an account.

        Raises AccountGoneError.
        """
        request, email = self.request, self.state["email"]
        request.session.pop(SIGN_IN_CODE_KEY, None)
        if self.state["user"] is not None and not has_address(User(pk=self.state["user"]), email):
            messages.error(request, get_adapter().error_messages["old_code"])
            return redirect_keeping_next(request, "account_login")
        user = get_or_open_account(email, now=timezone.now())
        if not user.is_active:
            return redirect("account_inactive")
        with raising_account_gone(user.pk):
            address = get_or_create_address(user, email)
            if address.verified:
                record_authentication(request, user, method="code", email=email)
            else:
                get_adapter().confirm_email(request, address)
            response: HttpResponse = perform_login(request, user, redirect_url=self.get_next_url(), email=email)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if count_wrong_code(self.request, SIGN_IN_CODE_KEY, self.state):
            return super().form_invalid(form)
        messages.error(self.request, get_adapter().error_messages["too_many_login_attempts"])
        return redirect_keeping_next(self.request, "account_request_login_code")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {
            **super().get_context_data(**kwargs),
            "email": self.state["email"],
            "back_url": url_keeping_next(self.request, "account_login"),
        }


class AddressCodeView(account.ConfirmEmailVerificationCodeView):
    form_class = forms.AddressCodeForm


@method_decorator([reauthentication_required, rate_limited("manage_email")], name="dispatch")
class NewAddressView(account.EmailView):
    """One address for each person. A new one is sent a code, and replaces the old one once the code is typed."""

    form_class = forms.NewAddressForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)


@method_decorator(rate_limited("change_password"), name="dispatch")
class ChangePasswordView(account.PasswordChangeView):
    """Its form asks for the present password. That is enough for people who have nothing more than that."""

    form_class = forms.ChangePasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        needs_more = request.user.is_authenticated and (request.user.is_staff or has_second_factor(signed_in_user(request)))
        asked = ask_to_reauthenticate(request) if needs_more else None
        return asked or cast(HttpResponseBase, super().dispatch(request, *args, **kwargs))


@method_decorator([reauthentication_required, rate_limited("change_password")], name="dispatch")
class SetPasswordView(account.PasswordSetView):
    form_class = forms.SetPasswordForm


class ForgottenPasswordView(HoneypotViewMixin, account.PasswordResetView):
    form_class = forms.ForgottenPasswordForm

    def form_valid(self, form: Form) -> HttpResponse:
        if is_rate_limited(self.request, "reset_password", address=form.cleaned_data["email"]):
            return too_many_requests_page(self.request)
        return cast(HttpResponse, super().form_valid(form))


class ResetCodeView(account.ConfirmPasswordResetCodeView):
    form_class = forms.ResetCodeForm

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "back_url": url_keeping_next(self.request, "account_reset_password")}


@method_decorator(rate_limited("reset_password_from_key"), name="dispatch")
class ResetPasswordView(account.CompletePasswordResetView):
    form_class = forms.ResetPasswordForm

    def form_valid(self, form: Form) -> HttpResponse:
        """Set the password, unless the account has another address since the code was sent: an old one may have been put back."""
        process = PasswordResetVerificationProcess.resume(self.request)
        with transaction.atomic():
            user = lock_account(process.user.pk)
            if has_address(user, process.state["email"]):
                response: HttpResponse = super().form_valid(form)
                rate_limits.clear_tries(self.request, "login_failed", address=user.email)
                return response
        process.abort()
        messages.error(self.request, get_adapter().error_messages["old_code"])
        return redirect("account_reset_password")


@method_decorator(rate_limited("reauthenticate"), name="dispatch")
class ReauthenticateView(PasskeyOptionsMixin, account.ReauthenticateView):
    form_class = forms.ReauthenticateForm


class ActivateAppView(totp.ActivateTOTPView):
    """Enrolment. The code shows that the app works, so this session has passed the second factor."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        asked = ask_to_reauthenticate(request, enrolling=True)
        return asked or cast(HttpResponseBase, super().dispatch(request, *args, **kwargs))

    def form_valid(self, form: Form) -> HttpResponse:
        response = super().form_valid(form)
        authenticator = Authenticator.objects.get(user=self.request.user, type=Authenticator.Type.TOTP)
        record_authentication(
            self.request, self.request.user, "mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True
        )
        return response

    def get_success_url(self) -> str:
        return url_with_next("mfa_view_recovery_codes", safe_next_url(self.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "next": safe_next_url(self.request)}


@method_decorator(reauthentication_required, name="dispatch")
class StopAppView(totp.DeactivateTOTPView):
    def form_valid(self, form: Form) -> HttpResponse:
        """Delete the recovery codes with the app. allauth would leave them if there is a passkey."""
        response: HttpResponse = super().form_valid(form)
        Authenticator.objects.filter(user=self.request.user, type=Authenticator.Type.RECOVERY_CODES).delete()
        return response


@method_decorator(reauthentication_required, name="dispatch")
class NewRecoveryCodesView(recovery_codes.GenerateRecoveryCodesView):
    """Its form is in MFA_FORMS."""


@method_decorator(reauthentication_required, name="dispatch")
class RecoveryCodesView(recovery_codes.ViewRecoveryCodesView):
    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        onward = "staff:index" if self.request.user.is_staff else "account_details"
        return {**super().get_context_data(**kwargs), "next": safe_next_url(self.request) or reverse(onward)}


class SecondFactorView(ProgressMixin, PasskeyOptionsMixin, mfa.AuthenticateView):
    user_of = staticmethod(lambda view: view.stage.login.user)

    def onward(self) -> str:
        return self.stage.login.redirect_url or ""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Check a code, or a passkey if the user has one. The form for the code reports anything else."""
        user = self.stage.login.user
        form = self.auth_form = self.get_form_class()(user=user, data=request.POST)
        if "credential" in request.POST and passkeys_of(user).exists():
            form = PasskeyForm(user=user, data=request.POST)
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.webauthn_form = None  # allauth would show it; PasskeyOptionsMixin shows ours
        return super().get_context_data(**kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        """Raises AccountGoneError."""
        with raising_account_gone(self.stage.login.user.pk):
            return cast(HttpResponse, super().form_valid(form))

    def form_invalid(self, form: Form) -> HttpResponse:
        if isinstance(form, PasskeyForm):
            return passkey_refused_response(self.request, form, "mfa_authenticate")
        return cast(HttpResponse, super().form_invalid(form))


@method_decorator(rate_limited("reauthenticate"), name="dispatch")
class ReauthenticateSecondFactorView(PasskeyOptionsMixin, mfa.ReauthenticateView):
    """Its form is set in MFA_FORMS, like that of SecondFactorView."""


@login_required
@require_safe
def totp_qr(request: HttpRequest) -> HttpResponse:
    """The secret of the enrolment that has begun in this session, as a QR code."""
    secret = request.session.get(SECRET_SESSION_KEY)
    if not secret:
        raise Http404
    adapter = get_mfa_adapter()
    return HttpResponse(adapter.build_totp_svg(adapter.build_totp_url(request.user, secret)), content_type="image/svg+xml")


REAUTHENTICATION_CODE_KEY = "code_again"


@method_decorator([login_required, rate_limited("reauthenticate")], name="dispatch")
class ReauthenticationCodeView(PasskeyOptionsMixin, BaseReauthenticateView):
    """First a button that sends a code, since opening a page sends nothing; then the field to type it in.

    A code works once, only in the session that asked for it, for as long and as many tries as a sign-in code.
    """

    form_class = SignInCodeForm
    template_name = "account/reauthenticate_code.html"
    state: dict[str, Any] | None

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        waiting = waiting_code(request, REAUTHENTICATION_CODE_KEY)
        self.state = waiting if waiting and waiting["email"] == signed_in_user(request).email else None
        return cast(HttpResponse, super().dispatch(request, *args, **kwargs))

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Send a code, or check one. Sending counts with sign-in codes, so that two pages together send no more emails."""
        email = signed_in_user(request).email
        if request.POST.get("action") != "send":
            if self.state is not None:
                return super().post(request, *args, **kwargs)
        elif is_rate_limited(request, "request_login_code", address=email):
            messages.error(request, get_adapter().error_messages["rate_limited"])
        else:
            send_code(request, REAUTHENTICATION_CODE_KEY, "account/email/reauthentication_code", email)
        return redirect(self.passthrough_next_url(reverse("account_reauthenticate_code")))

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "code": self.state["code"] if self.state else ""}

    def form_valid(self, form: Form) -> HttpResponse:
        if self.state is not None:
            self.request.session.pop(REAUTHENTICATION_CODE_KEY, None)
            user, email = signed_in_user(self.request), self.state["email"]
            record_authentication(self.request, user, method="code", email=email, reauthenticated=True)
        return cast(HttpResponse, super().form_valid(form))

    def form_invalid(self, form: Form) -> HttpResponse:
        if self.state is not None and not count_wrong_code(self.request, REAUTHENTICATION_CODE_KEY, self.state):
            messages.error(self.request, _("That code can’t be used any more. Ask for a new one."))
            return redirect(self.passthrough_next_url(reverse("account_reauthenticate_code")))
        return cast(HttpResponse, super().form_invalid(form))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        return {**super().get_context_data(**kwargs), "sent_to": self.state["email"] if self.state else ""}


@form_methods
@reauthentication_required
def own_mobile(request: HttpRequest) -> HttpResponse:
    """The colleague's own mobile. Only for staff: nobody else is sent text messages."""
    user = signed_in_user(request)
    if not user.is_staff:
        raise Http404
    form = MobileForm(request.POST if request.method == "POST" else None, user=user)
    if form.is_valid():
        services.change_mobile(user, form.cleaned_data["mobile"], now=timezone.now(), with_copies=form.with_copies)
        messages.success(request, _("Your mobile is saved."))
        return redirect("account_mobile")
    return render(request, "account/mobile.html", {"form": form})


@login_required
@require_safe
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Each browser in which this account is signed in now, this one first."""
    found = list(signed_in_user(request).sessions.live(timezone.now()).order_by("-seen_at", "-started_at"))
    key = hash_session_key(str(request.session.session_key))
    this = next((session for session in found if session.pk == key), None)
    return render(request, "account/sessions.html", {"this": this, "others": [session for session in found if session != this]})


@login_required
@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign one browser out. 404 for somebody else's."""
    session = get_object_or_404(signed_in_user(request).sessions, public_id=public_id)
    if session.pk == hash_session_key(str(request.session.session_key)):
        get_adapter().logout(request)
        return redirect("home")
    session.delete()
    messages.success(request, _("Signed out: %(device)s.") % {"device": session.device})
    return redirect("account_sessions")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    ended = end_sessions(user=signed_in_user(request), but=request.session.session_key)
    words = ngettext("Signed out: %(count)s other browser.", "Signed out: %(count)s other browsers.", ended)
    messages.success(request, words % {"count": ended})
    return redirect("account_sessions")


@login_required
def unsubmitted_form_page(request: HttpRequest) -> HttpResponse:
    """GET shows what was typed, with a button that sends it again. POST discards it."""
    waiting = unsubmitted_form(request)
    if waiting is None:
        return redirect("staff:index" if signed_in_user(request).is_staff else "my")
    if request.method == "POST":
        forget_unsubmitted_form(request)
        return redirect(waiting.path)
    return render(request, "account/sent_late.html", {"unsubmitted": waiting})


@login_required
@form_methods
def returned_mail(request: HttpRequest) -> HttpResponse:
    """What came back and why, in plain words, with a button to say that the address is right and a link to change it."""
    user = signed_in_user(request)
    if request.method == "POST":
        sent = clear_mark_and_resend(address=user.email, how=MarkClearReason.OWNER, by=user, now=timezone.now())
        thanks = _("Thank you. We will keep emailing %(email)s, and send again what you missed.") % {"email": user.email}
        messages.success(request, thanks if sent else _("Thank you. We will keep emailing %(email)s.") % {"email": user.email})
        return redirect(safe_next_url(request) or "account_email")
    mark = MarkedAddress.objects.marked().filter(address=user.email.lower()).first()
    if mark is None:
        return redirect("account_email")
    return render(request, "account/returned_mail.html", {"mark": mark, "next": safe_next_url(request)})
