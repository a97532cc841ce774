"""The texts of the guidance: one source for the page, the PDF, the large print and the checklist.

Each is a Markdown file in guidance/texts/<language>/, one for each audience and one for each nation. It begins with a front
matter of `key: value` lines; `sources:` is followed by its list. Who to tell in the nation is shown under "What to do
now", the rest of the nation's text under "What happens next".
"""

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from django.db.models import TextChoices
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from core.pages import all_tokens, commonmark, render_markdown
from professionals.models import Language, Profession

TEXTS_DIR = Path(__file__).resolve().parent / "texts"


class Audience(TextChoices):
    HEALTH_VISITORS = "health-visitors", _("Health visitors")
    SOCIAL_WORKERS = "social-workers", _("Social workers")
    EMERGENCY_CARE = "emergency-care", _("A&E and walk-in clinics")
    TEACHERS = "teachers", _("Teachers")
    POLICE = "police", _("Police")
    FOSTER_CARERS = "foster-carers", _("Foster carers")
    ALL_PROFESSIONALS = "all-professionals", _("Every professional")


class UKNation(TextChoices):
    """The values of professionals.models.Nation, without the islands, whose law is their own."""

    ENGLAND = "england", _("England")
    WALES = "wales", _("Wales")
    SCOTLAND = "scotland", _("Scotland")
    NORTHERN_IRELAND = "northern-ireland", _("Northern Ireland")


AUDIENCES = tuple(Audience.values)
NATIONS = tuple(UKNation.values)
# Each profession reads one text; the professions that share one are named in its title, or above it.
AUDIENCE_BY_PROFESSION: dict[str, Audience] = {
    Profession.HEALTH_VISITOR: Audience.HEALTH_VISITORS,
    Profession.SOCIAL_WORKER: Audience.SOCIAL_WORKERS,
    Profession.EMERGENCY_CARE: Audience.EMERGENCY_CARE,
    Profession.MIDWIFE: Audience.HEALTH_VISITORS,
    Profession.SCHOOL_NURSE: Audience.TEACHERS,
    Profession.GP: Audience.ALL_PROFESSIONALS,
    Profession.TEACHER: Audience.TEACHERS,
    Profession.POLICE_OFFICER: Audience.POLICE,
    Profession.IMMIGRATION_OFFICER: Audience.ALL_PROFESSIONALS,
    Profession.FOSTER_CARER: Audience.FOSTER_CARERS,
    Profession.YOUTH_WORKER: Audience.ALL_PROFESSIONALS,
    Profession.OTHER: Audience.ALL_PROFESSIONALS,
}
# The audience and the label of each profession; those without a name of their own read “Every professional”.
READERS = [
    (audience, audience.label if profession == Profession.OTHER else Profession(profession).label)
    for profession, audience in AUDIENCE_BY_PROFESSION.items()
]
# Whose answer “Who do I tell here?” gives on an audience’s page, unless the reader is signed in.
PROFESSION_BY_AUDIENCE: dict[str, str] = {
    Audience.HEALTH_VISITORS: Profession.HEALTH_VISITOR,
    Audience.SOCIAL_WORKERS: Profession.SOCIAL_WORKER,
    Audience.EMERGENCY_CARE: Profession.EMERGENCY_CARE,
    Audience.TEACHERS: Profession.TEACHER,
    Audience.POLICE: Profession.POLICE_OFFICER,
    Audience.FOSTER_CARERS: Profession.FOSTER_CARER,
}
SECTION_HEADINGS: dict[str, tuple[str, ...]] = {
    Language.ENGLISH: ("What to do now", "What not to do", "Signs", "Where you may meet a trafficked child", "What happens next"),
    Language.WELSH: (
        "Beth i’w wneud nawr",
        "Beth i beidio â’i wneud",
        "Arwyddion",
        "Ble gallech chi gyfarfod â phlentyn sydd wedi’i fasnachu",
        "Beth sy’n digwydd nesaf",
    ),
}
NATION_SECTION_HEADINGS: dict[str, tuple[str, ...]] = {
    Language.ENGLISH: ("Who to tell", "Who makes the NRM referral", "What the law says", "Guardians"),
    Language.WELSH: (
        "Wrth bwy y dylech chi ddweud",
        "Pwy sy’n gwneud yr atgyfeiriad NRM",
        "Beth mae’r gyfraith yn ei ddweud",
        "Gwarcheidwaid",
    ),
}
CHECKLIST_HEADINGS: dict[str, str] = {Language.ENGLISH: "Checklist", Language.WELSH: "Rhestr wirio"}
CSS_CLASS_BY_TAG = {
    "p": "govuk-body",
    "ul": "govuk-list govuk-list--bullet",
    "ol": "govuk-list govuk-list--number",
    "h3": "govuk-heading-s",
    "h4": "govuk-heading-s",
    "a": "govuk-link",
}


