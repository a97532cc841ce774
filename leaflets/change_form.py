"""The form of changes to an order: the copies of each of its titles, and where they go. Its owner and staff fill in the same."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaflets.forms import CopiesField, DeliveryForm, asks_for_more_than, wait_label, wait_name
from leaflets.models import Delivery, Edition, Order, OrderState
from leaflets.services.allowances import NOTHING_LATELY, Lately, OrderedLately, Workplace, ordered_lately
from leaflets.services.changing import Change, NothingLeft
from leaflets.services.shortfalls import Shortfall, Shortfalls
from leaflets.services.titles import Title, titles_of, version_of
from professionals.safeguarding import CONFIRM_FIELD


def copies_name(slug: str) -> str:
    """Of the field; a title may be called "town"."""
    return f"copies-{slug}"


class ChangeForm(DeliveryForm):
    """Copies that are still to be sent, 0 for none any more, and the address. `change()` gives both to the service.

    Whether there are enough, and within the limits, the service says under its locks; `show` puts it beside the fields.
    """

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, order: Order, titles: Sequence[Title], lately: Lately, **kwargs: Any
    ) -> None:
        self.titles = {title.leaflet.slug: title for title in titles}
        has = {name: getattr(order, name) for name in Delivery.__dataclass_fields__}
        super().__init__(data, initial=has, **kwargs)
        self.order = order
        if order.is_sent_in_part:
            for name in has:
                del self.fields[name]
        decided_on = order.state != OrderState.REQUESTED
        for slug, title in self.titles.items():
            name = copies_name(slug)
            hint = self.room(title, lately.get(title.leaflet.pk, NOTHING_LATELY)) if decided_on else ""
            copies = CopiesField(title.leaflet, help_text=hint, initial=title.copies, min_value=0)
            copies.error_messages["min_value"] = copies.error_messages["invalid"]
            self.fields[name] = copies
            typed = self.data.get(name, "") if self.is_bound else title.copies
            if decided_on and asks_for_more_than(title.available, str(typed)):
                waits = forms.BooleanField(
                    label=wait_label(title.leaflet, title.available), required=False, initial=bool(title.waited_for)
                )
                self.fields[wait_name(slug)] = waits
        self.order_fields([name for slug in self.titles for name in (copies_name(slug), wait_name(slug))])

    def room(self, title: Title, lately: OrderedLately) -> str:
        """The hint of its copies."""
        return room(title, lately)

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        copies = [self.cleaned_data.get(copies_name(slug)) for slug in self.titles]
        if copies and not any(copies) and None not in copies:
            self.add_error(copies_name(next(iter(self.titles))), str(NothingLeft.message))
        return cleaned

    def delivery(self) -> Delivery:
        """Once a parcel has left, the address is asked no more."""
        return self.order.delivery if self.order.is_sent_in_part else super().delivery()

    def change(self, expected: str) -> Change:
        """Of a valid form."""
        given = self.cleaned_data
        return Change(
            copies={title.leaflet.pk: given[copies_name(slug)] for slug, title in self.titles.items()},
            delivery=self.delivery(),
            expected=expected,
            will_wait_for=[title.leaflet.pk for slug, title in self.titles.items() if given.get(wait_name(slug))],
            flagged=self.flagged,
        )

    def show(self, refusal: Shortfalls) -> None:
        """Each title that is short, beside its field."""
        for short in refusal.shortfalls:
            self._say(short, short.message)

    def _say(self, short: Shortfall, words: str) -> None:
        """Over a limit nothing can be waited for, so that is not asked."""
        slug = short.leaflet.slug
        if copies_name(slug) in self.fields:
            self.add_error(copies_name(slug), words)
        if not short.may_wait:
            self.fields.pop(wait_name(slug), None)

    def rows(self) -> list[tuple[Title, forms.BoundField, forms.BoundField | None]]:
        """Each title, its copies, and the question whether to wait for some, where that helps."""
        return [
            (title, self[copies_name(slug)], self[wait_name(slug)] if wait_name(slug) in self.fields else None)
            for slug, title in self.titles.items()
        ]

    def address(self) -> list[forms.BoundField]:
        """Where to, and what the form asks again about it."""
        return [self[name] for name in (*DeliveryForm.base_fields, CONFIRM_FIELD) if name in self.fields]

    def typed(self) -> list[dict[str, Any]]:
        """What was typed, to be read out on the phone when it is too late; for includes/summary_list.html."""
        copies = [{"label": title.leaflet.title, "value": field.value()} for title, field, _wait in self.rows()]
        lines = [str(self[name].value() or "") for name in (*DeliveryForm.texts, "postcode") if name in self.fields]
        return (
            [*copies, {"label": _("Delivery address"), "value": "\n".join(line for line in lines if line)}] if lines else copies
        )


def form_of(form_class: type[ChangeForm], order: Order, data: Mapping[str, Any] | None, now: datetime) -> tuple[ChangeForm, str]:
    """The form over the order as it is now, and the version of what it shows. Two statements beside the order's lines."""
    lines = list(order.lines.all())
    leaflets = {line.edition.leaflet_id: line.edition.leaflet for line in lines}.values()
    current = Edition.objects.current().filter(leaflet__in=[leaflet for leaflet in leaflets if leaflet.active]).order_by()
    titles = titles_of(lines, {edition.leaflet_id: edition for edition in current})
    workplace = Workplace(order.organisation_id, order.postcode)
    lately = ordered_lately(person=order.person_id, workplace=workplace, leaflets=leaflets, now=now, but_not=order.pk)
    return form_class(data, order=order, titles=titles, lately=lately), version_of(titles, order.delivery)


def room(title: Title, lately: OrderedLately) -> str:
    """What this order may have of a title now, and what of it has left already."""
    left = ngettext("%(n)d has left already.", "%(n)d have left already.", title.sent) % {"n": title.sent} if title.sent else ""
    most = title.most(lately)
    if title.available <= 0:
        return f"{_('Out of stock just now. You can wait for more.')} {left}".strip()
    if title.available < most:
        there = ngettext("There is %(n)d for you now.", "There are %(n)d for you now.", title.available)
        return f"{there % {'n': title.available}} {left}".strip()
    return f"{ngettext('You can have %(n)d.', 'You can have up to %(n)d.', most) % {'n': most}} {left}".strip()
