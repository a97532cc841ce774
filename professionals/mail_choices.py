"""One's own page of what to get by email, signed in."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from notifications.choice_pages import FORM_METHODS, choosing
from notifications.models import Where
from notifications.services.choosing import choose
from notifications.topics import Topic
from professionals.access import safe_next
from professionals.person_access import person_required, the_person


@require_http_methods(FORM_METHODS)
@person_required
def my_mail(request: HttpRequest) -> HttpResponse:
    address = the_person(request).email
    return choosing(request, address, shown=address, by_link=False) if address else redirect("account_email")


@require_POST
@person_required
def my_mail_editions(request: HttpRequest) -> HttpResponse:
    """The button that an order ends with."""
    if address := the_person(request).email:
        choose(address=address, chosen={Topic.EDITIONS: True}, where=Where.ORDER, now=timezone.now())
        messages.success(request, _("We email you when a leaflet that you ordered has a new edition."))
    return redirect(safe_next(request) or "my_mail")
