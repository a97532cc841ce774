"""The catalogue as it is read: its titles as rows, filters, and the search."""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce
from operator import and_, or_
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.postgres.search import CombinedSearchQuery, SearchQuery, SearchRank, TrigramSimilarity
from django.db import connection, transaction
from django.db.models import Exists, F, Func, IntegerField, Q, Value
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ctac.pages import page_in
from leaflets.models import Edition, EditionState, Format, Language, Leaflet, LeafletWords, Word
from leaflets.models.catalogue import bullet_points
from professionals.models import Profession

# What a visitor wants of the catalogue, and which of its titles that leaves.
#
# The catalogue is read as rows that say just enough to choose by; whole titles are read only of the page that is shown.

TITLES_PER_PAGE = 24
MAX_SEARCH_LENGTH = 100  # of what is searched for


class TitleRow(NamedTuple):
    """One title, as far as it is chosen by. `version_of`: the key of the title that it is a version of."""

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
    """Empty: everything. What an address asks for that doesn't exist is left out, but for a topic or words."""

    audience: str = ""
    topic: str = ""
    language: str = ""
    format: str = ""
    words: str = ""
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "CatalogueFilters":
        """From an address, or from a form of the catalogue that says it back."""
        if not asked:
            return NO_FILTERS
        audience, language, form = (asked.get(name, "") for name in ("for", "language", "format"))
        return cls(
            audience=audience if audience in FILTER_CHOICES["audience"] else "",
            topic=clean_search_text(asked.get("topic", "")),
            language=language if language in FILTER_CHOICES["language"] else "",
            format=form if form in FILTER_CHOICES["format"] else "",
            words=clean_search_text(asked.get("q", "")),
            page=page_in(asked.get("page", "")),
        )

    def asked(self) -> dict[str, str]:
        """As an address or a form says it, without what is empty."""
        said = {
            "q": self.words,
            "for": self.audience,
            "topic": self.topic,
            "language": self.language,
            "format": self.format,
            "page": str(self.page) if self.page > 1 else "",
        }
        return {name: value for name, value in said.items() if value}

    @property
    def address(self) -> str:
        asked = urlencode(self.asked())
        return reverse("leaflets") + (f"?{asked}" if asked else "")

    def but(self, **changed: str) -> "CatalogueFilters":
        """The same otherwise, from its first page."""
        return replace(self, page=1, **changed)

    @property
    def narrows(self) -> bool:
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
    """One thing to narrow by. `options` begin with the choice of all; each says how many titles it would show."""

    name: str
    label: str
    options: list[FacetOption]

    @property
    def is_a_choice(self) -> bool:
        """Whether there are several, or the only one leaves something out or is chosen."""
        only = self.options[1:]
        return len(only) > 1 or any(option.chosen or option.count < self.options[0].count for option in only)


FILTER_NAMES = ("audience", "topic", "language", "format")
FILTER_LABELS = {
    "audience": (_("For"), _("All leaflets")),
    "topic": (_("Topic"), _("Any")),
    "language": (_("Language"), _("Any")),
    "format": (_("Format"), _("Any")),
}
FILTER_CHOICES = {"audience": dict(Profession.choices), "language": dict(Language.choices), "format": dict(Format.choices)}


def filter_rows(rows: Iterable[TitleRow], wanted: CatalogueFilters, *, but: str = "") -> list[TitleRow]:
    """Those that are wanted; `but`: whatever they are of that."""
    asked = [(name, getattr(wanted, name)) for name in FILTER_NAMES if name != but and getattr(wanted, name)]
    # What is for every professional is also for this one.
    return [
        row
        for row in rows
        if all(not value or value in row.values(name) or (name == "audience" and not row.audience) for name, value in asked)
    ]


def without_versions(rows: Sequence[TitleRow]) -> list[TitleRow]:
    """A version stands on the card of its title, and on one of its own only where the title itself is not among these."""
    here = {row.id for row in rows}
    return [row for row in rows if row.version_of not in here]


def versions_by_title(rows: Iterable[TitleRow]) -> dict[int, list[TitleRow]]:
    """By the key of their title."""
    found: dict[int, list[TitleRow]] = defaultdict(list)
    for row in rows:
        if row.version_of is not None:
            found[row.version_of].append(row)
    return found


def facets(rows: Sequence[TitleRow], wanted: CatalogueFilters) -> dict[str, Facet]:
    return {name: facet(name, filter_rows(rows, wanted, but=name), wanted) for name in FILTER_NAMES}


