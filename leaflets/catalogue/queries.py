"""Reads the catalogue: its titles as rows, the filters and the search."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery, SearchRank
from django.db.models import Exists, F, Func, IntegerField
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.models import MIN_FUZZY_WORD_LENGTH, closest_words, edit_distance, similar_words
from core.pages import parse_page_number
from guidance.content import AUDIENCE_BY_PROFESSION, Audience, find_audiences
from leaflets.models import Edition, EditionState, Format, Language, Leaflet, LeafletWords, Word
from leaflets.models.catalogue import bullet_points
from professionals.models import Profession

# Lists read the catalogue as rows with just enough to filter by; whole titles are read only for the page shown.

TITLES_PER_PAGE = 24
MAX_SEARCH_LENGTH = 100  # characters
TITLE_COLUMNS = ("id", "slug", "version_of_id", "audience", "language", "format", "topics")


class TitleRow(NamedTuple):
    """The columns of a title that filters and search need. `version_of`: the key of its main title."""

    id: int
    slug: str
    version_of: int | None
    audience: str
    language: str
    format: str
    topics: str

    def values(self, name: str) -> Sequence[str]:
        return bullet_points(self.topics) if name == "topic" else (getattr(self, name),)


@dataclass(frozen=True)
class CatalogueFilters:
    """The filters of the catalogue; empty ones show everything.

    Unknown values in an address are ignored, except a topic or a search text.
    """

    audience: str = ""
    topic: str = ""
    language: str = ""
    format: str = ""
    search: str = ""
    page: int = 1

    @classmethod
    def from_query(cls, query: Mapping[str, str]) -> "CatalogueFilters":
        """The filters in the query string of the catalogue's address."""
        audience, language, form = (query.get(name, "") for name in ("for", "language", "format"))
        return cls(
            audience=audience if audience in FILTER_CHOICES["audience"] else "",
            topic=clean_search_text(query.get("topic", "")),
            language=language if language in FILTER_CHOICES["language"] else "",
            format=form if form in FILTER_CHOICES["format"] else "",
            search=clean_search_text(query.get("q", "")),
            page=parse_page_number(query.get("page", "")),
        )

    @property
    def address(self) -> str:
        query = {
            "q": self.search,
            "for": self.audience,
            "topic": self.topic,
            "language": self.language,
            "format": self.format,
            "page": str(self.page) if self.page > 1 else "",
        }
        text = urlencode({name: value for name, value in query.items() if value})
        return reverse("leaflets") + (f"?{text}" if text else "")

    @property
    def is_narrowed(self) -> bool:
        return bool(self.audience or self.topic or self.language or self.format)


NO_FILTERS = CatalogueFilters()


def clean_search_text(text: str) -> str:
    return " ".join(text[:MAX_SEARCH_LENGTH].split())


@dataclass(frozen=True)
class FacetOption:
    value: str
    label: str
    count: int
    chosen: bool
    address: str


@dataclass(frozen=True)
class Facet:
    """One filter. Its `options` begin with "all"; each says how many titles it would show."""

    name: str
    label: str
    options: list[FacetOption]

    @property
    def has_choice(self) -> bool:
        """Whether there are several, or the only one leaves something out or is chosen."""
        only = self.options[1:]
        return len(only) > 1 or any(option.chosen or option.count < self.options[0].count for option in only)


FILTER_LABELS = {
    "audience": (_("For"), _("All leaflets")),
    "topic": (_("Topic"), _("Any")),
    "language": (_("Language"), _("Any")),
    "format": (_("Format"), _("Any")),
}
FILTER_NAMES = tuple(FILTER_LABELS)
FILTER_CHOICES = {"audience": dict(Profession.choices), "language": dict(Language.choices), "format": dict(Format.choices)}


def filter_rows(rows: Iterable[TitleRow], filters: CatalogueFilters, *, exclude: str = "") -> list[TitleRow]:
    """The titles that fit all filters; the one to `exclude` does not count."""
    chosen = [(name, getattr(filters, name)) for name in FILTER_NAMES if name != exclude]
    # A title for every professional is also for this profession.
    return [
        row
        for row in rows
        if all(not value or value in row.values(name) or (name == "audience" and not row.audience) for name, value in chosen)
    ]


def without_versions(rows: Sequence[TitleRow]) -> list[TitleRow]:
    """The rows without versions whose main title is among them: those stand on its card."""
    keys = {row.id for row in rows}
    return [row for row in rows if row.version_of not in keys]


