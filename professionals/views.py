"""A person's details; and the page for whoever has lost the way in."""

from allauth.account.decorators import verified_email_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from professionals import drafts
from professionals.access import safe_next, signed_in
from professionals.forms import DetailsForm
from professionals.person_access import person_in
from professionals.services import people


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def details(request: HttpRequest) -> HttpResponse:
    """Who you are and where you work; asked of everyone who has signed in and whom we don't know yet.

    Of nobody before their address is verified: whoever has details can order.
    """
    return ask_details(request) if person_in(request) else ask_first_details(request)


def ask_details(request: HttpRequest) -> HttpResponse:
    user, person = signed_in(request), person_in(request)
    form = DetailsForm(request.POST or None, initial=DetailsForm.initial_of(person) if person else None)
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        saved = people.give_details(user=user, by=user, now=now, **form.details())
        if person is None:
            drafts.adopt(request, saved, now)
        messages.success(request, _("We have saved your details."))
        return redirect(safe_next(request) or ("account_details" if person else "my"))
    return render(request, "account/details.html", {"form": form, "next": safe_next(request), "person": person})


ask_first_details = verified_email_required(ask_details)


@require_safe
def no_way_in(request: HttpRequest) -> HttpResponse:
    """For whoever lost their mailbox: what staff do for them, and how to ask (ADR 69)."""
    return render(request, "account/no_way_in.html")
