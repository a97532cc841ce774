"""A code by email for somebody who is signed in, has no second factor, and is asked again who they are."""

import time
from dataclasses import dataclass
from typing import Any

from allauth.account import app_settings
from allauth.account.adapter import get_adapter
from allauth.account.views import BaseReauthenticateView
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
from professionals.account_limits import limited, stopped
from professionals.allauth_internals import record_authentication
from professionals.passkey_views import PasskeyBeside

KEY = "code_again"
NO_CODE = "account_reauthenticate_code"


@dataclass
class CodeAgain:
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
    def waiting(cls, request: HttpRequest) -> "CodeAgain | None":
        """The one that was sent last to the address that they have now, if it still works."""
        state = request.session.get(KEY)
        process = cls(request, **state) if state else None
        if process is None or process.email != signed_in(request).email:
            return None
        return process if time.time() - process.at <= app_settings.LOGIN_BY_CODE_TIMEOUT else None

    def persist(self) -> None:
        kept = {"email": self.email, "code": self.code, "at": self.at, "failed_attempts": self.failed_attempts}
        self.request.session[KEY] = kept

    def abort(self) -> None:
        self.request.session.pop(KEY, None)

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


@method_decorator([login_required, limited("reauthenticate")], name="dispatch")
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
        if not stopped(self.request, "request_login_code", address=signed_in(self.request).email):
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
        sent_to = self.process.email if self.process else ""
        return {**super().get_context_data(**kwargs), "sent_to": sent_to}