def build_facet(name: str, rows: Sequence[TitleRow], filters: CatalogueFilters) -> Facet:
    """A facet with its options in the order of the product’s lists, topics by the alphabet."""
    rows = filter_rows(rows, filters, exclude=name)
    rows_by_value: dict[str, list[TitleRow]] = defaultdict(list)
    for row in rows:
        for value in row.values(name):
            rows_by_value[value].append(row)
    for_all = rows_by_value.pop("", []) if name == "audience" else []
    chosen = getattr(filters, name)
    values = set(rows_by_value) | ({chosen} if chosen else set())
    choices = {topic: topic for topic in sorted(values, key=str.casefold)} if name == "topic" else FILTER_CHOICES[name]
    label, label_of_all = FILTER_LABELS[name]
    options: list[tuple[str, Any, list[TitleRow]]] = [("", label_of_all, rows)]
    options += [(value, text, rows_by_value[value] + for_all) for value, text in choices.items() if value in values]
    return Facet(
        name="for" if name == "audience" else name,
        label=str(label),
        options=[
            FacetOption(
                value,
                str(text),
                len(without_versions(fitting)),
                value == chosen,
                replace(filters, page=1, **{name: value}).address,
            )
            for value, text, fitting in options
        ],
    )


def catalogue_rows() -> list[TitleRow]:
    """Every title in the catalogue, in its order. One statement."""
    return [TitleRow(*row) for row in Leaflet.objects.active().values_list(*TITLE_COLUMNS)]


@dataclass(frozen=True)
class LeafletEditions:
    """The current edition of a title and the newest earlier one, which nobody may hand out; either may be None.

    `recalled` is the newest edition that was recalled, if any: people may still have copies of it.
    """

    current: Edition | None
    before: Edition | None
    recalled: Edition | None


def leaflet_editions(leaflet: Leaflet) -> LeafletEditions:
    """Reads them in one statement; the leaflet then knows its current edition."""
    editions = list(leaflet.editions.select_related("use_instead", "recall").order_by("-pk"))
    leaflet.current_editions = [edition for edition in editions if edition.state == EditionState.CURRENT]
    earlier = [edition for edition in editions if edition.state != EditionState.CURRENT]
    recalled = next((edition for edition in earlier if getattr(edition, "recall", None)), None)
    return LeafletEditions(leaflet.current_edition, next(iter(earlier), None), recalled)


# The languages and professions that a search may name, as people type them.


class SearchName(NamedTuple):
    """A language or a profession that a search names. `value`: as on a title; `label`: as in a sentence."""

    column: str
    value: str
    label: str


# Languages spoken in the UK (census of 2021) that no title can have yet.
OTHER_LANGUAGES = (
    "Armenian, Bosnian, Bulgarian, Burmese, Croatian, Czech, Danish, Dutch, Estonian, Filipino, Finnish, Gaelic, Georgian, "
    "German, Greek, Gujarati, Hausa, Hebrew, Hungarian, Igbo, Irish, Italian, Japanese, Kannada, Korean, Krio, Kurmanji, "
    "Latvian, Lingala, Lithuanian, Macedonian, Malayalam, Marathi, Mongolian, Nepali, Norwegian, Oromo, Romani, Russian, "
    "Serbian, Shona, Sinhala, Slovak, Slovenian, Swahili, Swedish, Sylheti, Tamil, Telugu, Thai, Twi, Uzbek, Wolof, "
    "Yiddish, Yoruba, Zulu"
)
LANGUAGE_SYNONYMS = {
    Language.BENGALI: "bangla",
    Language.CHINESE: "mandarin cantonese",
    Language.FARSI: "persian iranian",
    Language.PASHTO: "pashtu pushto",
    Language.POLISH: "polski",
    Language.PORTUGUESE: "brazilian",
    Language.PUNJABI: "panjabi",
    Language.ROMANIAN: "moldovan",
    Language.SORANI: "kurdish",
    Language.TIGRINYA: "eritrean",
    Language.WELSH: "cymraeg",
}
# Each profession: its name in a sentence, and the words that people type for it.
PROFESSION_SYNONYMS = {
    Profession.HEALTH_VISITOR: ("health visitors", ("health visitor", "health visiting")),
    Profession.SOCIAL_WORKER: ("social workers", ("social worker", "social work", "social care worker")),
    Profession.EMERGENCY_CARE: (
        "A&E and walk-in clinic staff",
        ("a&e", "accident and emergency", "emergency department", "casualty", "walk-in clinic", "walk-in", "minor injuries"),
    ),
    Profession.MIDWIFE: ("midwives", ("midwife", "midwives", "midwifery", "maternity")),
    Profession.SCHOOL_NURSE: ("school nurses", ("school nurse", "school nursing")),
    Profession.GP: ("GPs", ("gp", "general practitioner", "family doctor", "general practice")),
    Profession.TEACHER: ("teachers", ("teacher", "teaching", "headteacher", "head teacher", "school staff")),
    Profession.POLICE_OFFICER: (
        "police officers",
        ("police officer", "police", "policeman", "policewoman", "constable", "detective"),
    ),
    Profession.IMMIGRATION_OFFICER: (
        "immigration officers",
        ("immigration officer", "immigration", "border force", "home office"),
    ),
    Profession.FOSTER_CARER: ("foster carers", ("foster carer", "carer", "foster parent")),
    Profession.YOUTH_WORKER: ("youth workers", ("youth worker", "youth work")),
}
OTHER_PROFESSIONS = (
    "childminders, counsellors, dentists, doctors, interpreters, nurses, nursery nurses, paediatricians, paramedics, "
    "pharmacists, probation officers, psychologists, solicitors, teaching assistants, therapists, volunteers"
)


