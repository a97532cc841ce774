"""Pages that belong to no app, and the pages for when something is wrong."""

import logging
from datetime import datetime, timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from bookings.booking.drafts import DraftAnswers
from bookings.models import Booking, Presentation, SessionPlace
from ctac.logs import request_reference, route_of
from ctac.pages import past
from leaflets.models import Order
from leaflets.orders import baskets
from privacy import retention as privacy_retention
from professionals import drafts
from professionals.access import person_required, the_person
from professionals.models import DraftKind

logger = logging.getLogger(__name__)

MY_PAST = ("bookings", "sessions", "orders")  # what is shown a page at a time on one's own page, each by a number of its own


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/home.html")


@require_safe
def about(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/about.html")


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """How long each record is kept is said by the very rules that take it out."""
    kept = {
        "rules": privacy_retention.registered_rules(),
        "by_the_hour": list(privacy_retention.hourly_periods()),
        "backup_days": settings.BACKUP_KEEP_DAYS,
    }
    who = {"controller": settings.DATA_CONTROLLER, "processors": settings.DATA_PROCESSORS}
    return render(request, "pages/privacy.html", {**kept, **who})


@require_safe
def cookies(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/cookies.html")


@require_safe
def accessibility(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/accessibility.html")


SECURITY_TXT_LASTS = timedelta(days=180)  # RFC 9116 asks for less than a year


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/security.html", {"contact": settings.SECURITY_CONTACT, "link": security_contact()})


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where a security problem can be reported, for programs and people who look for that (RFC 9116)."""
    lines = [
        f"Contact: {security_contact()}",
        f"Expires: {timezone.now() + SECURITY_TXT_LASTS:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
        f"Policy: {settings.SITE_URL}{reverse('security')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def security_contact() -> str:
    """As a link."""
    contact = str(settings.SECURITY_CONTACT)
    return contact if contact.startswith("https://") else f"mailto:{contact}"


def error_page(request: HttpRequest, template: str, status: int) -> HttpResponse:
    """With the reference that finds the request's lines in the log."""
    return render(request, template, {"reference": request_reference.get()}, status=status)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, "errors/400.html", 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, "errors/403.html", 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, "errors/404.html", 404)


def too_many_requests(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return error_page(request, "errors/429.html", 429)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.warning("CSRF check failed at %s: %s", route_of(request), reason)
    return error_page(request, "errors/csrf.html", 403)


def server_error(request: HttpRequest) -> HttpResponse:
    """Must not need the database: that may be what is broken."""
    return error_page(request, "errors/500.html", 500)


@require_safe
@person_required
def my(request: HttpRequest) -> HttpResponse:
    """Everything that is this person's, in one place: what is begun, what is to come, what was."""
    person, now = the_person(request), timezone.now()
    bookings, orders = Booking.objects.for_my_page(person), Order.objects.for_my_page(person)
    places = SessionPlace.objects.for_my_page(person)
    context = {
        "begun": begun_booking(request, now),
        "in_basket": baskets.total_copies(baskets.find(request, now)),
        "coming_up": bookings.lying_ahead(now).reverse(),
        "places": places.lying_ahead(now),
        "on_their_way": orders.open(),
        "past_bookings": past(bookings.behind(now), "bookings", request.GET, among=MY_PAST),
        "past_places": past(places.behind(now), "sessions", request.GET, among=MY_PAST),
        "past_orders": past(orders.closed(), "orders", request.GET, among=MY_PAST),
    }
    return render(request, "my/index.html", context)


def begun_booking(request: HttpRequest, now: datetime) -> dict[str, str] | None:
    """The booking that this person has begun and not confirmed: its presentation, and the page to go on with."""
    draft = drafts.find(request, DraftKind.BOOKING, now)
    slug = draft.answers.get("where", {}).get("presentation") if draft else None
    presentation = Presentation.objects.offered().filter(slug=slug).first() if slug else None
    if presentation is None:
        return None
    step = DraftAnswers(draft, presentation).first_missing()
    return {"title": presentation.title, "url": reverse(f"book_{step}", args=[presentation.slug])}
