"""A person's own details, the mail they choose, the merge of their two accounts, and help to get back into an account."""

from allauth.account.decorators import verified_email_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.access import progress_for_url, safe_next_url, signed_in_user
from core.dates import format_datetime
from core.errors import DomainError
from core.forms import FORM_METHODS
from core.pages import add_correction_messages, set_private_headers
from notifications.models import ChoiceSource
from notifications.preferences import record_choices
from notifications.registry import Topic
from notifications.views import choices_page
from professionals import drafts, services
from professionals.access import person_required, save_new_person, signed_in_person, signed_in_person_or_none
from professionals.forms import DetailsForm, NewPersonForm


@login_required
@require_http_methods(FORM_METHODS)
def details(request: HttpRequest) -> HttpResponse:
    """The details page: name and workplace, asked of everybody who has signed in and whom we don't know yet.

    They must confirm their address first, since somebody with details can order.
    """
    return ask_details(request) if signed_in_person_or_none(request) else verified_email_required(ask_details)(request)


def ask_details(request: HttpRequest) -> HttpResponse:
    """Ask for their details. Somebody new finds here what they have typed already, in a booking or an order."""
    user, person, now = signed_in_user(request), signed_in_person_or_none(request), timezone.now()
    form_class = DetailsForm if person else NewPersonForm
    initial = DetailsForm.initial_of(person) if person else drafts.typed_details(request, now)
    form = form_class(request.POST or None, initial=initial, person=person)
    if request.method == "POST" and form.is_valid():
        if isinstance(form, NewPersonForm):
            save_new_person(request, form, now)
        else:
            services.save_details(user=user, now=now, with_phone_copies=form.with_phone_copies, **form.details())
            add_correction_messages(request, form)
        messages.success(request, _("We have saved your details."))
        return redirect(safe_next_url(request) or ("account_details" if person else "my"))
    onward = safe_next_url(request)
    context = {"form": form, "next": onward, "person": person, "progress": None if person else progress_for_url(request, onward)}
    return render(request, "account/details.html", context)


@require_safe
def lost_access_help(request: HttpRequest) -> HttpResponse:
    """For people who lost their mailbox: what staff can do for them, and how to ask (ADR 7)."""
    return render(request, "account/no_way_in.html")


@require_http_methods(FORM_METHODS)
def address_put_back(request: HttpRequest, token: str) -> HttpResponse:
    """The page behind the link in the mail to an old address, signed in or not.

    Opening it changes nothing; the button does, once.
    """
    request.address_is_private = True  # type: ignore[attr-defined]
    now = timezone.now()
    try:
        if request.method == "POST":
            services.put_address_back(token=token, now=now)
            return set_private_headers(request, redirect("account_address_put_back", token), has_a_form=True)
        change = services.find_address_change(token=token, now=now)
    except DomainError as refusal:
        page = render(request, "account/address_not_put_back.html", {"why": refusal.message}, status=404)
        return set_private_headers(request, page, has_a_form=False)
    context = {"change": change, "changed": format_datetime(change.changed_at), "until": format_datetime(change.until)}
    return set_private_headers(request, render(request, "account/address_put_back.html", context), has_a_form=True)


@require_http_methods(FORM_METHODS)
@person_required
def my_mail(request: HttpRequest) -> HttpResponse:
    address = signed_in_person(request).email
    return choices_page(request, address, shown=address, by_link=False) if address else redirect("account_email")


@require_POST
@person_required
def my_mail_editions(request: HttpRequest) -> HttpResponse:
    """The button at the end of an order."""
    if address := signed_in_person(request).email:
        record_choices(address=address, chosen={Topic.EDITIONS: True}, where=ChoiceSource.ORDER, now=timezone.now())
        messages.success(request, _("We will email you when a leaflet that you ordered has a new edition."))
    return redirect(safe_next_url(request) or "my_mail")
