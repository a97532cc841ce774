"""What a coordinator is asked who plans open sessions: once for all dates, and then for each date what is different there."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings import rules
from bookings.admin.choices import any_presenter
from bookings.models import Nation, Presentation, Presenter
from bookings.models.presenter import validate_https
from bookings.recurrence import Every, Series, series
from ctac.forms import PageForm
from ctac.staff_fields import ClockField, DayField, near_today, uk_moment
from ctac.working_days import is_bank_holiday
from professionals.safeguarding import StaffForm

# These decide which days there are: while they stay, what was changed date by date stays too.
RHYTHM = ("day", "clock", "every", "count", "leave_out", "presenter")
NOBODY_YET = gettext_lazy("Nobody yet")


class JoiningForm(StaffForm, PageForm):
    """How people join: asked of new sessions and of one that is there."""

    free_text_fields: tuple[str, ...] = ("joining_help",)
    never_kept: tuple[str, ...] = ("joining_help",)  # emails and calendars of everyone who has a place have it

    own_joining_link = forms.URLField(
        label=gettext_lazy("Joining link of its own"),
        required=False,
        max_length=200,
        assume_scheme="https",
        validators=[validate_https],
        help_text=gettext_lazy("It starts with https://. Leave it empty to use the presenter’s own link."),
    )
    joining_help = forms.CharField(
        label=gettext_lazy("How to join"),
        required=False,
        max_length=300,
        widget=forms.Textarea({"rows": 2}),
        help_text=gettext_lazy("A meeting code, say. Everybody who has a place reads it. No details of a child."),
    )


class PlanForm(JoiningForm):
    presentation = forms.ModelChoiceField(
        label=gettext_lazy("Presentation"),
        queryset=Presentation.objects.filter(active=True),
        empty_label=gettext_lazy("Choose a presentation"),
        error_messages={"required": gettext_lazy("Choose a presentation.")},
    )
    presenter = any_presenter(NOBODY_YET)
    day = DayField(
        label=gettext_lazy("First day"),
        lies_ahead=True,
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the day of the first session.")},
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    every = forms.ChoiceField(
        label=gettext_lazy("How often?"),
        choices=Every.choices,
        initial=Every.ONCE,
        widget=forms.RadioSelect,
        error_messages={"required": gettext_lazy("Choose how often.")},
    )
    count = forms.IntegerField(
        label=gettext_lazy("How many sessions?"),
        required=False,
        min_value=2,
        max_value=rules.MOST_IN_A_SERIES,
        help_text=gettext_lazy("Only if it is more than once."),
        error_messages={"min_value": gettext_lazy("Enter 2 or more, or choose “Once”.")},
    )
    leave_out = forms.BooleanField(
        label=gettext_lazy("Leave out bank holidays"),
        required=False,
        initial=True,
        help_text=gettext_lazy("Those where the presenter lives; of England while there is none. Later days take their place."),
    )
    capacity = forms.IntegerField(
        label=gettext_lazy("Places in each session"),
        min_value=1,
        max_value=rules.LARGEST_SESSION,
        error_messages={"required": gettext_lazy("Enter how many places there are.")},
    )
    series_name = forms.CharField(
        label=gettext_lazy("Name of the series"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Only colleagues see it, to find its sessions again. We make one up if it is empty."),
    )

    free_text_fields = ("joining_help", "series_name")
    never_kept = ("joining_help", "series_name")
    fieldsets = {gettext_lazy("When"): ("day", "clock", "every", "count", "leave_out")}
    field_order = (
        *("presentation", "presenter", "day", "clock", "every", "count", "leave_out"),
        *("capacity", "own_joining_link", "joining_help", "series_name"),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("every") not in (None, Every.ONCE) and not cleaned.get("count") and "count" not in self.errors:
            self.add_error("count", _("Enter how many sessions there are."))
        return cleaned

    @property
    def named(self) -> Presenter | None:
        """Who gives them all, unless a date says otherwise."""
        return self.cleaned_data.get("presenter")

    @property
    def is_series(self) -> bool:
        return self.cleaned_data["every"] != Every.ONCE

    def series(self) -> Series:
        given = self.cleaned_data
        nation = self.named.nation if self.named else Nation.ENGLAND

        def passes_over(day: date) -> bool:
            return bool(given["leave_out"]) and is_bank_holiday(day, nation)

        return series(given["day"], given["every"], given["count"] or 1, passes_over=passes_over)

    def rhythm(self) -> str:
        """What decides which days there are, as it was typed."""
        return "|".join(str(self.data.get(self.add_prefix(name), "")) for name in RHYTHM)


class DateForm(PageForm):
    """One date of those that are planned: whether at all, and when and by whom if not as the others.

    `choices` of presenters are read once for all dates; `presenters` are those by their keys.
    """

    keep = forms.BooleanField(label=gettext_lazy("Plan this one"), required=False)
    day = DayField(
        label=gettext_lazy("Day"),
        lies_ahead=True,
        validators=[near_today],
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    clock = ClockField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})
    presenter = forms.ChoiceField(label=gettext_lazy("Presenter"), required=False)

    def __init__(self, *args: Any, presenters: Mapping[str, Presenter], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.presenters = presenters
        for name in ("day", "clock"):  # said on the page before, and there are many dates
            self.fields[name].help_text = ""
        choice = self.fields["presenter"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [("", NOBODY_YET), *((key, each.name) for key, each in presenters.items())]

    def clean(self) -> dict[str, Any]:
        """One that is not kept is asked nothing: what stands in it stays."""
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("keep"):
            self.errors.clear()
            return {**cleaned, "start": None}
        return {**cleaned, "start": self.start_of(cleaned)}

    def start_of(self, cleaned: Mapping[str, Any]) -> datetime | None:
        day, clock = cleaned.get("day"), cleaned.get("clock")
        if day is None or clock is None:
            return None
        try:
            return uk_moment(day, clock)
        except ValidationError as error:
            self.add_error("clock", error)
            return None

    @property
    def is_kept(self) -> bool:
        return bool(self.cleaned_data.get("keep"))

    @property
    def named(self) -> Presenter | None:
        return self.presenters.get(self.cleaned_data.get("presenter", ""))


class WhyForm(StaffForm, PageForm):
    """Asked when something speaks against a date, and the coordinator goes on all the same."""

    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why all the same?"),
        max_length=300,
        help_text=gettext_lazy("Some of what is said above yields to you, with a reason. It is kept with the sessions."),
        error_messages={"required": gettext_lazy("Write why you plan it all the same.")},
    )

    def __init__(self, *args: Any, needed: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].required = needed
