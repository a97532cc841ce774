"""Leave as people type it, for staff and for the presenter."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy

from bookings.errors import LeaveOverlapsDelivered
from bookings.leave.services import get_affected_by_leave
from bookings.models import BookingOrSession, LeaveKind, Presenter
from bookings.models.leave import END_OF_DAY, START_OF_DAY
from core.forms import DayField, PageForm, UKTimeField, validate_near_today, validated_uk_datetime
from professionals.safeguarding.forms import ChildDetailsMixin

CLOCK_HELP_TEXT = gettext_lazy("UK time, such as 1:30pm. Leave empty for the whole day.")


class OwnLeaveForm(ChildDetailsMixin, PageForm):
    """The times and kind of a leave; the page knows the presenter."""

    free_text_fields = ("reason",)

    kind = forms.ChoiceField(label=gettext_lazy("Kind of leave"), choices=LeaveKind)
    first_day = DayField(
        label=gettext_lazy("First day"),
        lies_ahead=True,
        validators=[validate_near_today],
        error_messages={"required": gettext_lazy("Enter the first day of the leave.")},
    )
    from_clock = UKTimeField(label=gettext_lazy("From"), required=False, help_text=CLOCK_HELP_TEXT)
    last_day = DayField(
        label=gettext_lazy("Last day"),
        lies_ahead=True,
        validators=[validate_near_today],
        error_messages={"required": gettext_lazy("Enter the last day of the leave.")},
    )
    to_clock = UKTimeField(label=gettext_lazy("Until"), required=False, help_text=CLOCK_HELP_TEXT)
    reason = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Your colleagues read this. Don’t write about your health."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        for moment, day, clock, whole in (
            ("starts_at", "first_day", "from_clock", START_OF_DAY),
            ("ends_at", "last_day", "to_clock", END_OF_DAY),
        ):
            if cleaned.get(day) and clock in cleaned:
                typed = cleaned[clock]
                try:
                    cleaned[moment] = validated_uk_datetime(cleaned[day], whole if typed is None else typed)
                except ValidationError as error:
                    self.add_error(clock, error)
        if cleaned.get("starts_at") and cleaned.get("ends_at") and cleaned["ends_at"] <= cleaned["starts_at"]:
            self.add_error("last_day", ValidationError(_("Leave must end after it starts.")))
        return cleaned

    def get_affected(self, presenter: Presenter) -> list[BookingOrSession]:
        """The bookings and open sessions in that time. If one was delivered then, it adds an error instead."""
        starts_at, ends_at = self.cleaned_data["starts_at"], self.cleaned_data["ends_at"]
        try:
            return get_affected_by_leave(presenter=presenter, starts_at=starts_at, ends_at=ends_at, now=timezone.now())
        except LeaveOverlapsDelivered as refusal:
            self.add_error("first_day", str(refusal.message))
            return []


def join_references(hit: Iterable[BookingOrSession]) -> str:
    """The references that the page shows, sent back with the form: if they have changed meanwhile, the page asks again."""
    return ",".join(given.reference for given in hit)
