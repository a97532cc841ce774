"""What the pages of the catalogue read of its titles."""

from dataclasses import dataclass

from django.db.models import F, Q

from leaflets.models import Edition, EditionState, Leaflet
from leaflets.narrowing import Row


def catalogue() -> list[Row]:
    """Every title that is in it, in its order. One statement."""
    rows = Leaflet.objects.active().values_list("id", "slug", "version_of_id", "audience", "language", "format", "topics")
    return [Row(*row) for row in rows]


@dataclass(frozen=True)
class Prints:
    """The edition of a title that is handed out, and the newest of those that must not be any more; None if there is none.

    `recalled` is the newest that was found wrong, if any: people may still have copies of it.
    """

    current: Edition | None
    before: Edition | None
    recalled: Edition | None


def prints_of(leaflet: Leaflet) -> Prints:
    """One statement; the current edition is then at hand."""
    editions = list(leaflet.editions.select_related("use_instead", "recall").order_by("-pk"))
    leaflet.current_editions = [edition for edition in editions if edition.state == EditionState.CURRENT]
    earlier = [edition for edition in editions if edition.state != EditionState.CURRENT]
    recalled = next((edition for edition in earlier if getattr(edition, "recall", None)), None)
    return Prints(leaflet.current_edition, next(iter(earlier), None), recalled)


def other_versions(leaflet: Leaflet) -> list[Leaflet]:
    """In the catalogue, in its order: the title that it is a version of, and that title's other versions. One statement."""
    title = leaflet.version_of_id or leaflet.pk
    versions = Leaflet.objects.active().filter(Q(pk=title) | Q(version_of=title)).exclude(pk=leaflet.pk)
    return list(versions.order_by(F("version_of").asc(nulls_first=True), "position", "title", "pk"))
