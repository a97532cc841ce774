"""The shape of what people type while booking."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from bookings import rules
from bookings.models import Format, Presentation
from bookings.places import PlaceUnknown, find_place
from bookings.travel import Place
from ctac.forms import PageForm, as_of_a_page
from ctac.uk import tidy_postcode
from leaflets.models import KeptAddress
from professionals.forms import validate_phone
from professionals.models import Profession
from professionals.safeguarding import ChildDetailsMixin

FORMAT_HINTS = {
    str(Format.WORKPLACE): _("A presenter comes to you."),
    str(Format.ONLINE): _("We send you a joining link for a video call."),
}
TEXT_ROWS = {"rows": 3}
LINES = ("address_line_1", "address_line_2", "town", "postcode")
ANOTHER = "another"


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
    conditional = dict.fromkeys(LINES, ("format", Format.WORKPLACE))
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
            return {**cleaned, **dict.fromkeys(LINES, "")}
        return self.clean_place(cleaned)

    def clean_place(self, cleaned: dict[str, Any]) -> dict[str, Any]:
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


class BookingForm(WhereForm, DetailsForm):
    """The first page of a booking: where, for whom, and what the presenter must know of the day.

    `kept` are the person's own addresses as places of visits (see places_kept): a visit goes to one of them, or to another one
    that is typed. The answers are always a whole address, so that a booking goes where its pages said, whatever becomes of the
    address book.
    """

    leaflets = forms.BooleanField(
        label=_("Bring leaflets for the audience"),
        help_text=_("They are free. You choose which ones later."),
        required=False,
    )

    field_order = ("format", *LINES, "leaflets", "audience_profession", "audience_size")
    fieldsets = {
        _("Where"): ("format",),
        _("For whom"): ("audience_profession", "audience_size"),
        _("On the day"): ("contact_name", "contact_phone", "room", "access_needs", "notes"),
    }
    autocomplete = {**WhereForm.autocomplete, **DetailsForm.autocomplete}
    conditional = {**WhereForm.conditional, "leaflets": ("format", Format.WORKPLACE)}

    def __init__(self, *args: Any, kept: Mapping[str, Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        if kept:
            self._ask_which()
            if "address" not in self.initial:
                self.initial = {**self.initial, **self._first_shown()}

    def _ask_which(self) -> None:
        choices = [*((key, in_a_line(lines)) for key, lines in self.kept.items()), (ANOTHER, _("Another address"))]
        gone = _("You no longer keep the address that you chose. Choose another one.")
        which = forms.ChoiceField(
            label=_("At which address?"),
            choices=choices,
            required=False,
            widget=forms.RadioSelect,
            error_messages={"invalid_choice": gone},
        )
        self.fields["address"] = as_of_a_page(which)
        self.order_fields(["format", "address"])
        at_another = dict.fromkeys(LINES, ("address", ANOTHER))
        self.conditional = {"address": ("format", Format.WORKPLACE), **self.conditional, **at_another}  # type: ignore[misc] # of this form alone

    def _first_shown(self) -> dict[str, str]:
        """The kept address that was answered before, else what was typed; where nothing was, the one that was kept last."""
        before = {name: str(self.initial.get(name, "")) for name in LINES}
        same = next(
            (key for key, lines in self.kept.items() if in_a_line(lines).casefold() == in_a_line(before).casefold()), None
        )
        chosen = same or (ANOTHER if before["address_line_1"] else next(iter(self.kept)))
        return {"address": chosen} if chosen == ANOTHER else {"address": chosen, **dict.fromkeys(LINES, "")}

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean()
        if cleaned.get("format") != Format.WORKPLACE:
            self.errors.pop("address", None)
        return cleaned

    def clean_place(self, cleaned: dict[str, Any]) -> dict[str, Any]:
        """What was typed for another address is not looked at unless that is the answer."""
        if not self.kept or self.data.get("address") == ANOTHER:
            return super().clean_place(cleaned)
        for name in LINES:
            self.errors.pop(name, None)
        chosen = self.kept.get(cleaned.get("address", ""))
        if chosen is not None:
            return self.at_place({**cleaned, **chosen}, beside="address")
        if "address" not in self.errors:
            self.add_error("address", _("Choose an address."))
        return cleaned


def in_a_line(lines: Mapping[str, str]) -> str:
    return ", ".join(filter(None, (lines[name] for name in LINES)))


def places_kept(addresses: Iterable[KeptAddress]) -> dict[str, dict[str, str]]:
    """As places of visits, by their keys: whom a parcel is for says nothing of a visit, so several may be one place."""
    places: dict[str, dict[str, str]] = {}
    for address in addresses:
        lines = lines_of_visit(address)
        if lines and lines not in places.values():
            places[str(address.pk)] = lines
    return places


def lines_of_visit(address: KeptAddress) -> dict[str, str] | None:
    """Its lines for a presenter, who looks for the organisation's door; without its name where that is too long for a visit.

    None where the address itself is too long, which a booking has no room for.
    """
    street = (address.address_line_1, address.address_line_2)
    for lines in ((address.organisation_name, *street), street):
        first, *others = dict.fromkeys(filter(None, lines))
        said = dict(zip(LINES, (first, ", ".join(others), address.town, address.postcode), strict=True))
        if all(len(said[name]) <= WhereForm.base_fields[name].max_length for name in LINES):  # type: ignore[attr-defined]
            return said
    return None


class CancelForm(ChildDetailsMixin, PageForm):
    reason = forms.CharField(
        label=_("Why are you cancelling?"),
        help_text=_("It helps us plan. Do not give any child’s details here."),
        max_length=500,
        widget=forms.Textarea(TEXT_ROWS),
        required=False,
    )

    free_text_fields = ("reason",)
