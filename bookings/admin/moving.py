"""Staff move a booking: to a time chosen week by week, or to any other, with what the public may not do for a reason."""

from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin import week
from bookings.admin.changing import action_page, refuse
from bookings.admin.choices import any_presenter
from bookings.admin.time_forms import WeekForm
from bookings.choosing import choice_at
from bookings.models import Booking
from bookings.services.changing import reschedule
from bookings.services.deciding import wish_of
from bookings.services.errors import OutsideRules, SlotTaken
from bookings.slot_forms import slot_value
from ctac.errors import DomainError
from ctac.staff import ObjectAction

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin


class MoveForm(WeekForm):
    """Nobody chosen as presenter means: the same if possible. Whoever looks at other times hears nothing of what is missing."""

    presenter = any_presenter(gettext_lazy("The same if free then, else whoever is best placed"))

    def __init__(self, data: Any, *, booking: Booking) -> None:
        super().__init__(data, length=booking.presentation.length)
        if booking.starts_at is not None:
            self.option_hints = {"start": {slot_value(booking.starts_at): _("as now")}}  # type: ignore[misc]
        self.sending = data is not None and not week.is_looking(data)
        if not self.sending:
            week.forgive(self)


def move_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    """The page carries the version that it was first opened with to other weeks too."""
    now, data = timezone.now(), request.POST if request.method == "POST" else None
    form = MoveForm(data, booking=booking)
    version, beside = booking.version if data is None else data.get("version", ""), ""
    if form.sending and form.is_valid():
        try:
            moved = move(form, booking, version, request.user, now)
        except (SlotTaken, OutsideRules) as refusal:
            beside = say_why(form, booking, refusal, now)
        except DomainError as refusal:
            version = refuse(form, refusal, booking, version)
        else:
            said = _("It has moved to %(when)s. Everyone who has to know gets an email.")
            messages.success(request, said % {"when": moved.when})
            return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    near, own = booking.starts_at, own_claim(booking)
    shown = week.look(wish_of(booking), data, now, named=form.named, near=near, ignoring=own)
    form.show(shown)
    more = {"week": shown, "form": form, "version": version, "beside": beside}
    return action_page(admin, request, booking, action, "bookings/staff/move.html", more)


def move(form: MoveForm, booking: Booking, version: str, by: Any, now: datetime) -> Booking:
    asked = {name: form.cleaned_data[name] for name in ("start", "presenter", "override_reason", "flagged")}
    return reschedule(booking=booking, expected=version, by=by, now=now, **asked)


def say_why(form: MoveForm, booking: Booking, refusal: SlotTaken | OutsideRules, now: datetime) -> str:
    """Beside the question that it is about; gives the table of who could give it then."""
    wish, own, asked = wish_of(booking), own_claim(booking), dict(form.cleaned_data)
    if isinstance(refusal, OutsideRules):
        form.add_error("override_reason", str(refusal.message))
    else:
        said = week.not_free(wish, asked["start"], named=form.named, now=now, ignoring=own)
        form.add_error(form.beside_time, said)
    return choice_at(wish, asked["start"], now, own).as_table()


def own_claim(booking: Booking) -> dict[str, object]:
    """Its own time is not in its way."""
    return {"booking": booking}
