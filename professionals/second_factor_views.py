"""The pages that ask for the second factor: a code, and for whoever has one a passkey beside it."""

from typing import Any

from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import views as mfa
from django.contrib.auth.decorators import login_required
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.decorators import method_decorator
from django.views.decorators.http import require_safe

from professionals.account_limits import limited
from professionals.allauth_internals import SECRET_SESSION_KEY
from professionals.passkey_forms import PasskeyForm
from professionals.passkey_views import PasskeyBeside, refused
from professionals.passkeys import passkeys_of
from professionals.services.accounts import said_if_gone

index = mfa.index


class SecondFactorView(PasskeyBeside, mfa.AuthenticateView):
    whose = staticmethod(lambda view: view.stage.login.user)

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """A passkey counts only of who has one: anything else is told beside the code."""
        user = self.stage.login.user
        form = self.auth_form = self.get_form_class()(user=user, data=request.POST)
        if "credential" in request.POST and passkeys_of(user).exists():
            form = PasskeyForm(user=user, data=request.POST)
        return self.form_valid(form) if form.is_valid() else self.form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        self.webauthn_form = None  # which allauth would draw; PasskeyBeside draws ours
        return super().get_context_data(**kwargs)

    def form_valid(self, form: Form) -> HttpResponse:
        """Raises AccountGoneError."""
        with said_if_gone(self.stage.login.user.pk):
            response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        if isinstance(form, PasskeyForm):
            return refused(self.request, form, "mfa_authenticate")
        response: HttpResponse = super().form_invalid(form)
        return response


@method_decorator(limited("reauthenticate"), name="dispatch")
class SecondFactorAgainView(PasskeyBeside, mfa.ReauthenticateView):
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
