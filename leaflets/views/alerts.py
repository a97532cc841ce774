"""Asking for an email when a leaflet is back in stock, and stopping it again."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from ctac.errors import DomainError
from leaflets.models import Leaflet, StockAlert
from leaflets.services.alerts import ask_alert, stop_alert
from professionals.access import safe_next
from professionals.person_access import person_required, the_person


@person_required
@require_http_methods(["GET", "HEAD", "POST"])
def leaflet_alert(request: HttpRequest, slug: str) -> HttpResponse:
    """The page that emails lead to. It asks; only its button, or that of the leaflet's page, changes something."""
    leaflet = get_object_or_404(Leaflet.objects.in_catalogue(), slug=slug)
    if request.method == "POST":
        change(request, leaflet)
        return redirect(safe_next(request) or leaflet)
    asked = StockAlert.objects.filter(person=the_person(request), leaflet=leaflet).exists()
    return render(request, "leaflets/alert.html", {"leaflet": leaflet, "asked": asked, "next": safe_next(request)})


def change(request: HttpRequest, leaflet: Leaflet) -> None:
    person, title = the_person(request), {"title": leaflet.title}
    if "stop" in request.POST:
        stop_alert(person=person, leaflet=leaflet)
        messages.success(request, _("We don’t email you about “%(title)s” any more.") % title)
        return
    try:
        ask_alert(person=person, leaflet=leaflet, now=timezone.now())
    except DomainError as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(request, _("We email you once, when “%(title)s” is back in stock.") % title)
