"""What can be booked; a booking, for its owner; and the answer to times that staff offered."""

from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import text as bookings_text
from bookings.booking.forms import OTHERS, WITHDRAW, AnswerForm, CancelForm
from bookings.booking.services.decide import OfferGone, ask_for_others, take_offer
from bookings.booking.services.transitions import cancel_booking, gets_reminders
from bookings.calendars import ical
from bookings.errors import MoveRefused, SlotTaken, TooLate
from bookings.feedback.queries import feedback_panel_for_host
from bookings.models import Booking, OpenSession, OptionKind, OptionState, Presentation, State
from bookings.seats.queries import seats_near_you
from ctac.forms import FORM_METHODS
from guidance.contacts.queries import who_to_tell
from professionals.access import person_in, person_required, the_person


@require_safe
def presentations(request: HttpRequest) -> HttpResponse:
    near = seats_near_you(person_in(request), timezone.now())
    return render(request, "bookings/booking/presentations.html", {"presentations": Presentation.objects.offered(), **near})


@require_safe
def presentation(request: HttpRequest, slug: str) -> HttpResponse:
    presentation = get_object_or_404(Presentation.objects.offered(), slug=slug)
    has_sessions = OpenSession.objects.to_come(timezone.now()).filter(presentation=presentation).exists()
    return render(request, "bookings/booking/presentation.html", {"presentation": presentation, "has_sessions": has_sessions})


# For its owner; anybody else's is not found.

HAS_CALENDAR_ENTRY = (State.CONFIRMED, State.DELIVERED)


def own_booking(request: HttpRequest, reference: str) -> Booking:
    mine = the_person(request).bookings.with_names().with_leaflets().with_afterwards()
    return get_object_or_404(mine, reference=reference)


def may_book_again(booking: Booking, now: datetime) -> bool:
    """It is done with and still offered, and we have what it asked for."""
    known = booking.anonymised_at is None and not booking.is_imported
    return booking.is_done_with(now) and known and booking.presentation.active


def page_context(request: HttpRequest, booking: Booking) -> dict[str, object]:
    return {
        "booking": booking,
        # Its reference stands at the top of each page.
        "facts": [*bookings_text.facts(booking, with_reference=False), *bookings_text.leaflet_rows_for_host(booking)],
        "leaflets_order": bookings_text.live_order(booking),
        "leaflets_are_short": bookings_text.leaflets_are_short(booking),
        "has_calendar": booking.state in HAS_CALENDAR_ENTRY and booking.agreed[1] > timezone.now(),
        "may_change": booking.may_still_change(timezone.now()),
        "until": booking.changeable_until,
        "may_cancel": booking.can_become(State.CANCELLED) and (booking.starts_at is None or booking.starts_at > timezone.now()),
    }


def dates_context(booking: Booking, now: datetime) -> dict[str, object]:
    """Of a request without a time: the dates that were asked for and, while they may be answered, those that we offer."""
    if booking.has_time:
        return {}
    options = list(booking.options.all())
    for option in options:
        option.booking = booking
    proposed = [option for option in options if option.kind == OptionKind.PROPOSED]
    offered = bookings_text.open_offers([option for option in proposed if option.is_kept(now)])
    return {
        "date_rows": bookings_text.date_rows(options, now),
        "offered": [option.when for option in offered],
        "offered_until": bookings_text.offers_kept_until(offered),
        "offers_gone": bookings_text.lapsed_offer_rows(proposed, now) if booking.state == State.REQUESTED and not offered else [],
    }


@require_safe
@person_required
def booking(request: HttpRequest, reference: str) -> HttpResponse:
    booking = own_booking(request, reference)
    more = {
        "facts": [*bookings_text.facts_without_title(booking), *bookings_text.leaflet_rows_for_host(booking)],
        **dates_context(booking, timezone.now()),
        "details": bookings_text.details_rows(booking),
        "history": bookings_text.history(booking, request.user.pk),
        "after": feedback_panel_for_host(booking, timezone.now()),
        "who": who_to_tell(booking.contacts_postcode),
        "may_book_again": may_book_again(booking, timezone.now()),
        "may_offer_seats": booking.may_offer_seats(timezone.now()),
    }
    return render(request, "bookings/booking/booking.html", {**page_context(request, booking), **more})


