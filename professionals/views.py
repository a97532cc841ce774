"""A person's details and data, and the picture for the authenticator app."""

from allauth.account.decorators import verified_email_required
from allauth.mfa.adapter import get_adapter
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from audit.models import Act
from audit.services import About, record
from professionals import drafts, privacy
from professionals.access import person_in, person_required, safe_next, signed_in, the_person
from professionals.allauth_internals import SECRET_SESSION_KEY
from professionals.asking_again import ask_again
from professionals.data_file import FileForm, as_file
from professionals.forms import DetailsForm
from professionals.services import people
from professionals.taking_out import too_often_of_ones_own


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


@person_required
@require_safe
def my_data(request: HttpRequest) -> HttpResponse:
    """Everything that we hold about the person, as one file: to read with ?form=html, else for a program.

    Who had to show who they are goes on from their details.
    """
    asked = ask_again(request, afterwards=reverse("account_details"))
    if asked is not None:
        return asked
    wait = too_often_of_ones_own(request, timezone.now())
    if wait is not None:
        return wait
    form, person = FileForm.HTML if request.GET.get("form") == FileForm.HTML else FileForm.JSON, the_person(request)
    file = as_file(privacy.export_person(person), form)
    record(Act.EXPORTED, by=request.user.pk, about=About.of(person), page="account_my_data", whats=[form])
    return file


@login_required
@require_safe
def totp_qr(request: HttpRequest) -> HttpResponse:
    """The secret of the enrolment that this session has begun, as a picture to scan."""
    secret = request.session.get(SECRET_SESSION_KEY)
    if not secret:
        raise Http404
    adapter = get_adapter()
    return HttpResponse(adapter.build_totp_svg(adapter.build_totp_url(request.user, secret)), content_type="image/svg+xml")
