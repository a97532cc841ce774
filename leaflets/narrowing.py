"""What a visitor wants of the catalogue, and which of its titles that leaves.

The catalogue is read as rows that say just enough to choose by; whole titles are read only of the page that is shown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from ctac.past import page_in
from leaflets.models import Format, Language
from leaflets.models.leaflet import points
from professionals.models import Profession

ON_A_PAGE = 24
MOST_LETTERS = 100  # of what is searched for


class Row(NamedTuple):
    """One title, as far as it is chosen by. `version_of`: the key of the title that it is a version of."""

    id: int
    slug: str
    version_of: int | None
    audience: str
    language: str
    format: str
    topics: str

    def values(self, name: str) -> Sequence[str]:
        return points(self.topics) if name == "topic" else (getattr(self, name),)


@dataclass(frozen=True)
class Wanted:
    """Empty: everything. What an address asks for that doesn't exist is left out, but for a topic or words."""

    audience: str = ""
    topic: str = ""
    language: str = ""
    format: str = ""
    words: str = ""
    page: int = 1

    @classmethod
    def of(cls, asked: Mapping[str, str]) -> "Wanted":
        """From an address, or from a form of the catalogue that says it back."""
        if not asked:
            return EVERYTHING
        audience, language, form = (asked.get(name, "") for name in ("for", "language", "format"))
        return cls(
            audience=audience if audience in CHOICES["audience"] else "",
            topic=clean(asked.get("topic", "")),
            language=language if language in CHOICES["language"] else "",
            format=form if form in CHOICES["format"] else "",
            words=clean(asked.get("q", "")),
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

    def but(self, **changed: str) -> "Wanted":
        """The same otherwise, from its first page."""
        return replace(self, page=1, **changed)

    @property
    def narrows(self) -> bool:
        return bool(self.audience or self.topic or self.language or self.format)


EVERYTHING = Wanted()


def clean(text: str) -> str:
    return " ".join(text[:MOST_LETTERS].split())


@dataclass(frozen=True)
class Option:
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
    options: list[Option]

    @property
    def is_a_choice(self) -> bool:
        """Whether there are several, or the only one leaves something out or is chosen."""
        only = self.options[1:]
        return len(only) > 1 or any(option.chosen or option.count < self.options[0].count for option in only)


NAMES = ("audience", "topic", "language", "format")
LABELS = {
    "audience": (_("For"), _("All leaflets")),
    "topic": (_("Topic"), _("Any")),
    "language": (_("Language"), _("Any")),
    "format": (_("Format"), _("Any")),
}
CHOICES = {"audience": dict(Profession.choices), "language": dict(Language.choices), "format": dict(Format.choices)}


def fits(row: Row, name: str, value: str) -> bool:
    """What is for every professional is also for this one."""
    return not value or value in row.values(name) or (name == "audience" and not row.audience)


def narrowed(rows: Iterable[Row], wanted: Wanted, *, but: str = "") -> list[Row]:
    """Those that are wanted; `but`: whatever they are of that."""
    asked = [(name, getattr(wanted, name)) for name in NAMES if name != but and getattr(wanted, name)]
    return [row for row in rows if all(fits(row, name, value) for name, value in asked)]


def folded(rows: Sequence[Row]) -> list[Row]:
    """A version stands on the card of its title, and on one of its own only where the title itself is not among these."""
    here = {row.id for row in rows}
    return [row for row in rows if row.version_of not in here]


def versions_among(rows: Iterable[Row]) -> dict[int, list[Row]]:
    """By the key of their title."""
    found: dict[int, list[Row]] = defaultdict(list)
    for row in rows:
        if row.version_of is not None:
            found[row.version_of].append(row)
    return found


def facets(rows: Sequence[Row], wanted: Wanted) -> dict[str, Facet]:
    return {name: facet(name, narrowed(rows, wanted, but=name), wanted) for name in NAMES}


def facet(name: str, rows: list[Row], wanted: Wanted) -> Facet:
    """`rows`: all that fit whatever is chosen here."""
    having: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        for value in row.values(name):
            having[value].append(row)
    for_all = having.pop("", []) if name == "audience" else []
    chosen = getattr(wanted, name)
    values = set(having) | ({chosen} if chosen else set())
    label, of_all = LABELS[name]
    everything = [Option("", str(of_all), len(folded(rows)), not chosen, wanted.but(**{name: ""}).address)]
    return Facet(
        name="for" if name == "audience" else name,
        label=str(label),
        options=everything
        + [
            Option(value, said, len(folded(having[value] + for_all)), value == chosen, wanted.but(**{name: value}).address)
            for value, said in in_order(name, values)
        ],
    )


def in_order(name: str, values: set[str]) -> list[tuple[str, str]]:
    """With their labels: as the product lists them, topics by the alphabet."""
    if name == "topic":
        return [(value, value) for value in sorted(values, key=str.casefold)]
    return [(value, str(label)) for value, label in CHOICES[name].items() if value in values]
