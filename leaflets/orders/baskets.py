"""The basket and the delivery address while they are not yet an order: steps of the person's draft."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from leaflets.models import Leaflet
from leaflets.orders.allowances import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.stock.queries import leaflets_with_stock
from professionals import drafts
from professionals.models import Draft, DraftKind, Person

BASKET, ADDED, OPTIONS, DELIVERY = "basket", "added", "options", "delivery"
MAX_COPIES = 9_999  # of one title in a basket; who needs more calls
NO_STEPS: Mapping[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class BasketOptions:
    """Beyond copies: the slugs of titles that may be backordered, and the reason for more than the limit.

    `flagged`: the reason looks like a child's details, and its writer kept it.
    """

    backorder: tuple[str, ...] = ()
    reason: str = ""
    flagged: bool = False


def find(request: HttpRequest, now: datetime) -> Draft | None:
    return drafts.find(request, DraftKind.ORDER, now)


def find_or_start(request: HttpRequest, now: datetime) -> Draft:
    return drafts.find_or_start(request, DraftKind.ORDER, now)


def copies_by_slug(draft: Draft | None) -> dict[str, int]:
    return dict(draft.answers.get(BASKET, {})) if draft else {}


def total_copies(draft: Draft | None) -> int:
    return sum(copies_by_slug(draft).values())


def read(draft: Draft | None, *, with_stock: bool = True, leaflets: Iterable[Leaflet] = ()) -> dict[Leaflet, int]:
    """The titles in the basket with their copies, in the catalogue's order. A deleted title is left out.

    One statement, or none where all of them are among `leaflets`.
    """
    copies, titles = copies_by_slug(draft), list(leaflets)
    if not copies.keys() <= {leaflet.slug for leaflet in titles}:
        titles = leaflets_with_stock(copies) if with_stock else list(Leaflet.objects.filter(slug__in=copies))
    return {leaflet: copies[leaflet.slug] for leaflet in titles if leaflet.slug in copies}


def put(
    draft: Draft,
    copies: Mapping[str, int],
    now: datetime,
    options: BasketOptions | None = None,
    more: Mapping[str, dict[str, Any]] = NO_STEPS,
) -> None:
    """The copies of each title; the options, if they are given and others; and `more` steps."""
    steps: dict[str, dict[str, Any]] = {BASKET: dict(copies), **more}
    if options is not None and options != read_options(draft):
        steps[OPTIONS] = asdict(options)
    drafts.save_steps(draft, steps, now)


def added_steps(draft: Draft, copies: Mapping[str, int], form_id: str) -> dict[str, dict[str, Any]]:
    """The steps of the draft once these copies of each title are on top of what is there.

    A form that is sent again (twice at once, or by the back button) says anew what it added: nothing is added twice.
    """
    there, last = copies_by_slug(draft), draft.answers.get(ADDED, {})
    before: dict[str, int] = last["copies"] if last.get("form") == form_id else {}
    more = {slug: max(there.get(slug, 0) - before.get(slug, 0), 0) + count for slug, count in copies.items()}
    basket = {**there, **{slug: min(count, MAX_COPIES) for slug, count in more.items()}}
    return {BASKET: basket, ADDED: {"form": form_id, "copies": {**before, **copies}}}


def digest(draft: Draft) -> str:
    """Of all that makes the order; another as soon as that is another order."""
    return drafts.digest({step: answers for step, answers in draft.answers.items() if step != ADDED})


def read_options(draft: Draft | None) -> BasketOptions:
    stored = dict(draft.answers.get(OPTIONS, {})) if draft else {}
    return BasketOptions(tuple(stored.get("backorder", ())), stored.get("reason", ""), stored.get("flagged", False))


def recent_orders_for(
    person: Person | None, draft: Draft | None, leaflets: Iterable[Leaflet], now: datetime
) -> RecentOrdersByTitle:
    """What counts against the limits of these titles, as far as we know who orders. One statement, or none."""
    if not person:  # a lazy one, perhaps of nobody
        return {}
    # The workplace is where they work, at the postcode that the parcel goes to as far as that is known.
    return recent_orders(
        person=person.pk,
        workplace=Workplace(person.organisation_id, delivery_answers(draft).get("postcode") or person.postcode),
        leaflets=leaflets,
        now=now,
    )


def delivery_answers(draft: Draft | None) -> dict[str, Any]:
    """Where to: what was typed or, for who has not been asked, the address that we knew (`known`). Nothing yet if neither."""
    return dict(draft.answers.get(DELIVERY, {})) if draft else {}


def typed_delivery(draft: Draft | None) -> dict[str, Any]:
    """What was typed about the delivery, or nothing yet."""
    answers = delivery_answers(draft)
    return {} if answers.get("known") else answers
