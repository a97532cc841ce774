"""The shape of a request for dates of one's own, and of the answer to times that were offered."""

from collections.abc import Iterable
from datetime import date, datetime, time
from functools import partial
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models import DateOption, Precision, Presentation
from bookings.services.keeping import Preferred
from ctac.forms import PageForm
from ctac.staff_fields import ClockField, DayField, uk_moment
from ctac.uk import UK, format_clock_time, uk_datetime, uk_day
from professionals.safeguarding import ChildDetailsMixin

CHOICES = range(1, rules.DATES_A_REQUEST + 1)
LEGENDS: dict[int, str | Promise] = {1: _("First choice"), 2: _("Second choice"), 3: _("Third choice")}
WINDOWS = {
    Precision.MORNING: rules.MORNING,
    Precision.AFTERNOON: rules.AFTERNOON,
    Precision.ANY_TIME: rules.ANY_TIME,
}
WHOLE_DAY = time(0), time(23, 59)
PARTS = [(each.value, each.label) for each in (Precision.TIME, *WINDOWS)]


# 'Second choice: day': the same is asked three times, and whoever hears a label alone must know for which choice.
of_choice = partial(format_lazy, "{choice}: {asked}")


def day_field(number: int) -> DayField:
    return DayField(label=of_choice(choice=LEGENDS[number], asked=_("day")), required=False, lies_ahead=True)


def part_field(number: int) -> forms.ChoiceField:
    return forms.ChoiceField(label=of_choice(choice=LEGENDS[number], asked=_("when on that day?")), choices=PARTS, required=False)


def clock_field(number: int) -> ClockField:
    hint = _("UK time, like 1:30pm. Empty for a part of the day.")
    return ClockField(label=of_choice(choice=LEGENDS[number], asked=_("start time")), required=False, help_text=hint)


