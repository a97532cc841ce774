"""The pages that ask for the second factor."""

from allauth.mfa.base import views as mfa
from django.forms import Form

from professionals import account_forms as forms

index = mfa.index


class SecondFactorView(mfa.AuthenticateView):
    form_class = forms.SecondFactorForm

    def _build_forms(self) -> Form | None:
        """A code is the only second factor that we offer; without passkeys allauth's own form for them would fail."""
        self.webauthn_form = None
        data = self.request.POST if self.request.method == "POST" else None
        self.auth_form = self.get_form_class()(user=self.stage.login.user, data=data)
        return self.auth_form


class SecondFactorAgainView(mfa.ReauthenticateView):
    form_class = forms.SecondFactorAgainForm
