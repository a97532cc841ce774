"""Staff decide on a request: agree on a time. (Offering others: bookings.admin.offering.)"""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import date_words
from bookings.admin.choices import reason_to_yield
from bookings.admin.requests import Could, candidate_line, looked_at
from bookings.admin.time_forms import OTHER, OneTimeForm, TimeForm, start_or_other
from bookings.models import Booking, Precision, State
from bookings.services.deciding import agree_time
from bookings.services.errors import OutsideRules, SlotTaken
from bookings.slot_forms import slot_value
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from ctac.uk import format_span

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin

# Short notice is nobody’s reason once staff decide on a request.
REASON_HINT = gettext_lazy("Only needed outside a presenter’s hours or area. It is kept with the request.")


class AgreeForm(OneTimeForm):
    """One of the dates of the request, or any other time."""

    start = forms.TypedChoiceField(
        label=gettext_lazy("Which time?"),
        widget=forms.RadioSelect,
        coerce=start_or_other,
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid_choice": gettext_lazy("That time has gone. Choose another."),
        },
    )
    override_reason = reason_to_yield(REASON_HINT)

    field_order = ("start", "day", "clock", "presenter", "override_reason")

    def __init__(self, *args: Any, found: Sequence[Could], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ready = [each for each in found if each.start is not None]
        self.option_hints = {"start": {slot_value(each.start): hint(each) for each in ready if each.start}}  # type: ignore[misc]
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [
            *{slot_value(each.start): label(each) for each in ready if each.start}.items(),
            (OTHER, _("Another time")),
        ]


def label(each: Could) -> str:
    if each.option.precision == Precision.TIME or each.start is None:
        return each.option.when
    return format_span(each.start, each.start + each.option.booking.presentation.length)


def hint(each: Could) -> str:
    now = timezone.now()
    kept = date_words.kept_till([each.option]) if each.option.is_kept(now) else ""
    best = candidate_line(each.candidates[0])
    return _("%(best)s Kept until %(until)s.") % {"best": best, "until": kept} if kept else best


def agree_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now = timezone.now()
    _options, found = looked_at(booking, now)
    form = AgreeForm(request.POST if request.method == "POST" else None, found=found)
    if form.is_valid() and not refused(form, lambda asked: agree_time(booking=booking, by=request.user, now=now, **asked)):  # type: ignore[arg-type]
        return said(request, booking, action)
    return decide_page(admin, request, booking, action, form)


def refused(form: TimeForm, decide: Callable[[dict[str, Any]], object]) -> bool:
    """Whether the service said no, which becomes an error of the form."""
    try:
        decide(form.cleaned_data)
    except SlotTaken as refusal:
        form.add_error(form.beside_time, str(refusal.message))
    except DomainError as refusal:
        form.add_error("override_reason" if isinstance(refusal, OutsideRules) else None, str(refusal.message))
    else:
        return False
    return True


def said(request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    messages.success(request, str(action.done))
    return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))


def decide_page(
    admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction, form: TimeForm
) -> HttpResponse:
    change_url = reverse("staff:bookings_booking_change", args=[booking.pk])
    about = admin.about_action(request, action, booking, change_url)
    return TemplateResponse(request, "admin/object_action.html", {**about, "form": form})


def may_be_decided(booking: Booking) -> bool:
    return booking.state == State.REQUESTED


AGREE = ObjectAction(
    "agree",
    gettext_lazy("Agree on a time"),
    page=agree_page,
    available=lambda booking: may_be_decided(booking) and not booking.has_time,
    explanation=gettext_lazy(
        "It is confirmed at once, and what else was kept for it is free again. The professional and the presenter get an email."
    ),
    done=gettext_lazy("The time is agreed and the booking confirmed. The professional and the presenter get an email."),
    weight="main",
)
