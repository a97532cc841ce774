"""Pages behind a link in an email, for whoever has that email: they say the least they can, and only their buttons act.

GET and HEAD change nothing, so a mail scanner that follows every link does no harm. A link that never was, is over, was used
or is for something else gets one and the same page. No cache keeps these pages, no search engine, no Referer names them.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import TypeVar

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import check_throttles, client_throttle
from accounts.models import Where
from bookings import rules, text
from bookings.booking.forms import CancelForm
from bookings.booking.services.links import find_booking_by_link
from bookings.booking.services.transitions import cancel_booking
from bookings.booking.views.reschedule import check_time, choose_time, reschedule_pages
from bookings.errors import MoveRefused, TooLate
from bookings.models import Booking, Format, LinkPurpose
from ctac.forms import FORM_METHODS
from ctac.pages import keep_private
from professionals.access import person_in

WITH_A_FORM = {"link_time", "link_time_check", "link_cancel", "place_link", "place_link_leave"}
T = TypeVar("T")
LinkedView = Callable[[HttpRequest, T, str, datetime], HttpResponse]
LINK_OVER_PAGE = "bookings/booking/link_over.html"
PageView = Callable[..., HttpResponse]


def behind_a_link_to(find: Callable[[str, datetime], T | None], over: str) -> Callable[[LinkedView[T]], PageView]:
    """The view gets what the link leads to, the token and the time; a link that does not work gets the page `over`."""

    def decorate(view: LinkedView[T]) -> PageView:
        @wraps(view)
        def wrapper(request: HttpRequest, token: str) -> HttpResponse:
            now = timezone.now()
            request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out
            if check_throttles(request, Where.LINK, [client_throttle(request, "link", *rules.LINK_RATE_LIMIT)], now):
                response = render(request, over, status=429)
            elif (target := find(token, now)) is None:
                response = render(request, over, status=404)
            else:
                response = view(request, target, token, now)
            match = request.resolver_match
            return keep_private(request, response, has_a_form=match is not None and match.url_name in WITH_A_FORM)

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
    may = {"may_change": booking.may_still_change(now), "can_move": booking.may_reschedule(now)}
    more = {"token": token, "until": booking.changeable_until, **may}
    return render(request, "bookings/booking/link.html", {**least_facts_of(booking), **more})


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return choose_time(request, reschedule_pages(booking, None, token), now)


@require_http_methods(FORM_METHODS)
@behind_a_link(LinkPurpose.CHANGE)
def link_time_check(request: HttpRequest, booking: Booking, token: str, now: datetime) -> HttpResponse:
    return check_time(request, reschedule_pages(booking, None, token), now)


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
    more = {"token": token, "can_move": booking.may_still_change(now), "form": form}
    return render(request, "bookings/booking/link_cancel.html", {**least_facts_of(booking), **more})


@require_safe
def link_cancelled(request: HttpRequest) -> HttpResponse:
    """The same for everybody: the booking can't be asked for any more, and nothing here names it."""
    request.address_is_private = True  # type: ignore[attr-defined]
    return keep_private(request, render(request, "bookings/booking/link_cancelled.html"), has_a_form=False)


def least_facts_of(booking: Booking) -> dict[str, object]:
    """To somebody of whom we only know that they have the email: no names, no phone, no address, no reference."""
    place = _("Online") if booking.format == Format.ONLINE else _("At a workplace")
    rows = [
        text.row(_("Presentation"), booking.presentation.title),
        text.row(_("When"), booking.when),
        text.row(_("Where"), place),
    ]
    return {"booking": booking, "facts": rows}
