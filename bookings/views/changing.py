"""Changing a booking, for its owner: its time, or what they told us about the day. Anybody else's is not found."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from bookings import words
from bookings.cutoff import may_change, until
from bookings.forms import DetailsForm
from bookings.models import Booking
from bookings.services.changing import change_details
from bookings.services.errors import AnotherAudience, MoveRefused, NothingChanged, Stale, TooLateToChange
from bookings.services.placing import Details
from bookings.throttles import too_many_changes
from bookings.views.flow import FORM_METHODS
from bookings.views.mine import own_booking
from bookings.views.moving import Way, check_time, choose_time
from professionals import drafts
from professionals.access import signed_in
from professionals.models import Draft, DraftKind
from professionals.person_access import person_in, person_required

STEP = "change"
OWN_FIELDS = {"reference", "version"}


@require_http_methods(FORM_METHODS)
@person_required
def booking_time(request: HttpRequest, reference: str) -> HttpResponse:
    return choose_time(request, way_of(request, reference), timezone.now())


@require_http_methods(FORM_METHODS)
@person_required
def booking_time_check(request: HttpRequest, reference: str) -> HttpResponse:
    return check_time(request, way_of(request, reference), timezone.now())


def way_of(request: HttpRequest, reference: str) -> Way:
    back, time, check = (reverse(name, args=[reference]) for name in ("booking", "booking_time", "booking_time_check"))
    return Way(own_booking(request, reference), signed_in(request), back, time, check)


# The details


@require_http_methods(FORM_METHODS)
def booking_details(request: HttpRequest, reference: str) -> HttpResponse:
    """What is typed is kept before anybody is asked to sign in: a session may have run out meanwhile."""
    now = timezone.now()
    unknown = request.user.is_authenticated and not person_in(request)
    if request.method != "POST" or unknown:
        return details_asked(request, reference)
    found = own_booking(request, reference) if person_in(request) else None
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return details_page(request, reference, found, form, version=request.POST.get("version", ""))
    keep(request, reference, form, now)
    return redirect("booking_details_check", reference=reference)


@person_required
def details_asked(request: HttpRequest, reference: str) -> HttpResponse:
    found = own_booking(request, reference)
    typed = kept(request, reference, timezone.now())
    form = DetailsForm(initial=typed.answers if typed else told(found))
    too_late = words.differences(found, typed.details) if typed else []
    return details_page(request, reference, found, form, version=typed.version if typed else found.version, too_late=too_late)


def details_page(
    request: HttpRequest,
    reference: str,
    booking: Booking | None,
    form: DetailsForm,
    *,
    version: str,
    too_late: Sequence[words.Row] = (),
) -> HttpResponse:
    """Without a booking where the session ran out: then the page says nothing of it, and keeps what was typed.

    `too_late`: what was typed, to be read out on the phone if the cut-off has passed meanwhile.
    """
    may = booking is None or may_change(booking, timezone.now())
    context = {"form": form, "booking": booking, "reference": reference, "version": version, "may_change": may}
    context["until"] = until(booking) if booking else ""
    rows = [] if may else too_late
    return render(request, "bookings/details_change.html", {**context, "rows": rows})


@dataclass(frozen=True)
class Kept:
    """What was typed about this booking, and the version of it that the form was filled in from."""

    draft: Draft
    version: str
    answers: dict[str, Any]

    @property
    def details(self) -> Details:
        return Details(**self.answers)


def keep(request: HttpRequest, reference: str, form: DetailsForm, now: datetime) -> None:
    typed = {field.name: form.cleaned_data[field.name] for field in fields(Details) if field.name in form.cleaned_data}
    answer = {"reference": reference, "version": request.POST.get("version", ""), **typed, "flagged": form.flagged}
    drafts.save_step(drafts.find_or_start(request, DraftKind.CHANGE, now), STEP, answer, now)


def kept(request: HttpRequest, reference: str, now: datetime) -> Kept | None:
    """None if nothing is kept, or what is kept is about another booking."""
    draft = drafts.find(request, DraftKind.CHANGE, now)
    answer: dict[str, Any] = draft.answers.get(STEP, {}) if draft else {}
    if draft is None or answer.get("reference") != reference:
        return None
    return Kept(draft, answer["version"], {name: value for name, value in answer.items() if name not in OWN_FIELDS})


def told(booking: Booking) -> dict[str, Any]:
    """What we have, as the form asks it."""
    return {field.name: getattr(booking, field.name) for field in fields(Details) if hasattr(booking, field.name)}


@require_http_methods(FORM_METHODS)
@person_required
def booking_details_check(request: HttpRequest, reference: str) -> HttpResponse:
    now, found = timezone.now(), own_booking(request, reference)
    typed = kept(request, reference, now)
    if typed is None:
        messages.info(request, _("There is nothing to check. This is how your booking stands."))
        return redirect(found)
    if request.method == "POST":
        return change(request, found, typed, now)
    if not may_change(found, now):
        return redirect("booking_details", reference=reference)
    return details_check_page(request, found, typed, warned=typed.version != found.version)


def change(request: HttpRequest, booking: Booking, typed: Kept, now: datetime) -> HttpResponse:
    """The version is that of the check page: whoever pressed its button has seen how it stands."""
    if stop := too_many_changes(request, booking, now):
        messages.warning(request, stop.sentence(now))
        return redirect("booking_details_check", reference=booking.reference)
    try:
        expected = request.POST.get("version", "")
        change_details(booking=booking, details=typed.details, expected=expected, by=signed_in(request), now=now)
    except Stale:
        fresh = own_booking(request, booking.reference)
        if told(fresh) != told_by(typed):
            return details_check_page(request, fresh, typed, warned=True)
    except AnotherAudience as refusal:
        messages.warning(request, refusal.message)
        return redirect("booking_details", reference=booking.reference)  # with all that was typed
    except NothingChanged as refusal:
        messages.info(request, refusal.message)
    except (MoveRefused, TooLateToChange) as refusal:
        messages.warning(request, refusal.message)
        return redirect(booking)
    else:
        messages.success(request, _("Your changes are stored. We have sent you an email."))
    drafts.finish(typed.draft)
    return redirect(booking)


def told_by(typed: Kept) -> dict[str, Any]:
    return {name: value for name, value in typed.answers.items() if name != "flagged"}


def details_check_page(request: HttpRequest, booking: Booking, typed: Kept, *, warned: bool) -> HttpResponse:
    rows = words.differences(booking, typed.details)
    context = {"booking": booking, "rows": rows, "version": booking.version, "warned": warned}
    return render(request, "bookings/details_change_check.html", context)
