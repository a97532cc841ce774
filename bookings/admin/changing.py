"""Staff move a booking, or change its details: one screen each, with what the public may not do for a reason."""

from collections.abc import Iterable
from datetime import date, datetime
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

from bookings import picking
from bookings.admin.choices import PresenterChoice
from bookings.diary import Slot
from bookings.forms import DetailsForm, SlotField, WhenForm, WhereForm, slot_value, to_start
from bookings.models import Booking, Format, Presenter
from bookings.places import PlaceUnknown, find_place
from bookings.services import Address, Details, OutsideRules, SlotTaken, Stale, change_details, reschedule
from bookings.views.moving import Way, around
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.uk import format_clock, format_day, format_span, tidy_postcode
from professionals.safeguarding import StaffForm

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin

REASON_HELP = gettext_lazy(
    "Only needed for short notice, or outside a presenter’s hours or area. It is kept with the booking. "
    "Nobody can be in two places."
)


class MoveForm(StaffForm, WhenForm):
    """One of the times that the public could have, or any other; nobody chosen as presenter means: the same if possible."""

    free_text_fields = ("override_reason",)

    start = SlotField(label=gettext_lazy("A free time of this week"), coerce=to_start, required=False, empty_value=None)
    day = DayField(label=gettext_lazy("Or another day"), validators=[near_today], required=False)
    clock = ClockField(label=gettext_lazy("Starts at"), required=False)
    presenter = PresenterChoice(
        label=gettext_lazy("Presenter"),
        queryset=Presenter.objects.active(),
        required=False,
        empty_label=gettext_lazy("The same if free then, else whoever is best placed"),
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why outside the rules"), max_length=300, required=False, help_text=REASON_HELP
    )

    def __init__(self, *args: Any, days: Iterable[tuple[date, list[Slot]]], **kwargs: Any) -> None:
        super().__init__(*args, days=(), **kwargs)
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [("", _("Choose a time")), *((format_day(day), times_of(slots)) for day, slots in days)]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        typed = cleaned.get("day") or cleaned.get("clock") is not None
        if cleaned.get("start") and typed:
            self.add_error("start", _("Choose a free time or enter another day and time, not both."))
        elif typed and not self.errors:
            self._take_typed(cleaned)
        elif not cleaned.get("start") and not self.errors:
            self.add_error("start", _("Choose a free time, or enter another day and time."))
        return cleaned

    def _take_typed(self, cleaned: dict[str, Any]) -> None:
        if not cleaned.get("day"):
            self.add_error("day", _("Enter the day."))
        elif cleaned.get("clock") is None:
            self.add_error("clock", _("Enter the time it starts."))
        else:
            try:
                cleaned["start"] = uk_moment(cleaned["day"], cleaned["clock"])
            except ValidationError as error:
                self.add_error("clock", error)


def times_of(slots: Iterable[Slot]) -> list[tuple[str, str]]:
    return [
        (slot_value(slot.start), _("%(start)s to %(end)s") % {"start": format_clock(slot.start), "end": format_clock(slot.end)})
        for slot in slots
    ]


