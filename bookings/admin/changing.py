"""Staff change the details of a booking, with what the public may not do for a reason. (Moving it: bookings.admin.moving.)"""

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

from bookings import words
from bookings.admin.choices import reason_to_yield
from bookings.forms import DetailsForm, WhereForm
from bookings.models import Booking, Format
from bookings.places import PlaceUnknown, find_place
from bookings.services.changing import change_details
from bookings.services.errors import OutsideRules, SlotTaken, Stale
from bookings.services.placing import Address, Details
from ctac.errors import DomainError
from ctac.staff import ObjectAction
from ctac.uk import tidy_postcode

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin


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
    override_reason = reason_to_yield(
        gettext_lazy("Only needed if the new address or audience is not one of the presenter’s. It is kept with the booking.")
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


def details_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, posted = timezone.now(), request.method == "POST"
    initial = {name: getattr(booking, name) for name in ChangeForm.base_fields if hasattr(booking, name)}
    form = ChangeForm(request.POST if posted else None, booking=booking, initial=initial)
    version, rows = request.POST.get("version", "") if posted else booking.version, list[words.Row]()
    if posted and form.is_valid():
        reason = form.cleaned_data["override_reason"]
        asked: dict[str, Any] = {"details": form.details, "address": form.address, "override_reason": reason}
        try:
            change_details(booking=booking, expected=version, by=request.user, now=now, **asked)  # type: ignore[arg-type]
        except SlotTaken as refusal:
            form.add_error("postcode", str(refusal.message))
        except DomainError as refusal:
            version = refuse(form, refusal, booking, version)
            rows = would_change(booking, form) if isinstance(refusal, Stale) else []
        else:
            messages.success(request, str(action.done))
            return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    more = {"form": form, "version": version, "would_change": rows}
    return action_page(admin, request, booking, action, "bookings/staff/change_details.html", more)


def would_change(booking: Booking, form: ChangeForm) -> list[words.Row]:
    """What another press of the button does to the booking as it is now: a colleague’s change may be among it."""
    there, typed = words.where(booking), form.address
    lines = [typed.line_1, typed.line_2, typed.town, typed.postcode] if typed else []
    asked = "\n".join(line for line in lines if line)
    moved = [words.instead(_("Address"), asked, there)] if typed and asked != there else []
    return [*words.differences(booking, form.details), *moved]


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
