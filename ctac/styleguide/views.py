"""The pages of the styleguide. urls.py decides who may see them."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Literal

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import text as bookings_text
from bookings.feedback.forms import AskLaterForm, FeedbackForm
from bookings.models import Booking, BookingState
from core.dates import format_day
from core.forms import DatePartsField, PageForm
from core.pages import HistoryPage, framed_response
from ctac.styleguide import samples
from leaflets.catalogue.views import Card, review_text
from leaflets.models import Leaflet, OrderState
from leaflets.orders.forms import AnonymousDeliveryForm
from notifications.samples import Sample, all_samples, sample_at
from office.texts.pages import register_examples
from professionals.forms import DetailsForm
from staff.site import staff_site

# Pages and states that are hard to reach, such as those of errors, drawn by their real templates.


@dataclass(frozen=True)
class SamplePage:
    slug: str
    title: str | Promise
    template: str
    context: Callable[[], dict[str, Any]] = dict

    def get_absolute_url(self) -> str:
        return reverse(f"styleguide_page_{self.slug}")


ERROR_CONTEXT = {"reference": "1A2B3C4D"}
LONG_AUDIENCE = "Designated and named professionals, reviewing officers, carers and everyone else who works with children"
CLOSED_REASON = "Nobody of us can be in Leeds that week. Please try June."


def requested_booking_context() -> dict[str, Any]:
    booking = samples.booking(BookingState.REQUESTED)
    steps = samples.next_steps(booking)
    return {"booking": booking, "facts": bookings_text.printed_booking_facts(booking), "next_steps": steps, "may_cancel": True}


def own_booking_context(booking: Booking) -> dict[str, Any]:
    facts = {
        "facts": bookings_text.booking_facts_without_title(booking),
        "details": bookings_text.details_rows(booking),
        "history": samples.history(),
    }
    return {"booking": booking, "has_calendar": booking.is_open, "may_cancel": booking.is_open, **facts}


def catalogue_context() -> dict[str, Any]:
    return {
        "shelf": samples.catalogue_page(
            samples.leaflet(samples.LONG_TITLE),
            samples.leaflet("Few copies are left", on_hand=7),
            samples.leaflet("Out of stock", on_hand=0, pages=1),
            samples.leaflet("No edition yet", pages=0),
        ),
        "in_basket": 1,
    }


def withdrawn_leaflet_context() -> dict[str, Any]:
    return {"leaflet": samples.leaflet(pages=0), "before": samples.withdrawn_edition()}


def translated_leaflet_context() -> dict[str, Any]:
    leaflet = samples.translation()
    edition = leaflet.current_edition
    versions = [samples.leaflet(), samples.translation()]
    return {
        "leaflet": leaflet,
        "edition": edition,
        "standing": review_text(edition, date(2027, 3, 9)) if edition else "",
        "before": samples.withdrawn_edition(),
        "versions": versions,
        "box": Card(leaflet, (), date(2027, 3, 9)).copies_field,
    }


def my_page_context() -> dict[str, Any]:
    bookings, orders = [samples.booking(state) for state in BookingState], [samples.order(state) for state in OrderState]
    bookings += [samples.booking(presenter=None), samples.booking(title=samples.LONG_TITLE)]
    return {
        "begun": {"title": samples.presentation().title, "url": reverse("presentations")},
        "in_basket": 25,
        "coming_up": [booking for booking in bookings if booking.is_open],
        "on_their_way": [order for order in orders if order["is_open"]],
        "past_bookings": second_page([booking for booking in bookings if not booking.is_open], "bookings"),
        "past_orders": second_page([order for order in orders if not order["is_open"]], "orders"),
    }


def second_page(rows: list[Any], name: str) -> HistoryPage:
    """The second of three pages."""
    return HistoryPage(rows=rows, number=2, newer="?", older=f"?{name}=3", newest="")


SAMPLE_PAGES = (
    SamplePage("400", _("A request that can’t be read (400)"), "errors/400.html", lambda: ERROR_CONTEXT),
    SamplePage("403", _("Not for this person (403)"), "errors/403.html", lambda: ERROR_CONTEXT),
    SamplePage("csrf", _("A form that stood open too long (403)"), "errors/csrf.html", lambda: ERROR_CONTEXT),
    SamplePage("404", _("No such page (404)"), "errors/404.html", lambda: ERROR_CONTEXT),
    SamplePage("429", _("Too many tries (429)"), "errors/429.html", lambda: ERROR_CONTEXT),
    SamplePage("500", _("Something went wrong (500)"), "errors/500.html", lambda: ERROR_CONTEXT),
    SamplePage("no-presentations", _("No presentation is offered"), "bookings/booking/presentations.html"),
    SamplePage(
        "presentations",
        _("Presentations with the longest words"),
        "bookings/booking/presentations.html",
        lambda: {
            "presentations": [
                samples.presentation(samples.LONG_TITLE, LONG_AUDIENCE),
                samples.presentation("Signs"),
                samples.presentation(),
            ]
        },
    ),
    SamplePage(
        "nothing-free",
        _("Nothing is free for three months"),
        "bookings/booking/when.html",
        lambda: {
            "presentation": samples.presentation(),
            "picker": {"nothing_free": True},
            "place": {"postcode": "BT1 5GS"},
            "online_times": [samples.picker().first],
        },
    ),
    SamplePage("request", _("A booking that waits for our answer"), "bookings/booking/placed.html", requested_booking_context),
    SamplePage(
        "no-presenter",
        _("A booking whose presenter fell ill"),
        "bookings/booking/booking.html",
        lambda: own_booking_context(samples.booking(presenter=None)),
    ),
    SamplePage(
        "declined",
        _("A booking that we declined"),
        "bookings/booking/booking.html",
        lambda: own_booking_context(samples.booking(BookingState.DECLINED, closed_reason=CLOSED_REASON)),
    ),
    SamplePage(
        "no-leaflets",
        _("No leaflet in the catalogue"),
        "leaflets/catalogue/leaflets.html",
        lambda: {"shelf": samples.catalogue_page()},
    ),
    SamplePage("leaflets", _("Leaflets in every state of stock"), "leaflets/catalogue/leaflets.html", catalogue_context),
    SamplePage(
        "withdrawn", _("The PDF of an edition that was withdrawn"), "leaflets/catalogue/withdrawn.html", withdrawn_leaflet_context
    ),
    SamplePage(
        "withdrawn-leaflet",
        _("A leaflet whose edition was withdrawn"),
        "leaflets/catalogue/leaflet.html",
        withdrawn_leaflet_context,
    ),
    SamplePage("translation", _("A leaflet in another language"), "leaflets/catalogue/leaflet.html", translated_leaflet_context),
    SamplePage("my-first-day", _("My bookings and orders before the first"), "my/index.html"),
    SamplePage("my-every-state", _("My bookings and orders in every state"), "my/index.html", my_page_context),
    SamplePage("account-inactive", _("A closed account"), "account/account_inactive.html"),
)

# Pages that only the person they are for can see, for colleagues who word their texts.


def checked_answers_context() -> dict[str, Any]:
    booking = samples.booking()
    rows = [{"label": gettext("Day and time"), "value": booking.when}]
    sections = [{"title": gettext("When"), "change_url": "", "rows": rows}]
    sections += [{"title": gettext("About the day"), "change_url": "", "rows": bookings_text.details_rows(booking)}]
    return {"presentation": booking.presentation, "sections": sections, "kept": samples.held_slot(), "back_url": ""}


def placed_booking_context() -> dict[str, Any]:
    booking = samples.booking()
    facts, steps = bookings_text.printed_booking_facts(booking), samples.next_steps(booking)
    return {"booking": booking, "facts": facts, "next_steps": steps, "may_cancel": True, "has_calendar": True}


def placed_order_context() -> dict[str, Any]:
    lines = [{"edition": samples.leaflet().current_edition, "copies": 25}]
    address = bookings_text.where_text(samples.booking()).splitlines()
    order = {**samples.order(OrderState.RECEIVED), "state": OrderState.RECEIVED, "lines": {"all": lines}, "address": address}
    steps = [
        {
            "when": gettext("In the next few minutes"),
            "what": gettext("We will email your order and its reference to %(email)s.") % {"email": samples.EMAIL},
        },
        {"when": gettext("On the evening of the day your leaflets leave"), "what": gettext("We will email you again.")},
    ]
    return {"order": order, "next_steps": steps, "asks_about_editions": True}


def feedback_context() -> dict[str, Any]:
    return {"given": samples.booking(), "day": format_day(samples.START), "follow_up": {"code": "example"}}


register_examples(
    {
        "book-time": lambda: {
            "presentation": samples.presentation(),
            "picker": (picker := samples.picker()),
            "form": picker.form,
        },
        "book-check": checked_answers_context,
        "booked": placed_booking_context,
        "delivery": lambda: {"form": AnonymousDeliveryForm()},
        "ordered": placed_order_context,
        "sign-in-code": lambda: {"form": PageForm(), "email": samples.EMAIL, "back_url": reverse("account_login")},
        "your-details": lambda: {"form": DetailsForm()},
        "my": my_page_context,
        "feedback": lambda: {
            **feedback_context(),
            "form": FeedbackForm(by_host=False, may_remind=False),
            "closes": format_day(samples.START + timedelta(weeks=6)),
        },
        "thanks": lambda: {
            **feedback_context(),
            "form": AskLaterForm(),
            "may_certify": True,
            "due": format_day(samples.START + timedelta(days=90)),
        },
    }
)

# The colours as browsers get them, and how well each stands out: WCAG 2.2, 1.4.3 (text) and 1.4.11 (boxes and marks).

Scheme = Literal["light", "dark"]
STYLESHEET = settings.BASE_DIR / "static" / "css" / "site.css"
ROOT_BLOCK_PATTERN = re.compile(r"(@media[^{}]*\{)?\s*:root\{([^{}]*)\}")
COLOUR_PATTERN = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{3,6})\b", re.IGNORECASE)
MIN_TEXT_CONTRAST, MIN_MARK_CONTRAST = 4.5, 3.0


@dataclass(frozen=True)
class Pair:
    """One colour on another, as on our pages. The names are those of the custom properties, without their dashes."""

    name: str | Promise
    front: str
    back: str
    least: float = MIN_TEXT_CONTRAST

    @property
    def is_non_text(self) -> bool:
        return self.least == MIN_MARK_CONTRAST


PAPER, WASH, INPUT = "govuk-body-background-colour", "wash", "govuk-input-border-colour"
PAIRS = (
    Pair(_("Ink on paper"), "govuk-text-colour", PAPER),
    Pair(_("Ink on wash (panels, tags)"), "govuk-text-colour", WASH),
    Pair(_("Quiet ink on paper (hints)"), "govuk-secondary-text-colour", PAPER),
    Pair(_("Quiet ink on wash (foot of the page)"), "govuk-secondary-text-colour", WASH),
    Pair(_("Link on paper"), "govuk-link-colour", PAPER),
    Pair(_("Link on wash (advice line and panel)"), "govuk-link-colour", WASH),
    Pair(_("Link under the pointer"), "govuk-link-hover-colour", PAPER),
    Pair(_("Visited link on paper"), "govuk-link-visited-colour", PAPER),
    Pair(_("Visited link on wash"), "govuk-link-visited-colour", WASH),
    Pair(_("Quiet button under the pointer"), "govuk-link-colour", "govuk-hover-colour"),
    Pair(_("Error on paper"), "govuk-error-colour", PAPER),
    Pair(_("Success on paper"), "govuk-success-colour", PAPER),
    Pair(_("Head of page and tables"), "band-text", "band"),
    Pair(_("Main button"), "govuk-inverse-text-colour", "action"),
    Pair(_("Main button under the pointer"), "govuk-inverse-text-colour", "action-hover"),
    Pair(_("Stop button"), "govuk-inverse-text-colour", "stop"),
    Pair(_("Stop button under the pointer"), "govuk-inverse-text-colour", "stop-hover"),
    Pair(_("Focus: its text"), "govuk-focus-text-colour", "govuk-focus-colour"),
    Pair(_("Box of a field on paper"), INPUT, PAPER, MIN_MARK_CONTRAST),
    Pair(_("Edge of a tag on wash"), INPUT, WASH, MIN_MARK_CONTRAST),
    Pair(_("Shape of a good state on wash"), "govuk-success-colour", WASH, MIN_MARK_CONTRAST),
    Pair(_("Main button against paper"), "action", PAPER, MIN_MARK_CONTRAST),
    Pair(_("Stop button against paper"), "stop", PAPER, MIN_MARK_CONTRAST),
    Pair(_("Mark’s light on the head of the page"), "accent", "band", MIN_MARK_CONTRAST),
)


@dataclass(frozen=True)
class Shade:
    """A pair in one scheme."""

    scheme: Scheme
    front: str
    back: str
    ratio: float


def read_palette(css: str) -> dict[Scheme, dict[str, str]]:
    """The colours that the style sheet defines on :root. The dark scheme has those of the light one, unless it says otherwise."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for media, body in ROOT_BLOCK_PATTERN.findall(css):
        if not media:
            light.update(COLOUR_PATTERN.findall(body))
        elif re.search(r"prefers-color-scheme:\s*dark", media):
            dark.update(COLOUR_PATTERN.findall(body))
    return {"light": light, "dark": {**light, **dark}}


