"""One page of the catalogue: what was asked for, what was found, and which of it stands here."""

from dataclasses import dataclass, replace

from leaflets.models import Leaflet
from leaflets.models.versions import version_in_words
from leaflets.narrowing import ON_A_PAGE, Row, Wanted, folded, narrowed, versions_among
from leaflets.reading import catalogue, shown
from leaflets.searching import Found, search

Also = tuple[tuple[str, str], ...]  # of other versions of a title, the slug of each and what it is: 'Arabic, large print'


@dataclass(frozen=True)
class Shelf:
    """`count`: all that fit, of which `titles` stand on this page, each with its versions. `found`: before it was narrowed."""

    wanted: Wanted
    found: Found
    count: int
    pages: int
    titles: list[tuple[Leaflet, Also]]

    @property
    def is_everything(self) -> bool:
        return not self.wanted.words and not self.wanted.narrows

    @property
    def without_filters(self) -> Wanted:
        return Wanted(words=self.wanted.words)

    @property
    def found_without_filters(self) -> int:
        return len(folded(self.found.rows)) if self.wanted.narrows else 0

    @property
    def before(self) -> str:
        """The address of the page before, '' if this is the first."""
        return replace(self.wanted, page=self.wanted.page - 1).address if self.wanted.page > 1 else ""

    @property
    def after(self) -> str:
        return replace(self.wanted, page=self.wanted.page + 1).address if self.wanted.page < self.pages else ""


def look(wanted: Wanted) -> Shelf:
    """Two statements; with words to search for four, or five. A page beyond the last is the last."""
    rows = catalogue()
    found = search(wanted.words, rows) if wanted.words else Found(rows)
    fitting = narrowed(found.rows, wanted)
    rows = folded(fitting)
    pages = max(1, -(-len(rows) // ON_A_PAGE))
    wanted = replace(wanted, page=min(wanted.page, pages))
    here = rows[(wanted.page - 1) * ON_A_PAGE :][:ON_A_PAGE]
    versions = versions_among(fitting)
    titles = [(leaflet, also(versions.get(leaflet.pk, []))) for leaflet in (shown(here) if here else [])]
    return Shelf(wanted, found, len(rows), pages, titles)


def also(versions: list[Row]) -> Also:
    return tuple((row.slug, version_in_words(row.language, row.format)) for row in versions)
