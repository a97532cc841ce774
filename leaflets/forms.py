"""The shape of what people type: copies, and where they should go."""

from collections.abc import Iterable, Mapping
from typing import Any

from django import forms
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from ctac.forms import PageForm
from ctac.uk import format_day
from leaflets.baskets import MOST_COPIES, Wishes
from leaflets.models import Delivery, Leaflet
from leaflets.models.order import MOST_OF_A_REASON
from leaflets.services.allowances import NOTHING_LATELY, Allowance, Lately, OrderedLately
from leaflets.services.shortfalls import shortfall
from professionals.forms import PostcodeField, clean_text
from professionals.safeguarding import CONFIRM_FIELD, ChildDetailsMixin

NO_WISHES, NO_LIMITS_KNOWN = Wishes(), dict[int, OrderedLately]()


def copies_label(leaflet: Leaflet) -> SafeString:
    """'Copies' for the eye, which title for the ear."""
    return format_html(_("Copies<span class='govuk-visually-hidden'> of “{title}”</span>"), title=leaflet.title)


def stock_hint(leaflet: Leaflet, lately: OrderedLately = NOTHING_LATELY) -> str:
    """What there is, and how many of it this person may have now. Of all limits, the one that binds them is said."""
    available, most, left = leaflet.available, leaflet.most_per_order, lately.left(leaflet)
    if available <= 0:
        then = what_is_left(left) if left and not left.copies else _("You can order and wait for more")
        return f"{_('Out of stock just now.')} {then}"
    if left and left.copies < min(available, most):
        return what_is_left(left)
    if available < most:
        return _("Only %(n)s left in stock") % {"n": f"{available:,}"}
    return ngettext("In stock. %(n)s an order", "In stock. Up to %(n)s an order", most) % {"n": f"{most:,}"}


def what_is_left(left: Allowance) -> str:
    """Of a limit on which earlier orders count."""
    facts = {"n": f"{left.copies:,}", "until": format_day(left.until) if left.until else ""}
    return (_("You can order %(n)s more until %(until)s") if left.copies else _("You can order more from %(until)s")) % facts


def usual_and_stock(leaflet: Leaflet, lately: OrderedLately) -> str:
    """What a team usually takes, in the words of staff, before what there is. A help text may be HTML, so theirs is escaped."""
    hint = stock_hint(leaflet, lately)
    return format_html("{} {}", leaflet.usual_words, hint) if leaflet.usual_words and leaflet.available > 0 else hint


def message_of_most(leaflet: Leaflet) -> str:
    facts = {"title": leaflet.title, "n": f"{MOST_COPIES:,}"}
    return _("Enter %(n)s copies of “%(title)s” or fewer. For more, call us.") % facts


class CopiesField(forms.IntegerField):
    """How many copies of one title; each message names the title, because the summary at the top stands away from the field.

    A text box with a number keyboard: a browser sends nothing of letters typed into type="number", and they would be lost.
    """

    def __init__(self, leaflet: Leaflet, **kwargs: Any) -> None:
        message = _("Enter how many copies of “%(title)s” as a whole number, like 10.") % {"title": leaflet.title}
        super().__init__(
            **{"label": copies_label(leaflet), "max_value": MOST_COPIES, **kwargs},
            error_messages={"required": message, "invalid": message, "max_value": message_of_most(leaflet)},
            widget=forms.TextInput(attrs={"class": "govuk-input--width-4", "inputmode": "numeric", "autocomplete": "off"}),
        )


def copies_box(slug: str) -> str:
    """The name of the box for copies of a title that go into the basket."""
    return f"{slug}-copies"


