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

from bookings import rules, words
from bookings.cutoff import may_change, until
from bookings.forms import CancelForm
from bookings.models import Booking, LinkPurpose
from bookings.services.errors import MoveRefused, TooLate
from bookings.services.linking import find_by_link
from bookings.services.moving import cancel
from bookings.views.flow import FORM_METHODS
from bookings.views.moving import Way, can_move, check_time, choose_time
from ctac.private_pages import keep_private
from professionals.models import Where
from professionals.person_access import person_in
from professionals.throttles import by_client, stopped

WITH_A_FORM = {"link_time", "link_time_check", "link_cancel", "place_link", "place_link_leave"}
WITH_A_FORM |= {"host_feedback", "host_again", "host_leaflets"}
P = ParamSpec("P")
T = TypeVar("T")
LinkedView = Callable[[HttpRequest, T, str, datetime], HttpResponse]
OVER = "bookings/link_over.html"
View = Callable[Concatenate[HttpRequest, P], HttpResponse]


def kept_private(view: View[P]) -> View[P]:
    """No cache, no search engine and no other site learns of the address."""

    @wraps(view)
    def wrapper(request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out
        return keep_private(request, view(request, *args, **kwargs), has_a_form=has_a_form(request))

    return wrapper


def has_a_form(request: HttpRequest) -> bool:
    return request.resolver_match is not None and request.resolver_match.url_name in WITH_A_FORM


def behind_a_link_to(find: Callable[[str, datetime], T | None], over: str) -> Callable[[LinkedView[T]], View]:
    """The view gets what the link leads to, the token and the time; a link that does not work gets the page `over`."""

    def decorate(view: LinkedView[T]) -> View:
        @wraps(view)
        @kept_private
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            now = timezone.now()
            if stopped(request, Where.LINK, [by_client(request, "link", *rules.LINKS_OPENED)], now):
                return render(request, over, status=429)
            found = find(token, now)
            return render(request, over, status=404) if found is None else view(request, found, token, now)

        return wrapper

    return decorate


def behind_a_link(purpose: LinkPurpose) -> Callable[[LinkedView[Booking]], View]:
    """Of a booking. Whoever owns it and is signed in goes to its own pages."""
    return behind_a_link_to(lambda token, now: find_by_link(token=token, purpose=purpose, now=now), OVER)


def no_such_link(request: HttpRequest) -> HttpResponse:
    return render(request, OVER, status=404)


@require_safe
@behind_a_link(LinkPurpose.CHANGE)
def link_booking(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    if is_its_owner(request, booking):
        return redirect(booking)
    may = {"may_change": may_change(booking, now), "can_move": can_move(booking, now)}
    more = {"token": token, "until": until(booking), **may}
    return render(request, "bookings/link.html", {**least(booking), **more})


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return choose_time(request, way_of(booking, token), now)


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time_check(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return check_time(request, way_of(booking, token), now)


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CANCEL)
def link_cancel(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            reason = form.cleaned_data["reason"]
            cancel(booking=booking, by=None, by_link=True, now=now, reason=reason, flagged=form.flagged)
        except (MoveRefused, TooLate) as refusal:
            messages.warning(request, refusal.message)
            return no_such_link(request)
        return redirect("link_cancelled")
    more = {"token": token, "can_move": may_change(booking, now), "form": form}
    return render(request, "bookings/link_cancel.html", {**least(booking), **more})


@require_safe
@kept_private
def link_cancelled(request: HttpRequest) -> HttpResponse:
    """The same for everybody: the booking can't be asked for any more, and nothing here names it."""
    return render(request, "bookings/link_cancelled.html")


def way_of(booking: Booking, token: str) -> Way:
    back, time, check = (reverse(name, args=[token]) for name in ("link_booking", "link_time", "link_time_check"))
    return Way(booking, None, back, time, check)


def is_its_owner(request: HttpRequest, booking: Booking) -> bool:
    person = person_in(request)
    return person is not None and person.pk == booking.person_id


def least(booking: Booking) -> dict[str, object]:
    """Title, day and time, and whether it is online: no names, no phone, no address, no reference."""
    return {"booking": booking, "facts": words.least(booking)}
