"""Pages that belong to no app, and the pages for when something is wrong."""

import logging
from collections import Counter
from datetime import timedelta
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap as sitemap_of
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.access import is_own_page
from bookings.booking.forms import DraftAnswers
from bookings.models import Booking, Presentation, SessionPlace
from core.dates import format_day, uk_day
from core.logs import request_reference, route_name
from core.models import use_cached_values_only
from core.pages import history_page
from guidance.content import NATIONS
from guidance.models import GuidancePage
from leaflets.models import Leaflet, Order
from leaflets.orders.forms import find_basket, total_copies
from office.site_settings.queries import site_settings
from privacy import retention as privacy_retention
from professionals import drafts
from professionals.access import person_required, signed_in_person, signed_in_person_or_none
from professionals.models import DraftKind, Language
from professionals.services import save_language
from reach.queries import counted_at, years_reached

logger = logging.getLogger(__name__)

HISTORY_LISTS = ("bookings", "sessions", "orders")  # lists of /my/ that are shown a page at a time


@require_safe
def page(request: HttpRequest, template: str) -> HttpResponse:
    return render(request, template)


@require_safe
def privacy(request: HttpRequest) -> HttpResponse:
    """The privacy notice; its periods are those by which records are deleted."""
    who = {"controller": site_settings().data_controller, "processors": site_settings().data_processors}
    return render(
        request,
        "pages/privacy.html",
        {
            "periods": list(privacy_retention.privacy_notice_periods()),
            "warned_days": privacy_retention.WARNING_PERIOD.days,
            **who,
        },
    )


@require_safe
def where_we_have_been(request: HttpRequest) -> HttpResponse:
    counted = counted_at()
    shown = {
        "years": years_reached(),
        "this_year": uk_day(timezone.now()).year,
        "counted": format_day(counted) if counted else "",
    }
    return render(request, "pages/where_we_have_been.html", shown)


@csrf_exempt
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Set the language, from the switch on each page, and go back to that page.

    It carries no token: a token sets a cookie, and there are pages that set none. So another site’s form is told by what each
    browser says of it, and a session's cookie doesn't come with it in any case.
    """
    language, page = request.POST.get("language", ""), request.POST.get("next", "")
    if language in dict(settings.LANGUAGES) and request.headers.get("Sec-Fetch-Site", "same-origin") == "same-origin":
        request.language_cookie = language  # type: ignore[attr-defined]
        if person := signed_in_person_or_none(request):
            save_language(person=person, language=language)
    return redirect(page if is_own_page(request, page) else "home")


SECURITY_TXT_PERIOD = timedelta(days=180)  # RFC 9116 asks for less than a year


@require_safe
def security(request: HttpRequest) -> HttpResponse:
    link = security_contact()
    return render(request, "pages/security.html", {"contact": link.removeprefix("mailto:"), "link": link})


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def security_txt(request: HttpRequest) -> HttpResponse:
    """Where to report a security problem (RFC 9116)."""
    lines = [
        f"Contact: {security_contact()}",
        f"Expires: {timezone.now() + SECURITY_TXT_PERIOD:%Y-%m-%dT%H:%M:%SZ}",
        "Preferred-Languages: en",
        f"Canonical: {settings.SITE_URL}{reverse('security_txt')}",
        f"Policy: {settings.SITE_URL}{reverse('security')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


class PublicPages(Sitemap):
    """What search engines may show: the public pages, and the guidance that is approved."""

    def items(self) -> list[str]:
        today = uk_day(timezone.now())
        approved = list(GuidancePage.objects.approved(today).filter(language=Language.ENGLISH))  # programs have no cookie
        per_audience = Counter(page.audience for page in approved)
        names = (
            "home",
            "guidance",
            "who_to_tell",
            "presentations",
            "sessions",
            "leaflets",
            "about",
            "where_we_have_been",
            "privacy",
            "accessibility",
        )
        return [
            *(reverse(name) for name in names),
            *(reverse("guidance_page", args=[audience]) for audience, count in per_audience.items() if count == len(NATIONS)),
            *(page.get_absolute_url() for page in approved),
            *(reverse("presentation", args=[slug]) for slug in Presentation.objects.offered().values_list("slug", flat=True)),
            *(leaflet.get_absolute_url() for leaflet in Leaflet.objects.active()),
        ]

    def location(self, item: str) -> str:
        return item

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.SITE_URL).scheme

    def get_domain(self, site: Any = None) -> str:
        return urlsplit(settings.SITE_URL).netloc


@require_safe
@cache_control(public=True, max_age=3600)
def sitemap(request: HttpRequest) -> HttpResponse:
    return sitemap_of(request, {"pages": PublicPages})


@require_safe
@cache_control(public=True, max_age=24 * 3600)
def robots_txt(request: HttpRequest) -> HttpResponse:
    lines = ["User-agent: *", "Allow: /", f"Sitemap: {settings.SITE_URL}{reverse('sitemap')}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


def security_contact() -> str:
    """The contact for security problems, as a link."""
    contact = str(settings.SECURITY_CONTACT or site_settings().advice_email)
    return contact if contact.startswith("https://") else f"mailto:{contact}"


def error_page(request: HttpRequest, exception: Exception | None = None, *, template: str, status: int) -> HttpResponse:
    """Has the reference that finds the request's log lines. Asks no database, which may be what is broken."""
    use_cached_values_only()
    return render(request, template, {"reference": request_reference.get()}, status=status)


forbidden = partial(error_page, template="errors/403.html", status=403)
not_found = partial(error_page, template="errors/404.html", status=404)
too_many_requests = partial(error_page, template="errors/429.html", status=429)
server_error = partial(error_page, template="errors/500.html", status=500)


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    logger.warning("Bad request at %s: %s", route_name(request), type(exception).__name__)
    return error_page(request, template="errors/400.html", status=400)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    logger.warning("CSRF check failed at %s: %s", route_name(request), reason)
    return error_page(request, template="errors/csrf.html", status=403)


@require_safe
@person_required
def my_page(request: HttpRequest) -> HttpResponse:
    """A person's own page: what they have begun, what is to come, and what is past."""
    person, now = signed_in_person(request), timezone.now()
    bookings, orders = Booking.objects.for_my_page(person), Order.objects.for_my_page(person)
    places = SessionPlace.objects.for_my_page(person)
    # A booking that was begun and not confirmed, and the page to go on with.
    drafts.read_all(request, now)
    draft = drafts.find(request, DraftKind.BOOKING, now)
    slug = draft.answers.get("where", {}).get("presentation") if draft else None
    presentation = Presentation.objects.offered().filter(slug=slug).first() if slug else None
    begun = None
    if draft is not None and presentation is not None:
        step = DraftAnswers(draft, presentation).first_missing()
        begun = {"title": presentation.title, "url": reverse(f"book_{step}", args=[presentation.slug])}
    context = {
        "begun": begun,
        "in_basket": total_copies(find_basket(request, now)),
        "coming_up": bookings.not_over(now).reverse(),
        "places": places.not_over(now),
        "my_seats": person.seats.with_booking().not_over(now),
        "on_their_way": orders.open(),
        "past_bookings": history_page(bookings.past(now), "bookings", request.GET, among=HISTORY_LISTS),
        "past_places": history_page(places.past(now), "sessions", request.GET, among=HISTORY_LISTS),
        "past_orders": history_page(orders.closed(), "orders", request.GET, among=HISTORY_LISTS),
    }
    return render(request, "my/index.html", context)
