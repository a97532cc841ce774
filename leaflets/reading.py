"""What the pages of every visitor read of the catalogue, and emails of orders; its queries compiled once."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Case, F, FilteredRelation, Q, QuerySet, When

from ctac.compiled import Compiled, Statement, have_ready
from leaflets.models import Delivery, Edition, EditionState, KeptAddress, Leaflet, Order, OrderLine, StockAlert
from leaflets.models.addresses import ON_THE_LABEL
from leaflets.narrowing import Row
from professionals.models import Person

_rows: Compiled[Any] = Compiled(
    lambda: Leaflet.objects.active().values_list("id", "slug", "version_of_id", "audience", "language", "format", "topics")
)


def _with_their_print(leaflets: QuerySet[Leaflet]) -> QuerySet[Leaflet]:
    """Each with its current edition as `handed_out`, if there is one."""
    current = FilteredRelation("editions", condition=Q(editions__state=EditionState.CURRENT))
    return leaflets.annotate(handed_out=current).select_related("handed_out")  # type: ignore[misc] # the annotation


_with_keys = Compiled(lambda keys: _with_their_print(Leaflet.objects.filter(pk__any_of=keys)).order_by())
_stock_of_slugs = Compiled(lambda slugs: _with_their_print(Leaflet.objects.filter(slug__any_of=slugs)))
_active_with_slug = Compiled(lambda slug: _with_their_print(Leaflet.objects.active().filter(slug=slug)))
_with_slugs = Compiled(lambda slugs: Leaflet.objects.filter(slug__any_of=slugs))


_lines_in_order = Compiled(lambda order: OrderLine.objects.in_order().filter(order_id=order))


def with_lines(order: Order) -> Order:
    """The same with its lines at hand: one statement, or none if they are."""
    if "lines" in getattr(order, "_prefetched_objects_cache", {}):
        return order
    return have_ready(order, "lines", _lines_in_order.all(order=order.pk))


_asked_of: Compiled[Any] = Compiled(
    lambda person, leaflets: StockAlert.objects.filter(person_id=person, leaflet__pk__any_of=leaflets).values_list("leaflet_id")
)


def waited_for(person: Person | None, leaflets: Iterable[Leaflet]) -> set[int]:
    """Of these titles the keys of those that are out of stock and that the person is told of when they are back.

    One statement, or none where all are in stock.
    """
    out = [leaflet.pk for leaflet in leaflets if leaflet.available <= 0]
    return {key for (key,) in _asked_of.all(person=person.pk, leaflets=out)} if out and person else set()


def catalogue() -> list[Row]:
    """Every title that is in it, in its order. One statement."""
    return [Row(*row) for row in _rows.all()]


def shown(rows: Sequence[Row]) -> list[Leaflet]:
    """The whole titles of these, each with its current edition at hand. One statement."""
    found = {leaflet.pk: leaflet for leaflet in _print_at_hand(_with_keys.all(keys=[row.id for row in rows]))}
    return [found[row.id] for row in rows if row.id in found]


def _print_at_hand(leaflets: list[Leaflet]) -> list[Leaflet]:
    for leaflet in leaflets:
        edition = getattr(leaflet, "handed_out", None)
        leaflet.current_editions = [edition] if edition else []
    return leaflets


def leaflet_in_catalogue(slug: str) -> Leaflet | None:
    return next(iter(_print_at_hand(_active_with_slug.all(slug=slug))), None)


def leaflets_with_slugs(slugs: Iterable[str]) -> list[Leaflet]:
    """Those that there are, in the catalogue or not, in its order. One statement."""
    return _with_slugs.all(slugs=list(slugs))


def stock_of_slugs(slugs: Iterable[str]) -> list[Leaflet]:
    """As leaflets_with_slugs, each with its current edition at hand. One statement."""
    return _print_at_hand(_stock_of_slugs.all(slugs=list(slugs)))


def in_stock_for(audience: str, most: int) -> list[Leaflet]:
    """At most so many titles of which there are copies: those for that audience ('' for a mix) first. One statement."""
    in_stock = Q(handed_out__on_hand__gt=F("handed_out__allocated"))
    there = _with_their_print(Leaflet.objects.active()).filter(in_stock)
    rank = Case(When(audience=audience, then=0), When(audience="", then=1), default=2)
    return _print_at_hand(list(there.order_by(rank, F("version_of").asc(nulls_first=True), "position", "title", "pk")[:most]))


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


# In one statement, so that an address book costs nothing to who has none.
_places = Statement(
    "places",
    f"""
    (SELECT id, {", ".join(ON_THE_LABEL)} FROM leaflets_keptaddress WHERE person_id = %s)
    UNION ALL
    (SELECT 0, {", ".join(ON_THE_LABEL)} FROM leaflets_order WHERE person_id = %s AND brought_with = ''
        ORDER BY created_at DESC, id DESC LIMIT 1)
    """,  # noqa: S608 - names of columns
    ["person", "person"],
)


_kept_by = Compiled(lambda person: KeptAddress.objects.filter(person_id=person).order_by("-pk"))


def addresses_kept_by(person: int) -> list[KeptAddress]:
    """A person's address book, the newest first. One statement."""
    return list(_kept_by.all(person=person))


def places_of(person: int) -> Places:
    """One statement."""
    kept, last = [], None
    for key, *said in _places.rows({"person": person}):
        if key:
            kept.append(KeptAddress(pk=key, person_id=person, **dict(zip(ON_THE_LABEL, said, strict=True))))
        else:
            last = Delivery(**dict(zip(ON_THE_LABEL, said, strict=True)))
    return Places(sorted(kept, key=lambda address: -address.pk), last)
