"""What the pages of every visitor read of the catalogue, its queries compiled once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import F, FilteredRelation, Q

from ctac.compiled import Compiled
from leaflets.models import Edition, EditionState, Leaflet, Order
from leaflets.narrowing import Row

_rows: Compiled[Any] = Compiled(
    lambda: Leaflet.objects.active().values_list("id", "slug", "version_of_id", "audience", "language", "format", "topics")
)
_with_keys = Compiled(
    lambda keys: (
        Leaflet.objects.filter(pk__any_of=keys)
        .annotate(handed_out=FilteredRelation("editions", condition=Q(editions__state=EditionState.CURRENT)))
        .select_related("handed_out")  # type: ignore[misc] # the annotation above
        .order_by()
    )
)
last_order_of = Compiled(lambda person: Order.objects.filter(person_id=person).order_by("-created_at", "-pk")[:1])
_active_with_slug = Compiled(lambda slug: Leaflet.objects.active().filter(slug=slug))
_with_slugs = Compiled(lambda slugs: Leaflet.objects.filter(slug__any_of=slugs))
_current_editions = Compiled(lambda leaflets: Edition.objects.current().filter(leaflet__pk__any_of=leaflets))


def catalogue() -> list[Row]:
    """Every title that is in it, in its order. One statement."""
    return [Row(*row) for row in _rows.all()]


def shown(rows: Sequence[Row]) -> list[Leaflet]:
    """The whole titles of these, each with its current edition at hand. One statement."""
    found = {leaflet.pk: leaflet for leaflet in _with_keys.all(keys=[row.id for row in rows])}
    for leaflet in found.values():
        edition = getattr(leaflet, "handed_out", None)
        leaflet.current_editions = [edition] if edition else []
    return [found[row.id] for row in rows if row.id in found]


def leaflet_in_catalogue(slug: str) -> Leaflet | None:
    return next(iter(with_current_edition(_active_with_slug.all(slug=slug))), None)


def leaflets_with_slugs(slugs: Iterable[str]) -> list[Leaflet]:
    """Those that there are, in the catalogue or not, in its order. One statement."""
    return _with_slugs.all(slugs=list(slugs))


def with_current_edition(leaflets: list[Leaflet]) -> list[Leaflet]:
    """The same, each with its current edition at hand. One statement."""
    editions = {edition.leaflet_id: edition for edition in _current_editions.all(leaflets=[leaflet.pk for leaflet in leaflets])}
    for leaflet in leaflets:
        leaflet.current_editions = [editions[leaflet.pk]] if leaflet.pk in editions else []
    return leaflets


@dataclass(frozen=True)
class Prints:
    """The edition of a title that is handed out, and the newest of those that must not be any more; None if there is none."""

    current: Edition | None
    before: Edition | None


def prints_of(leaflet: Leaflet) -> Prints:
    """One statement; the current edition is then at hand."""
    editions = list(leaflet.editions.select_related("use_instead").order_by("-pk"))
    leaflet.current_editions = [edition for edition in editions if edition.state == EditionState.CURRENT]
    before = next((edition for edition in editions if edition.state != EditionState.CURRENT), None)
    return Prints(leaflet.current_edition, before)


def other_versions(leaflet: Leaflet) -> list[Leaflet]:
    """In the catalogue, in its order: the title that it is a version of, and that title's other versions. One statement."""
    title = leaflet.version_of_id or leaflet.pk
    versions = Leaflet.objects.active().filter(Q(pk=title) | Q(version_of=title)).exclude(pk=leaflet.pk)
    return list(versions.order_by(F("version_of").asc(nulls_first=True), "position", "title", "pk"))
