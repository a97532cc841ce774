"""Which leaflets the presenter brings: how many copies of each title that there is."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext, ngettext

from ctac.forms import PageForm
from leaflets.forms import CopiesField
from leaflets.models import Leaflet, ToBring
from leaflets.services.allowances import Lately
from leaflets.services.bringing import Possible, possible_of


class LeafletsForm(PageForm):
    """A box for each title; one that stays empty is not wanted. A title of which they may have no more now has no box."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        leaflets: Sequence[Leaflet],
        lately: Lately,
        initial: Mapping[str, int] | None = None,
    ) -> None:
        super().__init__(data, initial=dict(initial or {}))
        could = [(leaflet, possible_of(leaflet, leaflet.orderable_edition, lately)) for leaflet in leaflets]
        self.possible = {leaflet: possible for leaflet, possible in could if possible.copies}
        self.used_up = [leaflet for leaflet, possible in could if not possible.copies]
        for leaflet, possible in self.possible.items():
            self.fields[leaflet.slug] = BroughtCopiesField(leaflet, possible)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for leaflet, possible in self.possible.items():
            if (self.cleaned_data.get(leaflet.slug) or 0) > possible.copies:
                self.add_error(leaflet.slug, ValidationError(too_many(leaflet, possible), code="too-many"))
        return self.cleaned_data

    def to_bring(self) -> list[ToBring]:
        """Of a valid form."""
        given = [(leaflet, self.cleaned_data[leaflet.slug] or 0) for leaflet in self.possible]
        return [ToBring(leaflet.slug, leaflet.title, copies) for leaflet, copies in given if copies]


class BroughtCopiesField(CopiesField):
    """The same box as in the basket, under the title itself, and it may stay empty."""

    def __init__(self, leaflet: Leaflet, possible: Possible) -> None:
        hint = ngettext("We can bring %(n)d copy", "We can bring up to %(n)d copies", possible.copies) % {"n": possible.copies}
        super().__init__(leaflet, label=leaflet.title, help_text=hint, required=False, min_value=0)
        self.error_messages["min_value"] = self.error_messages["invalid"]


def too_many(leaflet: Leaflet, possible: Possible) -> str:
    """How many are possible, and where the rest comes from."""
    facts = {"n": possible.copies, "title": leaflet.title}
    if possible.by_limit:
        said = gettext("You can have %(n)d copies of “%(title)s” now. Enter %(n)d or fewer. To ask for more, order them by post.")
        return said % facts
    said = ngettext(
        "There is only %(n)d copy of “%(title)s” in stock. Enter 1, or nothing. More can come by post later.",
        "There are only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer. More can come by post later.",
        possible.copies,
    )
    return said % facts
