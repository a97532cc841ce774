"""A code that was asked for before an address was put back is worth nothing after."""

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from professionals import account_limits
from professionals.allauth_internals import PasswordResetVerificationProcess
from professionals.services.accounts import has_address, lock_account


class StillTheirsMixin:
    """For allauth's page that sets a password by a code: the code must have gone to an address that the account still has."""

    request: HttpRequest

    def form_valid(self, form: Form) -> HttpResponse:
        process = PasswordResetVerificationProcess.resume(self.request)
        with transaction.atomic():
            user = lock_account(process.user.pk)
            if has_address(user, process.state["email"]):
                response: HttpResponse = super().form_valid(form)  # type: ignore[misc] # of allauth's view
                account_limits.clear(self.request, "login_failed", address=user.email)
                return response
        process.abort()
        adapter = get_adapter()
        adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["old_code"])
        return redirect("account_reset_password")
