"""What staff forms and lists ask of times and presenters: a week of free times, any other time, who gives it."""

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest, QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from bookings.models import Booking, Format, Presenter
from bookings.schedule import picker as schedule_picker
from bookings.schedule.availability import Slot
from bookings.schedule.forms import SlotField, slot_choices, slot_value, to_start
from bookings.schedule.queries import IgnoredClaims
from bookings.schedule.slots import SlotQuery
from ctac.dates import format_span, uk_day
from ctac.forms import ClockField, DayField, PageForm, near_today, uk_moment
from professionals.safeguarding.forms import StaffForm


class PresenterChoice(forms.ModelChoiceField):
    """By name, and where their visits start from."""

    def label_from_instance(self, obj: Any) -> str:
        return str(_("%(name)s, from %(postcode)s") % {"name": obj.name, "postcode": obj.base_postcode})


def any_presenter(nobody: Any) -> PresenterChoice:
    """One of those who are active, or `nobody`, which is the label of that choice."""
    label = gettext_lazy("Presenter")
    return PresenterChoice(label=label, queryset=Presenter.objects.active(), required=False, empty_label=nobody)


def reason_to_yield(hint: Any) -> forms.CharField:
    return forms.CharField(label=gettext_lazy("Why outside the rules"), max_length=300, required=False, help_text=hint)


# Formats as staff say them; the public reads “At your workplace”.
FORMAT_WORDS = {str(Format.WORKPLACE): gettext_lazy("At their workplace"), str(Format.ONLINE): gettext_lazy("Online")}


class PresenterFilter(admin.SimpleListFilter):
    """Those who give presentations now. Who has none is asked for by a filter of its own."""

    title = gettext_lazy("presenter")
    parameter_name = "presenter"

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        return list(Presenter.objects.active().values_list("pk", "name"))

    def queryset(self, request: HttpRequest, queryset: QuerySet[Booking]) -> QuerySet[Booking]:
        chosen = self.value() or ""
        return queryset.filter(presenter=int(chosen)) if re.fullmatch(r"[0-9]{1,9}", chosen) else queryset


class AnyPresenterFilter(PresenterFilter):
    """Those who give presentations now, then those who did and have rows in this list, as many as can be looked through."""

    most_former = 30

    def lookups(self, request: HttpRequest, model_admin: admin.ModelAdmin) -> list[tuple[Any, str]]:
        rows = model_admin.model._default_manager.order_by()
        has_rows = Exists(rows.filter(presenter=OuterRef("pk")))
        former = Presenter.objects.filter(active=False).filter(has_rows).order_by("name", "pk")
        return [*super().lookups(request, model_admin), *former.values_list("pk", "name")[: self.most_former]]


# A week of free times on a staff form, to choose one or several from.
#
# Other weeks and parts of the day are buttons of the form, so whatever was typed and chosen stays in it, and nothing of it stands
# in an address. Each sends the query that bookings.schedule.picker gives its link; the page carries the one that it shows.

# The button that was pressed, and what the page showed before.
LOOK_FIELD, SHOWN_FIELD = "look", "shown"
# Stands above the times, which are those of whoever is chosen in it.
DRAWN_APART = ("presenter",)
Groups = list[tuple[Any, Any]]


@dataclass(frozen=True)
class FormWeek:
    """What the page shows, and the query that stands for it; `named`: the one presenter whose times these are."""

    picker: schedule_picker.Picker
    query: str
    named: Presenter | None = None


def is_looking(data: Any) -> bool:
    """Whether a button for other times was pressed, and not the one that does something."""
    return LOOK_FIELD in data


def week_asked_for(
    slot_query: SlotQuery,
    data: Any,
    now: datetime,
    *,
    named: Presenter | None = None,
    near: datetime | None = None,
    ignoring: IgnoredClaims | None = None,
) -> FormWeek:
    """The week that the form asks for, else the one of `near`, else that of the first free time."""
    asked = (data.get(LOOK_FIELD) or data.get(SHOWN_FIELD) or "") if data is not None else ""
    query, presenters = QueryDict(asked.lstrip("?")), [named] if named else None
    picker = schedule_picker.pick(slot_query, query=query, now=now, chosen=near, ignoring=ignoring, presenters=presenters)
    return FormWeek(picker, f"?{query.urlencode()}", named)


def week_choices(week: FormWeek | None, chosen: Iterable[str], length: timedelta) -> Groups:
    """The times of that week by day; above them those that were chosen in other weeks, which stay chosen."""
    days = week.picker.days if week else []
    shown = {slot_value(slot.start) for _day, slots in days for slot in slots}
    elsewhere = []
    for value in sorted(set(chosen) - shown):
        with suppress(ValidationError):
            elsewhere.append(to_start(value))
    by_day = groupby((Slot(start, start + length) for start in elsewhere), key=lambda slot: uk_day(slot.start))
    chosen_already = slot_choices((day, list(slots)) for day, slots in by_day)
    return [*((_("%(day)s, chosen already") % {"day": day}, slots) for day, slots in chosen_already), *slot_choices(days)]


def set_choices(field: forms.Field, groups: Groups) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker which fields have choices
    field.choices = groups


def refusal_not_free(
    slot_query: SlotQuery,
    start: datetime,
    *,
    now: datetime,
    named: Presenter | None = None,
    ignoring: IgnoredClaims | None = None,
) -> str:
    """Nobody, or whom they named, is free then; the nearest times that the public could have."""
    slots = schedule_picker.open_horizon(slot_query, now, ignoring, presenters=[named] if named else None).nearest(start, 3)
    refusal = _("No presenter is free then, travel included.")
    if named:
        refusal = _("%(name)s is not free then, travel included.") % {"name": named}
    if not slots:
        return _("%(refusal)s There is no free time in the next three months.") % {"refusal": refusal}
    times = "; ".join(format_span(slot.start, slot.end) for slot in slots)
    return _("%(refusal)s The nearest free times: %(times)s.") % {"refusal": refusal, "times": times}


class StartsField(forms.TypedMultipleChoiceField):
    """Several start times. Whether each is still free, the service finds out; whether there are any, the form."""

    def __init__(self, **more: Any) -> None:
        super().__init__(coerce=to_start, widget=forms.CheckboxSelectMultiple, **more)

    def validate(self, value: Any) -> None:
        pass


def forgive_missing(form: forms.Form, *, but: Iterable[str] = ()) -> None:
    """Say nothing of what is missing, apart from these fields: it is not being sent yet."""
    for name in set(form.errors) - set(but):
        del form.errors[name]


# What staff are asked wherever they give a booking or a request its time: when, who gives it, and why outside the rules.

OTHER_TIME = "other"


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
        """What the day and the time come to; adds an error for whichever is missing."""
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

    conditional: ClassVar = {"day": ("start", OTHER_TIME), "clock": ("start", OTHER_TIME)}

    @property
    def is_typed(self) -> bool:
        return self.data.get(self.add_prefix("start")) == OTHER_TIME

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
    return value if value == OTHER_TIME else to_start(value)


class WeekOfTimesForm(OneTimeForm):
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

    drawn_apart = DRAWN_APART
    field_order = ("presenter", "start", "day", "clock", "override_reason")

    def __init__(self, data: Any, *, length: timedelta, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.length = length
        self.show(None)

    def show(self, shown: FormWeek | None) -> None:
        """Offer the times of that week; one that was chosen in another stays."""
        chosen = [self.data.get(self.add_prefix("start"), "")]
        other = (_("Any other time"), [(OTHER_TIME, _("Enter a day and a time"))])
        set_choices(self.fields["start"], [*week_choices(shown, chosen, self.length), other])
