"""The first page of a booking for who keeps addresses: a visit goes to one of them, or to another one that is typed."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from bookings.forms import WhereForm
from bookings.models import Format
from ctac.forms import as_of_a_page
from leaflets.models import KeptAddress

ANOTHER = "another"
LINES = ("address_line_1", "address_line_2", "town", "postcode")


class WhereAmongKeptForm(WhereForm):
    """`kept` are the person's own addresses as places of visits (see places_kept); who keeps none is asked for one alone.

    The answers are always a whole address, so that a booking goes where its pages said, whatever becomes of the address book.
    """

    def __init__(self, *args: Any, kept: Mapping[str, Mapping[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kept = kept
        if kept:
            self._ask_which()
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
        self.conditional = {"address": ("format", Format.WORKPLACE), **at_another}  # type: ignore[misc] # of this form alone

    def _first_shown(self) -> dict[str, str]:
        """The kept address that was answered before, else what was typed; where nothing was, the one that was kept last."""
        before = {name: str(self.initial.get(name, "")) for name in LINES}
        same = next(
            (key for key, lines in self.kept.items() if in_a_line(lines).casefold() == in_a_line(before).casefold()), None
        )
        chosen = same or (ANOTHER if before["address_line_1"] else next(iter(self.kept)))
        return {"address": chosen} if chosen == ANOTHER else {"address": chosen, **dict.fromkeys(LINES, "")}

    def clean(self) -> dict[str, Any]:
        """What was typed for another address is not looked at unless that is the answer."""
        if self.kept and self.cleaned_data.get("format") == Format.WORKPLACE and self.data.get("address") != ANOTHER:
            return self._clean_kept()
        if self.kept and self.cleaned_data.get("format") != Format.WORKPLACE:
            self.errors.pop("address", None)
        return without_choice(super().clean())

    def _clean_kept(self) -> dict[str, Any]:
        for name in LINES:
            self.errors.pop(name, None)
        chosen = self.kept.get(self.cleaned_data.get("address", ""))
        if chosen is not None:
            return without_choice(self.at_place({**self.cleaned_data, **chosen}, beside="address"))
        if "address" not in self.errors:
            self.add_error("address", _("Choose an address."))
        return self.cleaned_data


def without_choice(cleaned: dict[str, Any]) -> dict[str, Any]:
    return {name: answer for name, answer in cleaned.items() if name != "address"}


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
