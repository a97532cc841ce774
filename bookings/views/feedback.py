"""Pages behind the short link: how it was, and a certificate. No account, no cookie, no name that is kept.

They have no protection against forged requests, because nobody is known here and nothing of anybody's can be changed: the form
stands for itself, by its one-time token. So no page of these sets a cookie, and they work where a browser refuses all.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from bookings import rules
from bookings.after_forms import CertificateForm, CodeForm, FeedbackForm
from bookings.models import Afterwards, Given, agreed_times
from bookings.prints.certificates import certificate as certificate_pdf
from bookings.services.afterwards import find_by_code, tidy_code
from bookings.services.feedback import FeedbackClosed, give_feedback
from ctac.forms import FORM_METHODS
from ctac.uk import format_clock, format_day
from professionals import limits
from professionals.guarded import note_if_stopped
from professionals.models import Where
from professionals.throttles import Stop, by_client, stopped

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponse]
NO_CSRF = {"csrf_token": "NOTPROVIDED"}  # what Django's tag takes for "none", so that no cookie is set for one


def cookieless(view: View[P]) -> View[P]:
    @csrf_exempt
    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(request, *args, **kwargs)
        patch_cache_control(response, private=True, no_store=True)
        response.headers["X-Robots-Tag"] = "noindex, nofollow"
        return response

    return wrapper


def by_short_link(view: Callable[[HttpRequest, Afterwards, datetime], HttpResponse]) -> View:
    """The view gets what the code stands for, and the time. Whoever tries very many codes is asked to come back later."""

    @wraps(view)
    @cookieless
    def wrapper(request: HttpRequest, code: str) -> HttpResponse:
        now = timezone.now()
        missed = by_client(request, "feedback-code", *rules.CODES_MISSED)
        if limits.hits([missed.key], now)[missed.key] >= missed.most:
            stop = stopped(request, Where.FEEDBACK, [missed], now)
            return no_such_code(request, status=429, stop=stop)
        afterwards = find_by_code(code)
        if afterwards is None:
            stopped(request, Where.FEEDBACK, [missed], now)
            return no_such_code(request)
        return view(request, afterwards, now)

    return wrapper


def no_such_code(request: HttpRequest, status: int = 404, stop: Stop | None = None) -> HttpResponse:
    context = {**NO_CSRF, "form": CodeForm(), "stop": stop.sentence(timezone.now()) if stop else ""}
    return render(request, "bookings/after/no_such_code.html", context, status=status)


@require_safe
@cookieless
def feedback_code(request: HttpRequest) -> HttpResponse:
    """For whoever types the first half of the address alone. It asks nothing of the database: the next page does."""
    form = CodeForm(request.GET if "code" in request.GET else None)
    if form.is_bound and form.is_valid():
        return redirect("feedback", code=tidy_code(form.cleaned_data["code"])[:20] or "-")
    return render(request, "bookings/after/code.html", {**NO_CSRF, "form": form})


@require_http_methods(FORM_METHODS)
@by_short_link
def feedback(request: HttpRequest, afterwards: Afterwards, now: datetime) -> HttpResponse:
    if not afterwards.is_open(now):
        return not_open(request, afterwards, now)
    form = FeedbackForm(request.POST if request.method == "POST" else None, by_host=False)
    if request.method == "POST" and form.is_valid():
        if stop := too_many(request, now):
            return say_later(request, form, afterwards, stop, now)
        try:
            give_feedback(afterwards=afterwards, said=form.said, token=form.cleaned_data["token"], by_host=False, now=now)
        except FeedbackClosed:
            return not_open(request, afterwards, now)
        return redirect("feedback_thanks", code=afterwards.code)
    note_if_stopped(form)
    return feedback_page(request, form, afterwards)


def too_many(request: HttpRequest, now: datetime) -> Stop | None:
    return stopped(request, Where.FEEDBACK, [by_client(request, "feedback", *rules.FEEDBACK_ALLOWED)], now)


def say_later(request: HttpRequest, form: FeedbackForm, afterwards: Afterwards, stop: Stop, now: datetime) -> HttpResponse:
    form.add_error(None, stop.sentence(now))
    response = feedback_page(request, form, afterwards, status=429)
    response.headers["Retry-After"] = str(stop.seconds(now))
    return response


def feedback_page(
    request: HttpRequest, form: FeedbackForm, afterwards: Afterwards, *, by_host: bool = False, status: int = 200
) -> HttpResponse:
    context = {**about(afterwards), "form": form, "by_host": by_host, "closes": format_day(afterwards.closes_at)}
    return render(request, "bookings/after/feedback.html", context, status=status)


def about(afterwards: Afterwards) -> dict[str, object]:
    """Title and day: what anybody who was there knows."""
    given = afterwards.given
    return {**NO_CSRF, "afterwards": afterwards, "given": given, "day": day_of(given)}


def day_of(given: Given) -> str:
    return format_day(agreed_times(given)[0])


def not_open(request: HttpRequest, afterwards: Afterwards, now: datetime) -> HttpResponse:
    """Too early, or over; the certificate can be had for longer."""
    opens = afterwards.opens_at
    context = {
        **about(afterwards),
        "opens": _("%(clock)s on %(day)s") % {"clock": format_clock(opens), "day": format_day(opens)} if now < opens else "",
        "may_certify": afterwards.may_certify(now),
    }
    return render(request, "bookings/after/not_open.html", context)


@require_safe
@by_short_link
def feedback_thanks(request: HttpRequest, afterwards: Afterwards, now: datetime) -> HttpResponse:
    return render(request, "bookings/after/thanks.html", {**about(afterwards), "may_certify": afterwards.may_certify(now)})


@require_http_methods(FORM_METHODS)
@by_short_link
def certificate(request: HttpRequest, afterwards: Afterwards, now: datetime) -> HttpResponse:
    """The name comes by POST and leaves in the PDF: it is in no address, no log and no table."""
    if not afterwards.may_certify(now):
        return not_open(request, afterwards, now)
    form = CertificateForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST" and form.is_valid():
        stop = too_many(request, now)
        if stop is None:
            return as_download(certificate_pdf(afterwards.given, form.cleaned_data["name"], made_at=now))
        form.add_error(None, stop.sentence(now))
        status = 429
    return render(request, "bookings/after/certificate.html", {**about(afterwards), "form": form}, status=status)


def as_download(pdf: bytes) -> HttpResponse:
    response = HttpResponse(pdf, content_type="application/pdf")
    response.headers["Content-Disposition"] = f'attachment; filename="{_("certificate-of-attendance")}.pdf"'
    return response
