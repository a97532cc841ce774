"""The basket in its draft; forms of the basket, the delivery, the address book and changes to an order."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils.functional import lazy
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.models import LimitedActivity
from accounts.rate_limits import HoneypotMixin
from core.dates import format_day
from core.forms import PageForm, apply_page_field_defaults
from leaflets.models import Delivery, Edition, KeptAddress, Leaflet, Order, OrderState
from leaflets.models.orders import LABEL_FIELDS, MAX_KEPT_ADDRESSES, MAX_REASON_LENGTH, is_same_address
from leaflets.orders.allowances import (
    NO_RECENT_ORDERS,
    RecentOrders,
    RecentOrdersByTitle,
    Shortfalls,
    Workplace,
    find_shortfall,
    recent_orders,
)
from leaflets.orders.queries import DeliveryAddresses
from leaflets.orders.services.change import NothingLeft, OrderChange, OrderedTitle, change_page_digest, ordered_titles
from leaflets.stock.queries import leaflets_with_stock
from office.site_settings.queries import setting_text
from professionals import drafts
from professionals.forms import PostcodeField, clean_text
from professionals.models import Draft, DraftKind, Person
from professionals.safeguarding.forms import CONFIRM_FIELD, ChildDetailsMixin

# The basket and the delivery address while they are not yet an order: steps of the person's draft.

BASKET_STEP, ADDED_STEP, OPTIONS_STEP, DELIVERY_STEP = "basket", "added", "options", "delivery"
MAX_COPIES = 9_999  # of one title in a basket; who needs more calls
NO_STEPS: Mapping[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class BasketOptions:
    """The answers beside the copies: slugs of the titles that may be backordered, and the reason for more than the limit.

    `flagged`: the reason looks like a child's details, and its writer kept it.
    """

    backorder: tuple[str, ...] = ()
    reason: str = ""
    flagged: bool = False


def find_basket(request: HttpRequest, now: datetime) -> Draft | None:
    return drafts.find(request, DraftKind.ORDER, now)


def find_or_start_basket(request: HttpRequest, now: datetime) -> Draft:
    return drafts.find_or_start(request, DraftKind.ORDER, now)


def copies_by_slug(draft: Draft | None) -> dict[str, int]:
    return dict(draft.answers.get(BASKET_STEP, {})) if draft else {}


def total_copies(draft: Draft | None) -> int:
    return sum(copies_by_slug(draft).values())


def titles_in_basket(draft: Draft | None, *, with_stock: bool = True, leaflets: Iterable[Leaflet] = ()) -> dict[Leaflet, int]:
    """The titles in the basket with their copies, in the catalogue's order. A deleted title is left out.

    One statement, or none where all of them are among `leaflets`.
    """
    copies, titles = copies_by_slug(draft), list(leaflets)
    if not copies.keys() <= {leaflet.slug for leaflet in titles}:
        titles = leaflets_with_stock(copies) if with_stock else list(Leaflet.objects.filter(slug__in=copies))
    return {leaflet: copies[leaflet.slug] for leaflet in titles if leaflet.slug in copies}


def save_basket(
    draft: Draft,
    copies: Mapping[str, int],
    now: datetime,
    options: BasketOptions | None = None,
    more: Mapping[str, dict[str, Any]] = NO_STEPS,
) -> None:
    """Save the copies of each title, the `options` if they are given and have changed, and `more` steps."""
    steps: dict[str, dict[str, Any]] = {BASKET_STEP: dict(copies), **more}
    if options is not None and options != basket_options(draft):
        steps[OPTIONS_STEP] = asdict(options)
    drafts.save_steps(draft, steps, now)


def added_steps(draft: Draft, copies: Mapping[str, int], form_id: str) -> dict[str, dict[str, Any]]:
    """The steps of the draft once these copies of each title are added to the basket.

    A form that is sent again (a double click, or Back) replaces what it added before: nothing is added twice.
    """
    there, last = copies_by_slug(draft), draft.answers.get(ADDED_STEP, {})
    before: dict[str, int] = last["copies"] if last.get("form") == form_id else {}
    more = {slug: max(there.get(slug, 0) - before.get(slug, 0), 0) + count for slug, count in copies.items()}
    basket = {**there, **{slug: min(count, MAX_COPIES) for slug, count in more.items()}}
    return {BASKET_STEP: basket, ADDED_STEP: {"form": form_id, "copies": {**before, **copies}}}


def order_digest(draft: Draft) -> str:
    """A digest of everything that makes the order. It changes as soon as the order would be different."""
    return drafts.digest({step: answers for step, answers in draft.answers.items() if step != ADDED_STEP})


def basket_options(draft: Draft | None) -> BasketOptions:
    stored = dict(draft.answers.get(OPTIONS_STEP, {})) if draft else {}
    return BasketOptions(tuple(stored.get("backorder", ())), stored.get("reason", ""), stored.get("flagged", False))


def recent_orders_for(
    person: Person | None, draft: Draft | None, leaflets: Iterable[Leaflet], now: datetime
) -> RecentOrdersByTitle:
    """The recent orders that count towards the limits of these titles, as far as we know who orders. One statement, or none."""
    if not person:  # it may be lazy, and empty
        return {}
    # Their organisation, at the postcode that the parcel goes to, or at their own while that is not known.
    return recent_orders(
        person=person.pk,
        workplace=Workplace(person.organisation_id, delivery_answers(draft).get("postcode") or person.postcode),
        leaflets=leaflets,
        now=now,
    )


def delivery_answers(draft: Draft | None) -> dict[str, Any]:
    """What was typed about the delivery, or the address that we knew before we asked (`known`). Empty if there is neither."""
    return dict(draft.answers.get(DELIVERY_STEP, {})) if draft else {}


def typed_delivery(draft: Draft | None) -> dict[str, Any]:
    """What was typed about the delivery; empty if nothing was."""
    answers = delivery_answers(draft)
    return {} if answers.get("known") else answers


# The forms.

NO_LIMITS_KNOWN = dict[int, RecentOrders]()


def stock_hint(leaflet: Leaflet, recent: RecentOrders = NO_RECENT_ORDERS) -> str:
    """How many copies there are, and how many this person may have now, by the limit that binds them."""
    available, most, left = leaflet.available, leaflet.most_per_order, recent.remaining(leaflet)
    limit = ""
    if left and left.until:
        limit = _("You can order %(n)s more until %(until)s") if left.copies else _("You can order more from %(until)s")
        limit %= {"n": f"{left.copies:,}", "until": format_day(left.until)}
    if available <= 0:
        waits = limit if left and not left.copies else _("You can order and wait for more")
        return f"{_('Out of stock just now.')} {waits}"
    if left and left.copies < min(available, most):
        return limit
    if available < most:
        return _("Only %(n)s left in stock") % {"n": f"{available:,}"}
    return ngettext("In stock. %(n)s an order", "In stock. Up to %(n)s an order", most) % {"n": f"{most:,}"}


class CopiesField(forms.IntegerField):
    """Copies of one title. Each message names the title, because the error summary stands away from the field.

    A text box with a number keyboard: type="number" sends nothing if letters were typed, and what was typed would be lost.
    """

    def __init__(self, leaflet: Leaflet, **kwargs: Any) -> None:
        facts = {"title": leaflet.title, "n": f"{MAX_COPIES:,}"}
        message = _("Enter how many copies of “%(title)s” as a whole number, like 10.") % facts
        super().__init__(
            **{
                "label": format_html(_("Copies<span class='govuk-visually-hidden'> of “{title}”</span>"), title=leaflet.title),
                "max_value": MAX_COPIES,
                **kwargs,
            },
            error_messages={
                "required": message,
                "invalid": message,
                "max_value": _("Enter %(n)s copies of “%(title)s” or fewer. For more, call us.") % facts,
            },
            widget=forms.TextInput(attrs={"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}),
        )


def copies_field_name(slug: str) -> str:
    """The name of the box for copies of a title that go into the basket."""
    return f"{slug}-copies"


class AddToBasketForm(PageForm):
    """A box for each of some titles, for copies to add to the basket.

    To ask for more than we have, or than one may order, is no error here: the basket page says what can be done about it.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        leaflets: Iterable[Leaflet],
        recent: RecentOrdersByTitle = NO_LIMITS_KNOWN,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.leaflets = {copies_field_name(leaflet.slug): leaflet for leaflet in leaflets}
        super().__init__(data, initial=initial)
        for name, leaflet in self.leaflets.items():
            # What a team usually takes, in the words of staff, then the stock. A help text may be HTML, so escape their words.
            hint = stock_hint(leaflet, recent.get(leaflet.pk, NO_RECENT_ORDERS))
            hint = format_html("{} {}", leaflet.usual_words, hint) if leaflet.usual_words and leaflet.available > 0 else hint
            self.fields[name] = CopiesField(leaflet, help_text=hint)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name, leaflet in self.leaflets.items():
            copies = self.cleaned_data.get(name)
            if copies is None:
                continue
            if short := find_shortfall(leaflet, copies, leaflet.orderable_edition, may_exceed_limit=True, will_wait=True):
                self.add_error(name, short.message)
        return self.cleaned_data


