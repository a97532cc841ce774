"""The staff guide on the staff site: docs/staff-guide.md section by section, its search, and which part explains which page.

Each process reads it once. Headings have the ids that GitHub gives them, so links within the file work here too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.templatetags.static import static
from django.urls import ResolverMatch, reverse
from django.utils.safestring import SafeString
from django.utils.text import slugify
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe
from markdown_it.token import Token

from core.pages import all_tokens, commonmark, render_markdown
from staff.lists import get_search_text
from staff.site import staff_site

GUIDE_FILE = settings.BASE_DIR / "docs" / "staff-guide.md"
PICTURES_DIR = "guide"  # where the static files have docs/pictures
MAX_WORDS = 8  # of what is typed
# Words to ignore if a question has others.
STOP_WORDS_PATTERN = re.compile(
    "an|and|are|can|do|does|for|how|if|in|is|it|my|of|on|or|our|the|to|we|what|when|where|which|who|why|with|you"
)
# The pages that each part of the guide explains, by the beginning of their routes' names. The longest match counts.
ROUTES_BY_PART = {
    "": "app_list jsi18n login logout guide",  # the whole guide
    "report-to-funders": "reach_report reach_report_file",
    "start-the-day": "index",
    "somebody-rings": "bookings_booking_add leaflets_order_add professionals_person",
    "a-request-to-decide": "professionals_recogniseddomain",
    "find-anything": "find save_view remove_view professionals_organisation",
    "change-a-booking": "bookings_booking bookings_journeytime",
    "who-is-where": "staff_calendar bookings_booking_stand_ins bookings_busytime bookings_dutyshift bookings_leave"
    " bookings_presenter office_closure office_banner office_bank_holidays",
    "after-a-visit": "bookings_followup",
    "open-sessions": "bookings_opensession",
    "invite-an-area": "reach_invite reach_campaign reach_rolemailbox",
    "orders": "leaflets_order leaflets_missingparcel",
    "pack": "leaflets_packingsession",
    "stock": "leaflets_stocktake leaflets_stockmovement leaflets_sheetimport",
    "who-is-still-in-post": "reach_renewal",
    "messages": "notifications message_html mail_gallery",
    "where-nobody-has-been": "reach_coverage reach_gaps reach_rows reach_area reach_around reach_session",
    "a-presenters-day": "presenter",
    "what-a-manager-does": "bookings_presentation",
    "roles": "accounts auth audit bookings_booking_export bookings_opensession_export bookings_followup_export"
    " leaflets_order_export professionals_person_export professionals_organisation_export notifications_teammail",
    "change-a-setting": "settings",
    "is-all-in-order": "first_run",
    "help-somebody-back-in": "professionals_blockedattempt",
    "bring-in-old-records": "professionals_import",
    "words-of-emails-and-pages": "office_textversion texts text source_texts source_preview version_preview",
    "leaflets-and-editions": "leaflets_leaflet leaflets_edition leaflets_recall",
    "a-text-that-may-be-about-a-child": "professionals_flaggedtext",
    "guidance": "guidance",
    "somebody-asks-for-their-data": "privacy_dataaction privacy_retentionrun",
    "answer-a-complaint-about-data": "privacy_complaint",
    "report-a-breach-of-data": "privacy_breach",
}
ACTIONS_BY_PART = {
    "somebody-rings": {
        "bookings_booking": "case note write",
        "leaflets_order": "case note write",
        "professionals_organisation": "case note",
    },
    "invite-an-area": {"professionals_organisation": "mailbox"},
    "a-request-to-decide": {
        "bookings_booking": "agree confirm decline offer",
        "bookings_leave": "grant refuse",
        "leaflets_order": "approve decline",
    },
    "no-check-in-or-check-out": {"bookings_booking": "checked-in checked-out on-it safe"},
    "after-a-visit": {"bookings_booking": "attendance delivered more-feedback"},
    "something-went-wrong-take-it-back": {
        "bookings_booking": "not-cancelled not-checked-in not-checked-out not-delivered",
        "bookings_opensession": "not-cancelled not-delivered",
        "leaflets_order": "in-line restore",
    },
    "two-records-of-one-person": {
        "professionals_person": "call-off merge undo-merge",
        "professionals_organisation": "merge undo-merge",
    },
    "pack": {"leaflets_order": "dispatch start-packing"},
    "stock": {"leaflets_edition": "correct receive"},
    "help-somebody-back-in": {"accounts_user": "recover reset-second-factor"},
    "somebody-asks-for-their-data": {"professionals_person": "erase give-data"},
}
PART_BY_ROUTE = {route: part for part, routes in ROUTES_BY_PART.items() for route in routes.split()} | {
    f"{model} {slug}": part
    for part, models in ACTIONS_BY_PART.items()
    for model, slugs in models.items()
    for slug in slugs.split()
}


@dataclass(frozen=True)
class Part:
    """A heading and the plain sentences below it."""

    heading: str
    address: str
    sentences: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """A page of the guide. Its first part has the page's heading."""

    slug: str
    html: SafeString
    parts: tuple[Part, ...]


@dataclass(frozen=True)
class Guide:
    introduction: str
    sections: dict[str, Section]
    addresses: dict[str, str]  # of each part, by its id


@dataclass(frozen=True)
class GuideSearchResult:
    """A part, and its sentence with the most of the words, in pieces: every second piece is one of the words."""

    part: Part
    pieces: tuple[str, ...]