def build_search_names() -> dict[str, SearchName]:
    """Languages and professions by what people call them, in small letters."""
    found = {label.lower(): SearchName("language", label.lower(), label) for label in OTHER_LANGUAGES.split(", ")}
    for language in Language:
        for word in (language.value, *LANGUAGE_SYNONYMS.get(language, "").split()):
            found[word] = SearchName("language", language.value, str(language.label))
    for label in OTHER_PROFESSIONS.split(", "):
        found[label] = found[label.removesuffix("s")] = SearchName("audience", Profession.OTHER, label)
    for profession, (label, called) in PROFESSION_SYNONYMS.items():
        for word in called:
            found[word] = found[f"{word}s"] = SearchName("audience", profession, label)
    return found


SEARCH_NAMES = build_search_names()
MAX_NAME_WORDS = max(len(name.split()) for name in SEARCH_NAMES)
# Words that add nothing to the name of a language or profession.
FILLER_WORDS = (
    "a an any about and are copies do for have how i in is language leaflet leaflets my need of or our please poster "
    "posters team the to translated translation translations version with written you your"
)

# The search forgives slips in typing.
#
# A word that some title has stands for itself. Any other word stands for the catalogue's words that are spelt most like it. Then
# it finds the titles that have these words, first those that have them on their card. If no title has all the words, it shows
# those that have some. ADR 18 gives the reasons, bench/RESULTS.md the cost.
#
# A language or profession in the search comes before all that: if no title is for it, the nearest titles are shown, and the page
# says so.

WordQuery = SearchQuery | CombinedSearchQuery
MAX_SEARCH_WORDS = 8


@dataclass(frozen=True)
class SearchResult:
    """`rows`: the best first. `corrected`: the words that were searched for instead, '' if those typed were.

    `in_part`: no title has all the words. `no_language`, `no_profession`: no title is for this one, so the rows are the nearest.
    """

    rows: list[TitleRow]
    corrected: str = ""
    in_part: bool = False
    no_language: str = ""
    no_profession: str = ""


@dataclass(frozen=True)
class WordMeaning:
    """The words that one typed word may stand for, the likeliest first; empty if no word is like it."""

    typed: str
    words: list[str]


def search(text: str, catalogue: Sequence[TitleRow]) -> SearchResult:
    """The rows of the catalogue that answer the search, the best first; equally good ones in its order."""
    words = search_words(text)
    return search_by_name(words, catalogue) or search_by_words(words, catalogue)


def search_by_name(words: Sequence[str], catalogue: Sequence[TitleRow]) -> SearchResult | None:
    """The answer to a search that names a language or a profession; None if it names none, or if no title is near."""
    named, others = extract_names(words)
    languages = {each.value: each.label for each in named if each.column == "language"}
    professions = {each.value: each.label for each in named if each.column == "audience"}
    rows, no_language, no_profession = list(catalogue), "", ""
    if languages and not (rows := [row for row in catalogue if row.language in languages]):
        no_language = next(iter(languages.values()))
        rows = [row for row in catalogue if row.language == Language.ENGLISH]
    if professions:
        own = [row for row in rows if row.audience in professions.keys() - {Profession.OTHER}]
        no_profession = "" if own else next(iter(professions.values()))
        rows = own + [row for row in rows if not row.audience]
    if not named or not rows:
        return None
    answer = search_by_words(others, rows) if others else SearchResult(rows)
    if not answer.rows:
        answer = SearchResult(rows, in_part=True)
    return replace(
        answer,
        no_language=no_language or answer.no_language,
        no_profession=no_profession or answer.no_profession,
    )


