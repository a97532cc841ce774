"""The professional answers what staff offered, on one page: takes a time, asks for others, or withdraws. GET changes nothing."""

from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import date_words
from bookings.models import Booking, OptionState, State
from bookings.request_forms import OTHERS, WITHDRAW, AnswerForm
from bookings.services.answering import OfferGone, ask_for_others, take_offer
from bookings.services.errors import MoveRefused, SlotTaken
from bookings.services.moving import cancel
from bookings.views.flow import FORM_METHODS
from bookings.views.mine import own_booking
from professionals.person_access import person_required


@require_http_methods(FORM_METHODS)
@person_required
def booking_answer(request: HttpRequest, reference: str) -> HttpResponse:
    now, booking = timezone.now(), own_booking(request, reference)
    offered = list(booking.options.proposed())
    if booking.state != State.REQUESTED or not offered or offered[-1].state == OptionState.PASSED:
        return answered_before(request, booking)
    kept = date_words.offers([option for option in offered if option.is_kept(now)])
    form = AnswerForm(request.POST if request.method == "POST" else None, offers=kept)
    if request.method == "POST" and form.is_valid():
        return answer(request, booking, form, now)
    context = {
        "booking": booking,
        "form": form,
        "until": date_words.kept_till(kept),
        "lapsed": not kept,
        "gone_rows": date_words.gone_rows(offered, now),
    }
    return render(request, "bookings/answer.html", context)


def answered_before(request: HttpRequest, booking: Booking) -> HttpResponse:
    """A link of an older email, or the same page sent twice: what stands now is on the booking's own page."""
    if booking.state == State.CONFIRMED:
        messages.info(request, _("This presentation is booked: there is nothing left to choose."))
    else:
        messages.info(request, _("There is nothing to choose at the moment. What happens next stands below."))
    return redirect("booking", reference=booking.reference)


def answer(request: HttpRequest, booking: Booking, form: AnswerForm, now: datetime) -> HttpResponse:
    try:
        messages.success(request, done(request, booking, form, now))
    except (MoveRefused, OfferGone, SlotTaken) as refusal:
        messages.warning(request, refusal.message)
        return redirect("booking_answer" if isinstance(refusal, OfferGone) else "booking", reference=booking.reference)
    return redirect("booking", reference=booking.reference)


def done(request: HttpRequest, booking: Booking, form: AnswerForm, now: datetime) -> str:
    """Do what they chose, and say it."""
    by, typed = request.user, form.cleaned_data
    if typed["answer"] == OTHERS:
        ask_for_others(booking=booking, words=typed["words"], by=by, now=now, flagged=form.flagged)  # type: ignore[arg-type]
        return _("Thank you. We look for other times and write to you.")
    if typed["answer"] == WITHDRAW:
        cancel(booking=booking, by=by, now=now, reason=typed["why"], flagged=form.flagged)  # type: ignore[arg-type]
        return _("Your request is withdrawn. We have sent you an email.")
    option = form.taken
    if option is None:
        raise OfferGone
    take_offer(booking=booking, option=option, by=by, now=now)  # type: ignore[arg-type]
    return _("Your presentation is booked. We have sent you an email with all of it.")
