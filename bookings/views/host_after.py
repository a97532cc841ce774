"""Pages behind the links that are the host's alone: how it was, leaflets for those who came, a reminder a year later.

The key in the address says who it is; it changes nothing that needs more than that. Opening one changes nothing.
"""

from collections.abc import Callable
from datetime import datetime
from functools import wraps

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import rules
from bookings.after_forms import FeedbackForm, LeafletsForWhoCameForm
from bookings.leaflets_for_who_came import leaflets_for
from bookings.models import Afterwards, Attendance, Booking, YearLater
from bookings.services.afterwards import is_hosts
from bookings.services.attendance import counts_of
from bookings.services.feedback import FeedbackClosed, give_feedback, host_has_answered
from bookings.services.year_later import wish_year_later, withdraw_year_later
from bookings.views.feedback import about, by_short_link, cookieless, feedback_page, no_such_code, not_open, say_later, too_many
from ctac.forms import FORM_METHODS
from ctac.private_pages import keep_private
from ctac.uk import format_day
from leaflets import baskets
from leaflets.views.basket import MOST_ADDED
from professionals.guarded import note_if_stopped
from professionals.models import Profession, Where
from professionals.throttles import by_client, stopped

HostView = Callable[[HttpRequest, Afterwards, datetime, str], HttpResponse]


def of_the_host(view: HostView) -> Callable[[HttpRequest, str, str], HttpResponse]:
    """The view gets the key too. A key that is not the host's, or no longer works, is answered as a code that is nobody's."""

    @wraps(view)
    def wrapper(request: HttpRequest, code: str, key: str) -> HttpResponse:
        request.address_is_private = True  # type: ignore[attr-defined]  # the foot of a printed page leaves it out

        def with_key(request: HttpRequest, afterwards: Afterwards, now: datetime) -> HttpResponse:
            works = is_hosts(afterwards, key) and now < booking_of(afterwards).agreed[1] + rules.HOST_LINKS_LAST
            return view(request, afterwards, now, key) if works else no_such_code(request)

        return keep_private(request, by_short_link(with_key)(request, code), has_a_form=True)

    return wrapper


def booking_of(afterwards: Afterwards) -> Booking:
    assert afterwards.booking is not None  # noqa: S101 - only a booking has a host
    return afterwards.booking


@cookieless
@require_http_methods(FORM_METHODS)
@of_the_host
def host_feedback(request: HttpRequest, afterwards: Afterwards, now: datetime, key: str) -> HttpResponse:
    booking = booking_of(afterwards)
    if host_has_answered(afterwards):
        return thanks(request, afterwards, key)
    if not afterwards.is_open(now):
        return not_open(request, afterwards, now)
    wished = YearLater.objects.filter(booking=booking).exists()
    form = FeedbackForm(request.POST if request.method == "POST" else None, by_host=True, may_remind=not wished)
    if request.method == "POST" and form.is_valid():
        if stop := too_many(request, now):
            return say_later(request, form, afterwards, stop, now)
        try:
            give_feedback(afterwards=afterwards, said=form.said, token=form.cleaned_data["token"], by_host=True, now=now)
        except FeedbackClosed:
            return not_open(request, afterwards, now)
        if form.cleaned_data.get("remind"):
            wish_year_later(of=booking, now=now)
        return redirect("host_feedback", code=afterwards.code, key=key)
    note_if_stopped(form)
    return feedback_page(request, form, afterwards, by_host=True)


def thanks(request: HttpRequest, afterwards: Afterwards, key: str) -> HttpResponse:
    more = {"key": key, "may_certify": afterwards.may_certify(timezone.now())}
    return render(request, "bookings/after/thanks.html", {**about(afterwards), **more})


@cookieless
@require_http_methods(FORM_METHODS)
@of_the_host
def host_again(request: HttpRequest, afterwards: Afterwards, now: datetime, key: str) -> HttpResponse:
    """One button: wish it, or take it back."""
    booking = booking_of(afterwards)
    if request.method == "POST" and "wish" in request.POST:
        wish_year_later(of=booking, now=now)
    elif request.method == "POST" and "withdraw" in request.POST:
        withdraw_year_later(of=booking)
    if request.method == "POST":
        return redirect("host_again", code=afterwards.code, key=key)
    wish = YearLater.objects.filter(booking=booking).first()
    due = format_day(YearLater.due_after(booking.agreed[1]))
    return render(request, "bookings/after/again.html", {**about(afterwards), "key": key, "wish": wish, "due": due})


@require_http_methods(FORM_METHODS)
@of_the_host
def host_leaflets(request: HttpRequest, afterwards: Afterwards, now: datetime, key: str) -> HttpResponse:
    """What fits those who came, to be changed and put into the basket. The order itself comes later, on its own pages."""
    booking = booking_of(afterwards)
    attendance = Attendance.objects.filter(booking=booking).first()
    counts = counts_of(attendance) or {booking.audience_profession or Profession.OTHER: booking.audience_size}
    form = LeafletsForWhoCameForm(request.POST if request.method == "POST" else None, wanted=leaflets_for(counts))
    if request.method == "POST" and form.is_valid():
        if stopped(request, Where.BASKET, [by_client(request, "basket", *MOST_ADDED)], now):
            return render(request, "errors/429.html", status=429)
        draft = baskets.find_or_start(request, now)
        baskets.put(draft, {**baskets.copies_by_slug(draft), **form.copies}, now)
        messages.success(request, _("These are in your basket. Nothing is ordered yet."))
        return redirect("basket")
    context = {"form": form, "came": came(attendance, counts), **about_for_basket(afterwards)}
    return render(request, "bookings/after/leaflets.html", context)


def about_for_basket(afterwards: Afterwards) -> dict[str, object]:
    """This page keeps a basket, so it needs a cookie and is protected as all that do."""
    return {name: value for name, value in about(afterwards).items() if name != "csrf_token"}


def came(attendance: Attendance | None, counts: dict[str, int]) -> list[str]:
    """'9 health visitors' would need plurals of every profession: 'Health visitor: 9'. Empty while nobody has counted."""
    if attendance is None:
        return []
    return [f"{Profession(profession).label}: {people}" for profession, people in counts.items()]
