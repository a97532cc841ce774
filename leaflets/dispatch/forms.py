"""Forms for packing: what to pack, the outcome of each parcel, and the first label."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from core.forms import PageForm
from leaflets.dispatch.prints import LABEL_SHEETS, LabelSheet
from leaflets.dispatch.queries import PackingChoice, TitleToPack
from leaflets.dispatch.services import TypedParcel, UnsentCopies
from leaflets.models import MAX_PARCELS, REASON_MISSING, Edition, LeftOutReason, OrderLine, Parcel
from professionals.areas import is_area
from professionals.models import Nation

MAX_AREAS = 20
POST_CHOICE, BRING_CHOICE = "post", "bring"


class StartPackingForm(PageForm):
    """Which orders to pack. Every field has a usual answer, so that one press can start a session."""

    what = forms.ChoiceField(
        label=gettext_lazy("What are you packing?"),
        choices=[
            (POST_CHOICE, gettext_lazy("Parcels to post")),
            (BRING_CHOICE, gettext_lazy("Leaflets for presenters to bring")),
        ],
        widget=forms.RadioSelect,
        initial=POST_CHOICE,
    )
    titles = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only these titles"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("We take an order if you tick every title in its parcel. Tick nothing to take every title."),
    )
    areas = forms.CharField(
        label=gettext_lazy("Only these postcode areas"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("For example, LS or LS1. Put commas between several areas. Leave this empty for everywhere."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-20", "autocomplete": "off"}),
    )
    nation = forms.ChoiceField(
        label=gettext_lazy("Only this nation"),
        required=False,
        choices=[("", gettext_lazy("Everywhere")), *Nation.choices],
    )
    most = forms.IntegerField(
        label=gettext_lazy("How many orders at most?"),
        required=False,
        min_value=1,
        max_value=MAX_PARCELS,
        help_text=gettext_lazy("The oldest orders come first. Leave this empty for all that match, up to 200."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, titles: Sequence[TitleToPack] = ()) -> None:
        super().__init__(data)
        self.fields["titles"].choices = [(title.key, title.label) for title in titles]  # type: ignore[attr-defined]
        if not titles:
            del self.fields["titles"]

    def clean_areas(self) -> tuple[str, ...]:
        """Each area as it is stored: letters, or the first half of a postcode."""
        areas = tuple(dict.fromkeys(re.findall(r"[A-Z0-9]+", self.cleaned_data["areas"].upper())))
        if len(areas) > MAX_AREAS:
            raise forms.ValidationError(_("Enter at most %(n)d areas.") % {"n": MAX_AREAS})
        if unknown := [area for area in areas if not is_area(area)]:
            error = _(
                "We don’t know the postcode area %(areas)s. Write letters, like LS, or the first half of a postcode, like LS1."
            )
            raise forms.ValidationError(error % {"areas": ", ".join(unknown)})
        return areas

    @property
    def choice(self) -> PackingChoice:
        """The choice made; everything, if nothing has been chosen."""
        chosen: dict[str, Any] = getattr(self, "cleaned_data", {})
        return PackingChoice(
            titles=tuple(chosen.get("titles") or ()),
            areas=chosen.get("areas") or (),
            nation=chosen.get("nation") or "",
            brought=chosen.get("what") == BRING_CHOICE,
            most=chosen.get("most") or MAX_PARCELS,
        )


class ParcelsForm(PageForm):
    """For each parcel: fewer copies, whether and why it is left out, its tracking number; and where unsent copies are.

    A parcel that the page did not show is not in the data, and keeps its values.
    """

    rest = forms.ChoiceField(
        label=gettext_lazy("If you send fewer copies than promised, where are the others?"),
        required=False,
        choices=UnsentCopies.choices,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, parcels: Iterable[Parcel]) -> None:
        super().__init__(data)
        self.parcels = list(parcels)
        for parcel in self.parcels:
            number = {"n": parcel.number}
            self.fields[f"out-{parcel.number}"] = forms.BooleanField(required=False)
            self.fields[f"why-{parcel.number}"] = forms.ChoiceField(required=False, choices=[("", "–"), *LeftOutReason.choices])
            too_long = _("The tracking number of parcel %(n)d is too long. Use at most 60 characters.") % number
            self.fields[f"track-{parcel.number}"] = forms.CharField(
                required=False, max_length=60, error_messages={"max_length": too_long}
            )
            for line in lines_to_send(parcel):
                facts = {"n": line.allocated, "number": parcel.number, "title": line.edition.leaflet.title}
                bad = _("Parcel %(number)d: enter how many copies of “%(title)s” go, from 0 to %(n)d.") % facts
                self.fields[f"copies-{line.pk}"] = forms.IntegerField(
                    required=False,
                    min_value=0,
                    max_value=line.allocated,
                    error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), bad),
                )

    def typed_parcels(self) -> dict[int, TypedParcel]:
        """The entry typed for each parcel that was on the page, by the parcel's key."""
        return {parcel.pk: self._typed_parcel(parcel) for parcel in self.parcels if f"track-{parcel.number}" in self.data}

    def _typed_parcel(self, parcel: Parcel) -> TypedParcel:
        why, out = self.cleaned_data[f"why-{parcel.number}"], self.cleaned_data[f"out-{parcel.number}"]
        copies = {line: self.cleaned_data[f"copies-{line.pk}"] for line in lines_to_send(parcel)}
        return TypedParcel(
            left_out=why or (REASON_MISSING if out else ""),
            shortages={line.pk: number for line, number in copies.items() if number is not None and number < line.allocated},
            tracking_number=self.cleaned_data[f"track-{parcel.number}"],
        )

    def clean(self) -> dict[str, Any]:
        """Before dispatch, asks why each parcel is left out, and where the copies are that a parcel lacks.

        Copies may be missing for two reasons, which leave different stock figures.
        """
        cleaned = super().clean() or self.cleaned_data
        if "dispatch" in self.data and not self.errors:
            typed = self.typed_parcels()
            unexplained = [p for p in self.parcels if p.pk in typed and typed[p.pk].left_out == REASON_MISSING]
            if not cleaned.get("rest") and (left := self.copies_left_by_edition()):
                errors = [_("You are sending fewer copies than promised. Say where the others are.")]
                one = "By the figures there is %(n)s copy of “%(title)s” beside those in the parcels."
                many = "By the figures there are %(n)s copies of “%(title)s” beside those in the parcels."
                errors += [ngettext(one, many, n) % {"n": f"{n:,}", "title": edition} for edition, n in left.items()]
                self.add_error("rest", " ".join(errors))
            for parcel in unexplained:
                self.add_error(f"why-{parcel.number}", _("Parcel %(n)d: choose why it is left out.") % {"n": parcel.number})
        return cleaned

    def copies_left_by_edition(self) -> dict[Edition, int]:
        """The copies that should be left of each edition of which fewer go than these parcels were promised."""
        left: dict[Edition, int] = {}
        reduced: set[Edition] = set()
        for parcel in self.parcels:
            typed = self._typed_parcel(parcel)
            for line in lines_to_send(parcel) if not typed.left_out else ():
                edition, copies = line.edition, typed.shortages.get(line.pk, line.allocated)
                left[edition] = left.get(edition, edition.on_hand) - copies
                if copies < line.allocated:
                    reduced.add(edition)
        return {edition: copies for edition, copies in left.items() if edition in reduced}

    def value_of(self, name: str, stored: object) -> str:
        """What was typed, or the stored value for a parcel that the page did not show."""
        return str(self.data.get(name, "") if self.is_bound and name in self.data else stored)

    def is_left_out(self, parcel: Parcel) -> bool:
        was_shown = self.is_bound and f"track-{parcel.number}" in self.data
        return f"out-{parcel.number}" in self.data if was_shown else bool(parcel.left_out)


