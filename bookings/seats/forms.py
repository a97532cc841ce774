"""Forms for spare seats: what a host offers, what a guest needs, and which guest."""

from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _, gettext_lazy

from bookings.models import Booking, Seat
from bookings.models.booking import MAX_SPARE_SEATS
from bookings.seats.queries import guest_text, missing_professions
from core.dates import uk_day
from core.forms import DayField, PageForm
from professionals.models import Profession
from professionals.safeguarding.forms import ChildDetailsMixin


class OfferSeatsForm(PageForm):
    """For the website and for staff. The professions that are missing there are ticked; the host can change that."""

    seats = forms.IntegerField(label=gettext_lazy("How many spare seats do you have?"), min_value=1, max_value=MAX_SPARE_SEATS)
    professions = forms.MultipleChoiceField(
        label=gettext_lazy("Who are they for?"),
        choices=Profession.choices,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("We have ticked the professions that we suggest. You can change this."),
        error_messages={"required": gettext_lazy("Choose at least one profession.")},
    )
    until = DayField(
        label=gettext_lazy("Until when can people ask for a seat?"),
        lies_ahead=True,
        error_messages={"required": gettext_lazy("Enter the last day.")},
    )

    def __init__(self, *args: Any, booking: Booking, now: datetime, **kwargs: Any) -> None:
        """Begin with what is offered, or with what we suggest: until the last day on which the host can change the time."""
        today = uk_day(now)
        until = booking.seats_until or max(booking.last_day_to_change, today)
        professions = booking.seats_professions if booking.seats_offered else missing_professions(booking, now)
        offered = {"seats": booking.seats_offered or None, "professions": professions, "until": until}
        super().__init__(*args, initial=offered, **kwargs)
        self.first, self.last, self.given = today, uk_day(booking.agreed_times[0]), booking.seats_taken

    def clean_seats(self) -> int:
        seats: int = self.cleaned_data["seats"]
        if seats < self.given:
            given = _("You have given %(n)d already. Offer at least as many, or take one back first.")
            raise ValidationError(given % {"n": self.given})
        return seats

    def clean_until(self) -> date:
        until: date = self.cleaned_data["until"]
        if not self.first <= until <= self.last:
            raise ValidationError(_("Choose a day from today to the day of the presentation."))
        return until


class AskForSeatForm(ChildDetailsMixin, PageForm):
    """The host reads it as it is written, so what looks like a child's details is not kept."""

    access_needs = forms.CharField(
        label=gettext_lazy("Do you need anything to take part?"),
        help_text=gettext_lazy(
            "For example, step-free access. The host and the presenter will read this if you get the seat. "
            "Do not give any child’s details here."
        ),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        required=False,
    )

    free_text_fields = never_kept = ("access_needs",)


class ChosenSeatForm(forms.Form):
    """For staff: which guest it is about."""

    seat = forms.ModelChoiceField(
        label=gettext_lazy("Which guest?"),
        queryset=Seat.objects.none(),
        empty_label=gettext_lazy("Choose a guest"),
        error_messages={"required": gettext_lazy("Choose a guest.")},
    )

    def __init__(self, *args: Any, seats: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["seat"].queryset = seats  # type: ignore[attr-defined]
        self.fields["seat"].label_from_instance = guest_text  # type: ignore[attr-defined]
