"""A code by email for somebody who is signed in, has no second factor, and is asked again who they are."""

from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.code_verification import AbstractCodeVerificationProcess
from allauth.account.internal.flows.login import record_authentication
from allauth.account.views import BaseReauthenticateView
from allauth.core import ratelimit
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _

from professionals.access import signed_in
from professionals.account_forms import SignInCodeForm
from professionals.passkey_views import PasskeyBeside

KEY = "code_again"
NO_CODE = "account_reauthenticate_code"


class CodeAgain(AbstractCodeVerificationProcess):
    """It works once, as long and as often as one to sign in, and only in the session that asked for it."""

    def __init__(self, request: HttpRequest, state: dict[str, Any]) -> None:
        self.request = request
        super().__init__(
            max_attempts=app_settings.LOGIN_BY_CODE_MAX_ATTEMPTS,
            timeout=app_settings.LOGIN_BY_CODE_TIMEOUT,
            state=state,
            user=signed_in(request),
        )

    @classmethod
    def begin(cls, request: HttpRequest) -> None:
        user = signed_in(request)
        process = cls(request, cls.initial_state(user=user, email=user.email))
        process.send()
        process.persist()

    @classmethod
    def waiting(cls, request: HttpRequest) -> "CodeAgain | None":
        """The one that was sent last to the address that they have now, if it still works."""
        state = request.session.get(KEY)
        process = cls(request, state) if state and state["email"] == signed_in(request).email else None
        return process if process is not None and process.is_valid() else None

    def persist(self) -> None:
        self.request.session[KEY] = self.state

    def abort(self) -> None:
        self.request.session.pop(KEY, None)

    def send(self) -> None:
        adapter = get_adapter()
        self.state["code"] = adapter.generate_login_code()
        adapter.send_mail(
            "account/email/reauthentication_code", self.state["email"], {"request": self.request, "code": self.code}
        )

    def finish(self) -> None:
        self.abort()
        record_authentication(self.request, self.user, method="code", email=self.state["email"], reauthenticated=True)


@method_decorator(login_required, name="dispatch")
class CodeAgainView(PasskeyBeside, BaseReauthenticateView):
    """First a button that sends a code, since opening a page sends nothing; then the field to type it in."""

    form_class = SignInCodeForm
    template_name = "account/reauthenticate_code.html"

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        self.process = CodeAgain.waiting(request)
        response: HttpResponse = super().dispatch(request, *args, **kwargs)
        return response

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if request.POST.get("action") == "send":
            self.send()
        elif self.process is not None:
            return super().post(request, *args, **kwargs)
        return redirect(self.passthrough_next_url(reverse(NO_CODE)))

    def send(self) -> None:
        """Counted with the codes to sign in: no more emails go to one address by asking on several pages."""
        if ratelimit.consume(self.request, action="request_login_code", key=signed_in(self.request).email.lower()):
            CodeAgain.begin(self.request)
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
            return redirect(self.passthrough_next_url(reverse(NO_CODE)))
        response: HttpResponse = super().form_invalid(form)
        return response

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sent_to = self.process.state["email"] if self.process else ""
        return {**super().get_context_data(**kwargs), "sent_to": sent_to}
