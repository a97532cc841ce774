"""The pages that ask for the second factor: a code, and for whoever has one a passkey beside it."""

from allauth.mfa.base import views as mfa
from django.forms import Form
from django.http import HttpResponse

from professionals import account_forms as forms
from professionals.passkey_forms import PasskeyForm
from professionals.passkey_views import PasskeyBeside, refused
from professionals.passkeys import passkeys_of
from professionals.services.locking import said_if_gone

index = mfa.index


class SecondFactorView(PasskeyBeside, mfa.AuthenticateView):
    form_class = forms.SecondFactorForm
    whose = staticmethod(lambda view: view.stage.login.user)

    def _build_forms(self) -> Form | None:
        """The one that was sent. allauth's own would have the library for passkeys loaded for who has none."""
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


class SecondFactorAgainView(PasskeyBeside, mfa.ReauthenticateView):
    form_class = forms.SecondFactorAgainForm