class AddForm(PageForm):
    """Copies of some titles that go into the basket, on top of what is there already; a box each.

    More than there is, or than one may order, is no error here: the basket says what can be done about it.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        leaflets: Iterable[Leaflet],
        lately: Lately = NO_LIMITS_KNOWN,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.leaflets = {copies_box(leaflet.slug): leaflet for leaflet in leaflets}
        super().__init__(data, initial=initial)
        for name, leaflet in self.leaflets.items():
            hint = usual_and_stock(leaflet, lately.get(leaflet.pk, NOTHING_LATELY))
            self.fields[name] = CopiesField(leaflet, help_text=hint)

    def clean(self) -> dict[str, Any]:
        super().clean()
        for name, leaflet in self.leaflets.items():
            copies = self.cleaned_data.get(name)
            if copies is None:
                continue
            if short := shortfall(leaflet, copies, leaflet.orderable_edition, may_exceed_limit=True, will_wait=True):
                self.add_error(name, short.message)
        return self.cleaned_data

    def copies(self) -> dict[str, int]:
        """By slug, of a valid form."""
        return {leaflet.slug: self.cleaned_data[name] for name, leaflet in self.leaflets.items()}

    @classmethod
    def of_one(cls, leaflet: Leaflet, lately: Lately, data: Mapping[str, Any] | None = None) -> "AddForm":
        """On the page of a title: the box begins with what a team usually takes, or with what one may still have."""
        allowance = lately.get(leaflet.pk, NOTHING_LATELY).allowance(leaflet)
        usual = min(leaflet.usual_copies, max(allowance.copies, 1), max(leaflet.available, 1))
        return cls(data, leaflets=[leaflet], lately=lately, initial={copies_box(leaflet.slug): usual})


class BasketForm(ChildDetailsMixin, PageForm):
    """The copies of each title in the basket, always bound: what is short now is said as soon as the page is opened.

    Beside a title that is short, whether to wait for the rest; at the end, why more than the limit is needed. A title that the
    browser did not send (it was added in another tab) keeps its copies.
    """

    free_text_fields = ("because",)

    because = forms.CharField(
        label=gettext_lazy("Why do you need more?"),
        required=False,
        max_length=MOST_OF_A_REASON,
        help_text=gettext_lazy(
            "One of us reads it and emails you, usually within 2 working days. No details of a child or a case."
        ),
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self,
        posted: Mapping[str, Any] | None,
        basket: Mapping[Leaflet, int],
        *,
        wishes: Wishes = NO_WISHES,
        lately: Lately = NO_LIMITS_KNOWN,
    ) -> None:
        self.leaflets = {leaflet.slug: leaflet for leaflet in basket}
        self.lately = lately
        self.waits_for: set[str] = set()
        self.over_limit = False
        super().__init__(self._answers(posted or {}, {leaflet.slug: copies for leaflet, copies in basket.items()}, wishes))
        last = dict(self.fields)
        self.fields.clear()
        for slug, leaflet in self.leaflets.items():
            self.fields[slug] = CopiesField(leaflet, help_text=stock_hint(leaflet, self._lately(leaflet)))
            if asks_for_more_than(leaflet.available, str(self.data[slug])):
                self.fields[wait_name(slug)] = forms.BooleanField(label=wait_label(leaflet), required=False)
        self.fields.update(last)

    @staticmethod
    def _answers(posted: Mapping[str, Any], copies: Mapping[str, int], wishes: Wishes) -> dict[str, Any]:
        answers: dict[str, Any] = {slug: str(stored) for slug, stored in copies.items()}
        answers |= {wait_name(slug): "on" for slug in wishes.waits if slug not in posted}
        answers |= {"because": wishes.because} | ({CONFIRM_FIELD: "on"} if wishes.flagged else {})
        names = [*copies, *map(wait_name, copies), "because"]
        answers |= {name: posted[name] for name in names if name in posted}
        if posted:
            answers[CONFIRM_FIELD] = posted.get(CONFIRM_FIELD, "")
        return answers

    def _lately(self, leaflet: Leaflet) -> OrderedLately:
        return self.lately.get(leaflet.pk, NOTHING_LATELY)

    def clean(self) -> dict[str, Any]:
        super().clean()
        because = self.cleaned_data.get("because", "")
        for slug, leaflet in self.leaflets.items():
            copies = self.cleaned_data.get(slug)
            if copies is not None:
                self._weigh(leaflet, copies, waits=self.cleaned_data.get(wait_name(slug), False), because=because)
        if not self.over_limit:
            self.cleaned_data["because"] = ""
        return self.cleaned_data

    def _weigh(self, leaflet: Leaflet, copies: int, *, waits: bool, because: str) -> None:
        """What stands in the way of this title, and what may be asked about it."""
        edition, lately = leaflet.orderable_edition, self._lately(leaflet)
        short = shortfall(leaflet, copies, edition, lately=lately)
        if short and short.over_limit:
            self.over_limit = True
            if because:
                return
        elif short and short.may_wait:
            self.waits_for.add(leaflet.slug)
            if waits:
                return
        if short:
            self.add_error(leaflet.slug, short.message)

    def copies(self) -> dict[str, int]:
        """By slug, of a valid form."""
        return {slug: self.cleaned_data[slug] for slug in self.leaflets}

    def wishes(self) -> Wishes:
        """Of a valid form: only what is needed, so that nothing of an earlier basket comes along."""
        waits = tuple(slug for slug in self.leaflets if slug in self.waits_for)
        because = str(self.cleaned_data["because"])
        return Wishes(waits, because, bool(because) and self.flagged)

    def rows(self) -> list[tuple[Leaflet, forms.BoundField, forms.BoundField | None]]:
        """Each title, its copies, and the question whether to wait for some, where that helps."""
        self.is_valid()
        return [
            (leaflet, self[slug], self[wait_name(slug)] if slug in self.waits_for and wait_name(slug) in self.fields else None)
            for slug, leaflet in self.leaflets.items()
        ]

    def questions(self) -> list[forms.BoundField]:
        """Why more, where some title is over its limit."""
        self.is_valid()
        asked = ["because", CONFIRM_FIELD] if self.over_limit or "because" in self.errors else []
        return [self[name] for name in asked if name in self.fields]


def asks_for_more_than(available: int, typed: str) -> bool:
    """So that the question whether to wait is there. What is not a number is refused anyway."""
    return typed.strip().isdecimal() and len(typed) < 10 and int(typed) > available


def wait_name(slug: str) -> str:
    return f"wait-for-{slug}"


def wait_label(leaflet: Leaflet, available: int | None = None) -> str:
    """`available`: what is there for whoever asks, if it is not what is there for everybody."""
    title = {"title": leaflet.title}
    if (leaflet.available if available is None else available) <= 0:
        return _("I can wait: send me “%(title)s” when you have more.") % title
    return _("Send what you have of “%(title)s” now, and the rest when you have more.") % title


class DeliveryForm(ChildDetailsMixin, PageForm):
    """Where the parcel goes. `delivery()` gives it to the services."""

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
        """What the draft keeps; given back to the form as data, it is as valid as before."""
        return dict(self.cleaned_data)

    def delivery(self) -> Delivery:
        return Delivery(**{field: self.cleaned_data[field] for field in (*self.texts, "postcode")})
