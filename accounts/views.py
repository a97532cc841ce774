"""Pages of sign-up, sign-in, passwords, addresses, the second factor, passkeys and sessions: allauth's views with our forms."""

import time
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from allauth.account import app_settings
from allauth.account import views as account
from allauth.account.adapter import get_adapter
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
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django.views.generic import RedirectView

from accounts import forms, limits, services
from accounts import sessions as accounts_sessions
from accounts.access import (
    ask_to_reauthenticate,
    has_second_factor,
    reauthentication_page,
    reauthentication_required,
    safe_next,
    signed_in,
    with_next,
)
from accounts.allauth_internals import SECRET_SESSION_KEY, PasswordResetVerificationProcess, record_authentication
from accounts.forms import (
    PASSKEY_REFUSED,
    NewPasskeyForm,
    PasskeyForm,
    PasskeyNameForm,
    PasskeySignInForm,
    ReauthenticatePasskeyForm,
    SignInCodeForm,
)
from accounts.limits import HoneypotView, is_rate_limited, limit_confirmation_email, rate_limited, too_many_requests_page
from accounts.models import Session
from accounts.services import has_address, lock_account, passkeys_of, raising_account_gone
from accounts.sessions import device_of, hash_session_key
from ctac.dates import format_day
from ctac.errors import DomainError
from notifications.bounces.services import put_right
from notifications.models import ClearReason, MarkedAddress

# A code that was asked for before an address was put back is worth nothing after.


class CodeStillValidMixin:
    """For allauth's page that sets a password by a code: the code must have gone to an address that the account still has."""

    request: HttpRequest

    def form_valid(self, form: Form) -> HttpResponse:
        process = PasswordResetVerificationProcess.resume(self.request)
        with transaction.atomic():
            user = lock_account(process.user.pk)
            if has_address(user, process.state["email"]):
                response: HttpResponse = super().form_valid(form)  # type: ignore[misc] # of allauth's view
                limits.clear_tries(self.request, "login_failed", address=user.email)
                return response
        process.abort()
        adapter = get_adapter()
        adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["old_code"])
        return redirect("account_reset_password")


# Pages of passkeys, and what is sent with one (ADR 7).
#
# They need JavaScript: without it no page offers to use or add one, and what is sent to these addresses is refused. The list
# of one's own, and removing one from it, work without.

PASSKEY_LIST = "mfa_list_webauthn"
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def passkey_refused_response(request: HttpRequest, form: Form, page: str) -> HttpResponse:
    """Back to where a code stands beside, with the reason and the way on."""
    for message in form.errors.get("credential", []):
        messages.error(request, str(message))
    onward = safe_next(request)
    return redirect(with_next(page, onward) if onward else page)


class PasskeyOptionsMixin:
    """For pages of allauth's that ask who it is: their passkeys are offered beside."""

    whose: Callable[[Any], Any] = staticmethod(lambda view: signed_in(view.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, "passkey_options": services.passkey_proof_options(self.whose(self))}


@require_POST
@never_cache
@rate_limited("webauthn_login")
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """Asked when the button is pressed, so who only looks at the sign-in page gets no session. The same for everybody."""
    return JsonResponse(services.passkey_sign_in_options())


@method_decorator(rate_limited("webauthn_login"), name="dispatch")
class PasskeySignInView(LoginWebAuthnView):
    form_class = PasskeySignInForm

    def form_valid(self, form: Form) -> HttpResponse:
        """allauth writes into the passkey that it was used. It may just have gone, alone or with the account.

        Raises AccountGoneError.
        """
        passkey = form.cleaned_data["credential"]
        try:
            with raising_account_gone(passkey.user_id):
                response: HttpResponse = super().form_valid(form)
        except DatabaseError:
            if Authenticator.objects.filter(pk=passkey.pk).exists():
                raise
            form.add_error("credential", PASSKEY_REFUSED)
            return self.form_invalid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        return passkey_refused_response(self.request, form, "account_login")


@method_decorator([login_required, rate_limited("reauthenticate")], name="dispatch")
class ReauthenticatePasskeyView(BaseReauthenticateView):
    """Whoever is asked again shows a passkey of theirs."""

    form_class = ReauthenticatePasskeyForm

    def _check_reauthentication_method_available(self, request: HttpRequest) -> None:
        if not services.passkeys_of(signed_in(request)).exists():
            raise Http404

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where somebody lands who had to sign in meanwhile."""
        return redirect(PASSKEY_LIST)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: ReauthenticatePasskeyForm) -> HttpResponse:
        form.save()
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        return passkey_refused_response(self.request, form, reauthentication_page(signed_in(self.request)))


@login_required
@require_safe
def own_passkeys(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "account/passkeys.html",
        {"passkeys": [passkey_in_words(each) for each in services.passkeys_of(signed_in(request))]},
    )


def passkey_in_words(passkey: Authenticator) -> dict[str, Any]:
    used = format_day(passkey.last_used_at) if passkey.last_used_at else ""
    return {"pk": passkey.pk, "name": passkey.data["name"], "added": format_day(passkey.created_at), "used": used}


def own_passkey(request: HttpRequest, passkey_id: int) -> Authenticator:
    """Somebody else's is not there."""
    found: Authenticator = get_object_or_404(services.passkeys_of(signed_in(request)), pk=passkey_id)
    return found


@form_methods
@reauthentication_required
def add_passkey(request: HttpRequest) -> HttpResponseBase:
    named = {"name": device_of(request.headers.get("User-Agent", ""))}
    form = NewPasskeyForm(request.POST if request.method == "POST" else None, initial=named)
    if form.is_valid():
        try:
            services.add_passkey(request, name=form.cleaned_data["name"], credential=form.kept)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The passkey is added. Next time, sign in with it."))
        return redirect(PASSKEY_LIST)
    page = {"form": form, "passkey_options": services.passkey_creation_options(signed_in(request))}
    return render(request, "account/passkey_add.html", page)


@login_required
@form_methods
def rename_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    passkey = own_passkey(request, passkey_id)
    form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial={"name": passkey.data["name"]})
    if form.is_valid():
        try:
            services.rename_passkey(request, passkey, form.cleaned_data["name"])
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The passkey has its new name."))
        return redirect(PASSKEY_LIST)
    return render(request, "account/passkey_rename.html", {"form": form})