def shades(pair: Pair, palette: dict[Scheme, dict[str, str]]) -> list[Shade]:
    """The pair in light and in dark. KeyError if the style sheet has no such colour."""
    found = []
    for scheme, colours in palette.items():
        front, back = colours[pair.front], colours[pair.back]
        found.append(Shade(scheme, front, back, contrast(front, back)))
    return found


def contrast(one: str, other: str) -> float:
    """The contrast, from 1 (the same colour) to 21 (black on white)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    digits = colour.lstrip("#")
    if len(digits) == 3:
        digits = "".join(digit * 2 for digit in digits)
    channels = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4 for channel in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/index.html")


@require_safe
def colours(request: HttpRequest) -> HttpResponse:
    palette = read_palette(STYLESHEET.read_text())
    pairs = [(pair, shades(pair, palette)) for pair in PAIRS]
    return render(request, "styleguide/colours.html", {"pairs": pairs, "reference": samples.REFERENCE})


@require_safe
def fields(request: HttpRequest) -> HttpResponse:
    rare = LongWordsForm(prefix="rare", initial=LONG_WORDS)
    # Each question as it looks empty, filled in and wrong. A dependent question is drawn with the one that it depends on.
    forms = [
        (gettext("Empty"), EverythingForm(prefix="empty")),
        (gettext("Filled in"), EverythingForm(with_prefix("filled", FILLED), prefix="filled")),
        (gettext("Wrong"), EverythingForm(with_prefix("wrong", WRONG), prefix="wrong")),
    ]
    shown = [field for field in EverythingForm() if not field.is_hidden and field.name not in EverythingForm.conditional]
    return render(
        request,
        "styleguide/fields.html",
        {
            "questions": ([(str(field.label), [(state, form[field.name]) for state, form in forms]) for field in shown]),
            "rare": rare,
        },
    )


@require_http_methods(["GET", "HEAD", "POST"])
def form(request: HttpRequest) -> HttpResponse:
    """A whole page with a question of every kind. It can be sent: the answers are checked and forgotten."""
    return render(request, "styleguide/form.html", {"form": EverythingForm(request.POST or None)})


@require_safe
def wrong_form(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/form.html", {"form": EverythingForm(WRONG)})


@require_safe
def parts(request: HttpRequest) -> HttpResponse:
    booking = samples.booking()
    where = [
        {"label": gettext("Place"), "value": gettext("At your workplace")},
        {"label": gettext("Address"), "value": bookings_text.where_text(booking)},
    ]
    when = [{"label": gettext("Day and time"), "value": booking.when}]
    context = {
        "states": samples.state_tags(),
        "notices": samples.notices(),
        "announcement": samples.banner(),
        "booking": booking,
        "kept": samples.held_slot(),
        "picker": samples.picker(),
        "presentation": samples.presentation(),
        "edition": samples.leaflet().current_edition,
        "leaflet": samples.leaflet(),
        # Answers to check, in groups of one to three lines. The last group can't be changed.
        "sections": [
            {"title": gettext("Where"), "change_url": "#check-answers", "rows": where},
            {"title": gettext("When"), "change_url": "#check-answers", "rows": when},
            {"title": gettext("About the day"), "rows": bookings_text.details_rows(booking)},
        ],
        "in_basket": 35,
    }
    return render(request, "styleguide/parts.html", context)


@require_safe
def confirmation(request: HttpRequest) -> HttpResponse:
    booking = samples.booking()
    context = {"facts": bookings_text.booking_facts(booking, with_reference=False), "steps": samples.next_steps(booking)}
    return render(request, "styleguide/confirmation.html", context)


@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """The same form inside the staff look, as staff meet it when they enter something for a caller."""
    context = {
        **staff_site.each_context(request),
        "is_nav_sidebar_enabled": False,  # it would list the pages that this person may see
        "title": gettext("Staff parts"),
        "form": EverythingForm(WRONG),
        "rows": bookings_text.booking_facts(samples.booking()),
    }
    return render(request, "styleguide/staff.html", context)


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/pages.html", {"pages": SAMPLE_PAGES})


@require_safe
def sample_page(request: HttpRequest, page: SamplePage) -> HttpResponse:
    """The page itself, with status 200 even if it shows an error."""
    return render(request, page.template, page.context())


@require_safe
def emails(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/emails.html", {"samples": all_samples()})


@require_safe
def email(request: HttpRequest, number: int) -> HttpResponse:
    """One email of the list, counted from 1: its HTML in a frame, with its text beside it."""
    return render(request, "styleguide/email.html", {"sample": sample_or_404(number), "number": number})


@require_safe
def email_html(request: HttpRequest, number: int) -> HttpResponse:
    html = sample_or_404(number).html
    if not html:
        raise Http404
    return framed_response(html)


def sample_or_404(number: int) -> Sample:
    found = sample_at(number)
    if found is None:
        raise Http404
    return found


@require_safe
def leaflets(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/leaflets.html", {"leaflets": Leaflet.objects.in_catalogue()})


# A question of every kind that the form pack draws, and long words.

SLOTS = [
    ("Tuesday 9 March 2027", [("a", "9:30am to 11am"), ("b", "1:30pm to 3pm")]),
    ("Wednesday 10 March 2027", [("c", "9:30am to 11am")]),
]
FILLED: dict[str, Any] = {
    "name": "Meera Shah",
    "email": "meera.shah@leeds.example.nhs.uk",
    "phone": "0113 496 0000",
    "people": "12",
    "profession": "midwife",
    "place": "online",
    "slot": "b",
    "topics": ["signs", "law"],
    "day_day": "9",
    "day_month": "3",
    "day_year": "2027",
    "notes": "One of us uses a wheelchair, and one reads lips.",
    "password": "never sent back",
    "agree": "on",
    "token": "abc",
}
# Each answer is wrong: missing, too long, or not what was asked for.
WRONG: dict[str, Any] = {
    "email": "meera at leeds",
    "phone": "0113 496 0000 extension 4 or ask for Meera",
    "people": "lots",
    "place": "elsewhere",
    "day_day": "31",
    "day_month": "2",
    "day_year": "2027",
    "notes": "Please bring a portable hearing loop. " * 12,
    "token": "abc",
}


class EverythingForm(PageForm):
    """One field of each kind that the pack draws."""

    autocomplete = {"email": "email", "phone": "tel"}
    option_hints = {"place": {"online": "A video call; we send the link."}}
    conditional = {"address": ("place", "workplace")}

    name = forms.CharField(label="Full name", help_text="As colleagues know you.")
    email = forms.EmailField(label="Work email")
    phone = forms.CharField(label="Phone", required=False, max_length=30, widget=forms.TextInput(attrs={"type": "tel"}))
    people = forms.IntegerField(label="How many people?", min_value=1, max_value=300)
    profession = forms.ChoiceField(label="Profession", choices=[("", "Choose one"), ("gp", "GP"), ("midwife", "Midwife")])
    place = forms.ChoiceField(
        label="Where?", widget=forms.RadioSelect, choices=[("workplace", "At our workplace"), ("online", "Online")]
    )
    address = forms.CharField(label="Address", required=False, widget=forms.Textarea(attrs={"rows": 3}))
    slot = forms.ChoiceField(label="Day and time", widget=forms.RadioSelect, choices=SLOTS)
    topics = forms.MultipleChoiceField(
        label="Topics",
        help_text="Choose all that fit.",
        widget=forms.CheckboxSelectMultiple,
        choices=[("signs", "Signs"), ("law", "The law")],
    )
    day = DatePartsField(label="Your own date", help_text="For example, 9 3 2027.")
    notes = forms.CharField(
        label="Access needs",
        required=False,
        max_length=400,
        widget=forms.Textarea,
        help_text="Please don't give a child's details here.",
    )
    password = forms.CharField(label="Password", widget=forms.PasswordInput)
    agree = forms.BooleanField(label="I have told my manager", help_text="We may ask.")
    token = forms.CharField(widget=forms.HiddenInput)

    def clean(self) -> None:
        if self.cleaned_data.get("name") == "Nobody":
            raise forms.ValidationError("That time has just gone. Choose another.")


class LongWordsForm(PageForm):
    """Long words, a dependent question, hints on checkboxes, and features that only some forms have."""

    option_hints = {
        "place": {
            "workplace": "A presenter comes to you.",
            "online": "We send you a joining link for a video call. It works in a browser; nothing needs to be installed.",
        },
        "help": {"loop": "We bring a portable one.", "captions": "Typed by a person, so please tell us a week before."},
    }
    conditional = {"town": ("place", "workplace"), "postcode": ("place", "workplace")}
    autocomplete = {"town": "address-level2", "postcode": "postal-code"}

    long = forms.CharField(
        label="What does the organisation that you work for call itself in the letters that it sends to other organisations?",
        help_text="A long name is fine. If there are two, give the one that people in reception would know, since that is "
        "whom our presenter asks first, and tell us about the other one at the end of this form.",
        max_length=200,
    )
    unbroken = forms.CharField(label="An address without a place to break", required=False)
    place = forms.ChoiceField(
        label="Where would you like the presentation?",
        widget=forms.RadioSelect,
        choices=[("workplace", "At your workplace"), ("online", "Online")],
    )
    town = forms.CharField(label="Town or city", required=False)
    postcode = forms.CharField(label="Postcode", required=False)
    help = forms.MultipleChoiceField(
        label="What would help?",
        widget=forms.CheckboxSelectMultiple,
        required=False,
        choices=[("loop", "A hearing loop"), ("captions", "Captions"), ("step-free", "A room without steps to it")],
    )
    audience = forms.ChoiceField(
        label="Who is coming?",
        choices=[
            ("", "A mix of professions"),
            ("long", "Designated and named professionals for safeguarding children in hospitals and in the community"),
        ],
        required=False,
    )
    notes = forms.CharField(
        label="Anything else?", help_text="The box is nearly full.", required=False, max_length=80, widget=forms.Textarea
    )
    fixed = forms.CharField(label="Reference", disabled=True, required=False)
    pdf = forms.FileField(label="The leaflet’s PDF", help_text="Staff only.", required=False)


LONG_WORDS: dict[str, Any] = {
    "long": "Barnardo’s and Partners Independent Child Trafficking Guardianship Service for Yorkshire and the Humber",
    "unbroken": "designated.safeguarding.children@community-and-mental-health-partnership.example.nhs.uk",
    "place": "workplace",
    "town": "Llanfairpwllgwyngyllgogerychwyrndrobwllllantysiliogogogoch",
    "postcode": "LL61 5UJ",
    "help": ["captions"],
    "audience": "long",
    "notes": "The car park is behind the building, and the bell is the one on the left. ab",
    "fixed": "BK-7Q4M-2F",
}


def with_prefix(prefix: str, answers: dict[str, Any]) -> dict[str, Any]:
    return {f"{prefix}-{name}": value for name, value in answers.items()}
