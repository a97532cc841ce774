"""What the pages of every visitor read of the catalogue, and emails of orders."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db.models import Case, F, FilteredRelation, Prefetch, Q, QuerySet, When, prefetch_related_objects

from leaflets.models import Delivery, Edition, EditionState, KeptAddress, Leaflet, Order, OrderLine, StockAlert
from leaflets.narrowing import Row
from professionals.models import Person


def _with_their_print(leaflets: QuerySet[Leaflet]) -> QuerySet[Leaflet]:
    """Each with its current edition as `handed_out`, if there is one."""
    current = FilteredRelation("editions", condition=Q(editions__state=EditionState.CURRENT))
    return leaflets.annotate(handed_out=current).select_related("handed_out")  # type: ignore[misc] # the annotation


def with_lines(order: Order) -> Order:
    """The same with its lines at hand: one statement, or none if they are."""
    if not hasattr(order, "sample_lines"):
        prefetch_related_objects([order], Prefetch("lines", OrderLine.objects.in_order()))
    return order


def waited_for(person: Person | None, leaflets: Iterable[Leaflet]) -> set[int]:
    """Of these titles the keys of those that are out of stock and that the person is told of when they are back.

    One statement, or none where all are in stock.
    """
    out = [leaflet.pk for leaflet in leaflets if leaflet.available <= 0]
    if not out or not person:
        return set()
    return set(StockAlert.objects.filter(person_id=person.pk, leaflet__in=out).values_list("leaflet", flat=True))


def catalogue() -> list[Row]:
    """Every title that is in it, in its order. One statement."""
    rows = Leaflet.objects.active().values_list("id", "slug", "version_of_id", "audience", "language", "format", "topics")
    return [Row(*row) for row in rows]


def shown(rows: Sequence[Row]) -> list[Leaflet]:
    """The whole titles of these, each with its current edition at hand. One statement."""
    leaflets = _with_their_print(Leaflet.objects.filter(pk__in=[row.id for row in rows]))
    found = {leaflet.pk: leaflet for leaflet in _print_at_hand(leaflets.order_by())}
    return [found[row.id] for row in rows if row.id in found]


def _print_at_hand(leaflets: Iterable[Leaflet]) -> list[Leaflet]:
    found = list(leaflets)
    for leaflet in found:
        edition = getattr(leaflet, "handed_out", None)
        leaflet.current_editions = [edition] if edition else []
    return found


def leaflet_in_catalogue(slug: str) -> Leaflet | None:
    return next(iter(_print_at_hand(_with_their_print(Leaflet.objects.active().filter(slug=slug)))), None)


def leaflets_with_slugs(slugs: Iterable[str]) -> list[Leaflet]:
    """Those that there are, in the catalogue or not, in its order. One statement."""
    return list(Leaflet.objects.filter(slug__in=slugs))


def stock_of_slugs(slugs: Iterable[str]) -> list[Leaflet]:
    """As leaflets_with_slugs, each with its current edition at hand. One statement."""
    return _print_at_hand(_with_their_print(Leaflet.objects.filter(slug__in=slugs)))


def in_stock_for(audience: str, most: int) -> list[Leaflet]:
    """At most so many titles of which there are copies: those for that audience ('' for a mix) first. One statement."""
    in_stock = Q(handed_out__on_hand__gt=F("handed_out__allocated"))
    there = _with_their_print(Leaflet.objects.active()).filter(in_stock)
    rank = Case(When(audience=audience, then=0), When(audience="", then=1), default=2)
    return _print_at_hand(there.order_by(rank, F("version_of").asc(nulls_first=True), "position", "title", "pk")[:most])


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


@dataclass(frozen=True)
class Places:
    """Where a person's parcels may go: the addresses they keep, the newest first; and where their last order went."""

    kept: list[KeptAddress]
    last: Delivery | None


def addresses_kept_by(person: int) -> list[KeptAddress]:
    """A person's address book, the newest first. One statement."""
    return list(KeptAddress.objects.filter(person_id=person).order_by("-pk"))


def places_of(person: int) -> Places:
    """Two statements."""
    last = Order.objects.filter(person_id=person, brought_with="").order_by("-created_at", "-pk").first()
    return Places(addresses_kept_by(person), last.delivery if last else None)
