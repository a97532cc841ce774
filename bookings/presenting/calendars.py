"""My phone’s calendar: the address at which it reads my diary, and revoking it."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import feeds
from bookings.models import Presenter
from bookings.presenting.access import page, presenter_required
from bookings.services.feeds import make_feed, revoke_feed
from ctac.forms import FORM_METHODS
from professionals.access import signed_in


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_calendar(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    now, user = timezone.now(), signed_in(request)
    if request.method == "POST":
        make_feed(owner=presenter, by=user, now=now)
        messages.success(request, _("Your calendar address is ready."))
        return redirect("presenter_calendar")
    context = page(request, presenter, title=_("My diary on my phone"), **feeds.shown(presenter, user, now))
    return TemplateResponse(request, "bookings/presenting/calendar.html", context)


@presenter_required
@require_http_methods(FORM_METHODS)
def presenter_calendar_stop(request: HttpRequest, presenter: Presenter) -> HttpResponse:
    if request.method == "POST":
        revoke_feed(owner=presenter, by=signed_in(request), now=timezone.now())
        messages.success(request, _("The calendar address no longer works."))
        return redirect("presenter_calendar")
    context = page(request, presenter, title=_("Stop my calendar address?"))
    return TemplateResponse(request, "bookings/presenting/calendar_stop.html", context)
