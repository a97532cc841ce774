"""The colours as browsers get them, and how well each stands out: WCAG 2.2, 1.4.3 (text) and 1.4.11 (boxes and marks)."""

import re
from dataclasses import dataclass
from typing import Literal

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

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
    red, green, blue = (linear(int(digits[place : place + 2], 16) / 255) for place in (0, 2, 4))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def linear(channel: float) -> float:
    return channel / 12.92 if channel <= 0.04045 else ((channel + 0.055) / 1.055) ** 2.4
