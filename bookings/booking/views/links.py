"""Pages behind a link in an email, for whoever has that email: they say the least they can, and only their buttons act.

GET and HEAD change nothing, so a mail scanner that follows every link does no harm. A link that never was, is over, was used
or is for something else gets one and the same page. No cache keeps these pages, no search engine, no Referer names them.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import check_throttles, client_throttle
from accounts.models import Where
from bookings import rules, text
from bookings.booking.forms import CancelForm
from bookings.booking.limits import changeable_until, may_still_change
from bookings.booking.services.links import find_booking_by_link
from bookings.booking.services.transitions import cancel_booking
from bookings.booking.views.reschedule import ReschedulePages, check_time, choose_time, may_reschedule
from bookings.errors import MoveRefused, TooLate
from bookings.models import Booking, LinkPurpose
from ctac.forms import FORM_METHODS
from ctac.pages import keep_private
from professionals.access import person_in

WITH_A_FORM = {"link_time", "link_time_check", "link_cancel", "place_link", "place_link_leave"}
P = ParamSpec("P")
T = TypeVar("T")
LinkedView = Callable[[HttpRequest, T, str, datetime], HttpResponse]
LINK_OVER_PAGE = "bookings/link_over.html"
PageView = Callable[Concatenate[HttpRequest, P], HttpResponse]


def kept_private(view: PageView[P]) -> PageView[P]:
    """No cache, no search engine and no other site learns of the address."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out
        return keep_private(request, view(request, *args, **kwargs), has_a_form=has_a_form(request))

    return wrapper


def has_a_form(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name in WITH_A_FORM


def behind_a_link_to(find: Callable[[str, datetime], T | None], over: str) -> Callable[[LinkedView[T]], PageView]:
    """The view gets what the link leads to, the token and the time; a link that does not work gets the page `over`."""

    def decorate(view: LinkedView[T]) -> PageView:
        @wraps(view)
        @kept_private
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            now = timezone.now()
            if check_throttles(request, Where.LINK, [client_throttle(request, "link", *rules.LINK_RATE_LIMIT)], now):
                return render(request, over, status=429)
            found = find(token, now)
            return render(request, over, status=404) if found is None else view(request, found, token, now)

        return wrapper

    return decorate


def behind_a_link(purpose: LinkPurpose) -> Callable[[LinkedView[Booking]], PageView]:
    """Of a booking. Whoever owns it and is signed in goes to its own pages."""
    return behind_a_link_to(lambda token, now: find_booking_by_link(token=token, purpose=purpose, now=now), LINK_OVER_PAGE)


@require_safe
@behind_a_link(LinkPurpose.CHANGE)
def link_booking(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    person = person_in(request)
    if person is not None and person.pk == booking.person_id:
        return redirect(booking)
    may = {"may_change": may_still_change(booking, now), "can_move": may_reschedule(booking, now)}
    more = {"token": token, "until": changeable_until(booking), **may}
    return render(request, "bookings/link.html", {**least_facts_of(booking), **more})


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return choose_time(request, reschedule_pages_of(booking, token), now)


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time_check(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return check_time(request, reschedule_pages_of(booking, token), now)


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CANCEL)
def link_cancel(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            cancel_booking(booking=booking, by=None, by_link=True, now=now, reason=reason, flagged=form.flagged)
        except (MoveRefused, TooLate) as refusal:
            messages.warning(request, refusal.message)
            return render(request, LINK_OVER_PAGE, status=404)
        return redirect("link_cancelled")
    more = {"token": token, "can_move": may_still_change(booking, now), "form": form}
    return render(request, "bookings/link_cancel.html", {**least_facts_of(booking), **more})


@require_safe
@kept_private
def link_cancelled(request: HttpRequest) -> HttpResponse:
    """The same for everybody: the booking can't be asked for any more, and nothing here names it."""
    return render(request, "bookings/link_cancelled.html")


def reschedule_pages_of(booking: Booking, token: str) -> ReschedulePages:
    back, time, check = (reverse(name, args=[token]) for name in ("link_booking", "link_time", "link_time_check"))
    return ReschedulePages(booking, None, back, time, check)


def least_facts_of(booking: Booking) -> dict[str, object]:
    """Title, day and time, and whether it is online: no names, no phone, no address, no reference."""
    return {"booking": booking, "facts": text.least_facts(booking)}
