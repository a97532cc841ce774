"""The pages of the styleguide. Who may see them is decided in urls.py."""

import re
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from bookings import text
from ctac.staff.site import staff_site
from ctac.styleguide import samples
from ctac.styleguide.forms import FILLED, LONG_WORDS, WRONG, EverythingForm, LongWordsForm, with_prefix
from ctac.styleguide.pages import SAMPLE_PAGES, SamplePage
from leaflets.models import Leaflet
from notifications.samples import Sample, all_samples, sample_at
from notifications.views import framed

# The colours as browsers get them, and how well each stands out: WCAG 2.2, 1.4.3 (text) and 1.4.11 (boxes and marks).

Scheme = Literal["light", "dark"]
STYLESHEET = settings.BASE_DIR / "static" / "css" / "site.css"
ROOT_BLOCK = re.compile(r"(@media[^{}]*\{)?\s*:root\{([^{}]*)\}")
COLOUR = re.compile(r"--([a-z-]+):\s*(#[0-9a-f]{3,6})\b", re.IGNORECASE)
TEXT, MARK = 4.5, 3.0


@dataclass(frozen=True)
class Pair:
    """One colour on another, as pages put them together; names are those of the custom properties without their dashes."""

    name: str | Promise
    front: str
    back: str
    least: float = TEXT

    @property
    def is_mark(self) -> bool:
        return self.least == MARK


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
    Pair(_("Box of a field on paper"), INPUT, PAPER, MARK),
    Pair(_("Edge of a tag on wash"), INPUT, WASH, MARK),
    Pair(_("Shape of a good state on wash"), "govuk-success-colour", WASH, MARK),
    Pair(_("Main button against paper"), "action", PAPER, MARK),
    Pair(_("Stop button against paper"), "stop", PAPER, MARK),
    Pair(_("Mark’s light on the head of the page"), "accent", "band", MARK),
)


@dataclass(frozen=True)
class Shade:
    """A pair in one scheme."""

    scheme: Scheme
    front: str
    back: str
    ratio: float


def read_palette(css: str) -> dict[Scheme, dict[str, str]]:
    """Every colour that the style sheet names on :root; dark has what light has unless it says otherwise."""
    light: dict[str, str] = {}
    dark: dict[str, str] = {}
    for media, body in ROOT_BLOCK.findall(css):
        if not media:
            light.update(COLOUR.findall(body))
        elif re.search(r"prefers-color-scheme:\s*dark", media):
            dark.update(COLOUR.findall(body))
    return {"light": light, "dark": {**light, **dark}}


def shades(pair: Pair, palette: dict[Scheme, dict[str, str]]) -> list[Shade]:
    """The pair in light and in dark. KeyError if the style sheet has no such colour."""
    found = []
    for scheme, colours in palette.items():
        front, back = colours[pair.front], colours[pair.back]
        found.append(Shade(scheme, front, back, contrast(front, back)))
    return found


def contrast(one: str, other: str) -> float:
    """From 1 (the same) to 21 (black on white)."""
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
    # Each question of the form as it looks empty, filled in and wrong. A dependent one is drawn by what it depends on.
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
        {"label": gettext("Address"), "value": text.where_text(booking)},
    ]
    when = [{"label": gettext("Day and time"), "value": booking.when}]
    context = {
        "states": samples.state_tags(),
        "notices": samples.notices(),
        "booking": booking,
        "kept": samples.held_slot(),
        "picker": samples.picker(),
        "presentation": samples.presentation(),
        "edition": samples.leaflet().current_edition,
        "leaflet": samples.leaflet(),
        # Answers to check: groups of one to three lines, the last of which nobody may change.
        "sections": [
            {"title": gettext("Where"), "change_url": "#check-answers", "rows": where},
            {"title": gettext("When"), "change_url": "#check-answers", "rows": when},
            {"title": gettext("About the day"), "rows": text.details_rows(booking)},
        ],
        "in_basket": 35,
    }
    return render(request, "styleguide/parts.html", context)


@require_safe
def confirmation(request: HttpRequest) -> HttpResponse:
    booking = samples.booking()
    context = {"facts": text.facts(booking, with_reference=False), "steps": samples.next_steps(booking)}
    return render(request, "styleguide/confirmation.html", context)


@require_safe
def staff(request: HttpRequest) -> HttpResponse:
    """The same form inside the staff look, as staff meet it when they enter something for a caller."""
    context = {
        **staff_site.each_context(request),
        "is_nav_sidebar_enabled": False,  # it would list what this person may see, which is nothing of ours to show
        "title": gettext("Staff parts"),
        "form": EverythingForm(WRONG),
        "rows": text.facts(samples.booking()),
    }
    return render(request, "styleguide/staff.html", context)


@require_safe
def pages(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/pages.html", {"pages": SAMPLE_PAGES})


@require_safe
def sample_page(request: HttpRequest, page: SamplePage) -> HttpResponse:
    """The page itself, whole, with status 200 whatever it has in use."""
    return render(request, page.template, page.context())


@require_safe
def emails(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/emails.html", {"samples": all_samples()})


@require_safe
def email(request: HttpRequest, number: int) -> HttpResponse:
    """One of the list, counted from 1: its HTML in a frame, and its text beside."""
    return render(request, "styleguide/email.html", {"sample": sample_or_404(number), "number": number})


@require_safe
def email_html(request: HttpRequest, number: int) -> HttpResponse:
    html = sample_or_404(number).html
    if not html:
        raise Http404
    return framed(html)


def sample_or_404(number: int) -> Sample:
    found = sample_at(number)
    if found is None:
        raise Http404
    return found


@require_safe
def leaflets(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/leaflets.html", {"leaflets": Leaflet.objects.in_catalogue()})
