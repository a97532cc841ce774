"""A start time, as a form asks for it."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy

from bookings.diary.book import Slot
from ctac.forms import PageForm
from ctac.uk import format_clock, format_day


def slot_choices(days: Iterable[tuple[date, list[Slot]]]) -> list[tuple[str, list[tuple[str, SafeString]]]]:
    """Radios by day. Their value is the moment itself, so a page that was left open stays right."""
    return [(format_day(day), [(slot_value(slot.start), slot_label(slot)) for slot in slots]) for day, slots in days]


def slot_value(start: datetime) -> str:
    return start.astimezone(UTC).strftime("%Y-%m-%dT%H:%MZ")


def slot_label(slot: Slot) -> SafeString:
    """The start for the eye, which stands under its day; the end and the day too for the ear."""
    return label_in(get_language(), slot)


@lru_cache(maxsize=1024)  # the same slots are shown to many
def label_in(_language: str | None, slot: Slot) -> SafeString:
    rest = gettext_lazy("to %(end)s, %(day)s") % {"end": format_clock(slot.end), "day": format_day(slot.start)}
    return format_html("{}<span class='govuk-visually-hidden'> {}</span>", format_clock(slot.start), rest)


class SlotField(forms.TypedChoiceField):
    """A start time. Any moment within the horizon is accepted: whether it is still free, the service finds out."""

    def valid_value(self, value: Any) -> bool:
        return True


def to_start(value: str) -> datetime:
    try:
        start = datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValidationError(gettext_lazy("Choose one of the times below.")) from error
    if not 2000 <= start.year <= 2100:  # further out, the arithmetic of dates ends
        raise ValidationError(gettext_lazy("Choose one of the times below."))
    return start


class WhenForm(PageForm):
    start = SlotField(
        label=gettext_lazy("Choose a day and time"),
        widget=forms.RadioSelect,
        coerce=to_start,
        error_messages={
            "required": gettext_lazy("Choose a day and time."),
            "invalid_choice": gettext_lazy("Choose one of the times below."),
        },
    )

    def __init__(self, *args: Any, days: Iterable[tuple[date, list[Slot]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = slot_choices(days)
