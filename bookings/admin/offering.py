"""Staff offer up to three times for a request: chosen week by week, or typed."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import date_words, rules
from bookings.admin import week
from bookings.admin.choices import reason_to_yield
from bookings.admin.deciding import REASON_HINT, may_be_decided, refused
from bookings.admin.time_forms import TimeForm
from bookings.models import Booking, DateOption
from bookings.services.deciding import offer_times, wish_of
from bookings.services.keeping import kept_until
from bookings.slot_forms import slot_value
from bookings.words import moment
from ctac.staff import ObjectAction

if TYPE_CHECKING:
    from bookings.admin.bookings import BookingAdmin


class OfferForm(TimeForm):
    """Up to three times. `cleaned_data["starts"]` is what they come to, the one that is typed among them."""

    beside_time = "starts"

    starts = week.StartsField(label=gettext_lazy("Times to offer, three at most"))
    override_reason = reason_to_yield(REASON_HINT)

    fieldsets = {gettext_lazy("Any other time"): ("day", "clock")}
    drawn_apart = week.DRAWN_APART
    field_order = ("presenter", "starts", "day", "clock", "override_reason")

    def __init__(self, data: QueryDict | None, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.length = length
        self.typed = data if data is not None else QueryDict()
        self.sending = data is not None and not week.is_looking(data)

    def show(self, shown: week.Week) -> None:
        """Offer the times of that week; those that were chosen in others stay."""
        week.offer_choices(self.fields["starts"], week.choices(shown, self.typed.getlist("starts"), self.length))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        typed = None if self.day_and_clock == (None, None) else self.typed_start()
        starts = list(dict.fromkeys([*cleaned.get("starts", ()), *([typed] if typed else [])]))
        if len(starts) > rules.DATES_A_REQUEST:
            self.add_error("starts", _("Choose three at most: take the tick off the others."))
        elif not starts and self.sending and not self.errors:
            self.add_error("starts", _("Choose at least one time to offer."))
        return {**cleaned, "starts": starts}


def read(data: QueryDict | None, length: timedelta) -> OfferForm:
    """What was sent. Whoever looks at other times has what they typed put among the chosen ones; the boxes are free again."""
    form = OfferForm(data, length=length)
    if data is None or form.sending:
        return form
    week.forgive(form, but=("starts", "day", "clock"))
    if form.errors or not data.get("day"):
        return form
    moved = data.copy()
    moved.setlist("starts", [slot_value(start) for start in form.cleaned_data["starts"]])
    moved["day"] = moved["clock"] = ""
    again = OfferForm(moved, length=length)
    week.forgive(again, but=("starts",))
    return again


def offer_page(admin: "BookingAdmin", request: HttpRequest, booking: Booking, action: ObjectAction) -> HttpResponse:
    now, length = timezone.now(), booking.presentation.length
    form = read(request.POST if request.method == "POST" else None, length)
    if form.sending and form.is_valid() and (options := offer(form, booking, request, now)):
        say_what_was_offered(request, booking, options)
        return redirect(reverse("staff:bookings_booking_change", args=[booking.pk]))
    near, own = nearest(booking, now), own_claims(booking)
    shown = week.look(wish_of(booking), form.typed, now, named=form.named, near=near, ignoring=own)
    form.show(shown)
    about = admin.about_action(request, action, booking, reverse("staff:bookings_booking_change", args=[booking.pk]))
    until = moment(kept_until(now + rules.ASKED_AT_MOST_AHEAD, now))
    return TemplateResponse(request, "bookings/staff/offer.html", {**about, "form": form, "week": shown, "until": until})


def offer(form: OfferForm, booking: Booking, request: HttpRequest, now: datetime) -> list[DateOption]:
    """What is offered now; none if it was refused, which the form says."""
    offered: list[DateOption] = []
    refused(form, lambda asked: offered.extend(offer_times(booking=booking, by=request.user, now=now, **asked)))  # type: ignore[arg-type]
    return offered


def own_claims(booking: Booking) -> dict[str, object]:
    return {"booking": booking, "option__booking": booking}


def nearest(booking: Booking, now: datetime) -> datetime | None:
    """The first that they asked for and that lies ahead: the page opens at its week."""
    asked = booking.options.preferred().values_list("starts_at", flat=True)
    return min((start for start in asked or [booking.starts_at or now] if start > now), default=None)


def say_what_was_offered(request: HttpRequest, booking: Booking, options: list[DateOption]) -> None:
    until = {"until": date_words.kept_till(options)}
    if booking.person.email:
        said = _("The times are offered, and kept until %(until)s. The professional gets an email with a link to choose one.")
        messages.success(request, said % until)
    else:
        said = _("The times are kept until %(until)s. The professional has no email address, so call and tell them.")
        messages.warning(request, said % until)


OFFER = ObjectAction(
    "offer",
    gettext_lazy("Offer other times"),
    page=offer_page,
    available=may_be_decided,
    explanation=gettext_lazy(
        "The professional gets an email with a link, and chooses one, asks for others or withdraws. "
        "What was asked for or offered before is free again."
    ),
)
