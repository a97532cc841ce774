"""Forms for start times, and for a presenter's hours and rules."""

import re
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache, partial
from itertools import pairwise
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext as _, gettext_lazy

from bookings.models import Format, Nation, Presentation, Presenter, Weekday
from bookings.models.presenter import AUDIENCE_CHOICES
from bookings.schedule.availability import Slot
from bookings.schedule.services import WeekdayHours
from core.dates import format_day, format_time, format_uk_time
from core.forms import (
    AmbiguousHourError,
    DayField,
    PageForm,
    PageFormMixin,
    UKTimeField,
    apply_page_field_defaults,
    parse_typed_time,
    validate_near_today,
    validated_uk_datetime,
)
from office.site_settings.models import SETTING_BOUNDS
from office.site_settings.queries import site_settings


def slot_choices(days: Iterable[tuple[date, list[Slot]]]) -> list[tuple[str, list[tuple[str, SafeString]]]]:
    """Radios by day. Their value is the moment itself, so a page that was left open stays right."""
    return [
        (format_day(day), [(slot_value(slot.start), slot_label(get_language(), slot)) for slot in slots]) for day, slots in days
    ]


def slot_value(start: datetime) -> str:
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


@lru_cache(maxsize=1024)  # the same slots are shown to many
def slot_label(_language: str | None, slot: Slot) -> SafeString:
    """The start, which stands under its day; screen readers also get the end and the day."""
    rest = gettext_lazy("to %(end)s, %(day)s") % {"end": format_uk_time(slot.end), "day": format_day(slot.start)}
    return format_html("{}<span class='govuk-visually-hidden'> {}</span>", format_uk_time(slot.start), rest)


class SlotField(forms.TypedChoiceField):
    """A start time. It accepts any moment: the service checks if it is still free."""

    def valid_value(self, value: Any) -> bool:
        return True


def parse_start(value: str) -> datetime:
    try:
        start = datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValidationError(gettext_lazy("Choose one of the times below.")) from error
    if not 2000 <= start.year <= 2100:  # further out, date arithmetic fails
        raise ValidationError(gettext_lazy("Choose one of the times below."))
    return start


def set_choices(field: forms.Field, choices: Sequence[tuple[Any, Any]]) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - tells the type checker which fields have choices
    field.choices = choices


def start_or_error(form: forms.BaseForm, day: date | None, clock: time | None) -> datetime | None:
    """The moment of that day and time; None if one is missing. A time that the clocks skip becomes an error of the form."""
    try:
        return validated_uk_datetime(day, clock) if day is not None and clock is not None else None
    except ValidationError as error:
        form.add_error("clock", error)
        return None


class DayAndTimeForm(PageForm):
    """A day and a time. `cleaned_data["start"]` has the moment."""

    day = DayField(
        label=gettext_lazy("Day"),
        lies_ahead=True,
        validators=[validate_near_today],
        error_messages={"required": gettext_lazy("Enter the day.")},
    )
    clock = UKTimeField(label=gettext_lazy("Starts at"), error_messages={"required": gettext_lazy("Enter the time it starts.")})

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        return {**cleaned, "start": start_or_error(self, cleaned.get("day"), cleaned.get("clock"))}


