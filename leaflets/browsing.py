"""One page of the catalogue: what was asked for, what was found, and which of it stands here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import cached_property
from hashlib import sha256
from operator import attrgetter
from typing import Any

from django.forms import BoundField
from django.utils import timezone

from ctac.uk import uk_day
from leaflets.forms import AddForm, copies_box
from leaflets.models import Edition, Leaflet
from leaflets.models.versions import version_in_words
from leaflets.narrowing import ON_A_PAGE, Facet, Row, Wanted, facets, folded, narrowed, versions_among
from leaflets.reading import catalogue
from leaflets.searching import Found, search
from leaflets.standing import in_short

Also = tuple[tuple[str, str], ...]  # of other versions of a title, the slug of each and what it is: 'Arabic, large print'

# All that a card says of a title and of its print. No other column is read, so a card that is kept can't be out of date.
OF_A_TITLE = (
    *("slug", "title", "own_title", "language", "format", "for_whom", "summary", "usual_words"),
    *("most_per_order", "most_per_person", "most_per_workplace", "active"),
)
OF_A_PRINT = ("paper", "pages", "size", "on_hand", "allocated", "published_on", "reviewed_on", "review_on")
A_DAY = 24 * 60 * 60  # seconds
said_of_a_title, said_of_a_print = attrgetter(*OF_A_TITLE), attrgetter(*OF_A_PRINT)


@dataclass(frozen=True)
class Card:
    """One title. `form`: the form of the page, if it was sent and says what is wrong."""

    leaflet: Leaflet
    also: Also
    today: date
    form: AddForm | None = None

    @property
    def edition(self) -> Edition | None:
        return self.leaflet.current_edition

    @property
    def standing(self) -> str:
        return in_short(self.edition, self.today) if self.edition else ""

    @property
    def box(self) -> BoundField:
        """For its copies, with what was typed into it; empty, so that nobody orders what they did not ask for."""
        name = copies_box(self.leaflet.slug)
        form = self.form if self.form and name in self.form.fields else AddForm(leaflets=[self.leaflet])
        return form[name]

    @property
    def version(self) -> tuple[Any, ...]:
        """Another as soon as an empty card says something else."""
        edition = self.edition
        of_print = (*said_of_a_print(edition), edition.review_is_due(self.today)) if edition else None
        return said_of_a_title(self.leaflet), of_print, self.also


@dataclass(frozen=True)
class Shelf:
    """`count`: all that fit, of which `cards` stand on this page. `found`: before it was narrowed."""

    wanted: Wanted
    found: Found
    count: int
    pages: int
    cards: list[Card]

    @property
    def is_everything(self) -> bool:
        return not self.wanted.words and not self.wanted.narrows

    @property
    def without_filters(self) -> Wanted:
        return Wanted(words=self.wanted.words)

    @property
    def found_without_filters(self) -> int:
        return len(folded(self.found.rows)) if self.wanted.narrows else 0

    @cached_property
    def kept_under(self) -> str:
        """What it can be narrowed by is the same under this key."""
        return sha256(repr((replace(self.wanted, page=1), self.found.rows)).encode()).hexdigest()

    @property
    def kept_for(self) -> int:
        """Seconds. What somebody searches for is not kept."""
        return 0 if self.wanted.words else A_DAY

    @cached_property
    def facets(self) -> dict[str, Facet]:
        return facets(self.found.rows, self.wanted)

    @property
    def audience(self) -> Facet:
        return self.facets["audience"]

    @cached_property
    def choices(self) -> list[Facet]:
        """What else the catalogue can be narrowed by."""
        return [facet for name, facet in self.facets.items() if name != "audience" and facet.is_a_choice]

    @property
    def before(self) -> str:
        """The address of the page before, '' if this is the first."""
        return replace(self.wanted, page=self.wanted.page - 1).address if self.wanted.page > 1 else ""

    @property
    def after(self) -> str:
        return replace(self.wanted, page=self.wanted.page + 1).address if self.wanted.page < self.pages else ""


def look(wanted: Wanted, form: AddForm | None = None) -> Shelf:
    """Two or three statements; with words to search for two or three more. A page beyond the last is the last.

    What was typed into a `form` that is refused is on the page, also of titles that would not stand there now.
    """
    rows = catalogue()
    found = search(wanted.words, rows) if wanted.words else Found(rows)
    fitting = narrowed(found.rows, wanted)
    rows = folded(fitting)
    pages = max(1, -(-len(rows) // ON_A_PAGE))
    wanted = replace(wanted, page=min(wanted.page, pages))
    here = rows[(wanted.page - 1) * ON_A_PAGE :][:ON_A_PAGE]
    versions, today = versions_among(fitting), uk_day(timezone.now())
    cards = [Card(leaflet, also(versions.get(leaflet.pk, [])), today, form) for leaflet in on_cards(here)]
    standing_here = {card.leaflet for card in cards}
    elsewhere = [leaflet for leaflet in (form.leaflets.values() if form else ()) if leaflet not in standing_here]
    return Shelf(wanted, found, len(rows), pages, [*(Card(leaflet, (), today, form) for leaflet in elsewhere), *cards])


def on_cards(rows: Sequence[Row]) -> list[Leaflet]:
    """These titles, each with its current edition at hand, as far as a card says it. One statement; two if one has no edition."""
    keys, found = [row.id for row in rows], dict[int, Leaflet]()
    prints = Edition.objects.current().filter(leaflet__in=keys).order_by().select_related("leaflet")
    for edition in prints.only(*OF_A_PRINT, *(f"leaflet__{name}" for name in OF_A_TITLE)):
        edition.leaflet.current_editions = [edition]
        found[edition.leaflet_id] = edition.leaflet
    for leaflet in Leaflet.objects.filter(pk__in=set(keys) - set(found)).order_by().only(*OF_A_TITLE):
        leaflet.current_editions = []
        found[leaflet.pk] = leaflet
    return [found[key] for key in keys if key in found]


def also(versions: list[Row]) -> Also:
    return tuple((row.slug, version_in_words(row.language, row.format)) for row in versions)