class ChangeForm(DetailsForm):
    """As its owner changes it, and the address of a visit."""

    free_text_fields = (*DetailsForm.free_text_fields, "override_reason")

    address_line_1 = forms.CharField(
        label=gettext_lazy("Address line 1"), max_length=120, error_messages={"required": WhereForm.ADDRESS["address_line_1"]}
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=120, required=False)
    town = forms.CharField(
        label=gettext_lazy("Town or city"), max_length=80, error_messages={"required": WhereForm.ADDRESS["town"]}
    )
    postcode = forms.CharField(
        label=gettext_lazy("Postcode"),
        max_length=12,
        help_text=gettext_lazy("At another postcode the presenter must still be able to get there in time."),
        error_messages={"required": WhereForm.ADDRESS["postcode"]},
    )
    override_reason = forms.CharField(
        label=gettext_lazy("Why outside the rules"),
        max_length=300,
        required=False,
        help_text=gettext_lazy(
            "Only needed if the new address or audience is not one of the presenter’s. It is kept with the booking."
        ),
    )

    def __init__(self, *args: Any, booking: Booking, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if booking.format != Format.WORKPLACE:
            for name in ("address_line_1", "address_line_2", "town", "postcode"):
                del self.fields[name]
        self.fields["audience_size"].label = _("People coming")
        self.fields["contact_name"].label = _("Contact on the day")
        self.fields["notes"].label = _("Anything else the presenter should know?")

    def clean_postcode(self) -> str:
        postcode = tidy_postcode(self.cleaned_data["postcode"])
        try:
            find_place(postcode)
        except PlaceUnknown as unknown:
            raise ValidationError(_("No presenter can go to this postcode. Check it.")) from unknown
        return postcode

    @property
    def address(self) -> Address | None:
        given = self.cleaned_data
        if "postcode" not in given:
            return None
        return Address(given["address_line_1"], given["town"], given["postcode"], given["address_line_2"])

    @property
    def details(self) -> Details:
        given = {name: self.cleaned_data[name] for name in Details.__dataclass_fields__ if name in self.cleaned_data}
        return Details(**given, flagged=self.flagged)


def move_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    way = Way(booking, None, "", "", "")
    typed = request.POST if posted else None
    query = around(booking, request.GET)
    picker = picking.pick(way.wish, query=query, now=now, ignoring=way.ignoring, typed=typed, form_class=MoveForm)
    form, version = picker.form, request.POST.get("version", "") if posted else booking.version
    if posted and form.is_valid():
        asked = {name: form.cleaned_data[name] for name in ("start", "presenter", "override_reason", "flagged")}
        try:
            moved = reschedule(booking=booking, expected=version, by=request.user, now=now, **asked)  # type: ignore[arg-type]
        except SlotTaken:
            form.add_error("clock" if form.cleaned_data["day"] else "start", not_free(way, form, now))
        except DomainError as refusal:
            version = refuse(form, refusal, booking, version)
        else:
            messages.success(
                request, _("It has moved to %(when)s. Everyone who has to know gets an email.") % {"when": moved.when}
            )
            return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    more = {"picker": picker, "form": form, "version": version}
    return action_page(admin, request, booking, action, "bookings/staff/move.html", more)


def refuse(form: forms.Form, refusal: DomainError, booking: Booking, version: str) -> str:
    """Say it; the version that the page carries from now on: what staff have been told of, they may press again."""
    if not isinstance(refusal, Stale):
        form.add_error("override_reason" if isinstance(refusal, OutsideRules) else None, str(refusal.message))
        return version
    booking.refresh_from_db()
    form.add_error(
        None, _("This booking was changed meanwhile. It stands above as it is now. Check it and press the button again.")
    )
    return booking.version


def not_free(way: Way, form: forms.Form, now: datetime) -> str:
    """Nobody, or whom they named, is free then; when the public could have it, the nearest first."""
    diary = picking.open_horizon(way.wish, now, way.ignoring)
    slots = diary.nearest(form.cleaned_data["start"], 3)
    who = form.cleaned_data["presenter"]
    said = (
        _("%(name)s is not free then, travel included.") % {"name": who}
        if who
        else _("No presenter is free then, travel included.")
    )
    if not slots:
        return said
    times = "; ".join(format_span(slot.start, slot.end) for slot in slots)
    return _("%(said)s The nearest free times: %(times)s.") % {"said": said, "times": times}


def details_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    initial = {name: getattr(booking, name) for name in ChangeForm.base_fields if hasattr(booking, name)}
    form = ChangeForm(request.POST if posted else None, booking=booking, initial=initial)
    version = request.POST.get("version", "") if posted else booking.version
    if posted and form.is_valid():
        reason = form.cleaned_data["override_reason"]
        asked: dict[str, Any] = {"details": form.details, "address": form.address, "override_reason": reason}
        try:
            change_details(booking=booking, expected=version, by=request.user, now=now, **asked)  # type: ignore[arg-type]
        except SlotTaken as refusal:
            form.add_error("postcode", str(refusal.message))
        except DomainError as refusal:
            version = refuse(form, refusal, booking, version)
        else:
            messages.success(request, str(action.done))
            return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    return action_page(admin, request, booking, action, "bookings/staff/change_details.html", {"form": form, "version": version})


def action_page(
    admin: "BookingAdmin",
    request: HttpRequest,
    booking: Booking,
    action: ObjectAction,
    template: str,
    more: dict[str, Any],
) -> HttpResponse:
    """As every action's page, with its own form."""
    change_url = reverse("staff:bookings_booking_change", args=[booking.pk])
    return TemplateResponse(request, template, {**admin.about_action(request, action, booking, change_url), **more})
