"""Changing an order until it is packed: how many copies of its titles, and where they go. By its owner, or by staff for them."""

from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.models import (
    Delivery,
    Edition,
    EditionState,
    EventKind,
    MovementKind,
    Order,
    OrderEvent,
    OrderLine,
    OrderState,
)
from leaflets.services.allowances import NOTHING_LATELY, Workplace, ordered_lately
from leaflets.services.backorders import fill_backorders
from leaflets.services.ledger import for_line, lock_editions, record
from leaflets.services.locking import lock_orders
from leaflets.services.shortfalls import Shortfalls
from leaflets.services.states import OrderHasMoved, rewrite
from leaflets.services.titles import Title, in_the_way, titles_of, version_of
from notifications.services.writing import notify
from professionals.models import User
from professionals.services.safeguarding import tell_lead


class NothingLeft(DomainError):
    message: str | Promise = _("Keep at least one copy of one leaflet. If you need none of them, cancel the order instead.")


class NothingDifferent(DomainError):
    message: str | Promise = _("That is what the order says already, so nothing was changed.")


class PartHasLeft(DomainError):
    """The order says where its parcels went, so that stays as it is."""

    message: str | Promise = _("Part of this order has left already, so the rest goes to the same address.")


class IsBrought(DomainError):
    """It has no address, and goes with a visit (ADR 41)."""

    message: str | Promise = _("Our presenter brings these leaflets, so this order can be cancelled and not changed.")


class OnlyWhatWasLost(DomainError):
    """It sends a lost parcel again and counts towards no limit, so it holds no more than that."""

    message: str | Promise = _("This order sends again what was lost, so it has no more copies than that. Order more separately.")


class OrderIsAnotherNow(DomainError):
    """It was changed since the page was shown from which this comes."""

    message: str | Promise = _("This order was changed meanwhile. Check it and press the button again.")


@dataclass(frozen=True)
class Change:
    """What someone wants: `copies` still to be sent, by the leaflet's key (a title not named keeps its own), and where to.

    `expected` is version_of the order as it was shown to them. Of the titles in `will_wait_for` (keys) what is not in stock is
    backordered. `flagged`: the person kept a text that looks like a child's details, so the safeguarding lead is told.
    """

    copies: Mapping[int, int]
    delivery: Delivery
    expected: str
    will_wait_for: Collection[int] = ()
    override_reason: str = ""
    flagged: bool = False

    def wanted(self, title: Title) -> int:
        return self.copies.get(title.leaflet.pk, title.copies)


@transaction.atomic
def change_order(*, order: Order, change: Change, by: User | None, now: datetime) -> None:
    """All of it or nothing. Staff with an `override_reason` may go over limits, never over stock; a request is still decided on.

    The same change once more is done. Raises OrderHasMoved, OrderIsAnotherNow, NothingDifferent, NothingLeft, PartHasLeft,
    IsBrought, OnlyWhatWasLost, Shortfalls.
    """
    if order.brought_with:  # which it is from the first moment to the last
        raise IsBrought
    order, titles = titles_locked(order)
    as_shown = version_of(titles, order.delivery) == change.expected
    if is_so_already(order, titles, change):
        if as_shown:
            raise NothingDifferent
        return
    if not order.may_be_changed:
        raise OrderHasMoved(order)
    if not as_shown:
        raise OrderIsAnotherNow
    _refuse_what_never_can_be(order, titles, change)
    over_limit = bool(change.override_reason) and by is not None and by.is_staff
    asks = order.state == OrderState.REQUESTED
    if not asks:
        _refuse(order, titles, change, now, may_exceed_limit=over_limit or order.replaces_id is not None)
    different = [title for title in titles if change.wanted(title) != title.copies]
    changes = {
        "titles": [[title.leaflet.title, title.copies, change.wanted(title)] for title in different],
        "address": change.delivery != order.delivery,
    }
    moved = [line for title in different for line in put(title, change.wanted(title), asks=asks)]
    state = order.state if asks else OrderState.RECEIVED if any(title.promised for title in titles) else OrderState.WAITING
    rewrite(order, OrderState(state), asdict(change.delivery), changes=changes, by=by, now=now)
    if over_limit:
        OrderEvent.objects.create(order=order, kind=EventKind.OVER_LIMIT, by=by, at=now, reason=change.override_reason)
    store(moved, by=by, now=now)
    _tell(order, now, flagged=change.flagged)


def _refuse_what_never_can_be(order: Order, titles: list[Title], change: Change) -> None:
    if not any(change.wanted(title) for title in titles):
        raise NothingLeft
    if order.replaces_id and any(change.wanted(title) > title.copies for title in titles):
        raise OnlyWhatWasLost
    if change.delivery != order.delivery and order.is_sent_in_part:
        raise PartHasLeft


def is_so_already(order: Order, titles: list[Title], change: Change) -> bool:
    has = {title.leaflet.pk: title.copies for title in titles}
    return order.delivery == change.delivery and all(has.get(key, 0) == copies for key, copies in change.copies.items())