class DatesForm(ChildDetailsMixin, PageForm):
    """Up to three dates, each a time or a part of a day; or a range of days. `cleaned_data["dates"]` is what they come to."""

    reason = forms.CharField(
        label=_("Why does none of our times suit you?"),
        help_text=_("For example the days when your team meets. It helps us find a time. Do not give any child’s details here."),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        error_messages={"required": _("Write why none of our times suits you.")},
    )
    day_1, day_2, day_3 = map(day_field, CHOICES)
    part_1, part_2, part_3 = map(part_field, CHOICES)
    clock_1, clock_2, clock_3 = map(clock_field, CHOICES)
    first_day = DayField(label=_("First day"), required=False, lies_ahead=True)
    last_day = DayField(label=_("Last day"), required=False, lies_ahead=True)

    nothing_given: str | Promise = _("Enter a day that would suit you, or a range of days below.")
    free_text_fields = ("reason",)
    fieldsets = {
        **{LEGENDS[number]: (f"day_{number}", f"part_{number}", f"clock_{number}") for number in CHOICES},
        _("Or any day between two days"): ("first_day", "last_day"),
    }
    named_in_errors = tuple(f"{what}_{number}" for number in CHOICES for what in ("day", "part", "clock"))
    field_order = ["reason", *(f"{what}_{number}" for number in CHOICES for what in ("day", "part", "clock"))]

    def __init__(self, *args: Any, presentation: Presentation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.length = presentation.length
        self.today = uk_day(timezone.now())

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        found = [self._date(number, cleaned) for number in CHOICES]
        days = self._days(cleaned)
        dates = [each for each in found if each]
        self._refuse_twice(found)
        if days and dates:
            self.add_error("first_day", _("Give certain dates or a range of days, not both."))
        elif not days and not dates and not self.errors.keys() & self.about_dates:
            self.add_error("day_1", str(self.nothing_given))
        return {**cleaned, "dates": [days] if days else dates}

    @property
    def about_dates(self) -> set[str]:
        """The boxes in which a day stands or would stand; the reason is another matter."""
        return {name for name in self.fields if name.startswith(("day", "part", "clock", "first", "last"))}

    def _date(self, number: int, cleaned: dict[str, Any]) -> Preferred | None:
        day_name, part_name, clock_name = (f"{what}_{number}" for what in ("day", "part", "clock"))
        if any(name in self.errors for name in (day_name, part_name, clock_name)):
            return None
        day, part, clock = cleaned.get(day_name), cleaned.get(part_name) or Precision.TIME, cleaned.get(clock_name)
        if day is None:
            if clock is not None:
                self.add_error(day_name, _("Enter the day as well."))
            return None
        if problem := self._too_near_or_far(day):
            self.add_error(day_name, problem)
            return None
        try:
            return self._preferred(day, Precision(part), clock)
        except ValidationError as error:
            self.add_error(clock_name, error)
            return None

    def _too_near_or_far(self, day: date) -> str:
        if day < self.today:
            return str(_("That day is over. Enter a day that lies ahead."))
        if day > self.today + rules.ASKED_AT_MOST_AHEAD:
            return str(_("Enter a day within a year from now."))
        return ""

    def _preferred(self, day: date, part: Precision, clock: time | None) -> Preferred:
        """Raises ValidationError, about the start time."""
        if part != Precision.TIME:
            if clock is not None:
                raise ValidationError(_("Leave the start time empty, or choose “At a certain time” above."))
            start, end = (uk_datetime(day, each) for each in WINDOWS[part])
            if end <= timezone.now():
                raise ValidationError(_("That part of the day is over."))
            return Preferred(part, start, end)
        if clock is None:
            raise ValidationError(_("Enter the start time, or choose a part of the day above."))
        start = uk_moment(day, clock)
        end = start + self.length
        if start <= timezone.now():
            raise ValidationError(_("That time is over."))
        if clock < rules.EARLIEST_START or end > uk_datetime(day, rules.LATEST_END):
            bounds = {"start": format_clock_time(rules.EARLIEST_START), "end": format_clock_time(rules.LATEST_END)}
            raise ValidationError(_("It must start at %(start)s or later, and end by %(end)s.") % bounds)
        return Preferred(part, start, end)

    def _refuse_twice(self, found: list[Preferred | None]) -> None:
        for number, each in zip(CHOICES, found, strict=True):
            if each and each in found[: number - 1]:
                self.add_error(f"day_{number}", _("This is the same as a choice above. Change it, or leave it empty."))

    def _days(self, cleaned: dict[str, Any]) -> Preferred | None:
        first, last = cleaned.get("first_day"), cleaned.get("last_day")
        if (first is None and last is None) or any(name in self.errors for name in ("first_day", "last_day")):
            return None
        if first is None or last is None:
            self.add_error("first_day" if first is None else "last_day", _("Enter both days of the range."))
            return None
        if problem := self._too_near_or_far(first) or self._too_near_or_far(last):
            self.add_error("first_day" if self._too_near_or_far(first) else "last_day", problem)
            return None
        if not first < last <= first + rules.LONGEST_RANGE:
            self.add_error("last_day", _("The last day must come after the first, and within 60 days of it."))
            return None
        return Preferred(Precision.DAYS, uk_datetime(first, WHOLE_DAY[0]), uk_datetime(last, WHOLE_DAY[1]))

    def as_typed(self) -> dict[str, str]:
        """What stood in the boxes, to be shown again. Days with their year: without it another day may read another date."""
        typed = {name: str(self.data.get(name, "")) for name in self.fields if name in self.about_dates}
        days = {name: self.cleaned_data.get(name) for name in typed if isinstance(self.fields[name], DayField)}
        return {**typed, **{name: self.fields[name].prepare_value(day) for name, day in days.items() if day}}


TAKE, OTHERS, WITHDRAW = "take-", "others", "withdraw"


class AnswerForm(ChildDetailsMixin, PageForm):
    """One of the times offered, or others, or no more."""

    answer = forms.ChoiceField(
        label=_("What suits you?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of these answers.")},
    )
    words = forms.CharField(
        label=_("Which days and times would suit you?"),
        help_text=_("Do not give any child’s details here."),
        max_length=500,
        widget=forms.Textarea({"rows": 3}),
        required=False,
    )
    why = forms.CharField(
        label=_("Why do you withdraw it? (optional)"),
        help_text=_("Do not give any child’s details here."),
        max_length=500,
        widget=forms.Textarea({"rows": 2}),
        required=False,
    )

    free_text_fields = ("words", "why")
    conditional = {"words": ("answer", OTHERS), "why": ("answer", WITHDRAW)}

    def __init__(self, *args: Any, offers: Iterable[DateOption], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.offers = {f"{TAKE}{option.pk}": option for option in offers}
        choice = self.fields["answer"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [
            *((value, option.when) for value, option in self.offers.items()),
            (OTHERS, _("None of these: please offer other times") if self.offers else _("Please offer other times")),
            (WITHDRAW, _("We don’t need it any more: withdraw the request")),
        ]
        others = _("Choose another, or ask us for others.") if self.offers else _("You can ask us for others.")
        choice.error_messages["invalid_choice"] = _("We no longer keep that time. %(others)s") % {"others": others}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("answer") == OTHERS and not cleaned.get("words") and "words" not in self.errors:
            self.add_error("words", _("Write which days and times would suit you."))
        return cleaned

    @property
    def taken(self) -> DateOption | None:
        return self.offers.get(self.cleaned_data["answer"])


def to_moment(value: str) -> datetime:
    """A moment as the draft keeps it."""
    return datetime.fromisoformat(value).astimezone(UK)
