"""What the pages of every visitor read of the catalogue, its queries compiled once."""

from collections.abc import Iterable

from ctac.compiled import Compiled
from leaflets.models import Edition, Leaflet

_active = Compiled(lambda: Leaflet.objects.active())
_active_with_slug = Compiled(lambda slug: Leaflet.objects.active().filter(slug=slug))
_with_slugs = Compiled(lambda slugs: Leaflet.objects.filter(slug__any_of=slugs))
_current_editions = Compiled(lambda leaflets: Edition.objects.current().filter(leaflet__pk__any_of=leaflets))


def catalogue() -> list[Leaflet]:
    """As Leaflet.objects.in_catalogue(): two statements."""
    return with_current_edition(_active.all())


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