@form_methods
@reauthentication_required
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponseBase:
    passkey = own_passkey(request, passkey_id)
    if request.method != "POST":
        return render(request, "account/passkey_remove.html", {"passkey": passkey_in_words(passkey)})
    try:
        services.remove_passkey(request, passkey)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The passkey is removed. It no longer opens your account; delete it on your device too."))
    return redirect(PASSKEY_LIST)


# allauth's views with our forms, and what each must do beyond allauth's.


@method_decorator(rate_limited("signup"), name="dispatch")
class SignUpView(HoneypotView, account.SignupView):
    form_class = forms.SignUpForm


@method_decorator(rate_limited("login"), name="dispatch")
class SignInView(HoneypotView, account.LoginView):
    """The usual way in: the address, then the code that is sent to it."""

    form_class = forms.SignInForm


@method_decorator(rate_limited("login"), name="dispatch")
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
        if not isinstance(form, forms.SignInCodeForm) and is_rate_limited(
            self.request, "request_login_code", address=login.email
        ):
            adapter = get_adapter()
            adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["rate_limited"])
            return redirect(self.passthrough_next_url(reverse("account_confirm_login_code")))
        with raising_account_gone(login.user.pk) if login.user else nullcontext():
            response: HttpResponse = super().form_valid(form)
        return response


class AddressCodeView(account.ConfirmEmailVerificationCodeView):
    form_class = forms.AddressCodeForm

    def form_valid(self, form: Form) -> HttpResponse:
        """Of an address that has an account already no code is right, and no other email goes out, but it counts alike."""
        if self.stage and self.stage.login.user is None:
            limit_confirmation_email(self.request, self.stage.login.email)
        response: HttpResponse = super().form_valid(form)
        return response


@method_decorator([reauthentication_required, rate_limited("manage_email")], name="dispatch")
class NewAddressView(account.EmailView):
    """One address a person: asking for another one sends it a code, and the code replaces the old address."""

    form_class = forms.NewAddressForm

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        form = self.get_form()
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)


@method_decorator(rate_limited("change_password"), name="dispatch")
class ChangePasswordView(account.PasswordChangeView):
    """Its form asks for the password of now: enough for those who have no more than that."""

    form_class = forms.ChangePasswordForm

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        needs_more = request.user.is_authenticated and (request.user.is_staff or has_second_factor(signed_in(request)))
        response: HttpResponseBase = (ask_to_reauthenticate(request) if needs_more else None) or super().dispatch(
            request, *args, **kwargs
        )
        return response


@method_decorator([reauthentication_required, rate_limited("change_password")], name="dispatch")
class SetPasswordView(account.PasswordSetView):
    form_class = forms.SetPasswordForm