def facet(name: str, rows: list[TitleRow], wanted: CatalogueFilters) -> Facet:
    """`rows`: all that fit whatever is chosen here."""
    having: dict[str, list[TitleRow]] = defaultdict(list)
    for row in rows:
        for value in row.values(name):
            having[value].append(row)
    for_all = having.pop("", []) if name == "audience" else []
    chosen = getattr(wanted, name)
    values = set(having) | ({chosen} if chosen else set())
    label, of_all = FILTER_LABELS[name]
    everything = [FacetOption("", str(of_all), len(without_versions(rows)), not chosen, wanted.but(**{name: ""}).address)]
    return Facet(
        name="for" if name == "audience" else name,
        label=str(label),
        options=everything
        + [
            FacetOption(
                value, said, len(without_versions(having[value] + for_all)), value == chosen, wanted.but(**{name: value}).address
            )
            for value, said in sorted_values(name, values)
        ],
    )


def sorted_values(name: str, values: set[str]) -> list[tuple[str, str]]:
    """With their labels: as the product lists them, topics by the alphabet."""
    if name == "topic":
        return [(value, value) for value in sorted(values, key=str.casefold)]
    return [(value, str(label)) for value, label in FILTER_CHOICES[name].items() if value in values]


# What the pages of the catalogue read of its titles.


def catalogue_rows() -> list[TitleRow]:
    """Every title that is in it, in its order. One statement."""
    rows = Leaflet.objects.active().values_list("id", "slug", "version_of_id", "audience", "language", "format", "topics")
    return [TitleRow(*row) for row in rows]


@dataclass(frozen=True)
class LeafletEditions:
    """The edition of a title that is handed out, and the newest of those that must not be any more; None if there is none.

    `recalled` is the newest that was found wrong, if any: people may still have copies of it.
    """

    current: Edition | None
    before: Edition | None
    recalled: Edition | None


def leaflet_editions(leaflet: Leaflet) -> LeafletEditions:
    """One statement; the current edition is then at hand."""
    editions = list(leaflet.editions.select_related("use_instead", "recall").order_by("-pk"))
    leaflet.current_editions = [edition for edition in editions if edition.state == EditionState.CURRENT]
    earlier = [edition for edition in editions if edition.state != EditionState.CURRENT]
    recalled = next((edition for edition in earlier if getattr(edition, "recall", None)), None)
    return LeafletEditions(leaflet.current_edition, next(iter(earlier), None), recalled)


def other_versions(leaflet: Leaflet) -> list[Leaflet]:
    """In the catalogue, in its order: the title that it is a version of, and that title's other versions. One statement."""
    title = leaflet.version_of_id or leaflet.pk
    versions = Leaflet.objects.active().filter(Q(pk=title) | Q(version_of=title)).exclude(pk=leaflet.pk)
    return list(versions.order_by(F("version_of").asc(nulls_first=True), "position", "title", "pk"))


# The search of the catalogue, which forgives how a word is typed.
#
# What was meant: each word that some title has stands for itself; one that none has, for the words of the catalogue that are
# spelt most like it. Then which titles have them, those first that have them on their card. If none has all, those that have
# some. ADR 18 says why so, and bench/RESULTS.md what it takes.

WordQuery = SearchQuery | CombinedSearchQuery
MAX_WORDS = 8
MAX_SIMILAR = 3  # words that one misspelt word may stand for
MIN_PART_LENGTH = 4  # letters that say enough of a word, misspelt or not typed to its end
MAX_CANDIDATES = 30  # words of the catalogue, the likest first, in which slips are counted


@dataclass(frozen=True)
class SearchResult:
    """`rows`: the best first. `meant`: the words that were looked for instead, '' if they were those that were typed.
    `in_part`: no title has all of the words."""

    rows: list[TitleRow]
    meant: str = ""
    in_part: bool = False


@dataclass(frozen=True)
class WordMeaning:
    """What one typed word stands for, the likeliest first. None: nothing is like it."""

    typed: str
    words: list[str]

    @property
    def question(self) -> WordQuery:
        return reduce(or_, map(word_query, self.words))