@require_safe
@person_required
def booking_placed(request: HttpRequest, reference: str) -> HttpResponse:
    """The confirmation: what people print and put on the wall, while there is something to come."""
    booking = own_booking(request, reference)
    if not booking.is_open:
        return redirect(booking)
    facts = [*bookings_text.facts_to_print(booking), *bookings_text.leaflet_rows_for_host(booking)]
    is_reminded = not booking.has_time or booking.reminder_due_at > timezone.now()
    stopped = is_reminded and not gets_reminders(booking.person)
    steps = bookings_text.next_steps(booking, timezone.now(), reminds=not stopped)
    more = {
        "next_steps": steps,
        "stopped_reminders": stopped,
        "facts": facts,
        "who": who_to_tell(booking.contacts_postcode),
        **dates_context(booking, timezone.now()),
    }
    return render(request, "bookings/booking/placed.html", {**page_context(request, booking), **more})


@require_safe
@person_required
def booking_calendar(request: HttpRequest, reference: str) -> HttpResponse:
    booking = own_booking(request, reference)
    if booking.state not in HAS_CALENDAR_ENTRY:
        raise Http404
    response = HttpResponse(
        ical.booking_calendar(booking, "PUBLISH", now=timezone.now()), content_type="text/calendar; charset=utf-8"
    )
    response.headers["Content-Disposition"] = f'attachment; filename="{booking.reference}.ics"'
    return response


@require_http_methods(FORM_METHODS)
@person_required
def booking_cancel(request: HttpRequest, reference: str) -> HttpResponse:
    now, booking = timezone.now(), own_booking(request, reference)
    form = CancelForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        withdrawn = _("Your request is withdrawn. We have sent you an email.")
        done = withdrawn if booking.state == State.REQUESTED else _("This booking is cancelled. We have sent you an email.")
        try:
            cancel_booking(booking=booking, by=request.user, now=now, reason=form.cleaned_data["reason"], flagged=form.flagged)  # type: ignore[arg-type]
        except (MoveRefused, TooLate) as refusal:
            messages.warning(request, refusal.message)
        else:
            messages.success(request, done)
        return redirect("booking", reference=booking.reference)
    return render(request, "bookings/booking/cancel.html", {"form": form, **page_context(request, booking)})


@require_http_methods(FORM_METHODS)
@person_required
def booking_answer(request: HttpRequest, reference: str) -> HttpResponse:
    """The professional answers what staff offered: takes a time, asks for others, or withdraws."""
    now, booking = timezone.now(), own_booking(request, reference)
    offered = list(booking.options.proposed())
    if booking.state != State.REQUESTED or not offered or offered[-1].state == OptionState.PASSED:
        # A link of an older email, or the same page sent twice: what stands now is on the booking's own page.
        if booking.state == State.CONFIRMED:
            messages.info(request, _("This presentation is booked, so there is nothing left to choose."))
        else:
            messages.info(request, _("There is nothing to choose at the moment. This page says what happens next."))
        return redirect("booking", reference=booking.reference)
    offers = bookings_text.open_offers([option for option in offered if option.is_kept(now)])
    form = AnswerForm(request.POST if request.method == "POST" else None, offers=offers)
    if request.method == "POST" and form.is_valid():
        try:
            messages.success(request, answer_offer(request, booking, form, now))
        except (MoveRefused, OfferGone, SlotTaken) as refusal:
            messages.warning(request, refusal.message)
            return redirect("booking_answer" if isinstance(refusal, OfferGone) else "booking", reference=booking.reference)
        return redirect("booking", reference=booking.reference)
    context = {
        "booking": booking,
        "form": form,
        "until": bookings_text.offers_kept_until(offers),
        "lapsed": not offers,
        "gone_rows": bookings_text.lapsed_offer_rows(offered, now),
    }
    return render(request, "bookings/booking/answer.html", context)


def answer_offer(request: HttpRequest, booking: Booking, form: AnswerForm, now: datetime) -> str:
    """Gives the sentence that says what was done."""
    by, typed = request.user, form.cleaned_data
    if typed["answer"] == OTHERS:
        ask_for_others(booking=booking, words=typed["words"], by=by, now=now, flagged=form.flagged)  # type: ignore[arg-type]
        return _("Thank you. We will look for other times and email you.")
    if typed["answer"] == WITHDRAW:
        cancel_booking(booking=booking, by=by, now=now, reason=typed["why"], flagged=form.flagged)  # type: ignore[arg-type]
        return _("Your request is withdrawn. We have sent you an email.")
    option = form.offers.get(typed["answer"])
    if option is None:
        raise OfferGone
    take_offer(booking=booking, option=option, by=by, now=now)  # type: ignore[arg-type]
    return _("Your presentation is booked. We have sent you an email with the details.")