@cache
def read_guide() -> Guide:
    tokens = commonmark.parse(GUIDE_FILE.read_text(encoding="utf-8"))
    starts = [at for at, token in enumerate(tokens) if token.type == "heading_open" and token.tag == "h2"]
    written = [tokens[start:end] for start, end in zip(starts, [*starts[1:], None], strict=True)]
    addresses = {name: address for section in written for name, address in heading_addresses(section)}
    for token in all_tokens(tokens):
        target = str(token.attrGet("href") or "")
        if target.startswith("#"):
            token.attrSet("href", addresses.get(target[1:], target))
        if token.type == "image":
            token.attrSet("src", static(str(token.attrGet("src")).replace("pictures", PICTURES_DIR, 1)))
    sections = [build_section(section, addresses) for section in written]
    return Guide(" ".join(sentences_in(tokens[3:6])), {section.slug: section for section in sections}, addresses)


def heading_addresses(section: Sequence[Token]) -> Iterator[tuple[str, str]]:
    """The id of each heading of a section, and its address."""
    page = reverse("staff:guide_section", args=[slugify(section[1].content)])
    for at, token in enumerate(section):
        if token.type == "heading_open":
            name = slugify(section[at + 1].content)
            token.attrSet("id", name)
            yield name, f"{page}#{name}" if at else page


def build_section(tokens: Sequence[Token], addresses: dict[str, str]) -> Section:
    starts = [at for at, token in enumerate(tokens) if token.type == "heading_open"]
    parts = tuple(
        Part(tokens[start + 1].content, addresses[str(tokens[start].attrGet("id"))], tuple(sentences_in(tokens[start + 3 : end])))
        for start, end in zip(starts, [*starts[1:], None], strict=True)
    )
    return Section(str(tokens[0].attrGet("id")), render_markdown(tokens[3:], deeper=-1), parts)


def sentences_in(tokens: Sequence[Token]) -> Iterator[str]:
    """The plain sentences; a row of a table counts as one."""
    cells: list[str] | None = None
    for token in tokens:
        if token.type == "tr_open":
            cells = []
        elif token.type == "tr_close":
            yield " · ".join(cells or ())
            cells = None
        elif token.type == "inline":
            shown = {"softbreak": " ", "image": ""}
            text = "".join(shown.get(child.type, child.content) for child in token.children or ()).strip()
            if cells is not None:
                cells.append(text)
            elif text:
                yield from re.split(r"(?<=[.?!])\s+", text)


def word_pattern(word: str) -> str:
    """A pattern for a word in singular and plural; a word of four letters or more may go on."""
    if len(word) < 4:
        return rf"\b{word}(?:e?s)?\b"
    root = re.sub(r"(?:ies|y)$", "(?:y|ies)", word)
    if root == word:
        root = re.sub(r"(?<=[sx])es$|(?<=[cs]h)es$|(?<!s)s$", "", word)
    return rf"\b{root}\w*"


def search_guide(typed: str, *, whole: bool = False) -> list[GuideSearchResult]:
    """The parts with the most of these words, those with words in the heading first. `whole`: only parts with all of them."""
    words = [word for word in dict.fromkeys(re.findall(r"\w+", typed.lower())) if len(word) > 1]
    words = [word for word in words if not STOP_WORDS_PATTERN.fullmatch(word)] or words
    patterns = [re.compile(word_pattern(word), re.IGNORECASE) for word in words[:MAX_WORDS]]

    def count(text: str) -> int:
        return sum(pattern.search(text) is not None for pattern in patterns)

    parts = [part for section in read_guide().sections.values() for part in section.parts]
    counts = [count(" ".join([part.heading, *part.sentences])) for part in parts]
    most = len(patterns) if whole else max(counts)
    best = [part for part, many in zip(parts, counts, strict=True) if many == most > 0]
    among = re.compile(f"({'|'.join(pattern.pattern for pattern in patterns)})", re.IGNORECASE)
    return [
        GuideSearchResult(part, tuple(among.split(max(part.sentences, key=count, default=""))))
        for part in sorted(best, key=lambda part: -count(part.heading))
    ]


def find_part_for_route(match: ResolverMatch | None) -> str | None:
    """The id of the part; "" for the whole guide, None if no part explains the page."""
    name = (match and match.url_name) or ""
    if match and name.endswith("_action"):
        name = f"{name.removesuffix('_action')} {match.kwargs.get('slug')}"
    while name and name not in PART_BY_ROUTE:
        name = name[: max(name.rfind("_"), name.rfind(" "), 0)]
    return PART_BY_ROUTE.get(name)


def help_address(request: HttpRequest) -> str:
    """The address of "Help" in the head of a page."""
    return read_guide().addresses.get(find_part_for_route(request.resolver_match) or "", reverse("staff:guide"))


@require_safe
def guide(request: HttpRequest) -> HttpResponse:
    typed = get_search_text(request)
    page = {"title": _("Staff guide"), "guide": read_guide(), "typed": typed, "found": search_guide(typed)}
    return TemplateResponse(request, "admin/guide.html", {**staff_site.each_context(request), **page})


@require_safe
def guide_section(request: HttpRequest, section: str) -> HttpResponse:
    shown = read_guide().sections.get(section)
    if shown is None:
        raise Http404
    page = {"title": shown.parts[0].heading, "section": shown}
    return TemplateResponse(request, "admin/guide.html", {**staff_site.each_context(request), **page})


staff_site.add_page("guide/", guide, "guide", _("Staff guide"))
staff_site.add_page("guide/<slug:section>/", guide_section, "guide_section", _("Staff guide"))