def lines_to_send(parcel: Parcel) -> list[OrderLine]:
    return [line for line in parcel.order.lines.all() if line.allocated]


class AddOrderForm(PageForm):
    reference = forms.CharField(
        label=gettext_lazy("Reference of the order"),
        max_length=20,
        help_text=gettext_lazy("For example, LO-3XK9-PT."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
    )


class RemoveOrderForm(PageForm):
    which = forms.CharField(
        label=gettext_lazy("Number of the parcel, or reference of the order"),
        max_length=20,
        help_text=gettext_lazy("For example, 12 or LO-3XK9-PT."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
    )


class LabelsForm(PageForm):
    """Which label sheets are in the printer, and the first unused label on the first sheet."""

    sheet = forms.ChoiceField(
        label=gettext_lazy("Sheets of labels"), choices=[(sheet.key, sheet.name) for sheet in LABEL_SHEETS], required=False
    )
    first = forms.IntegerField(label=gettext_lazy("First free label"), required=False, min_value=1)

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        most = self.label_sheet.cells
        if (cleaned.get("first") or 1) > most:
            self.add_error("first", _("That sheet has %(n)d labels. Enter a number from 1 to %(n)d.") % {"n": most})
        return cleaned

    @property
    def start(self) -> int:
        return int(self.cleaned_data.get("first") or 1)

    @property
    def label_sheet(self) -> LabelSheet:
        key = self.cleaned_data.get("sheet")
        return next((sheet for sheet in LABEL_SHEETS if sheet.key == key), LABEL_SHEETS[0])
