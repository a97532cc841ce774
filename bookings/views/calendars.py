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

from bookings import feeds, rules
from bookings.services.feeds import find_feed, make_feed, note_reading, revoke_feed
from bookings.views.flow import FORM_METHODS
from ctac.views import too_many_requests
from professionals import limits
from professionals.access import signed_in
from professionals.models import By, Where
from professionals.person_access import person_required, the_person
from professionals.throttles import Throttle, stopped


@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    now, feed = timezone.now(), find_feed(token=token)
    if feed is None:
        guess = Throttle(By.NETWORK, f"calendar:{limits.client_address(request)}", *rules.FEEDS_GUESSED)
        if stop := stopped(request, Where.CALENDAR, [guess], now):
            refused = too_many_requests(request)
            refused.headers["Retry-After"] = str(stop.seconds(now))
            return refused
        raise Http404
    name, found = feeds.name_of(feed), feeds.entries(feed, now)
    digest = feeds.digest_of(name, found)
    changed_at = note_reading(feed=feed, digest=digest, now=now)
    etag, stamp = f'W/"{digest}"', int(changed_at.timestamp())
    response = get_conditional_response(request, etag=etag, last_modified=stamp)
    if response is None or response.status_code != HTTPStatus.NOT_MODIFIED:
        response = HttpResponse(feeds.written(name, found, changed_at), content_type="text/calendar; charset=utf-8")
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
    return render(request, "my/calendar.html", feeds.shown(person, signed_in(request), now))


@require_http_methods(FORM_METHODS)
@person_required
def my_calendar_stop(request: HttpRequest) -> HttpResponse:
    if request.method == "POST":
        revoke_feed(owner=the_person(request), by=signed_in(request), now=timezone.now())
        messages.success(request, _("The calendar address no longer works."))
        return redirect("my_calendar")
    return render(request, "my/calendar_stop.html")