def reason_hint() -> str:
    hint = _("One of us will read it and email you, usually within %(days)s. No details of a child or a case.")
    return hint % {"days": setting_text("answer_working_days")}


class BasketForm(ChildDetailsMixin, PageForm):
    """The copies of each title in the basket. It is always bound, so the page says at once which titles are short.

    Beside a short title it asks whether to wait for the rest; at the end, why more than the limit is needed. A title that the
    browser did not send (it was added in another tab) keeps its copies.
    """

    free_text_fields = ("reason",)

    reason = forms.CharField(
        label=gettext_lazy("Why do you need more?"),
        required=False,
        max_length=MAX_REASON_LENGTH,
        help_text=lazy(reason_hint, str)(),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        posted: Mapping[str, Any] | None,
        basket: Mapping[Leaflet, int],
        *,
        options: BasketOptions,
        recent: RecentOrdersByTitle,
    ) -> None:
        self.leaflets = {leaflet.slug: leaflet for leaflet in basket}
        self.recent = {slug: recent.get(leaflet.pk, NO_RECENT_ORDERS) for slug, leaflet in self.leaflets.items()}
        self.out_of_stock: set[str] = set()  # slugs of titles that are short, but that people may wait for
        self.over_limit = False
        posted = posted or {}
        answers: dict[str, Any] = {leaflet.slug: str(copies) for leaflet, copies in basket.items()}
        names = [*answers, *map(wait_field_name, answers), "reason"]
        answers |= {wait_field_name(slug): "on" for slug in options.backorder if slug not in posted}
        answers |= {"reason": options.reason} | ({CONFIRM_FIELD: "on"} if options.flagged else {})
        answers |= {name: posted[name] for name in names if name in posted}
        if posted:
            answers[CONFIRM_FIELD] = posted.get(CONFIRM_FIELD, "")
        super().__init__(answers)
        last = dict(self.fields)
        self.fields.clear()
        for slug, leaflet in self.leaflets.items():
            self.fields[slug] = CopiesField(leaflet, help_text=stock_hint(leaflet, self.recent[slug]))
            if asks_for_more_than(leaflet.available, str(self.data[slug])):
                self.fields[wait_field_name(slug)] = forms.BooleanField(label=wait_label(leaflet), required=False)
        self.fields.update(last)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for slug, leaflet in self.leaflets.items():
            copies, accepted = self.cleaned_data.get(slug), False
            if copies is None:
                continue
            short = find_shortfall(leaflet, copies, leaflet.orderable_edition, recent=self.recent[slug])
            if short and short.over_limit:
                self.over_limit, accepted = True, bool(self.cleaned_data.get("reason"))
            elif short and short.may_wait:
                self.out_of_stock.add(slug)
                accepted = self.cleaned_data.get(wait_field_name(slug), False)
            if short and not accepted:
                self.add_error(slug, short.message)
        # Asked over the limit only, and then it needs an answer: so the page doesn't call it optional.
        self.fields["reason"].required = self.over_limit
        if not self.over_limit:
            self.cleaned_data["reason"] = ""
        return self.cleaned_data

    def copies(self) -> dict[str, int]:
        """The copies of each title by slug, once the form is valid."""
        return {slug: self.cleaned_data[slug] for slug in self.leaflets}

    def options(self) -> BasketOptions:
        """The options of a valid form: only those that are needed, so that no answer from an earlier basket stays."""
        backorder = tuple(slug for slug in self.leaflets if slug in self.out_of_stock)
        reason = str(self.cleaned_data["reason"])
        return BasketOptions(backorder, reason, bool(reason) and self.flagged)

    def rows(self) -> list[tuple[Leaflet, forms.BoundField, forms.BoundField | None]]:
        """Each title, its copies, and the question whether to wait for some, if waiting helps. For a cleaned form."""
        return [
            (
                leaflet,
                self[slug],
                self[wait_field_name(slug)] if slug in self.out_of_stock and wait_field_name(slug) in self.fields else None,
            )
            for slug, leaflet in self.leaflets.items()
        ]


