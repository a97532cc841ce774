"""One's own page of what to get by email, signed in."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from notifications.choice_pages import FORM_METHODS, choosing
from professionals.access import person_required, the_person


@require_http_methods(FORM_METHODS)
@person_required
def my_mail(request: HttpRequest) -> HttpResponse:
    address = the_person(request).email
    return choosing(request, address, shown=address, by_link=False) if address else redirect("account_email")
