"""Staff decide on a request: agree on a time, or offer up to three. One screen each."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import date_words, rules
from bookings.admin.choices import PresenterChoice
from bookings.admin.requests import Could, candidate_line, looked_at, nearest_free
from bookings.diary import Slot
from bookings.forms import slot_value, to_start
from bookings.models import Booking, Precision, Presenter, State
from bookings.services import OutsideRules, agree_time, offer_times
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.uk import format_clock, format_day, format_span, uk_day
from professionals.safeguarding import StaffForm

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin

OTHER = "other"
TIMES = range(1, rules.DATES_A_REQUEST + 1)


class DecidingForm(StaffForm):
    """Who, and why outside the rules: what both screens end with."""

    free_text_fields = ("override_reason",)

    presenter = PresenterChoice(
        label=gettext_lazy("Presenter"),
        queryset=Presenter.objects.active(),
        required=False,
        empty_label=gettext_lazy("Whoever is best placed"),
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why outside the rules"),
        max_length=300,
        required=False,
        help_text=gettext_lazy("Only needed outside a presenter’s hours or area. It is kept with the request."),
    )

    def _typed_start(self, day: Any, clock: Any, names: tuple[str, str]) -> datetime | None:
        if day is None or clock is None:
            missing = _("Enter the day.") if day is None else _("Enter the time it starts.")
            self.add_error(names[0] if day is None else names[1], missing)
            return None
        try:
            return uk_moment(day, clock)
        except ValidationError as error:
            self.add_error(names[1], error)
            return None


class AgreeForm(DecidingForm):
    """One of the dates of the request, or any other time."""

    start = forms.ChoiceField(
        label=gettext_lazy("Which time?"),
        widget=forms.RadioSelect,
        error_messages={
            "required": gettext_lazy("Choose a time."),
            "invalid_choice": gettext_lazy("That time has gone. Choose another."),
        },
    )
    day = DayField(label=gettext_lazy("Day"), validators=[near_today], required=False)
    clock = ClockField(label=gettext_lazy("Starts at"), required=False)

    conditional = {"day": ("start", OTHER), "clock": ("start", OTHER)}
    field_order = ["start", "day", "clock", "presenter", "override_reason"]

    def __init__(self, *args: Any, found: Sequence[Could], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        ready = [each for each in found if each.start is not None]
        self.option_hints = {"start": {slot_value(each.start): hint(each) for each in ready if each.start}}
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [
            *{slot_value(each.start): label(each) for each in ready if each.start}.items(),
            (OTHER, _("Another time")),
        ]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        day, clock = cleaned.pop("day", None), cleaned.pop("clock", None)
        chosen = cleaned.get("start")
        if chosen == OTHER and not self.errors:
            cleaned["start"] = self._typed_start(day, clock, ("day", "clock"))
        elif chosen:
            cleaned["start"] = to_start(chosen) if chosen != OTHER else None
        return cleaned


def label(each: Could) -> str:
    if each.option.precision == Precision.TIME or each.start is None:
        return each.option.when
    return format_span(each.start, each.start + each.option.booking.presentation.length)


def hint(each: Could) -> str:
    now = timezone.now()
    kept = date_words.kept_till([each.option]) if each.option.is_kept(now) else ""
    best = candidate_line(each.candidates[0])
    return _("%(best)s Kept until %(until)s.") % {"best": best, "until": kept} if kept else best


class OfferForm(DecidingForm):
    """Up to three times, each from those that are free or any other. `cleaned_data["starts"]` is what they come to."""

    start_1, start_2, start_3 = (forms.ChoiceField(label=gettext_lazy("A free time"), required=False) for _each in TIMES)
    day_1, day_2, day_3 = (
        DayField(label=gettext_lazy("Or another day"), validators=[near_today], required=False) for _each in TIMES
    )
    clock_1, clock_2, clock_3 = (ClockField(label=gettext_lazy("Starts at"), required=False) for _each in TIMES)

    fieldsets = {
        gettext_lazy("First time"): ("start_1", "day_1", "clock_1"),
        gettext_lazy("Second time (optional)"): ("start_2", "day_2", "clock_2"),
        gettext_lazy("Third time (optional)"): ("start_3", "day_3", "clock_3"),
    }
    field_order = [
        *(f"{what}_{number}" for number in TIMES for what in ("start", "day", "clock")),
        "presenter",
        "override_reason",
    ]

    def __init__(self, *args: Any, slots: Sequence[Slot], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        days = sorted({uk_day(slot.start) for slot in slots})
        groups = [(format_day(day), [choice_of(slot) for slot in slots if uk_day(slot.start) == day]) for day in days]
        for number in TIMES:
            choice = self.fields[f"start_{number}"]
            assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
            choice.choices = [("", _("Choose a time")), *groups]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.errors:
            return cleaned
        starts = [self._start(number, cleaned) for number in TIMES]
        for number, start in zip(TIMES, starts, strict=True):
            if start and start in starts[: number - 1]:
                self.add_error(f"start_{number}", _("This time stands above already. Change it, or leave it empty."))
        cleaned["starts"] = [start for start in starts if start]
        if not cleaned["starts"] and not self.errors:
            self.add_error("start_1", _("Choose at least one time to offer."))
        return cleaned

    def _start(self, number: int, cleaned: dict[str, Any]) -> datetime | None:
        chosen, day, clock = (cleaned.pop(f"{what}_{number}", None) for what in ("start", "day", "clock"))
        if chosen and (day or clock):
            self.add_error(f"start_{number}", _("Choose a free time or enter another day and time, not both."))
            return None
        if chosen:
            return to_start(chosen)
        if day is None and clock is None:
            return None
        return self._typed_start(day, clock, (f"day_{number}", f"clock_{number}"))


def choice_of(slot: Slot) -> tuple[str, str]:
    clocks = {"day": format_day(slot.start), "start": format_clock(slot.start), "end": format_clock(slot.end)}
    return slot_value(slot.start), _("%(day)s, %(start)s to %(end)s") % clocks


def agree_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now = timezone.now()
    _options, found = looked_at(booking, now)
    form = AgreeForm(request.POST if request.method == "POST" else None, found=found)
    if form.is_valid() and done(form, lambda asked: agree_time(booking=booking, by=request.user, now=now, **asked)):  # type: ignore[arg-type]
        return said(request, booking, action)
    return decide_page(admin, request, booking, action, form)


def offer_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now = timezone.now()
    options, _found = looked_at(booking, now)
    form = OfferForm(request.POST if request.method == "POST" else None, slots=nearest_free(booking, options, now))
    if form.is_valid() and done(form, lambda asked: offer_times(booking=booking, by=request.user, now=now, **asked)):  # type: ignore[arg-type]
        return said(request, booking, action)
    return decide_page(admin, request, booking, action, form)


def done(form: DecidingForm, decide: Any) -> bool:
    """Whether it was done; a refusal becomes an error of the form."""
    try:
        decide(form.cleaned_data)
    except DomainError as refusal:
        form.add_error("override_reason" if isinstance(refusal, OutsideRules) else None, str(refusal.message))
        return False
    return True


def said(request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    messages.success(request, str(action.done))
    return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))


def decide_page(
    admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction, form: DecidingForm
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
OFFER = ObjectAction(
    "offer",
    gettext_lazy("Offer other times"),
    page=offer_page,
    available=may_be_decided,
    explanation=gettext_lazy(
        "All of them are kept until 5pm on the second working day from now. The professional gets an email with a link, and "
        "chooses one, asks for others or withdraws. What was asked for or offered before is free again."
    ),
    done=gettext_lazy("The times are offered and kept. The professional gets an email with a link to choose one."),
)