class ForgottenPasswordView(HoneypotView, account.PasswordResetView):
    form_class = forms.ForgottenPasswordForm

    def form_valid(self, form: Form) -> HttpResponse:
        if is_rate_limited(self.request, "reset_password", address=form.cleaned_data["email"]):
            return too_many_requests_page(self.request)
        response: HttpResponse = super().form_valid(form)
        return response


class ResetCodeView(account.ConfirmPasswordResetCodeView):
    form_class = forms.ResetCodeForm


@method_decorator(rate_limited("reset_password_from_key"), name="dispatch")
class ResetPasswordView(CodeStillValidMixin, account.CompletePasswordResetView):
    form_class = forms.ResetPasswordForm


@method_decorator(rate_limited("reauthenticate"), name="dispatch")
class ReauthenticateView(PasskeyOptionsMixin, account.ReauthenticateView):
    form_class = forms.ReauthenticateForm


class ActivateAppView(totp.ActivateTOTPView):
    """Enrolment. The code shows that the app works, so this session has passed the second factor."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        response: HttpResponseBase = ask_to_reauthenticate(request, enrolling=True) or super().dispatch(request, *args, **kwargs)
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


@method_decorator(reauthentication_required, name="dispatch")
class StopAppView(totp.DeactivateTOTPView):
    def form_valid(self, form: Form) -> HttpResponse:
        """Codes for its loss go with it; allauth leaves them to who has a passkey."""
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
        return {**super().get_context_data(**kwargs), "next": safe_next(self.request) or reverse(onward)}


# The pages that ask for the second factor: a code, and for whoever has one a passkey beside it.

second_factor_index = mfa.index


class SecondFactorView(PasskeyOptionsMixin, mfa.AuthenticateView):
    whose = staticmethod(lambda view: view.stage.login.user)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A passkey counts only of who has one: anything else is told beside the code."""
        user = self.stage.login.user
        form = self.auth_form = self.get_form_class()(user=user, data=request.POST)
        if "credential" in request.POST and passkeys_of(user).exists():
            form = PasskeyForm(user=user, data=request.POST)
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.webauthn_form = None  # which allauth would draw; PasskeyOptionsMixin draws ours
        return super().get_context_data(**kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        """Raises AccountGoneError."""
        with raising_account_gone(self.stage.login.user.pk):
            response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if isinstance(form, PasskeyForm):
            return passkey_refused_response(self.request, form, "mfa_authenticate")
        response: HttpResponse = super().form_invalid(form)
        return response


@method_decorator(rate_limited("reauthenticate"), name="dispatch")
class ReauthenticateSecondFactorView(PasskeyOptionsMixin, mfa.ReauthenticateView):
    """Its form is in MFA_FORMS, as that of the view above."""


@login_required
@require_safe
def totp_qr(request: HttpRequest) -> HttpResponse:
    """The secret of the enrolment that this session has begun, as a picture to scan."""
    secret = request.session.get(SECRET_SESSION_KEY)
    if not secret:
        raise Http404
    adapter = get_mfa_adapter()
    return HttpResponse(adapter.build_totp_svg(adapter.build_totp_url(request.user, secret)), content_type="image/svg+xml")


# A code by email for somebody who is signed in, has no second factor, and is asked again who they are.

REAUTHENTICATION_CODE_KEY = "code_again"
REAUTHENTICATION_CODE_PAGE = "account_reauthenticate_code"


@dataclass
class ReauthenticationCode:
    """It works once, as long and as often as one to sign in, and only in the session that asked for it."""

    request: HttpRequest
    email: str
    code: str
    at: float
    failed_attempts: int = 0

    @classmethod
    def begin(cls, request: HttpRequest) -> None:
        adapter = get_adapter()
        process = cls(request, signed_in(request).email, adapter.generate_login_code(), time.time())
        mail = {"request": request, "code": process.code}
        adapter.send_mail("account/email/reauthentication_code", process.email, mail)
        process.persist()

    @classmethod
    def waiting(cls, request: HttpRequest) -> "ReauthenticationCode | None":
        """The one that was sent last to the address that they have now, if it still works."""
        state = request.session.get(REAUTHENTICATION_CODE_KEY)
        process = cls(request, **state) if state else None
        if process is None or process.email != signed_in(request).email:
            return None
        return process if time.time() - process.at <= app_settings.LOGIN_BY_CODE_TIMEOUT else None

    def persist(self) -> None:
        kept = {"email": self.email, "code": self.code, "at": self.at, "failed_attempts": self.failed_attempts}
        self.request.session[REAUTHENTICATION_CODE_KEY] = kept

    def abort(self) -> None:
        self.request.session.pop(REAUTHENTICATION_CODE_KEY, None)

    def record_invalid_attempt(self) -> bool:
        """Whether there is another."""
        self.failed_attempts += 1
        if self.failed_attempts >= app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS:
            self.abort()
            return False
        self.persist()
        return True

    def finish(self) -> None:
        self.abort()
        record_authentication(self.request, signed_in(self.request), method="code", email=self.email, reauthenticated=True)


@method_decorator([login_required, rate_limited("reauthenticate")], name="dispatch")
class ReauthenticationCodeView(PasskeyOptionsMixin, BaseReauthenticateView):
    """First a button that sends a code, since opening a page sends nothing; then the field to type it in."""

    form_class = SignInCodeForm
    template_name = "account/reauthenticate_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.process = ReauthenticationCode.waiting(request)
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "send":
            self.send()
        elif self.process is not None:
            return super().post(request, *args, **kwargs)
        return redirect(self.passthrough_next_url(reverse(REAUTHENTICATION_CODE_PAGE)))

    def send(self) -> None:
        """Counted with the codes to sign in: no more emails go to one address by asking on several pages."""
        if not is_rate_limited(self.request, "request_login_code", address=signed_in(self.request).email):
            ReauthenticationCode.begin(self.request)
            return
        adapter = get_adapter()
        adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["rate_limited"])

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "code": self.process.code if self.process else ""}

    def form_valid(self, form: Form) -> HttpResponse:
        if self.process is not None:
            self.process.finish()
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if self.process is not None and not self.process.record_invalid_attempt():
            messages.error(self.request, _("That code can’t be used any more. Ask for a new one."))
            return redirect(self.passthrough_next_url(reverse(REAUTHENTICATION_CODE_PAGE)))
        response: HttpResponse = super().form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sent_to = self.process.email if self.process else ""
        return {**super().get_context_data(**kwargs), "sent_to": sent_to}


