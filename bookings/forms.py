"""The shape of what people type while booking."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.diary import Slot
from bookings.models import Format, Presentation
from bookings.places import PlaceUnknown, find_place
from bookings.travel import Place
from ctac.forms import PageForm
from ctac.uk import format_clock, format_day, tidy_postcode
from professionals.forms import validate_phone
from professionals.models import Profession
from professionals.safeguarding import ChildDetailsMixin

FORMAT_HINTS = {
    str(Format.WORKPLACE): _("A presenter comes to you."),
    str(Format.ONLINE): _("We send you a joining link for a video call."),
}
TEXT_ROWS = {"rows": 3}


def audience_question() -> forms.ChoiceField:
    """Asked before a time is chosen: not every presenter gives presentations to every audience."""
    return forms.ChoiceField(
        label=_("Who are most of the people coming?"),
        choices=[("", _("A mix of professions")), *Profession.choices],
        required=False,
    )


class WhereForm(PageForm):
    """For whom, and where: online needs nothing more, a workplace its address."""

    format = forms.ChoiceField(
        label=_("Where would you like the presentation?"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose where you would like the presentation.")},
    )
    address_line_1 = forms.CharField(label=_("Address line 1"), max_length=120, required=False)
    address_line_2 = forms.CharField(label=_("Address line 2 (optional)"), max_length=120, required=False)
    town = forms.CharField(label=_("Town or city"), max_length=80, required=False)
    postcode = forms.CharField(label=_("Postcode"), max_length=12, required=False)
    audience_profession = audience_question()

    autocomplete = {
        "address_line_1": "address-line1",
        "address_line_2": "address-line2",
        "town": "address-level2",
        "postcode": "postal-code",
    }
    conditional = dict.fromkeys(("address_line_1", "address_line_2", "town", "postcode"), ("format", Format.WORKPLACE))
    option_hints = {"format": FORMAT_HINTS}
    ADDRESS = {
        "address_line_1": _("Enter the building and street."),
        "town": _("Enter the town or city."),
        "postcode": _("Enter the postcode."),
    }

    def __init__(self, *args: Any, presentation: Presentation, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["format"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [(value, label) for value, label in Format.choices if value in presentation.formats]
        self.place: Place | None = None

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if cleaned.get("format") != Format.WORKPLACE:
            return {**cleaned, **dict.fromkeys(self.conditional, "")}
        for name, message in self.ADDRESS.items():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, ValidationError(message, code="required"))
        return self.at_place(cleaned) if cleaned.get("postcode") else cleaned

    def at_place(self, cleaned: dict[str, Any], beside: str = "postcode") -> dict[str, Any]:
        """The same with its postcode tidied. What is wrong with that is said `beside` the question that it answers."""
        try:
            cleaned["postcode"] = tidy_postcode(cleaned["postcode"])
            self.place = find_place(cleaned["postcode"])
        except PlaceUnknown as unknown:
            self.add_error(beside, str(unknown.message))
        except ValidationError as error:
            self.add_error(beside, error)
        return cleaned


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
    rest = _("to %(end)s, %(day)s") % {"end": format_clock(slot.end), "day": format_day(slot.start)}
    return format_html("{}<span class='govuk-visually-hidden'> {}</span>", format_clock(slot.start), rest)


class SlotField(forms.TypedChoiceField):
    """A start time. Any moment within the horizon is accepted: whether it is still free, the service finds out."""

    def valid_value(self, value: Any) -> bool:
        return True


def to_start(value: str) -> datetime:
    try:
        start = datetime.strptime(value, "%Y-%m-%dT%H:%MZ").replace(tzinfo=UTC)
    except ValueError as error:
        raise ValidationError(_("Choose one of the times below.")) from error
    if not 2000 <= start.year <= 2100:  # further out, the arithmetic of dates ends
        raise ValidationError(_("Choose one of the times below."))
    return start


class WhenForm(PageForm):
    start = SlotField(
        label=_("Choose a day and time"),
        widget=forms.RadioSelect,
        coerce=to_start,
        error_messages={
            "required": _("Choose a day and time."),
            "invalid_choice": _("Choose one of the times below."),
        },
    )

    def __init__(self, *args: Any, days: Iterable[tuple[date, list[Slot]]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choice = self.fields["start"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = slot_choices(days)


class DetailsForm(ChildDetailsMixin, PageForm):
    """Who is coming, whom to ask for, what they need."""

    audience_size = forms.IntegerField(
        label=_("How many people will come?"),
        help_text=_("Your best guess is fine."),
        min_value=1,
        max_value=rules.LARGEST_AUDIENCE,
        error_messages={
            "required": _("Enter how many people will come."),
            "invalid": _("Enter the number in figures, like 12."),
            "min_value": _("Enter 1 or more."),
            "max_value": _("Enter %(limit_value)s or fewer, or call us about a bigger audience."),
        },
    )
    audience_profession = audience_question()
    contact_name = forms.CharField(
        label=_("Who should we ask for on the day?"),
        max_length=150,
        error_messages={"required": _("Enter the name of someone who will be there.")},
    )
    contact_phone = forms.CharField(
        label=_("Their phone number"),
        help_text=_("A mobile number is best. We use it only about this presentation."),
        max_length=30,
        widget=forms.TextInput({"type": "tel"}),
        validators=[validate_phone],
        error_messages={"required": _("Enter a phone number that works on the day.")},
    )
    room = forms.CharField(label=_("Room, parking or entrance"), max_length=200, required=False)
    access_needs = forms.CharField(
        label=_("Access needs"),
        help_text=_("For example a hearing loop, captions or step-free access."),
        max_length=1000,
        widget=forms.Textarea(TEXT_ROWS),
        required=False,
    )
    notes = forms.CharField(
        label=_("Anything else we should know?"),
        help_text=_("Do not give any child’s details here."),
        max_length=1000,
        widget=forms.Textarea(TEXT_ROWS),
        required=False,
    )

    free_text_fields: Iterable[str] = ("room", "access_needs", "notes")
    autocomplete = {"contact_name": "off", "contact_phone": "off"}


class DayForm(DetailsForm):
    """The same while booking, where the first page has asked who is coming."""

    audience_profession = None  # type: ignore[assignment]


class DayAndLeafletsForm(DayForm):
    """The same on the website, where the presenter can be asked to bring leaflets."""

    field_order = ("audience_size", "leaflets")
    leaflets = forms.BooleanField(
        label=_("Bring leaflets for the audience"),
        help_text=_("They are free. You choose them on the next page."),
        required=False,
    )

    def __init__(self, *args: Any, online: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if online:  # nobody brings anything; the check page says where the PDFs are
            del self.fields["leaflets"]


class CancelForm(ChildDetailsMixin, PageForm):
    reason = forms.CharField(
        label=_("Why are you cancelling?"),
        help_text=_("It helps us plan. Do not give any child’s details here."),
        max_length=500,
        widget=forms.Textarea(TEXT_ROWS),
        required=False,
    )

    free_text_fields = ("reason",)