@dataclass(frozen=True)
class Section:
    heading: str
    markdown: str
    html: str


@dataclass(frozen=True)
class Source:
    """Where a fact was found, and on which day."""

    fact: str
    source: str
    looked_up: date


@dataclass(frozen=True)
class Guidance:
    """The text for one audience. `leaflet` is the slug of the leaflet that has the same text, if one has."""

    slug: str
    title: str
    short_title: str
    description: str
    leaflet: str
    sections: tuple[Section, ...]
    checklist: tuple[str, ...]
    sources: tuple[Source, ...]
    written: date


@dataclass(frozen=True)
class NationText:
    """What is special in one nation. Its headings are one level lower; "Who to tell" comes first."""

    slug: str
    title: str
    sections: tuple[Section, ...]
    sources: tuple[Source, ...]
    written: date


@cache
def read_guidance(audience: str, language: str = Language.ENGLISH) -> Guidance:
    facts, sources, body = parse_text_file(folder_of(language) / f"{audience}.md")
    *sections, checklist = split_sections(body, deeper=0)
    return Guidance(
        slug=audience,
        title=facts["title"],
        short_title=facts["short_title"],
        description=facts["description"],
        leaflet=facts.get("leaflet", ""),
        sections=tuple(sections),
        checklist=tuple(re.findall(r"^[-*] (.+)$", checklist.markdown, re.MULTILINE)),
        sources=sources,
        written=date.fromisoformat(facts["written"]),
    )


@cache
def read_nation(nation: str, language: str = Language.ENGLISH) -> NationText:
    facts, sources, body = parse_text_file(folder_of(language) / "nations" / f"{nation}.md")
    return NationText(
        slug=nation,
        title=facts["title"],
        sections=tuple(split_sections(body, deeper=1)),
        sources=sources,
        written=date.fromisoformat(facts["written"]),
    )


@cache
def page_text_digest(audience: str, nation: str, language: str = Language.ENGLISH) -> str:
    """Digest of all words on this audience's page for this nation and language. An approval holds for exactly these words."""
    guidance, there = read_guidance(audience, language), read_nation(nation, language)
    words = [audience, nation, guidance.title, guidance.short_title, guidance.description, *guidance.checklist, there.title]
    words += [part for section in (*guidance.sections, *there.sections) for part in (section.heading, section.markdown)]
    return hashlib.sha256("\n\n".join(words).encode()).hexdigest()


def folder_of(language: str) -> Path:
    return TEXTS_DIR / language.partition("-")[0]


def find_audiences(words: Sequence[str]) -> list[str]:
    """Audiences whose text has all of the words, or words that begin so. If every text has them: every professional."""
    found = (
        [audience for audience in AUDIENCES if all(f" {word}" in audience_search_text(audience) for word in words)]
        if words
        else []
    )
    return [Audience.ALL_PROFESSIONALS] if len(found) == len(AUDIENCES) else found


@cache
def audience_search_text(audience: str) -> str:
    """Small letters, with a space before each word."""
    guidance = read_guidance(audience)
    text = " ".join([guidance.title, *(section.markdown for section in guidance.sections)])
    return " " + " ".join(re.findall(r"\w+(?:[&’'-]\w+)*", text.lower().replace("’", "'")))


def parse_text_file(path: Path) -> tuple[dict[str, str], tuple[Source, ...], str]:
    """Splits a text into its facts, its sources and its body."""
    _nothing, front, body = re.split(r"^---[ ]*$\n?", path.read_text(encoding="utf-8"), maxsplit=2, flags=re.MULTILINE)
    facts: dict[str, str] = {}
    sources: list[Source] = []
    for line in filter(None, map(str.strip, front.splitlines())):
        if line.startswith("- "):
            fact, source, looked_up = (part.strip() for part in line[2:].rsplit("|", 2))
            sources.append(Source(fact, source, date.fromisoformat(looked_up)))
        else:
            key, _colon, value = line.partition(":")
            facts[key.strip()] = value.strip().strip('"')
    return facts, tuple(sources), body


def split_sections(body: str, *, deeper: int) -> Iterator[Section]:
    """One section for each heading of the second level."""
    for part in re.split(r"^## ", body, flags=re.MULTILINE)[1:]:
        heading, _newline, markdown = part.partition("\n")
        yield Section(heading.strip(), markdown.strip(), render_section_html(markdown, deeper=deeper))


def render_section_html(markdown: str, *, deeper: int) -> SafeString:
    """Renders Markdown with the classes of our stylesheet, its headings so many levels deeper."""
    tokens = commonmark.parse(markdown)
    for token in all_tokens(tokens):
        if token.nesting == 1 and token.tag in CSS_CLASS_BY_TAG:
            token.attrJoin("class", CSS_CLASS_BY_TAG[token.tag])
    return render_markdown(tokens, deeper=deeper)
