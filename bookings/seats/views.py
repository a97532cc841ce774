"""Spare seats: the page on which the host answers each guest, the seats near somebody, and one seat, for its guest."""

import re
from datetime import datetime, timedelta

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import signed_in_user
from accounts.models import LimitedActivity
from accounts.rate_limits import check_throttles, client_throttle
from bookings.calendars import ical
from bookings.models import Booking, Seat
from bookings.schedule.access import refusal_as_warning
from bookings.seats.forms import AskForSeatForm, OfferSeatsForm
from bookings.seats.queries import (
    MAX_GUESTS_SHOWN,
    MAX_NEAR_MILES,
    MAX_NEAR_SEATS,
    approved_seat_rows,
    guest_text,
    offer_rows,
    profession_labels,
    seat_offer,
    seats_near,
)
from bookings.seats.services import approve_seat, ask_for_seat, close_seat_offer, decline_seat, give_up_seat, offer_seats
from bookings.text import summary_row
from core.dates import format_day
from core.errors import DomainError
from core.forms import FORM_METHODS, domain_error_to_form
from professionals.access import person_required, signed_in_person

SEAT_RATE_LIMIT = (10, timedelta(hours=1))

# For the host; somebody else's booking is a 404.


def get_hosted_booking(request: HttpRequest, reference: str) -> Booking:
    """The host's booking, while seats can be offered or if they were. Raises Http404."""
    booking: Booking = get_object_or_404(signed_in_person(request).bookings.with_related(), reference=reference)
    if not (booking.may_offer_seats(timezone.now()) or booking.seats_offered):
        raise Http404
    return booking


@require_http_methods(FORM_METHODS)
@person_required
def booking_seats(request: HttpRequest, reference: str) -> HttpResponse:
    """The people who ask and who come, each with buttons. Opening the page changes nothing."""
    now, booking = timezone.now(), get_hosted_booking(request, reference)
    if request.method == "POST":
        act_for_host(request, booking, now)
        return redirect("booking_seats", reference=booking.reference)
    seats = list(booking.seats.live().with_related()[:MAX_GUESTS_SHOWN])
    context = {
        "booking": booking,
        "may_offer": booking.may_offer_seats(now),
        "until": format_day(booking.seats_until) if booking.seats_until and booking.has_open_seats(now) else "",
        "professions": profession_labels(booking),
        "seats": [{"seat": seat, "who": guest_text(seat)} for seat in seats],
    }
    return render(request, "bookings/seats/host.html", context)


def act_for_host(request: HttpRequest, booking: Booking, now: datetime) -> None:
    """Do what the pressed button says; the next page shows the message."""
    by, wanted, key = signed_in_user(request), request.POST.get("do", ""), request.POST.get("seat", "")
    if wanted == "close":
        with refusal_as_warning(request, _("You no longer offer seats. Guests who have a seat keep it.")):
            close_seat_offer(booking, by=by, now=now)
    elif wanted in ("approve", "decline") and re.fullmatch(r"[0-9]{1,9}", key):
        seat = get_object_or_404(booking.seats.select_related("person", "booking"), pk=int(key))
        act, done = {
            "approve": (approve_seat, _("%(name)s has a seat. We have sent an email with the details.")),
            "decline": (decline_seat, _("%(name)s has no seat. We have sent an email to say so.")),
        }[wanted]
        if wanted == "decline" and seat.has_a_seat and booking.team_url:
            link = _("We made a new link for your team, because a guest’s seat was taken back. It is on your booking’s page.")
            done = f"{done} {link} {_('Please share the new one.')}"
        with refusal_as_warning(request, done % {"name": seat.person.name}):
            act(seat, by=by, now=now)


