"""The search box of the staff site, which finds things of all kinds. Each kind is registered beside its feature.

A search is one statement over all kinds that this colleague may see, then one for the rows of each kind with a hit. If it finds
nothing, it tries names, streets and towns that are spelt alike, and references that differ by one slip.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import product
from operator import and_, or_
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import F, Func, Model, Q, QuerySet, TextField, Value
from django.db.models.lookups import Contains
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from core.forms import normalise_postcode
from core.models import MIN_FUZZY_WORD_LENGTH, REFERENCE_ALPHABET, REFERENCE_PREFIXES, is_reference, normalise_reference
from staff.guide import search_guide
from staff.lists import MAX_COUNTED, contains_word, get_search_text, parse_search_words
from staff.menu import plural_name
from staff.site import staff_site

MAX_HITS_SHOWN = 8  # of each kind
MAX_GUIDE_HITS_SHOWN = 3
MAX_HITS_COUNTED = MAX_COUNTED + 1  # of each kind, as in lists; the newest of them are shown
MAX_WORDS = 6  # of what is typed
MAX_MISSPELT_WORDS = 4  # words that are looked up by how they are spelt
MIN_DIGITS = 6  # of a phone number without its first 0
PHONE_PATTERN = re.compile(r"\+?[\d\s().-]+")
NAME_PART_PATTERN = re.compile(rf"[^\W\d_]{{{MIN_FUZZY_WORD_LENGTH},60}}")
# Look-alikes, of which a prefix has only the letter.
PREFIX_LOOKALIKES = str.maketrans("01I58", "OLLSB")
MAX_UNKNOWN_LETTERS = 2  # letters of a reference that no reference has


@dataclass(frozen=True)
class SearchKind:
    """A kind of thing that the search finds: the rows of its list, for colleagues who may see that list.

    - `has(word)`: the rows with a word in lower case. Without it, only a whole reference finds a row.
    - `text` and `about`: what a hit shows. `related`: the keys that they follow.
    - `names`: what opens the row's page at once if somebody types all of it.
    - `spelt_in`: the tables whose names a misspelt word is compared with.
    """

    model: type[Model]
    has: Callable[[str], Q] | None = None
    text: Callable[[Any], str] = str
    about: Callable[[Any], Iterable[object]] = field(default=lambda row: ())
    names: Callable[[Any], Iterable[str]] = field(default=lambda row: (str(row),))
    spelt_in: tuple[str, ...] = ()
    related: tuple[str, ...] = ()

    @property
    def prefix(self) -> str:
        return getattr(self.model, "REFERENCE_PREFIX", "")

    def terms_condition(self, terms: Sequence[Sequence[str]]) -> Q | None:
        """The rows that have at least one word of each term."""
        if self.has is None or not terms:
            return None
        return reduce(and_, (reduce(or_, map(self.has, words)) for words in terms))

    def page(self, row: Any) -> str:
        return reverse(f"staff:{self.model._meta.app_label}_{self.model._meta.model_name}_change", args=[row.pk])


class SearchRegistry:
    """The kinds in the order of their hits. `spelt_like(words, tables)` gives the names in these tables like each word."""

    spelt_like: Callable[[Sequence[str], Sequence[str]], dict[str, list[str]]]  # `professionals` sets it

    def __init__(self) -> None:
        self.kinds: list[SearchKind] = []

    def add(self, kind: SearchKind) -> None:
        self.kinds.append(kind)


search_registry = SearchRegistry()


def columns_contain(*columns: str) -> Callable[[str], Q]:
    """A word anywhere in one of these columns, for a table of a few hundred rows."""
    return lambda word: reduce(or_, (Q(**{f"{column}__icontains": word}) for column in columns))


def contains_digits(column: str, word: str) -> Q:
    """A phone number with these digits, whatever stands between them."""
    digits = Func(F(column), Value("[^0-9]"), Value(""), Value("g"), function="regexp_replace", output_field=TextField())
    return Q(Contains(digits, word)) if word.isdecimal() and len(word) >= MIN_DIGITS else Q(pk=None)


def searched_contains(word: str) -> Q:
    """For a table with a column or alias `searched`."""
    return contains_word(word)


# What is typed.


def national_digits(number: str) -> str:
    """The digits that a UK phone number has in every spelling: '+44 (0)113 496 0000' → '1134960000'."""
    return re.sub(r"^(?:00)?44(?=\d{9})|^0+", "", re.sub(r"\D", "", number)).lstrip("0")


def normalise_search_text(typed: str) -> str:
    """A phone number or a whole postcode in the form to look for, in lists too; any other text unchanged."""
    try:
        return f'"{normalise_postcode(typed)}"'
    except ValidationError:
        digits = national_digits(typed) if PHONE_PATTERN.fullmatch(typed) else ""
        return digits if len(digits) >= MIN_DIGITS else typed


def possible_references(typed: str) -> tuple[str, set[str]]:
    """The prefix of a typed reference ('' if it is none of ours), and what its other six letters may mean.

    One letter may be wrong, or two swapped, or letters that no reference has (0, O, 1, L) may stand for any.
    """
    letters = re.sub(r"[^0-9A-Z]", "", typed.upper())
    if len(letters) != 8:
        return "", set()
    prefix, six = letters[:2].translate(PREFIX_LOOKALIKES), letters[2:]
    unknown = [place for place, letter in enumerate(six) if letter not in REFERENCE_ALPHABET]
    if prefix not in REFERENCE_PREFIXES:
        return "", set() if unknown or not re.search(r"\d", six) else {six}
    if unknown:
        parts = [REFERENCE_ALPHABET if place in unknown else letter for place, letter in enumerate(six)]
        return prefix, set(map("".join, product(*parts))) if len(unknown) <= MAX_UNKNOWN_LETTERS else set()
    wrong = {six[:place] + letter + six[place + 1 :] for place in range(6) for letter in REFERENCE_ALPHABET}
    return prefix, wrong | {six[:at] + six[at + 1] + six[at] + six[at + 2 :] for at in range(5)}


# What is found.


@dataclass
class Search:
    """One search by one colleague."""

    request: HttpRequest
    typed: str

    def __post_init__(self) -> None:
        admins = ((kind, staff_site.get_model_admin(kind.model)) for kind in search_registry.kinds)
        self.kinds = [(kind, admin) for kind, admin in admins if admin.has_view_permission(self.request)]
        self.wanted = normalise_search_text(self.typed)
        self.terms: list[list[str]] = [[word] for word in parse_search_words(self.wanted)][:MAX_WORDS]
        self.reference = normalise_reference(self.typed) if is_reference(self.typed) else ""

    def keys(self, condition: Callable[[SearchKind], Q | None]) -> list[tuple[SearchKind, list[Any]]]:
        """The keys that `condition(kind)` finds, the newest first, of each kind that has a condition. One statement."""
        asked = [(place, admin, condition(kind)) for place, (kind, admin) in enumerate(self.kinds)]
        queries: list[QuerySet[Any]] = [
            admin.get_queryset(self.request).order_by().filter(where).values_list(Value(place), "pk")[:MAX_HITS_COUNTED]
            for place, admin, where in asked
            if where is not None
        ]
        if not queries:
            return []
        found: dict[int, list[Any]] = {}
        for place, key in queries[0].union(*queries[1:], all=True) if queries[1:] else queries[0]:
            found.setdefault(place, []).append(key)
        return [(self.kinds[place][0], sorted(keys, reverse=True)) for place, keys in sorted(found.items())]

    def exact_condition(self, kind: SearchKind) -> Q | None:
        by_words = kind.terms_condition(self.terms)
        if not (self.reference and kind.prefix):
            return by_words
        return Q(reference=self.reference) | by_words if by_words is not None else Q(reference=self.reference)

    def find_similar_keys(self) -> list[tuple[SearchKind, list[Any]]]:
        """Replace the terms by words that are spelt alike, and search again."""
        prefix, meant = possible_references(self.typed)
        tables = [table for kind, _admin in self.kinds for table in kind.spelt_in]
        terms = [part for [word] in self.terms for part in (NAME_PART_PATTERN.findall(word.partition("@")[0]) or [word])]
        parts = [term for term in terms if NAME_PART_PATTERN.fullmatch(term)][:MAX_MISSPELT_WORDS]
        like = search_registry.spelt_like(parts, tables) if parts and tables else {}
        changed = any(words and words != [part] for part, words in like.items())
        self.terms = [like.get(term) or [term] for term in terms]

        def condition(kind: SearchKind) -> Q | None:
            by_words = kind.terms_condition(self.terms) if changed else None
            if not (meant and kind.prefix and prefix in ("", kind.prefix)):
                return by_words
            near = Q(reference__in=[f"{kind.prefix}-{six[:4]}-{six[4:]}" for six in meant])
            return near | by_words if by_words is not None else near

        return self.keys(condition)

    def run(self) -> "SearchResults":
        keys = self.keys(self.exact_condition)
        exact = bool(keys)
        keys = keys or self.find_similar_keys()
        found = []
        for kind, theirs in keys:
            among = kind.model._default_manager.select_related(*kind.related or [None])
            known = among.in_bulk(theirs[:MAX_HITS_SHOWN])
            rows = [known[key] for key in theirs[:MAX_HITS_SHOWN] if key in known]
            words = self.wanted if exact else " ".join(words[0] for words in self.terms)
            found.append(KindResults(kind, rows, len(theirs), words))
        return SearchResults(found, exact, {self.typed.casefold(), self.reference.casefold(), self.wanted.casefold()} - {""})


@dataclass
class KindResults:
    """`many`: how many there are, up to MAX_HITS_COUNTED. `words`: the search that shows all of them in their list."""

    kind: SearchKind
    rows: list[Any]
    many: int
    words: str

    @property
    def heading(self) -> str:
        return plural_name(self.kind.model._meta)

    @property
    def lines(self) -> list[dict[str, str]]:
        return [
            {
                "text": self.kind.text(row),
                "about": " · ".join(str(part) for part in self.kind.about(row) if part),
                "href": self.kind.page(row),
            }
            for row in self.rows
        ]

    @property
    def more_href(self) -> str:
        """The list of all, if there are more than are shown."""
        address = reverse(f"staff:{self.kind.model._meta.app_label}_{self.kind.model._meta.model_name}_changelist")
        return f"{address}?{urlencode({'q': self.words})}" if self.many > MAX_HITS_SHOWN else ""

    @property
    def figure(self) -> str:
        return str(self.many) if self.many < MAX_HITS_COUNTED else ""


@dataclass
class SearchResults:
    """`exact`: found by the words as they were typed, not by words that are spelt alike."""

    kinds: list[KindResults]
    exact: bool
    typed: set[str]

    @property
    def single_result_url(self) -> str:
        """The page of the only hit, or of the only one with exactly this name."""
        if not self.exact:
            return ""
        rows = [(found.kind, row) for found in self.kinds for row in found.rows]
        called = [
            (found.kind, row)
            for found in self.kinds
            if found.many <= MAX_HITS_SHOWN
            for row in found.rows
            if self.typed & {name.casefold() for name in found.kind.names(row) if name}
        ]
        for one in (called, rows):
            if len(one) == 1:
                return one[0][0].page(one[0][1])
        return ""


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """By GET, as in Django's lists, so that the Back button works. No log has the query, and the audit has the route alone."""
    typed = get_search_text(request)
    found = Search(request, typed).run() if typed else None
    if found is not None and (only_page := found.single_result_url):
        return redirect(only_page)
    page = {"title": _("Find anything"), "searched_for": typed, "found": found}
    page["guide"] = search_guide(typed, whole=True)[:MAX_GUIDE_HITS_SHOWN]
    return TemplateResponse(request, "admin/find.html", {**staff_site.each_context(request), **page})


staff_site.add_page("find/", find, "find", _("Find anything"))
