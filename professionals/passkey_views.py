"""Pages of passkeys, and what is sent with one (ADR 67).

They need JavaScript: without it no page offers to use or add one, and what is sent to these addresses is refused. The list of
one's own, and removing one from it, work without.
"""

from collections.abc import Callable
from typing import Any

from allauth.account.views import BaseReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.views import LoginWebAuthnView
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import DatabaseError
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from ctac.errors import DomainError
from ctac.uk import format_day
from professionals import passkeys
from professionals.access import safe_next, signed_in, with_next
from professionals.account_limits import limited
from professionals.asking_again import asks_again, page_that_asks
from professionals.devices import device_of
from professionals.passkey_forms import REFUSED, NewPasskeyForm, PasskeyAgainForm, PasskeyNameForm, PasskeySignInForm
from professionals.services.accounts import said_if_gone

LIST = "mfa_list_webauthn"
form_methods = require_http_methods(["GET", "HEAD", "POST"])


def refused(request: HttpRequest, form: Form, page: str) -> HttpResponse:
    """Back to where a code stands beside, with the reason and the way on."""
    for message in form.errors.get("credential", []):
        messages.error(request, str(message))
    onward = safe_next(request)
    return redirect(with_next(page, onward) if onward else page)


class PasskeyBeside:
    """For pages of allauth's that ask who it is: their passkeys are offered beside."""

    whose: Callable[[Any], Any] = staticmethod(lambda view: signed_in(view.request))

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)  # type: ignore[misc]
        return {**context, "passkey_options": passkeys.to_prove(self.whose(self))}


@require_POST
@never_cache
@limited("webauthn_login")
def sign_in_options(request: HttpRequest) -> HttpResponse:
    """Asked when the button is pressed, so who only looks at the sign-in page gets no session. The same for everybody."""
    return JsonResponse(passkeys.to_sign_in())


@method_decorator(limited("webauthn_login"), name="dispatch")
class PasskeySignInView(LoginWebAuthnView):
    form_class = PasskeySignInForm

    def form_valid(self, form: Form) -> HttpResponse:
        """allauth writes into the passkey that it was used. It may just have gone, alone or with the account.

        Raises AccountGoneError.
        """
        passkey = form.cleaned_data["credential"]
        try:
            with said_if_gone(passkey.user_id):
                response: HttpResponse = super().form_valid(form)
        except DatabaseError:
            if Authenticator.objects.filter(pk=passkey.pk).exists():
                raise
            form.add_error("credential", REFUSED)
            return self.form_invalid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        return refused(self.request, form, "account_login")


@method_decorator([login_required, limited("reauthenticate")], name="dispatch")
class PasskeyAgainView(BaseReauthenticateView):
    """Whoever is asked again shows a passkey of theirs."""

    form_class = PasskeyAgainForm

    def _check_reauthentication_method_available(self, request: HttpRequest) -> None:
        if not passkeys.passkeys_of(signed_in(request)).exists():
            raise Http404

    def get(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Where somebody lands who had to sign in meanwhile."""
        return redirect(LIST)

    def get_form_kwargs(self) -> dict[str, Any]:
        return {**super().get_form_kwargs(), "user": self.request.user}

    def form_valid(self, form: PasskeyAgainForm) -> HttpResponse:
        form.save()
        response: HttpResponse = super().form_valid(form)
        return response

    def form_invalid(self, form: Form) -> HttpResponse:
        return refused(self.request, form, page_that_asks(signed_in(self.request)))


@login_required
@require_safe
def own_passkeys(request: HttpRequest) -> HttpResponse:
    return render(
        request, "account/passkeys.html", {"passkeys": [in_words(each) for each in passkeys.passkeys_of(signed_in(request))]}
    )


def in_words(passkey: Authenticator) -> dict[str, Any]:
    used = format_day(passkey.last_used_at) if passkey.last_used_at else ""
    return {"pk": passkey.pk, "name": passkey.data["name"], "added": format_day(passkey.created_at), "used": used}


def own_passkey(request: HttpRequest, passkey_id: int) -> Authenticator:
    """Somebody else's is not there."""
    found: Authenticator = get_object_or_404(passkeys.passkeys_of(signed_in(request)), pk=passkey_id)
    return found


@form_methods
@asks_again
def add_passkey(request: HttpRequest) -> HttpResponseBase:
    named = {"name": device_of(request.headers.get("User-Agent", ""))}
    form = NewPasskeyForm(request.POST if request.method == "POST" else None, initial=named)
    if form.is_valid():
        try:
            passkeys.add(request, name=form.cleaned_data["name"], credential=form.kept)
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The passkey is added. Next time, sign in with it."))
        return redirect(LIST)
    page = {"form": form, "passkey_options": passkeys.to_add(signed_in(request))}
    return render(request, "account/passkey_add.html", page)


@login_required
@form_methods
def rename_passkey(request: HttpRequest, passkey_id: int) -> HttpResponse:
    passkey = own_passkey(request, passkey_id)
    form = PasskeyNameForm(request.POST if request.method == "POST" else None, initial={"name": passkey.data["name"]})
    if form.is_valid():
        try:
            passkeys.rename(request, passkey, form.cleaned_data["name"])
        except DomainError as refusal:
            messages.error(request, str(refusal.message))
        else:
            messages.success(request, _("The passkey has its new name."))
        return redirect(LIST)
    return render(request, "account/passkey_rename.html", {"form": form})


@form_methods
@asks_again
def remove_passkey(request: HttpRequest, passkey_id: int) -> HttpResponseBase:
    passkey = own_passkey(request, passkey_id)
    if request.method != "POST":
        return render(request, "account/passkey_remove.html", {"passkey": in_words(passkey)})
    try:
        passkeys.remove(request, passkey)
    except DomainError as refusal:
        messages.error(request, str(refusal.message))
    else:
        messages.success(request, _("The passkey is removed. It no longer opens your account; delete it on your device too."))
    return redirect(LIST)