@require_http_methods(FORM_METHODS)
@person_required
def booking_seats_offer(request: HttpRequest, reference: str) -> HttpResponse:
    """How many seats, for which professions, until when: a new offer, or a change."""
    now, booking = timezone.now(), get_hosted_booking(request, reference)
    if not booking.may_offer_seats(now):
        return redirect("booking_seats", reference=booking.reference)
    form = OfferSeatsForm(request.POST if request.method == "POST" else None, booking=booking, now=now)
    if request.method == "POST" and form.is_valid():
        with domain_error_to_form(form):
            offer_seats(booking, by=signed_in_user(request), now=now, **form.cleaned_data)
            messages.success(request, _("Your spare seats are offered. We will email you when somebody asks for one."))
            return redirect("booking_seats", reference=booking.reference)
    return render(request, "bookings/seats/offer.html", {"form": form, "booking": booking})


# For the guest: the seats nearby, and one seat. A seat that is not offered to them is a 404.


@require_safe
@person_required
def seats(request: HttpRequest) -> HttpResponse:
    found = [seat_offer(booking) for booking in seats_near(signed_in_person(request), timezone.now())[:MAX_NEAR_SEATS]]
    return render(request, "bookings/seats/near.html", {"shown": found, "miles": MAX_NEAR_MILES})


def own_seat(request: HttpRequest, reference: str) -> Seat | None:
    return signed_in_person(request).seats.with_booking().filter(booking__reference=reference).first()


@require_http_methods(FORM_METHODS)
@person_required
def seat(request: HttpRequest, reference: str) -> HttpResponse:
    """An offer, with the form that asks for a seat; or how one's own seat stands, with the button that gives it up."""
    now, seat = timezone.now(), own_seat(request, reference)
    if seat is not None and seat.is_live:
        return own_seat_page(request, seat, now)
    booking = seats_near(signed_in_person(request), now).filter(reference=reference).first()
    if booking is not None:
        return ask_page(request, booking, seat, now)
    if seat is None:
        raise Http404
    return own_seat_page(request, seat, now)


def own_seat_page(request: HttpRequest, seat: Seat, now: datetime) -> HttpResponse:
    booking = seat.booking
    to_come = booking.may_offer_seats(now)
    if request.method == "POST":
        if request.POST.get("do") == "give-up":
            with refusal_as_warning(request, _("Thank you. Somebody else can have the seat now.")):
                give_up_seat(seat, by=signed_in_user(request), now=now)
        return redirect("seat", reference=booking.reference)
    context = {
        "seat": seat,
        "booking": booking,
        "rows": approved_seat_rows(booking) if seat.has_a_seat and to_come else offer_rows(booking),
        "to_come": to_come,
    }
    return render(request, "bookings/seats/mine.html", context)


def ask_page(request: HttpRequest, booking: Booking, seat: Seat | None, now: datetime) -> HttpResponse:
    typed = {"access_needs": seat.access_needs} if seat else {}
    form = AskForSeatForm(request.POST if request.method == "POST" else None, initial=typed)
    rows = [*offer_rows(booking), summary_row(_("Seats left"), str(booking.seats_left))]
    context = {"booking": booking, "form": form, "rows": rows}
    if request.method != "POST" or not form.is_valid():
        return render(request, "bookings/seats/ask.html", context)
    if stop := check_throttles(request, LimitedActivity.PLACE, [client_throttle(request, "seat", *SEAT_RATE_LIMIT)], now):
        form.add_error(None, stop.sentence(now))
        response = render(request, "bookings/seats/ask.html", context, status=429)
        response.headers["Retry-After"] = str(stop.seconds(now))
        return response
    try:
        needs = form.cleaned_data["access_needs"]
        ask_for_seat(booking=booking, person=signed_in_person(request), access_needs=needs, by=signed_in_user(request), now=now)
    except DomainError as refusal:
        messages.warning(request, str(refusal.message))
        return redirect("seats")
    messages.success(request, _("We have told the host. We will email you as soon as they answer."))
    return redirect("seat", reference=booking.reference)


@require_safe
@person_required
def seat_calendar(request: HttpRequest, reference: str) -> HttpResponse:
    seat = own_seat(request, reference)
    if seat is None or not seat.has_a_seat or not seat.booking.may_offer_seats(timezone.now()):
        raise Http404
    return ical.calendar_response(ical.seat_calendar(seat, "PUBLISH", now=timezone.now()), reference)
