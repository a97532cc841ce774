"""What staff are asked wherever they give a booking or a request its time: when, who gives it, and why outside the rules."""

from datetime import datetime, timedelta
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.admin import week
from bookings.admin.choices import any_presenter, reason_to_yield
from bookings.models import Presenter
from bookings.slot_forms import SlotField, to_start
from ctac.forms import PageForm
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from professionals.safeguarding import StaffForm

OTHER = "other"


class TimeForm(StaffForm, PageForm):
    """A day and a time that can be typed, the presenter, and the reason for yielding to staff.

    Nobody chosen as presenter means: whoever is best placed. `beside_time` is the question that a refused time is said beside.
    """

    free_text_fields = ("override_reason",)
    beside_time = "clock"

    day = DayField(label=gettext_lazy("Day"), lies_ahead=True, validators=[near_today], required=False)
    clock = ClockField(label=gettext_lazy("Starts at"), required=False)
    presenter = any_presenter(gettext_lazy("Whoever is best placed"))
    override_reason = reason_to_yield(
        gettext_lazy(
            "Only needed for short notice, or outside a presenter’s hours or area. It is kept with the booking. "
            "Nobody can be in two places."
        )
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        self.day_and_clock = cleaned.pop("day", None), cleaned.pop("clock", None)
        return cleaned

    @property
    def named(self) -> Presenter | None:
        """The presenter who was chosen, however the rest of the form stands."""
        self.is_valid()  # reads what was sent, if anything was
        return getattr(self, "cleaned_data", {}).get("presenter")

    def typed_start(self) -> datetime | None:
        """What the day and the time come to; whichever is missing is said."""
        day, clock = self.day_and_clock
        if day is None and "day" not in self.errors:
            self.add_error("day", _("Enter the day."))
        if clock is None and "clock" not in self.errors:
            self.add_error("clock", _("Enter the time it starts."))
        if day is None or clock is None:
            return None
        try:
            return uk_moment(day, clock)
        except ValidationError as error:
            self.add_error("clock", error)
            return None


class OneTimeForm(TimeForm):
    """One of the times that are shown, or any other, typed. `cleaned_data["start"]` is what it comes to."""

    conditional: ClassVar = {"day": ("start", OTHER), "clock": ("start", OTHER)}

    @property
    def is_typed(self) -> bool:
        return self.data.get(self.add_prefix("start")) == OTHER

    @property
    def beside_time(self) -> str:  # type: ignore[override]
        return "clock" if self.is_typed else "start"

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if self.is_typed:
            return {**cleaned, "start": self.typed_start()}
        for name in ("day", "clock"):  # they are not asked now: what stands in them stays, and counts for nothing
            self.errors.pop(name, None)
        return cleaned


def start_or_other(value: str) -> datetime | str:
    return value if value == OTHER else to_start(value)


class WeekForm(OneTimeForm):
    """One of the times of a week that are free by the public’s rules, or any other."""

    start = SlotField(
        label=gettext_lazy("Which time?"),
        widget=forms.RadioSelect,
        coerce=start_or_other,
        error_messages={
            "required": gettext_lazy("Choose a free time, or enter another day and time."),
            "invalid_choice": gettext_lazy("Choose one of the times below."),
        },
    )

    drawn_apart = week.DRAWN_APART
    field_order = ("presenter", "start", "day", "clock", "override_reason")

    def __init__(self, data: Any, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.length = length
        self.show(None)

    def show(self, shown: week.Week | None) -> None:
        """Offer the times of that week; one that was chosen in another stays."""
        chosen = [self.data.get(self.add_prefix("start"), "")]
        other = (_("Any other time"), [(OTHER, _("Enter a day and a time"))])
        week.offer_choices(self.fields["start"], [*week.choices(shown, chosen, self.length), other])
