"""What is asked of whoever packs: what to pack, what becomes of each parcel, where labels begin."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.forms import PageForm
from leaflets.dispatch.prints import LABEL_SHEETS, LabelSheet
from leaflets.dispatch.queries import PackingChoice, TitleToPack
from leaflets.dispatch.services import TypedParcel, UnsentCopies, copies_in_parcel
from leaflets.models import MAX_PARCELS, REASON_MISSING, Edition, LeftOutReason, OrderLine, Parcel
from professionals.areas import is_area
from professionals.models import Nation

MAX_AREAS = 20
POST, BRING = "post", "bring"


class StartPackingForm(PageForm):
    """Which orders to pack. Everything has a usual answer, so that the page can be started from as it opens."""

    what = forms.ChoiceField(
        label=gettext_lazy("What do you pack?"),
        choices=[(POST, gettext_lazy("Parcels to post")), (BRING, gettext_lazy("Leaflets for presenters to bring"))],
        widget=forms.RadioSelect,
        initial=POST,
    )
    titles = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Only these titles"),
        required=False,
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("An order is taken if all that goes in its parcel is ticked. Leave all unticked for every title."),
    )
    areas = forms.CharField(
        label=gettext_lazy("Only these postcode areas"),
        required=False,
        max_length=100,
        help_text=gettext_lazy("Like LS, or LS1. Several with commas between. Leave empty for everywhere."),
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
        help_text=gettext_lazy("The oldest come first. Leave empty for all that match, but not more than 200 at a time."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}),
    )

    def __init__(self, data: Any = None, *, titles: Sequence[TitleToPack] = ()) -> None:
        super().__init__(data)
        self.fields["titles"].choices = [(each.key, each.in_words) for each in titles]  # type: ignore[attr-defined]
        if not titles:
            del self.fields["titles"]

    def clean_areas(self) -> tuple[str, ...]:
        """Each as it is stored: letters, or the first half of a postcode."""
        typed = tuple(dict.fromkeys(re.findall(r"[A-Z0-9]+", self.cleaned_data["areas"].upper())))
        if len(typed) > MAX_AREAS:
            raise forms.ValidationError(_("Enter at most %(n)d areas.") % {"n": MAX_AREAS})
        if unknown := [area for area in typed if not is_area(area)]:
            said = _("We know no postcode area %(areas)s. Write its letters, like LS, or the first half of a postcode, like LS1.")
            raise forms.ValidationError(said % {"areas": ", ".join(unknown)})
        return typed

    @property
    def choice(self) -> PackingChoice:
        """What was chosen; the usual if nothing has been asked yet."""
        asked: dict[str, Any] = getattr(self, "cleaned_data", {})
        return PackingChoice(
            titles=tuple(asked.get("titles") or ()),
            areas=asked.get("areas") or (),
            nation=asked.get("nation") or "",
            brought=asked.get("what") == BRING,
            most=asked.get("most") or MAX_PARCELS,
        )


def parcel_field_name(kind: str, number: int) -> str:
    """The name of a field of the parcel with that number."""
    return f"{kind}-{number}"


class ParcelsForm(PageForm):
    """What becomes of each parcel: fewer copies, left out and why, its tracking number; and where copies stay that are not sent.

    A parcel that the page did not show is not in what it sends, and keeps what it has.
    """

    rest = forms.ChoiceField(
        label=gettext_lazy("If you send fewer copies than are promised, where is the rest?"),
        required=False,
        choices=UnsentCopies.choices,
    )

    def __init__(self, data: Mapping[str, Any] | None = None, *, parcels: Iterable[Parcel]) -> None:
        super().__init__(data)
        self.parcels = list(parcels)
        for parcel in self.parcels:
            number = {"n": parcel.number}
            self.fields[parcel_field_name("out", parcel.number)] = forms.BooleanField(required=False)
            self.fields[parcel_field_name("why", parcel.number)] = forms.ChoiceField(
                required=False, choices=[("", "–"), *LeftOutReason.choices]
            )
            too_long = _("The tracking number of parcel %(n)d is too long. Use at most 60 characters.") % number
            self.fields[parcel_field_name("track", parcel.number)] = forms.CharField(
                required=False, max_length=60, error_messages={"max_length": too_long}
            )
            for line in lines_to_send(parcel):
                facts = {"n": line.allocated, "number": parcel.number, "title": line.edition.leaflet.title}
                bad = _("Parcel %(number)d: enter how many copies of “%(title)s” go, from 0 to %(n)d.") % facts
                self.fields[parcel_field_name("copies", line.pk)] = forms.IntegerField(
                    required=False,
                    min_value=0,
                    max_value=line.allocated,
                    error_messages=dict.fromkeys(("invalid", "min_value", "max_value"), bad),
                )

    def typed(self) -> dict[int, TypedParcel]:
        """By the parcels' keys."""
        return {parcel.pk: self._typed(parcel) for parcel in self._shown()}

    def _shown(self) -> list[Parcel]:
        """Those that the page which was sent had."""
        return [parcel for parcel in self.parcels if parcel_field_name("track", parcel.number) in self.data]

    def _typed(self, parcel: Parcel) -> TypedParcel:
        why, out = (
            self.cleaned_data[parcel_field_name("why", parcel.number)],
            self.cleaned_data[parcel_field_name("out", parcel.number)],
        )
        wanted = {line: self.cleaned_data[parcel_field_name("copies", line.pk)] for line in lines_to_send(parcel)}
        return TypedParcel(
            left_out=why or (REASON_MISSING if out else ""),
            fewer={line.pk: copies for line, copies in wanted.items() if copies is not None and copies < line.allocated},
            tracking_number=self.cleaned_data[parcel_field_name("track", parcel.number)],
        )

    def clean(self) -> dict[str, Any]:
        """Nothing is guessed of what the summary and the stock will say: why a parcel stays here, and where copies are that it
        lacks, which may be missing for two reasons that leave different figures behind."""
        cleaned = super().clean() or self.cleaned_data
        if "dispatch" in self.data and not self.errors:
            without_a_reason = [parcel for parcel in self._shown() if self._typed(parcel).left_out == REASON_MISSING]
            if not cleaned.get("rest") and (few := self.too_few()):
                # `few`: how many copies of each edition should be left.
                said = _("You send fewer copies than are promised. Say where the rest is.")
                figure = _("By the figures there are %(n)s copies of “%(title)s” beside those in the parcels.")
                self.add_error(
                    "rest", " ".join([said, *(figure % {"n": f"{n:,}", "title": edition} for edition, n in few.items())])
                )
            for parcel in without_a_reason:
                self.add_error(
                    parcel_field_name("why", parcel.number), _("Parcel %(n)d: choose why it is left out.") % {"n": parcel.number}
                )
        return cleaned

    def too_few(self) -> dict[Edition, int]:
        """Editions of which fewer go than are promised to these parcels, and how many copies of each should be left."""
        going = [parcel for parcel in self.parcels if not self._typed(parcel).left_out]
        left: dict[Edition, int] = {}
        few: set[Edition] = set()
        for parcel in going:
            fewer = self._typed(parcel).fewer
            for line in lines_to_send(parcel):
                edition, copies = line.edition, fewer.get(line.pk, line.allocated)
                left[edition] = left.get(edition, edition.on_hand) - copies
                few |= {edition} if copies < line.allocated else set()
        return {edition: left[edition] for edition in left if edition in few}

    @property
    def rest_of_copies(self) -> UnsentCopies:
        """Nothing is taken off the stock unless somebody says so."""
        return UnsentCopies(self.cleaned_data.get("rest") or UnsentCopies.NEXT_TIME)

    def shown(self, name: str, kept: object) -> str:
        """What stands in a box: what was typed, or what is kept."""
        return str(self.data.get(name, "") if self.is_bound and name in self.data else kept)

    def is_ticked(self, parcel: Parcel) -> bool:
        shown = self.is_bound and parcel_field_name("track", parcel.number) in self.data
        return parcel_field_name("out", parcel.number) in self.data if shown else bool(parcel.left_out)


def lines_to_send(parcel: Parcel) -> list[OrderLine]:
    return [line for line in parcel.order.lines.all() if line.allocated]


def copies_shown(form: ParcelsForm, parcel: Parcel, line: OrderLine) -> str:
    return form.shown(parcel_field_name("copies", line.pk), copies_in_parcel(parcel, line))


class AddOrderForm(PageForm):
    reference = forms.CharField(
        label=gettext_lazy("Reference of the order"),
        max_length=20,
        help_text=gettext_lazy("Like LO-3XK9-PT."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
    )


class TakeOutForm(PageForm):
    which = forms.CharField(
        label=gettext_lazy("Number of the parcel, or reference of the order"),
        max_length=20,
        help_text=gettext_lazy("Like 12, or LO-3XK9-PT."),
        widget=forms.TextInput(attrs={"class": "govuk-input--width-10", "autocomplete": "off"}),
    )


class LabelsForm(PageForm):
    """Which sheets are in the printer, and the first label on the first of them that is still there."""

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