def asks_for_more_than(available: int, typed: str) -> bool:
    """Whether to ask about waiting. Text that is not a number gets an error anyway."""
    return typed.strip().isdecimal() and len(typed) < 10 and int(typed) > available


def wait_field_name(slug: str) -> str:
    return f"wait-for-{slug}"


def wait_label(leaflet: Leaflet, available: int | None = None) -> str:
    """The question whether to wait. `available`: how many copies this person can have, if not the number for everybody."""
    title = {"title": leaflet.title}
    if (leaflet.available if available is None else available) <= 0:
        return _("I can wait: send me “%(title)s” when you have more.") % title
    return _("Send what you have of “%(title)s” now, and the rest when you have more.") % title


class DeliveryForm(ChildDetailsMixin, PageForm):
    """Where the parcel goes; `delivery()` is what the services take."""

    free_text_fields: Iterable[str] = ("attention",)
    never_kept: Iterable[str] = ("attention",)  # it is printed on the parcel
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
        help_text=gettext_lazy("We will print this on the label."),
    )
    address_line_1 = forms.CharField(
        label=gettext_lazy("Address line 1"),
        max_length=150,
        error_messages={"required": gettext_lazy("Enter the building and street the parcel should go to.")},
    )
    address_line_2 = forms.CharField(label=gettext_lazy("Address line 2"), max_length=150, required=False)
    town = forms.CharField(
        label=gettext_lazy("Town or city"), max_length=100, error_messages={"required": gettext_lazy("Enter the town or city.")}
    )
    postcode = PostcodeField(
        label=gettext_lazy("Postcode"), error_messages={"required": gettext_lazy("Enter the postcode, like LS1 4AP.")}
    )

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        for name in LABEL_FIELDS:
            if name in self.cleaned_data:
                self.cleaned_data[name] = clean_text(self.cleaned_data[name])
        return cleaned

    def delivery(self) -> Delivery:
        return Delivery(**{field: self.cleaned_data[field] for field in LABEL_FIELDS})


