"""The basket and the delivery address while they are not yet an order: steps of the person's draft."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from leaflets.models import Leaflet
from leaflets.reading import leaflets_with_slugs, with_current_edition
from professionals import drafts
from professionals.models import Draft, DraftKind

BASKET, DELIVERY = "basket", "delivery"


def find(request: HttpRequest, now: datetime) -> Draft | None:
    return drafts.find(request, DraftKind.ORDER, now)


def find_or_start(request: HttpRequest, now: datetime) -> Draft:
    return drafts.find_or_start(request, DraftKind.ORDER, now)


def copies_by_slug(draft: Draft | None) -> dict[str, int]:
    return dict(draft.answers.get(BASKET, {})) if draft else {}


def total_copies(draft: Draft | None) -> int:
    return sum(copies_by_slug(draft).values())


def read(draft: Draft | None, *, with_stock: bool = True) -> dict[Leaflet, int]:
    """The titles in the basket with their copies, in the catalogue's order. A deleted title is left out.

    One statement, and with what is in stock one more.
    """
    copies = copies_by_slug(draft)
    if not copies:
        return {}
    leaflets = leaflets_with_slugs(copies)
    return {leaflet: copies[leaflet.slug] for leaflet in (with_current_edition(leaflets) if with_stock else leaflets)}


def put(draft: Draft, copies: Mapping[str, int], now: datetime) -> None:
    drafts.save_step(draft, BASKET, dict(copies), now)


def delivery_answers(draft: Draft | None) -> dict[str, Any]:
    """What was typed about the delivery, or nothing yet."""
    return dict(draft.answers.get(DELIVERY, {})) if draft else {}