class WhenForm(PageForm):
    start = SlotField(
        label=gettext_lazy("Choose a day and time"),
        widget=forms.RadioSelect,
        coerce=parse_start,
        error_messages={
            "required": gettext_lazy("Choose a day and time."),
            "invalid_choice": gettext_lazy("Choose one of the times below."),
        },
    )

    def __init__(self, *args: Any, days: Iterable[tuple[date, list[Slot]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        set_choices(self.fields["start"], slot_choices(days))


DayHours = list[tuple[time, time]]
UNTIL_PATTERN, COMMA_PATTERN = re.compile(r"\s*(?:to|until|till|[-–])\s*"), re.compile(r"\s*(?:,|;|\band\b)\s*")
EXAMPLE_HOURS = gettext_lazy("For example, 9am to 1pm, 2pm to 5pm.")
FORMAT_LABELS = {str(Format.WORKPLACE): gettext_lazy("At a workplace"), str(Format.ONLINE): gettext_lazy("Online")}


def parse_hours(typed: str) -> DayHours:
    """Read hours like '9am to 1pm, 2pm to 5pm'. Raises ValueError."""
    hours = []
    for part in COMMA_PATTERN.split(typed.strip().lower()):
        start, end = (parse_typed_time(clock) for clock in UNTIL_PATTERN.split(part))
        if end <= start:
            raise ValueError(typed)
        hours.append((start, end))
    hours.sort()
    if any(later[0] < earlier[1] for earlier, later in pairwise(hours)):
        raise ValueError(typed)
    return hours


def hours_text(hours: DayHours) -> str:
    return ", ".join(_("%(start)s to %(end)s") % {"start": format_time(start), "end": format_time(end)} for start, end in hours)


class HoursField(forms.CharField):
    """Hours of one day; empty means none."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=80, **kwargs)
        self.widget.attrs.update({"autocomplete": "off"})

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        if not typed:
            return []
        try:
            return parse_hours(typed)
        except AmbiguousHourError as error:
            raise ValidationError(_("Say am or pm with each time, such as 9am to 1pm.")) from error
        except ValueError as error:
            message = _("Write the hours like this: 9am to 5pm. Put a comma between two parts of a day.")
            raise ValidationError(message) from error


class WeekHoursForm(PageForm):
    """The hours of a whole week, from some day on. Empty boxes are days off."""

    first_day = DayField(label=gettext_lazy("From which day?"), lies_ahead=True, validators=[validate_near_today])
    last_day = DayField(
        label=gettext_lazy("Until which day?"),
        lies_ahead=True,
        validators=[validate_near_today],
        required=False,
        help_text=gettext_lazy(
            "Leave empty if there is no last day. After the last day, your hours go back to what they are now."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for weekday in Weekday:
            hint = EXAMPLE_HOURS if weekday == Weekday.MONDAY else ""
            self.fields[f"day_{weekday.value}"] = apply_page_field_defaults(HoursField(label=weekday.label, help_text=hint))

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("first_day") and cleaned.get("last_day") and cleaned["last_day"] < cleaned["first_day"]:
            self.add_error("last_day", _("The last day must not come before the first."))
        return cleaned

    @property
    def hours(self) -> list[WeekdayHours]:
        return [
            WeekdayHours(weekday.value, start, end)
            for weekday in Weekday
            for start, end in self.cleaned_data[f"day_{weekday.value}"]
        ]


def initial_week(presenter: Presenter, day: date) -> dict[str, Any]:
    """Initial values of WeekHoursForm: the hours that hold in the seven days from that day on."""
    next_of = {(day + timedelta(days=number)).weekday(): day + timedelta(days=number) for number in range(7)}
    windows = [window for window in presenter.availability.all() if window.applies_on(next_of[window.weekday])]
    initial: dict[str, Any] = {"first_day": day}
    for weekday in Weekday:
        hours = sorted(window.clock_span() for window in windows if window.weekday == weekday.value)
        initial[f"day_{weekday.value}"] = hours_text(hours)
    return initial


class DaysHoursForm(PageForm):
    """A day or some days on which other hours hold."""

    first_day = DayField(label=gettext_lazy("Which day, or from which day?"), lies_ahead=True, validators=[validate_near_today])
    last_day = DayField(
        label=gettext_lazy("Until which day?"),
        lies_ahead=True,
        validators=[validate_near_today],
        required=False,
        help_text=gettext_lazy("Leave empty for one day."),
    )
    hours = HoursField(
        label=gettext_lazy("When can you be booked then?"),
        help_text=gettext_lazy("For example, 9am to 1pm, 2pm to 5pm. Leave empty if you can’t be booked at all."),
    )

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if first and last and last < first:
            self.add_error("last_day", _("The last day must not come before the first."))
        elif first and "last_day" in cleaned:
            cleaned["last_day"] = last or first
        return cleaned


tick_boxes = partial(forms.MultipleChoiceField, required=False, widget=forms.CheckboxSelectMultiple)
number_field = partial(forms.IntegerField, required=False)


class PresenterRulesMixin(PageFormMixin):
    """The rules of a presenter: ticks, numbers, and areas in one box."""

    def replace_fields(self) -> None:
        """Replace the model's fields that this form has by fields with plainer widgets."""
        no_limit, usual = _("Leave empty for no limit."), site_settings()
        own: dict[str, forms.Field] = {
            "formats": tick_boxes(
                label=_("How do you give presentations?"),
                choices=list(FORMAT_LABELS.items()),
                help_text=_("Leave both boxes empty for both."),
            ),
            "audiences": tick_boxes(
                label=_("Who do you give presentations to?"),
                choices=AUDIENCE_CHOICES,
                help_text=_("Leave all boxes empty for everybody."),
            ),
            "nations_covered": tick_boxes(
                label=_("Nations covered"),
                choices=Nation.choices,
                help_text=_("To cover everywhere, leave all boxes empty and add no areas."),
            ),
            "presentations": forms.ModelMultipleChoiceField(
                Presentation.objects.all(),
                label=_("Presentations given"),
                required=False,
                widget=forms.CheckboxSelectMultiple,
                help_text=_("Leave all boxes empty for all presentations."),
            ),
            "areas_covered": AreasField(),
            "most_a_day": number_field(label=_("Most presentations a day"), min_value=1, max_value=20, help_text=no_limit),
            "most_a_week": number_field(label=_("Most presentations a week"), min_value=1, max_value=50, help_text=no_limit),
            "notice_working_days": number_field(
                label=_("Notice in working days"),
                min_value=0,
                max_value=60,
                help_text=_("Leave empty to use the usual notice: %(days)d.") % {"days": usual.notice_working_days},
            ),
            "horizon_days": number_field(
                label=_("Days ahead that can be booked"),
                min_value=1,
                max_value=SETTING_BOUNDS["horizon_days"][1],
                help_text=_("Leave empty to use the usual limit: %(days)d. More than that changes nothing.")
                % {"days": usual.horizon_days},
            ),
            "earliest_leaving": UKTimeField(label=_("Leaves the base from")),
            "latest_return": UKTimeField(label=_("Is back at the base by")),
        }
        for name, field in own.items():
            if name in self.fields:
                self.fields[name] = apply_page_field_defaults(field)


class AreasField(forms.CharField):
    """'LS, BD, HD': the letters that postcodes start with."""

    def __init__(self) -> None:
        super().__init__(
            label=_("Postcode areas covered"),
            required=False,
            help_text=_("The letters that postcodes start with, such as LS, BD, HD."),
        )

    def prepare_value(self, value: Any) -> Any:
        return ", ".join(value) if isinstance(value, list) else value

    def clean(self, value: Any) -> Any:
        typed = super().clean(value)
        areas = [part for part in re.split(r"[\s,;]+", typed.upper()) if part]
        wrong = [area for area in areas if not re.fullmatch(r"[A-Z]{1,2}", area)]
        if wrong:
            raise ValidationError(
                _("%(wrong)s is not a postcode area. Write only the letters, such as LS, BD.") % {"wrong": wrong[0]}
            )
        return list(dict.fromkeys(areas))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


class OwnRulesForm(PresenterRulesMixin, forms.ModelForm):
    """The rules that presenters set for themselves."""

    class Meta:
        model = Presenter
        fields = [
            *("formats", "presentations", "audiences", "most_a_day", "most_a_week", "notice_working_days", "horizon_days"),
            *("nations_covered", "areas_covered", "max_travel_minutes", "earliest_leaving", "latest_return"),
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.replace_fields()