ANOTHER_ADDRESS = "another"
OPTIONAL_ADDRESS_FIELDS = ("attention", "organisation_name", "address_line_2")


class AddressForm(DeliveryForm):
    """One entry of the address book.

    Refuses what looks like a child's details: only its owner ever reads the book, so no safeguarding lead could look at it
    (product.md, rule 6).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].label = _("Name on the label")
        self.fields["name"].error_messages["required"] = _("Enter the name on the label.")


class DeliveryChoiceForm(DeliveryForm):
    """The delivery page: one of the `kept` addresses, or another one, which can be saved for next time.

    Somebody with no kept address sees only the address fields. The answers are always a whole address, so that the order gets
    the address chosen here, even if the address book changes.
    """

    keep = forms.BooleanField(label=gettext_lazy("Save this address for next time"), required=False)

    def __init__(
        self, data: Mapping[str, Any] | None = None, *, kept: Sequence[KeptAddress] = (), initial: Mapping[str, Any] | None = None
    ) -> None:
        self.kept = {str(address.pk): address for address in kept}
        super().__init__(data, initial=initial)
        if len(kept) >= MAX_KEPT_ADDRESSES:
            del self.fields["keep"]
        if not kept:
            return
        gone = _("You have removed the address that you chose. Choose another one.")
        choice = forms.ChoiceField(
            label=_("Delivery address"),
            choices=[*((key, str(address)) for key, address in self.kept.items()), (ANOTHER_ADDRESS, _("Another address"))],
            widget=forms.RadioSelect,
            error_messages={"required": _("Choose an address."), "invalid_choice": gone},
        )
        for name in OPTIONAL_ADDRESS_FIELDS:
            self.fields[name].label = format_lazy(_("{label} (optional)"), label=self.fields[name].label)
        self.fields = {"to": apply_page_field_defaults(choice), **self.fields}
        # Set on the instance, since other forms of this class may have no choice.
        self.conditional = dict.fromkeys((*LABEL_FIELDS, "keep", CONFIRM_FIELD), ("to", ANOTHER_ADDRESS))  # type: ignore[misc]

    def clean(self) -> dict[str, Any] | None:
        """Ignores errors in the fields for another address unless that is the choice."""
        cleaned = super().clean()
        if self.kept and self.data.get("to") != ANOTHER_ADDRESS:
            for name in (*LABEL_FIELDS, CONFIRM_FIELD):
                self.errors.pop(name, None)
        return cleaned

    def answers(self) -> dict[str, Any]:
        """What the draft keeps. As data of this form, it is as valid as before."""
        chosen = self.kept.get(self.cleaned_data.get("to", ""))
        if chosen:
            return {"to": str(chosen.pk), **asdict(chosen.delivery)}
        ticked = {name: True for name in (CONFIRM_FIELD, "keep") if self.cleaned_data.get(name)}
        return ({"to": ANOTHER_ADDRESS} if self.kept else {}) | {name: self.cleaned_data[name] for name in LABEL_FIELDS} | ticked

    @classmethod
    def prefilled(cls, typed: Mapping[str, Any], person: Person | None, places: DeliveryAddresses) -> "DeliveryChoiceForm":
        """The form to fill in: what was typed earlier, or where the last order went, or what we know of the person's work."""
        initial = dict(typed)
        if not initial and places.last:
            last = places.last.delivery
            # The next parcel may be for another colleague, so drop the name, unless the address is kept with it.
            is_kept = any(is_same_address(address.delivery, last) for address in places.kept)
            initial = asdict(last) | ({} if is_kept else {"attention": ""})
        elif not initial and person is not None:
            organisation = person.organisation.name if person.organisation else ""
            initial = {"name": person.name, "organisation_name": organisation, "postcode": person.postcode}
        initial.pop("to", None)  # the choice is found again by the address, since its entry may have changed
        # The kept address that equals these answers; for somebody who has not ordered yet, the one kept last.
        delivery = Delivery(**{name: initial.get(name, "") for name in LABEL_FIELDS})
        same = next((address for address in places.kept if is_same_address(address.delivery, delivery)), None)
        chosen = same or (places.kept[0] if places.kept and not delivery.address_line_1 else None)
        if chosen:
            initial = {"to": str(chosen.pk), "name": person.name if person else ""}
        elif places.kept:
            initial["to"] = ANOTHER_ADDRESS
        return cls(kept=places.kept, initial=initial)


