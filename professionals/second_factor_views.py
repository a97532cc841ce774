"""The pages that ask for the second factor: a code, and for whoever has one a passkey beside it."""

from allauth.mfa.base import views as mfa
from django.forms import Form
from django.http import HttpResponse
from django.utils.decorators import method_decorator

from professionals.account_limits import limited
from professionals.passkey_forms import PasskeyForm
from professionals.passkey_views import PasskeyBeside, refused
from professionals.passkeys import passkeys_of
from professionals.services.locking import said_if_gone

index = mfa.index


class SecondFactorView(PasskeyBeside, mfa.AuthenticateView):
    whose = staticmethod(lambda view: view.stage.login.user)

    def _build_forms(self) -> Form | None:
        """The one that was sent: a passkey only of who has one, so that anything else is told beside the code."""
        self.webauthn_form = None  # which allauth would draw; PasskeyBeside draws ours
        user, data = self.stage.login.user, self.request.POST if self.request.method == "POST" else None
        self.auth_form = self.get_form_class()(user=user, data=data)
        with_passkey = data is not None and "credential" in data and passkeys_of(user).exists()
        return PasskeyForm(user=user, data=data) if with_passkey else self.auth_form

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
