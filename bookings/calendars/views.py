"""A calendar feed, for the program that reads it; and the page on which a professional makes its address and revokes it.

Reading a feed needs no sign-in and no cookie: whoever has the address reads it. One that never was, is revoked, or whose owner
may not sign in any more is not found, all alike.
"""

from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import get_conditional_response, patch_cache_control
from django.utils.http import http_date
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits
from accounts.access import signed_in
from accounts.limits import Throttle, check_throttles
from accounts.models import By, Where
from bookings import rules
from bookings.calendars import feeds
from bookings.calendars.feeds import find_feed, make_feed, note_reading, revoke_feed
from ctac.forms import FORM_METHODS
from ctac.logs import request_reference
from professionals.access import person_required, the_person


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    now, feed = timezone.now(), find_feed(token=token)
    if feed is None:
        guess = Throttle(By.NETWORK, f"calendar:{limits.client_address(request)}", *rules.UNKNOWN_FEED_RATE_LIMIT)
        if stop := check_throttles(request, Where.CALENDAR, [guess], now):
            context = {"reference": request_reference.get()}
            refused = render(request, "errors/429.html", context, status=HTTPStatus.TOO_MANY_REQUESTS)
            refused.headers["Retry-After"] = str(stop.seconds(now))
            return refused
        raise Http404
    name = _("CTAC diary") if feed.presenter else _("CTAC presentations")
    entries = feeds.feed_entries(feed, now)
    digest = feeds.feed_digest(name, entries)
    changed_at = note_reading(feed=feed, digest=digest, now=now)
    etag, stamp = f'W/"{digest}"', int(changed_at.timestamp())
    response = get_conditional_response(request, etag=etag, last_modified=stamp)
    if response is None or response.status_code != HTTPStatus.NOT_MODIFIED:
        response = HttpResponse(feeds.feed_file(name, entries, changed_at), content_type="text/calendar; charset=utf-8")
        response.headers["Content-Disposition"] = 'inline; filename="ctac.ics"'
    for header, value in {"ETag": etag, "Last-Modified": http_date(stamp), "X-Robots-Tag": "noindex, nofollow"}.items():
        response.headers[header] = value
    patch_cache_control(response, private=True, no_cache=True)
    return response


@require_http_methods(FORM_METHODS)
@person_required
def my_calendar(request: HttpRequest) -> HttpResponse:
    person, now = the_person(request), timezone.now()
    if request.method == "POST":
        make_feed(owner=person, by=signed_in(request), now=now)
        messages.success(request, _("Your calendar address is ready."))
        return redirect("my_calendar")
    return render(request, "bookings/calendars/calendar.html", feeds.feed_page_context(person, signed_in(request), now))


@require_http_methods(FORM_METHODS)
@person_required
def my_calendar_stop(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        revoke_feed(owner=the_person(request), by=signed_in(request), now=timezone.now())
        messages.success(request, _("The calendar address no longer works."))
        return redirect("my_calendar")
    return render(request, "bookings/calendars/calendar_stop.html")