class AnonymousDeliveryForm(HoneypotMixin, DeliveryChoiceForm):
    """The delivery page for somebody who is not signed in, and may be a program."""

    where, answer_field = LimitedActivity.DELIVERY, "postcode"


def change_field_name(slug: str) -> str:
    """With a prefix, since a title may have the slug "town"."""
    return f"copies-{slug}"


class ChangeForm(DeliveryForm):
    """The copies that are still to be sent (0 for none) and the address. `change()` is what the service takes.

    The service checks stock and limits under its locks; `show` puts its refusals beside the fields.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        order: Order,
        titles: Sequence[OrderedTitle],
        recent: RecentOrdersByTitle,
        **kwargs: Any,
    ) -> None:
        self.titles = {title.leaflet.slug: title for title in titles}
        super().__init__(data, initial=asdict(order.delivery), **kwargs)
        self.order = order
        if order.is_sent_in_part:
            for name in LABEL_FIELDS:
                del self.fields[name]
        is_decided = order.state != OrderState.REQUESTED
        for slug, title in self.titles.items():
            name = change_field_name(slug)
            hint = self.copies_hint(title, recent.get(title.leaflet.pk, NO_RECENT_ORDERS)) if is_decided else ""
            copies = CopiesField(title.leaflet, help_text=hint, initial=title.copies, min_value=0)
            copies.error_messages["min_value"] = copies.error_messages["invalid"]
            self.fields[name] = copies
            typed = self.data.get(name, "") if self.is_bound else title.copies
            if is_decided and asks_for_more_than(title.available, str(typed)):
                waits = forms.BooleanField(
                    label=wait_label(title.leaflet, title.available), required=False, initial=bool(title.waited_for)
                )
                self.fields[wait_field_name(slug)] = waits
        self.order_fields([name for slug in self.titles for name in (change_field_name(slug), wait_field_name(slug))])

    def copies_hint(self, title: OrderedTitle, recent: RecentOrders) -> str:
        """How many copies of a title this order may have now, and how many we have sent already."""
        left = ngettext("We have already sent %(n)d.", "We have already sent %(n)d.", title.sent) % {"n": title.sent}
        left = left if title.sent else ""
        most = title.max_copies(recent)
        if title.available <= 0:
            return f"{_('Out of stock just now. You can wait for more.')} {left}".strip()
        if title.available < most:
            there = ngettext("We have %(n)d for you now.", "We have %(n)d for you now.", title.available)
            return f"{there % {'n': title.available}} {left}".strip()
        return f"{ngettext('You can have %(n)d.', 'You can have up to %(n)d.', most) % {'n': most}} {left}".strip()

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean()
        copies = [self.cleaned_data.get(change_field_name(slug)) for slug in self.titles]
        if copies and not any(copies) and None not in copies:
            self.add_error(change_field_name(next(iter(self.titles))), str(NothingLeft.message))
        return cleaned

    def delivery(self) -> Delivery:
        """Once a parcel has left, the form doesn't ask for the address, and the order keeps its own."""
        return self.order.delivery if self.order.is_sent_in_part else super().delivery()

    def change(self, expected: str) -> OrderChange:
        """The change that a valid form asks for."""
        answers = self.cleaned_data
        return OrderChange(
            copies={title.leaflet.pk: answers[change_field_name(slug)] for slug, title in self.titles.items()},
            delivery=self.delivery(),
            expected=expected,
            will_wait_for=[title.leaflet.pk for slug, title in self.titles.items() if answers.get(wait_field_name(slug))],
            flagged=self.flagged,
        )

    def add_shortfall_errors(self, refusal: Shortfalls) -> None:
        """Puts an error beside each title that is short. Over a limit waiting doesn't help, so that question goes."""
        for short in refusal.shortfalls:
            slug = short.leaflet.slug
            if change_field_name(slug) in self.fields:
                self.add_error(change_field_name(slug), short.message)
            if not short.may_wait:
                self.fields.pop(wait_field_name(slug), None)

    def rows(self) -> list[tuple[OrderedTitle, forms.BoundField, forms.BoundField | None]]:
        """Each title, its copies, and the question whether to wait for some, if waiting helps."""
        return [
            (title, self[change_field_name(slug)], self[wait_field_name(slug)] if wait_field_name(slug) in self.fields else None)
            for slug, title in self.titles.items()
        ]

    def address(self) -> list[forms.BoundField]:
        """The fields of the address, and the question about a child's details if the form asks it."""
        return [self[name] for name in (*DeliveryForm.base_fields, CONFIRM_FIELD) if name in self.fields]


def change_form_for(
    form_class: type[ChangeForm], order: Order, data: Mapping[str, Any] | None, now: datetime
) -> tuple[ChangeForm, str]:
    """The form for the order as it is now, and the version of what it shows. Two statements, beside the order's lines."""
    lines = list(order.lines.all())
    leaflets = {line.edition.leaflet_id: line.edition.leaflet for line in lines}.values()
    current = Edition.objects.current().filter(leaflet__in=[leaflet for leaflet in leaflets if leaflet.active]).order_by()
    titles = ordered_titles(lines, {edition.leaflet_id: edition for edition in current})
    workplace = Workplace(order.organisation_id, order.postcode)
    recent = recent_orders(person=order.person_id, workplace=workplace, leaflets=leaflets, now=now, exclude=order.pk)
    return form_class(data, order=order, titles=titles, recent=recent), change_page_digest(titles, order.delivery)
