"""Pages that belong to no app, and the pages for when something is wrong."""

import logging

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from bookings.models import Booking
from ctac.middleware import request_reference
from leaflets.models import Order
from professionals.access import person_required, the_person

logger = logging.getLogger(__name__)


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html")


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/about.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/privacy.html")


@require_safe
def cookies(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/cookies.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/accessibility.html")


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/400.html", status=400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/403.html", status=403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/404.html", status=404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return render(request, "errors/429.html", status=429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.warning("CSRF check failed at %s: %s", request.path, reason)
    return render(request, "errors/csrf.html", {"reference": request_reference.get()}, status=403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Must not need the database: that may be what is broken."""
    return render(request, "errors/500.html", {"reference": request_reference.get()}, status=500)


@require_safe
@person_required
def my(request: HttpRequest) -> HttpResponse:
    """Everything that is this person's, in one place."""
    context = {
        "bookings": Booking.objects.for_my_page(the_person(request)),
        "orders": Order.objects.for_my_page(the_person(request)),
    }
    return render(request, "my/index.html", context)