def titles_locked(order: Order) -> tuple[Order, list[Title]]:
    """The order as it is and its titles, standing still: their editions locked in key order, then the order.

    All editions of a title, as more copies come from the one that is handed out now. One that came meanwhile: all are let go.
    """
    while True:
        with suppress(_AnotherPrint), transaction.atomic():
            locked = lock_editions(_prints_of(order))
            [row] = lock_orders(Order.objects.filter(pk=order.pk))
            if not locked.keys() >= set(_prints_of(order)):
                raise _AnotherPrint
            lines_of = Prefetch("lines", OrderLine.objects.select_related("edition__leaflet").order_by("pk"))
            prefetch_related_objects([row], lines_of)
            lines = list(row.lines.all())
            on_offer = {line.edition.leaflet_id for line in lines if line.edition.leaflet.active}
            current = [edition for edition in locked.values() if edition.state == EditionState.CURRENT]
            return row, titles_of(lines, {each.leaflet_id: each for each in current if each.leaflet_id in on_offer})


class _AnotherPrint(Exception):
    pass


def _prints_of(order: Order) -> "QuerySet[Edition, int]":
    own = OrderLine.objects.filter(order=order).values("edition__leaflet")
    return Edition.objects.filter(leaflet__in=own).values_list("pk", flat=True)


def _refuse(order: Order, titles: list[Title], change: Change, now: datetime, *, may_exceed_limit: bool) -> None:
    """Every title that falls short, at once. The locks of the titles are held, so nobody adds to what counts."""
    workplace, leaflets = Workplace(order.organisation_id, change.delivery.postcode), [title.leaflet for title in titles]
    lately = ordered_lately(person=order.person_id, workplace=workplace, leaflets=leaflets, now=now, but_not=order.pk)
    found = [
        in_the_way(
            title,
            change.wanted(title),
            lately=lately.get(title.leaflet.pk, NOTHING_LATELY),
            moved=change.delivery.postcode != order.postcode,
            will_wait=title.leaflet.pk in change.will_wait_for,
            may_exceed_limit=may_exceed_limit,
        )
        for title in titles
    ]
    if shortfalls := [short for short in found if short]:
        raise Shortfalls(shortfalls)


def put(title: Title, wanted: int, *, asks: bool) -> list[tuple[OrderLine, int]]:
    """As many copies of a title as are wanted: first those that it has, then what is free; the rest is waited for.

    Each of its lines with how many more copies it is promised. What is given back is of the newest print, as others can have
    it. Of a request (`asks`) nothing is promised. The lines are not stored yet.
    """
    before, promised = [line.allocated for line in title.lines], title.promised
    surplus, more = max(promised - wanted, 0), max(wanted - promised, 0)
    for line in reversed(title.lines):
        given_back = min(surplus, line.allocated)
        surplus -= given_back
        line.allocated, line.backordered, line.cancelled = line.allocated - given_back, 0, 0
    if more:
        at_once = min(more, title.current.free) if title.current and not asks else 0
        line = line_for_more(title)
        line.allocated, line.backordered = line.allocated + at_once, more - at_once
    for line in title.lines:
        line.copies = line.backordered + line.allocated + line.dispatched
    before += [0] * (len(title.lines) - len(before))
    return [(line, line.allocated - had) for line, had in zip(title.lines, before, strict=True)]


def line_for_more(title: Title) -> OrderLine:
    """The line of the print that is handed out now, perhaps a new one; without such a print the last, which waits for one."""
    if title.current is None:
        return title.lines[-1]
    for line in title.lines:
        if line.edition_id == title.current.pk:
            return line
    title.lines.append(OrderLine(order_id=title.lines[0].order_id, edition=title.current))
    return title.lines[-1]


def store(moved: list[tuple[OrderLine, int]], *, by: User | None, now: datetime) -> None:
    """The lines and the ledger; what was given back goes to whoever waits for it. The caller holds the locks."""
    OrderLine.objects.bulk_create([line for line, _more in moved if line.pk is None])
    OrderLine.objects.bulk_update([line for line, _more in moved], ["copies", "backordered", "allocated", "cancelled"])
    kinds = {True: MovementKind.ALLOCATED, False: MovementKind.RELEASED}
    movements = [for_line(line, kinds[more > 0], abs(more)) for line, more in moved if more]
    if movements:
        record(movements, by=by, now=now)
    freed = {line.edition_id for line, more in moved if more < 0}
    if freed:
        fill_backorders(freed, by=None, now=now)


def _tell(order: Order, now: datetime, *, flagged: bool) -> None:
    """Each change has a number of its own, so it is told once."""
    number, about = order.events.filter(kind=EventKind.CHANGED).count(), f"order:{order.pk}"
    notify(kind="order-changed", about=about, reference=order.reference, to=[order.person.email], now=now, version=number)
    if flagged:
        tell_lead(about=f"{about}:changed:{number}", reference=order.reference, now=now)
