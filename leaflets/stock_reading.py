"""Titles with their stock at hand."""

from collections.abc import Iterable

from django.db.models import Case, F, FilteredRelation, Q, QuerySet, When

from leaflets.models import EditionState, Leaflet, StockAlert
from professionals.models import Person


def _with_their_print(leaflets: QuerySet[Leaflet]) -> QuerySet[Leaflet]:
    """Each with its current edition as `handed_out`, if there is one."""
    current = FilteredRelation("editions", condition=Q(editions__state=EditionState.CURRENT))
    return leaflets.annotate(handed_out=current).select_related("handed_out")  # type: ignore[misc] # the annotation


def _print_at_hand(leaflets: Iterable[Leaflet]) -> list[Leaflet]:
    found = list(leaflets)
    for leaflet in found:
        edition = getattr(leaflet, "handed_out", None)
        leaflet.current_editions = [edition] if edition else []
    return found


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


def waited_for(person: Person | None, leaflets: Iterable[Leaflet]) -> set[int]:
    """Of these titles the keys of those that are out of stock and that the person is told of when they are back.

    One statement, or none where all are in stock.
    """
    out = [leaflet.pk for leaflet in leaflets if leaflet.available <= 0]
    if not out or not person:
        return set()
    return set(StockAlert.objects.filter(person_id=person.pk, leaflet__in=out).values_list("leaflet", flat=True))
