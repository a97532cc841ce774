"""The shape of what people type: copies, and where they should go."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.forms import PageForm
from leaflets.models import Delivery, Leaflet
from leaflets.services import shortfall
from professionals.forms import PostcodeField, clean_text
from professionals.models import Person
from professionals.safeguarding import ChildDetailsMixin

USUAL_COPIES = 10


def copies_label(leaflet: Leaflet) -> SafeString:
    """'Copies' for the eye, which title for the ear."""
    return format_html(_("Copies<span class='govuk-visually-hidden'> of “{title}”</span>"), title=leaflet.title)


def stock_hint(leaflet: Leaflet) -> str:
    available, most = leaflet.available, leaflet.most_per_order
    if available <= 0:
        return _("Out of stock just now")
    if available < most:
        return _("Only %(n)d left in stock") % {"n": available}
    return ngettext("In stock. %(n)d an order", "In stock. Up to %(n)d an order", most) % {"n": most}


class CopiesField(forms.IntegerField):
    """How many copies of one title; each message names the title, because the summary at the top stands away from the field.

    A text box with a number keyboard: a browser sends nothing of letters typed into type="number", and they would be lost.
    """

    def __init__(self, leaflet: Leaflet, **kwargs: Any) -> None:
        message = _("Enter how many copies of “%(title)s” as a whole number, like 10.") % {"title": leaflet.title}
        super().__init__(
            **{"label": copies_label(leaflet), **kwargs},
            error_messages={"required": message, "invalid": message},
            widget=forms.TextInput(attrs={"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}),
        )


class AddForm(PageForm):
    """One title into the basket, on top of what is there already. Its fields' names begin with the leaflet's slug."""

    def __init__(self, data: Mapping[str, Any] | None = None, *, leaflet: Leaflet, already: int = 0) -> None:
        self.leaflet, self.already = leaflet, already
        usual = min(USUAL_COPIES, leaflet.most_per_order, max(leaflet.available, 1))
        super().__init__(data, prefix=leaflet.slug, initial={"copies": usual})
        self.fields["copies"] = CopiesField(leaflet, help_text=stock_hint(leaflet))

    def clean_copies(self) -> int:
        """The new total of this title in the basket."""
        copies: int = self.cleaned_data["copies"]
        if short := shortfall(self.leaflet, copies, self.leaflet.orderable_edition):
            raise forms.ValidationError(short.message)
        total = copies + self.already
        if short := shortfall(self.leaflet, total, self.leaflet.orderable_edition):
            raise forms.ValidationError(self._too_many_with_basket(short.possible - self.already))
        return total

    def _too_many_with_basket(self, more: int) -> str:
        facts = {"title": self.leaflet.title, "already": self.already, "more": more}
        if more <= 0:
            return _("Your basket already has all the copies of “%(title)s” that you can order now: %(already)d.") % facts
        return (
            ngettext(
                "Your basket already has %(already)d copies of “%(title)s”. You can add %(more)d more.",
                "Your basket already has %(already)d copies of “%(title)s”. You can add up to %(more)d more.",
                more,
            )
            % facts
        )


class BasketForm(PageForm):
    """The copies of each title in the basket, always bound: what is short now is said as soon as the page is opened.

    A title that the browser did not send (it was added in another tab) keeps its copies.
    """

    def __init__(self, posted: Mapping[str, Any] | None, basket: Mapping[Leaflet, int]) -> None:
        self.leaflets = {leaflet.slug: leaflet for leaflet in basket}
        stored = {leaflet.slug: str(copies) for leaflet, copies in basket.items()}
        super().__init__({**stored, **{slug: posted[slug] for slug in stored if posted and slug in posted}})
        for slug, leaflet in self.leaflets.items():
            self.fields[slug] = CopiesField(leaflet, help_text=stock_hint(leaflet))

    def clean(self) -> dict[str, int]:
        for slug, leaflet in self.leaflets.items():
            copies = self.cleaned_data.get(slug)
            if copies is None:
                continue
            short = shortfall(leaflet, copies, leaflet.orderable_edition)
            if short:
                self.add_error(slug, short.message)
        return self.cleaned_data

    def rows(self) -> list[tuple[Leaflet, forms.BoundField]]:
        return [(leaflet, self[slug]) for slug, leaflet in self.leaflets.items()]


class DeliveryForm(ChildDetailsMixin, PageForm):
    """Where the parcel goes. `delivery()` gives it to the services."""

    free_text_fields = ("attention",)
    autocomplete = {
        "name": "name",
        "organisation_name": "organization",
        "address_line_1": "address-line1",
        "address_line_2": "address-line2",
        "town": "address-level2",
        "postcode": "postal-code",
    }

    name = forms.CharField(
        label=gettext_lazy("Your name"), max_length=150, error_messages={"required": gettext_lazy("Enter your name.")}
    )
    attention = forms.CharField(
        label=gettext_lazy("For the attention of"),
        max_length=150,
        required=False,
        help_text=gettext_lazy(
            "A colleague, a ward or a department, if the parcel should go to them. No details of a child or a case."
        ),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    organisation_name = forms.CharField(
        label=gettext_lazy("Organisation"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("As it should stand on the label."),
    )
    address_line_1 = forms.CharField(
        label=gettext_lazy("Building and street"),
        max_length=150,
        error_messages={"required": gettext_lazy("Enter the building and street the parcel should go to.")},
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Second line of the address"), max_length=150, required=False)
    town = forms.CharField(
        label=gettext_lazy("Town or city"), max_length=100, error_messages={"required": gettext_lazy("Enter the town or city.")}
    )
    postcode = PostcodeField(
        label=gettext_lazy("Postcode"), error_messages={"required": gettext_lazy("Enter the postcode, like LS1 4AP.")}
    )

    texts = ("name", "attention", "organisation_name", "address_line_1", "address_line_2", "town")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for field in self.texts:
            if field in self.cleaned_data:
                self.cleaned_data[field] = clean_text(self.cleaned_data[field])
        return cleaned

    def answers(self) -> dict[str, Any]:
        """What the draft keeps; given back to the form as data, it is as valid and as flagged as before."""
        return dict(self.cleaned_data)

    def delivery(self) -> Delivery:
        return Delivery(**{field: self.cleaned_data[field] for field in (*self.texts, "postcode")})

    @staticmethod
    def initial_of(person: Person) -> dict[str, str]:
        return {
            "name": person.name,
            "organisation_name": person.organisation.name if person.organisation else "",
            "postcode": person.postcode,
        }