# Where you are signed in; and the form that came after the session had ended.


def is_current_session(request: HttpRequest, session: Session) -> bool:
    return session.pk == hash_session_key(str(request.session.session_key))


@login_required
@require_safe
def own_sessions(request: HttpRequest) -> HttpResponse:
    """Each browser in which this account is signed in now, this one first."""
    found = list(signed_in(request).sessions.live(timezone.now()).order_by("-seen_at", "-started_at"))
    this = next((session for session in found if is_current_session(request, session)), None)
    return render(request, "account/sessions.html", {"this": this, "others": [one for one in found if one != this]})


@login_required
@require_POST
def end_session(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Sign one browser out. Somebody else's is not there."""
    session = get_object_or_404(signed_in(request).sessions, public_id=public_id)
    if is_current_session(request, session):
        get_adapter().logout(request)
        return redirect("home")
    session.delete()
    messages.success(request, _("Signed out: %(device)s.") % {"device": session.device})
    return redirect("account_sessions")


@login_required
@require_POST
def end_other_sessions(request: HttpRequest) -> HttpResponse:
    ended = accounts_sessions.end_sessions(user=signed_in(request), but=request.session.session_key)
    words = ngettext("Signed out: %(count)s other browser.", "Signed out: %(count)s other browsers.", ended)
    messages.success(request, words % {"count": ended})
    return redirect("account_sessions")


@login_required
def unsubmitted_form_page(request: HttpRequest) -> HttpResponse:
    """GET shows what was typed, with a button that sends it again; POST leaves it."""
    kept = accounts_sessions.unsubmitted_form(request)
    if kept is None:
        return redirect("staff:index" if signed_in(request).is_staff else "my")
    if request.method == "POST":
        accounts_sessions.forget_unsubmitted_form(request)
        return redirect(kept.path)
    return render(request, "account/sent_late.html", {"kept": kept})


# When mail to whoever is signed in came back: they are asked whether their address is right.


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def returned_mail(request: HttpRequest) -> HttpResponse:
    """What came back and why, in plain words; a button that says that the address is right, and the way to change it."""
    user = signed_in(request)
    if request.method == "POST":
        sent = put_right(address=user.email, how=ClearReason.OWNER, by=user, now=timezone.now())
        thanks = _("Thank you. We go on writing to %(email)s, and send again what you missed.") % {"email": user.email}
        messages.success(request, thanks if sent else _("Thank you. We go on writing to %(email)s.") % {"email": user.email})
        return redirect(safe_next(request) or "account_email")
    mark = MarkedAddress.objects.marked().filter(address=user.email.lower()).first()
    if mark is None:
        return redirect("account_email")
    return render(request, "account/returned_mail.html", {"mark": mark, "next": safe_next(request)})
