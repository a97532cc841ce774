"""The forms about addresses that are kept: the book's own, and the delivery page's choice among them."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from django import forms
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ctac.forms import as_of_a_page
from leaflets.forms import DeliveryForm
from leaflets.models import Delivery, KeptAddress
from leaflets.models.addresses import MOST_KEPT, ON_THE_LABEL, same_place
from leaflets.order_reading import Places
from professionals.guarded import GuardedMixin
from professionals.models import Person, Where
from professionals.safeguarding import CONFIRM_FIELD

ANOTHER = "another"
OPTIONAL = ("attention", "organisation_name", "address_line_2")


class AddressForm(DeliveryForm):
    """One entry of the address book.

    What looks like a child's details is refused here and can't be kept: nobody but its owner ever reads the book, so no
    safeguarding lead could look at it (product.md, rule 6).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name on the label")
        self.fields["name"].error_messages["required"] = _("Enter the name on the label.")


class DeliveryChoiceForm(DeliveryForm):
    """The delivery page: one of the `kept` addresses or another one, which can be kept for next time.

    Who keeps none is asked for the address alone. The answers are always a whole address, so that what is checked on the next
    page, and ordered, is what was chosen here, whatever becomes of the book.
    """

    keep = forms.BooleanField(label=gettext_lazy("Keep this address for next time"), required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, kept: Sequence[KeptAddress] = (), initial: Mapping[str, Any] | None = None
    ) -> None:
        self.kept = {str(address.pk): address for address in kept}
        super().__init__(data, initial=initial)
        if len(kept) >= MOST_KEPT:
            del self.fields["keep"]
        if kept:
            self._ask_which()

    def _ask_which(self) -> None:
        choices = [*((key, str(address)) for key, address in self.kept.items()), (ANOTHER, _("Another address"))]
        gone = _("You no longer keep the address that you chose. Choose another one.")
        which = forms.ChoiceField(
            label=_("Delivery address"),
            choices=choices,
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose an address."), "invalid_choice": gone},
        )
        for name in OPTIONAL:
            self.fields[name].label = format_lazy(_("{label} (optional)"), label=self.fields[name].label)
        self.fields = {"to": as_of_a_page(which), **self.fields}
        rules = dict.fromkeys((*ON_THE_LABEL, "keep", CONFIRM_FIELD), ("to", ANOTHER))
        self.conditional = rules  # type: ignore[misc] # of this form alone

    def clean(self) -> dict[str, Any] | None:
        """What was typed for another address is not looked at unless that is the answer."""
        cleaned = super().clean()
        if self.kept and self.data.get("to") != ANOTHER:
            for name in (*ON_THE_LABEL, CONFIRM_FIELD):
                self.errors.pop(name, None)
        return cleaned

    def answers(self) -> dict[str, Any]:
        chosen = self.kept.get(self.cleaned_data.get("to", ""))
        if chosen:
            return {"to": str(chosen.pk), **asdict(chosen.delivery)}
        ticked = {name: True for name in (CONFIRM_FIELD, "keep") if self.cleaned_data.get(name)}
        return ({"to": ANOTHER} if self.kept else {}) | {name: self.cleaned_data[name] for name in ON_THE_LABEL} | ticked

    @classmethod
    def to_fill_in(cls, typed: Mapping[str, Any], person: Person | None, places: Places) -> "DeliveryChoiceForm":
        """Before it is sent: what was typed before, else where the last order went, else what we know of where they work."""
        initial = dict(typed) or initial_of(person, places)
        initial.pop("to", None)  # what was chosen, by its words: its entry may have changed
        chosen = chosen_of(initial, places)
        if chosen:
            initial = {"to": str(chosen.pk), "name": person.name if person else ""}
        elif places.kept:
            initial["to"] = ANOTHER
        return cls(kept=places.kept, initial=initial)


def known_answers(person: Person, places: Places) -> dict[str, Any]:
    """What the delivery page answers if it is sent as it stands at first: nothing if that is no whole address."""
    first = DeliveryChoiceForm.to_fill_in({}, person, places)
    sent = DeliveryChoiceForm(first.initial, kept=places.kept)
    return {**sent.answers(), "known": True} if sent.is_valid() else {}


class OpenDeliveryForm(GuardedMixin, DeliveryChoiceForm):
    """The same for whoever is not signed in, who may be a program."""

    where, told_by = Where.DELIVERY, "postcode"


def chosen_of(answers: Mapping[str, Any], places: Places) -> KeptAddress | None:
    """The kept address that these answers are; for who has not ordered yet, the one that was kept last."""
    said = Delivery(**{name: answers.get(name, "") for name in ON_THE_LABEL})
    same = next((address for address in places.kept if same_place(address.delivery, said)), None)
    return same or (places.kept[0] if places.kept and not said.address_line_1 else None)


def initial_of(person: Person | None, places: Places) -> dict[str, str]:
    """Whom a parcel was for is no guess at whom the next one is for, unless the address is kept as it is."""
    last = places.last
    if last is not None and last.address_line_1:
        is_kept = any(same_place(address.delivery, last) for address in places.kept)
        return asdict(last) | ({} if is_kept else {"attention": ""})
    if person is None:
        return {}
    organisation = person.organisation.name if person.organisation else ""
    return {"name": person.name, "organisation_name": organisation, "postcode": person.postcode}