def search(text: str, catalogue: Sequence[TitleRow]) -> SearchResult:
    """Which rows of the catalogue. Those that answer equally well stand in its order."""
    meanings = word_meanings(search_words(text))
    known = [meaning for meaning in meanings if meaning.words]
    if not known:
        return SearchResult([])
    instead = " ".join(meaning.words[0] if meaning.words else meaning.typed for meaning in meanings)
    said = instead if any(meaning.words[0] != meaning.typed for meaning in known) else ""
    questions = [meaning.question for meaning in known]
    if len(known) == len(meanings) and (rows := matching_rows(reduce(and_, questions), catalogue)):
        return SearchResult(rows, said)
    return SearchResult(matching_rows(reduce(or_, questions), catalogue), said, in_part=True)


def search_words(text: str) -> list[str]:
    """Letters and figures in a row, with a sign between as in A&E; each once."""
    found = re.findall(r"\w+(?:[&’'-]\w+)*", text.lower())
    return list(dict.fromkeys(word.replace("’", "'")[:40] for word in found))[:MAX_WORDS]


def word_query(word: str) -> WordQuery:
    """A word as the titles have it: by its stem in English, or as it is spelt."""
    return SearchQuery(word, config="english") | SearchQuery(word, config="simple")


def word_meanings(words: Sequence[str]) -> list[WordMeaning]:
    """Of those that say anything ('the' does not), in the order in which they were typed. One statement if all are known."""
    if not words:
        return []
    says = [Func(SearchQuery(word, config="english"), function="numnode", output_field=IntegerField()) for word in words]
    known = [Exists(LeafletWords.objects.filter(words=word_query(word))) for word in words]
    facts = LeafletWords.objects.values_list(*says, *known).first()
    if not facts:
        return []
    told = [(word, is_known) for word, nodes, is_known in zip(words, facts, facts[len(words) :], strict=False) if nodes]
    like = similar_words([word for word, is_known in told if not is_known and len(word) >= MIN_PART_LENGTH])
    return [WordMeaning(word, [word] if is_known else closest_words(word, like[word])) for word, is_known in told]


def similar_words(words: Sequence[str]) -> dict[str, list[tuple[str, float]]]:
    """For each, words of the catalogue and how like they are, though a slip or two leave little. Two statements, or none."""
    like = [
        Word.objects.filter(word__trigram_similar=word)
        .annotate(typed=Value(word), likeness=TrigramSimilarity("word", word))
        .order_by("-likeness", "word")
        .values_list("typed", "word", "likeness")[:MAX_CANDIDATES]
        for word in words
    ]
    found: dict[str, list[tuple[str, float]]] = defaultdict(list)
    if not like:
        return found
    with transaction.atomic():
        with connection.cursor() as cursor:
            # SQL because what an index takes for alike is a setting of the session, and no lookup has it as a value.
            cursor.execute("SET LOCAL pg_trgm.similarity_threshold = 0.2")
        for typed, word, likeness in like[0].union(*like[1:], all=True):
            found[typed].append((word, likeness))
    return found


def matching_rows(question: WordQuery, catalogue: Sequence[TitleRow]) -> list[TitleRow]:
    """The rows that answer it, the best first. One statement."""
    found = LeafletWords.objects.filter(words=question).annotate(rank=SearchRank(F("heading"), question))
    ranks = dict(found.values_list("leaflet", "rank"))
    return sorted((row for row in catalogue if row.id in ranks), key=lambda row: -ranks[row.id])


def closest_words(typed: str, candidates: Sequence[tuple[str, float]]) -> list[str]:
    """Those of fewest slips, if they are few enough for a word of this length."""
    most = 1 if len(typed) <= 4 else 2 if len(typed) <= 8 else 3
    judged = [(edit_distance(typed, word), -likeness, word) for word, likeness in candidates]
    few = sorted(each for each in judged if each[0] <= most)
    return [word for count, _likeness, word in few if count == few[0][0]][:MAX_SIMILAR]


def edit_distance(typed: str, word: str) -> int:
    """How many letters are wrong, missing, too many or swapped with the next (optimal string alignment distance).

    A word that is not typed to its end counts as one slip.
    """
    if len(typed) >= MIN_PART_LENGTH and word.startswith(typed):
        return min(1, len(word) - len(typed))
    before, row = [0] * (len(word) + 1), list(range(len(word) + 1))
    for i, letter in enumerate(typed, 1):
        earlier, before, row = before, row, [i]
        for j, other in enumerate(word, 1):
            cost = min(row[j - 1] + 1, before[j] + 1, before[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == word[j - 2] and typed[i - 2] == other:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
