"""A code that was asked for before an address was put back is worth nothing after."""

from typing import Any

from allauth.account.adapter import get_adapter
from django.contrib import messages
from django.db import transaction
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from professionals import account_limits
from professionals.services import address_changes
from professionals.services.locking import lock_account


class StillTheirsMixin:
    """For allauth's page that sets a password by a code: the code must have gone to an address that the account still has."""

    request: HttpRequest
    _process: Any

    def form_valid(self, form: Form) -> HttpResponse:
        with transaction.atomic():
            user = lock_account(self._process.user.pk)
            if address_changes.has_address(user, self._process.state["email"]):
                response: HttpResponse = super().form_valid(form)  # type: ignore[misc] # of allauth's view
                account_limits.clear(self.request, "login_failed", address=user.email)
                return response
        self._process.abort()
        adapter = get_adapter()
        adapter.add_message(self.request, messages.ERROR, message=adapter.error_messages["old_code"])
        return redirect("account_reset_password")