def extract_names(words: Sequence[str]) -> tuple[list[SearchName], list[str]]:
    """The languages and professions that these words name (the longest name wins), and the other words that matter."""
    named, others, at = list[SearchName](), list[str](), 0
    while at < len(words):
        phrases = (" ".join(words[at : at + size]) for size in range(MAX_NAME_WORDS, 0, -1))
        phrase = next((phrase for phrase in phrases if phrase in SEARCH_NAMES), "")
        if phrase:
            named.append(SEARCH_NAMES[phrase])
        elif words[at] not in FILLER_WORDS.split():
            others.append(words[at])
        at += len(phrase.split()) or 1
    return named, others


def search_by_words(words: Sequence[str], catalogue: Sequence[TitleRow]) -> SearchResult:
    meanings = word_meanings(words)
    names = {meaning.typed: name for meaning in meanings if (name := misspelt_name(meaning))}
    if names and (found := search_by_name([names.get(word, word) for word in words], catalogue)):
        return replace(found, corrected=" ".join(names.get(word, word) for word in words))
    known = [meaning for meaning in meanings if meaning.words]
    if not known:
        return SearchResult([])
    instead = " ".join(meaning.words[0] if meaning.words else meaning.typed for meaning in meanings)
    corrected = instead if any(meaning.words[0] != meaning.typed for meaning in known) else ""
    queries = [reduce(or_, map(word_query, meaning.words)) for meaning in known]
    if len(known) == len(meanings) and (rows := matching_rows(reduce(and_, queries), catalogue)):
        return SearchResult(rows, corrected)
    return SearchResult(matching_rows(reduce(or_, queries), catalogue), corrected, in_part=True)


def guidance_audiences(filters: CatalogueFilters, result: SearchResult) -> list[Audience]:
    """The pages of guidance that answer the search: those of the professions it names, or those found by its words."""
    named, others = extract_names(search_words(result.corrected or filters.search))
    professions = [filters.audience, *(each.value for each in named if each.column == "audience")]
    found = [AUDIENCE_BY_PROFESSION.get(profession, Audience.ALL_PROFESSIONALS) for profession in filter(None, professions)]
    return [Audience(slug) for slug in dict.fromkeys(found or find_audiences([word for word in others if len(word) > 2]))]


def misspelt_name(meaning: WordMeaning) -> str:
    """The language or profession whose name is spelt more like it than any word of the catalogue; empty if none is."""
    if meaning.typed in meaning.words or len(meaning.typed) <= MIN_FUZZY_WORD_LENGTH:
        return ""
    slips, name = min((edit_distance(meaning.typed, name), name) for name in SEARCH_NAMES if " " not in name)
    is_nearer = not meaning.words or slips < edit_distance(meaning.typed, meaning.words[0])
    return name if is_nearer and 0 < slips <= (2 if len(meaning.typed) >= 8 else 1) else ""


def search_words(text: str) -> list[str]:
    """The words of a search, each once: letters and figures, with a sign between them as in A&E."""
    words = re.findall(r"\w+(?:[&’'-]\w+)*", text.lower())
    return list(dict.fromkeys(word.replace("’", "'")[:40] for word in words))[:MAX_SEARCH_WORDS]


def word_query(word: str) -> WordQuery:
    """A word as the titles have it: by its stem in English, or as it is spelt."""
    return SearchQuery(word, config="english") | SearchQuery(word, config="simple")


def word_meanings(words: Sequence[str]) -> list[WordMeaning]:
    """The meaning of each word, without stop words such as 'the'. One statement if the catalogue has all the words."""
    if not words:
        return []
    sizes = [Func(SearchQuery(word, config="english"), function="numnode", output_field=IntegerField()) for word in words]
    known = [Exists(LeafletWords.objects.filter(words=word_query(word))) for word in words]
    facts = LeafletWords.objects.values_list(*sizes, *known).first()
    if not facts:
        return []
    kept = [(word, is_known) for word, size, is_known in zip(words, facts, facts[len(words) :], strict=False) if size]
    unknown = [word for word, is_known in kept if not is_known and len(word) >= MIN_FUZZY_WORD_LENGTH]
    candidates = similar_words(Word.objects.all(), unknown)
    return [WordMeaning(word, [word] if is_known else closest_words(word, candidates[word])) for word, is_known in kept]


def matching_rows(query: WordQuery, catalogue: Sequence[TitleRow]) -> list[TitleRow]:
    """The rows whose title has these words, the best first. One statement."""
    matches = LeafletWords.objects.filter(words=query).annotate(rank=SearchRank(F("heading"), query))
    ranks = dict(matches.values_list("leaflet", "rank"))
    return sorted((row for row in catalogue if row.id in ranks), key=lambda row: -ranks[row.id])
