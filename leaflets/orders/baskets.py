"""The basket and the delivery address while they are not yet an order: steps of the person's draft."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from leaflets.models import Delivery, Leaflet, Order
from leaflets.orders.allowances import RecentOrdersByTitle, Workplace, recent_orders
from leaflets.stock.queries import leaflets_with_slugs, leaflets_with_stock
from professionals import drafts
from professionals.models import Draft, DraftKind, Person

BASKET, ADDED, WISHES, DELIVERY = "basket", "added", "wishes", "delivery"
MAX_COPIES = 9_999  # of one title in a basket; who needs more calls


NO_STEPS: Mapping[str, dict[str, Any]] = {}


@dataclass(frozen=True)
class Wishes:
    """Beyond copies: the slugs of titles that may follow when they are printed, and why more than the limit is needed.

    `flagged`: the reason looks like a child's details, and its writer kept it.
    """

    waits: tuple[str, ...] = ()
    because: str = ""
    flagged: bool = False


def find(request: HttpRequest, now: datetime) -> Draft | None:
    return drafts.find(request, DraftKind.ORDER, now)


def find_or_start(request: HttpRequest, now: datetime) -> Draft:
    return drafts.find_or_start(request, DraftKind.ORDER, now)


def copies_by_slug(draft: Draft | None) -> dict[str, int]:
    return dict(draft.answers.get(BASKET, {})) if draft else {}


def total_copies(draft: Draft | None) -> int:
    return sum(copies_by_slug(draft).values())


def read(draft: Draft | None, *, with_stock: bool = True, at_hand: Iterable[Leaflet] = ()) -> dict[Leaflet, int]:
    """The titles in the basket with their copies, in the catalogue's order. A deleted title is left out.

    One statement, or none where all of them are `at_hand`.
    """
    copies, titles = copies_by_slug(draft), list(at_hand)
    if not copies.keys() <= {leaflet.slug for leaflet in titles}:
        titles = leaflets_with_stock(copies) if with_stock else leaflets_with_slugs(copies)
    return {leaflet: copies[leaflet.slug] for leaflet in titles if leaflet.slug in copies}


def put(
    draft: Draft,
    copies: Mapping[str, int],
    now: datetime,
    wishes: Wishes | None = None,
    more: Mapping[str, dict[str, Any]] = NO_STEPS,
) -> None:
    """The copies of each title; the wishes, if they are known anew; and `more` steps."""
    steps: dict[str, dict[str, Any]] = {BASKET: dict(copies), **more}
    if wishes is not None and wishes != wishes_of(draft):
        steps[WISHES] = asdict(wishes)
    drafts.save_steps(draft, steps, now)


def added(draft: Draft, copies: Mapping[str, int], form_id: str) -> dict[str, dict[str, Any]]:
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


def put_again(draft: Draft, copies: Mapping[str, int], delivery: Mapping[str, str], now: datetime) -> None:
    """The copies of each title; and where to, unless something was typed about that already or the order had no address."""
    steps: dict[str, dict[str, Any]] = {BASKET: dict(copies)}
    if delivery.get("address_line_1") and not typed_delivery(draft):
        steps[DELIVERY] = dict(delivery)
    drafts.save_steps(draft, steps, now)


def wishes_of(draft: Draft | None) -> Wishes:
    stored = dict(draft.answers.get(WISHES, {})) if draft else {}
    return Wishes(tuple(stored.get("waits", ())), stored.get("because", ""), stored.get("flagged", False))


def lately(person: Person | None, draft: Draft | None, leaflets: Iterable[Leaflet], now: datetime) -> RecentOrdersByTitle:
    """What counts against the limits of these titles, as far as we know who orders. One statement, or none."""
    if not person:  # a lazy one, perhaps of nobody
        return {}
    # Whose limit counts: where they work, at the postcode that the parcel goes to as far as that is known.
    return recent_orders(
        person=person.pk,
        workplace=Workplace(person.organisation_id, delivery_answers(draft).get("postcode") or person.postcode),
        leaflets=leaflets,
        now=now,
    )


def delivery_answers(draft: Draft | None) -> dict[str, Any]:
    """Where to: what was typed or, for who has not been asked, the address that we knew. Nothing yet if neither."""
    return dict(draft.answers.get(DELIVERY, {})) if draft else {}


def is_known_address(draft: Draft | None) -> bool:
    """Whether the delivery page was left out, since we knew an address."""
    return bool(delivery_answers(draft).get("known"))


def typed_delivery(draft: Draft | None) -> dict[str, Any]:
    """What was typed about the delivery, or nothing yet."""
    return {} if is_known_address(draft) else delivery_answers(draft)


def delivery_of(order: Order) -> dict[str, str]:
    """Where an order went, as the delivery page has it."""
    return {field.name: getattr(order, field.name) for field in fields(Delivery)}


def keeps_address(draft: Draft | None) -> bool:
    """Whether the address typed for this order is to be kept for next time."""
    return bool(delivery_answers(draft).get("keep"))
