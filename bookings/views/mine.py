"""A booking, for its owner; anybody else's is not found."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import date_words, ical, leaflet_words, words
from bookings.after_words import after_for_host
from bookings.cutoff import may_change, until
from bookings.forms import CancelForm
from bookings.models import Booking, DateOption, OptionKind, State
from bookings.services.errors import MoveRefused, TooLate
from bookings.services.moving import cancel
from bookings.services.reminding import gets_reminders
from bookings.views.flow import FORM_METHODS
from professionals.person_access import person_required, the_person

HAS_CALENDAR_ENTRY = (State.CONFIRMED, State.DELIVERED)


def own_booking(request: HttpRequest, reference: str) -> Booking:
    mine = the_person(request).bookings.with_names().with_leaflets().with_afterwards()
    return get_object_or_404(mine, reference=reference)


def about(request: HttpRequest, booking: Booking) -> dict[str, object]:
    return {
        "booking": booking,
        # Its reference stands at the top of each page.
        "facts": [*words.facts(booking, with_reference=False), *leaflet_words.for_the_host(booking)],
        "leaflets_order": leaflet_words.live_order(booking),
        "leaflets_are_short": leaflet_words.is_short(booking),
        "has_calendar": booking.state in HAS_CALENDAR_ENTRY and booking.agreed[1] > timezone.now(),
        "may_change": may_change(booking, timezone.now()),
        "until": until(booking),
        "may_cancel": booking.can_become(State.CANCELLED) and (booking.starts_at is None or booking.starts_at > timezone.now()),
    }


def dates_of(booking: Booking) -> list[DateOption]:
    options = list(booking.options.all())
    for option in options:
        option.booking = booking
    return options


def dates_in_words(booking: Booking, options: list[DateOption], now: datetime) -> dict[str, object]:
    """The dates that were asked for and, while they may be answered, those that we offer."""
    proposed = [option for option in options if option.kind == OptionKind.PROPOSED]
    offered = date_words.offers([option for option in proposed if option.is_kept(now)])
    return {
        "date_rows": date_words.chosen_rows(options, now),
        "offered": [option.when for option in offered],
        "offered_until": date_words.kept_till(offered),
        "offers_gone": date_words.gone_rows(proposed, now) if booking.state == State.REQUESTED and not offered else [],
    }


@require_safe
@person_required
def booking(request: HttpRequest, reference: str) -> HttpResponse:
    found = own_booking(request, reference)
    more = {
        "facts": [*words.facts_under_its_title(found), *leaflet_words.for_the_host(found)],
        **({} if found.has_time else dates_in_words(found, dates_of(found), timezone.now())),
        "details": words.details(found),
        "history": words.history(found, request.user.pk),
        "after": after_for_host(found, timezone.now()),
    }
    return render(request, "bookings/booking.html", {**about(request, found), **more})


@require_safe
@person_required
def booking_placed(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation: what people print and put on the wall, while there is something to come."""
    found = own_booking(request, reference)
    if not found.is_open:
        return redirect(found)
    dates = {} if found.has_time else dates_in_words(found, dates_of(found), timezone.now())
    facts = [*words.for_the_wall(found), *leaflet_words.for_the_host(found)]
    stopped = words.has_reminder_ahead(found, timezone.now()) and not gets_reminders(found.person)
    steps = words.next_steps(found, timezone.now(), reminds=not stopped)
    more = {"next_steps": steps, "stopped_reminders": stopped, "facts": facts, **dates}
    return render(request, "bookings/placed.html", {**about(request, found), **more})


@require_safe
@person_required
def booking_calendar(request: HttpRequest, reference: str) -> HttpResponse:
    found = own_booking(request, reference)
    if found.state not in HAS_CALENDAR_ENTRY:
        raise Http404
    response = HttpResponse(ical.calendar(found, "PUBLISH", now=timezone.now()), content_type="text/calendar; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="{found.reference}.ics"'
    return response


@require_http_methods(FORM_METHODS)
@person_required
def booking_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    now, found = timezone.now(), own_booking(request, reference)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            cancel(booking=found, by=request.user, now=now, reason=form.cleaned_data["reason"], flagged=form.flagged)  # type: ignore[arg-type]
        except (MoveRefused, TooLate) as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, _("This booking is cancelled. We have sent you an email."))
        return redirect("booking", reference=found.reference)
    return render(request, "bookings/cancel.html", {"form": form, **about(request, found)})
