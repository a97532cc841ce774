"""Changing an order until it is packed, by its owner or by staff for them."""

from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from hashlib import sha256

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from accounts.models import User
from core.dates import format_day
from core.errors import DomainError
from leaflets.models import (
    Delivery,
    Edition,
    EditionState,
    Leaflet,
    MovementKind,
    Order,
    OrderEvent,
    OrderEventKind,
    OrderLine,
    OrderState,
)
from leaflets.orders.allowances import (
    NO_RECENT_ORDERS,
    Allowance,
    LimitScope,
    RecentOrders,
    Shortfall,
    Shortfalls,
    Workplace,
    recent_orders,
    too_few_text,
)
from leaflets.orders.services.transitions import OrderStateHasChanged, notify_order, prefetch_lines, rewrite_order
from leaflets.stock.services import fill_backorders, lock_editions, lock_orders, movement_for_line, record_movements
from professionals.safeguarding.services import notify_lead_if_flagged


@dataclass(frozen=True)
class OrderedTitle:
    """One title of an order, with a line for each of its editions there. `current` is the current edition, if any."""

    lines: list[OrderLine]
    current: Edition | None

    @property
    def leaflet(self) -> Leaflet:
        return self.lines[0].edition.leaflet

    @property
    def sent(self) -> int:
        return sum(line.dispatched for line in self.lines)

    @property
    def promised(self) -> int:
        return sum(line.allocated for line in self.lines)

    @property
    def waited_for(self) -> int:
        return sum(line.backordered for line in self.lines)

    @property
    def copies(self) -> int:
        """The copies still to be sent; only these can be changed."""
        return self.promised + self.waited_for

    @property
    def available(self) -> int:
        """The copies in stock for this order: its own promised copies, and those promised to nobody."""
        return self.promised + (self.current.free if self.current else 0)

    def max_copies(self, recent: RecentOrders) -> int:
        """How many copies of it this order may still send within the limits; never fewer than it has."""
        return max(recent.allowance(self.leaflet).copies - self.sent, self.copies)


def ordered_titles(lines: Iterable[OrderLine], current: Mapping[int, Edition]) -> list[OrderedTitle]:
    """The titles with copies still to send, in the order of the lines. `current`: current editions by leaflet's key."""
    by_leaflet: dict[int, list[OrderLine]] = {}
    for line in lines:
        by_leaflet.setdefault(line.edition.leaflet_id, []).append(line)
    titles = [OrderedTitle(own_lines, current.get(key)) for key, own_lines in by_leaflet.items()]
    return [title for title in titles if title.copies]


def change_page_digest(titles: Iterable[OrderedTitle], delivery: Delivery) -> str:
    """A digest of what the page of changes shows: it differs as soon as the page would show something else."""
    shown = {title.leaflet.pk: title.copies for title in titles}
    return sha256(repr((sorted(shown.items()), sorted(asdict(delivery).items()))).encode()).hexdigest()[:32]


def change_shortfall(
    title: OrderedTitle, wanted: int, *, recent: RecentOrders | None, moved: bool, will_wait: bool
) -> Shortfall | None:
    """Why this many copies can't be sent, or None. The order may always keep the copies that it has.

    `recent` is None if the order may exceed the limits. `moved`: it goes to another postcode now, whose workplace may have had
    enough. `will_wait`: the person agreed that copies which we don't have come later.
    """
    leaflet, more, allowance = title.leaflet, wanted > title.copies, None
    if more and title.current is None:
        facts = {"title": leaflet.title, "n": title.copies}
        text = _("We can’t add copies of “%(title)s” just now. Enter %(n)d or fewer.") % facts
        return Shortfall(leaflet, wanted, title.copies, text)
    if more and recent is not None:
        allowance = recent.allowance(leaflet)
    elif moved and wanted and recent is not None:
        allowance = recent.workplace_allowance(leaflet)
    if allowance and title.sent + wanted > allowance.copies:
        most = max(allowance.copies - title.sent, 0)
        possible = most if moved else max(most, title.copies)
        return Shortfall(leaflet, wanted, possible, change_over_limit_text(leaflet, allowance, possible), over_limit=True)
    if more and not will_wait and wanted > title.available:
        return Shortfall(leaflet, wanted, title.available, too_few_text(leaflet, title.available), may_wait=True)
    return None


def change_over_limit_text(leaflet: Leaflet, allowance: Allowance, possible: int) -> str:
    """Which limit it is, how many copies are possible, and how to ask for more."""
    ordered = ngettext("%(n)d other copy", "%(n)d other copies", allowance.ordered) % {"n": allowance.ordered}
    facts = {"n": possible, "title": leaflet.title, "ordered": ordered}
    ask = _("To ask for more, order the rest separately and tell us why.")
    if allowance.until is None:
        most = ngettext(
            "You can have at most %(n)d copy of “%(title)s” in one order. Enter %(n)d.",
            "You can have at most %(n)d copies of “%(title)s” in one order. Enter %(n)d or fewer.",
            possible,
        )
        return f"{most % facts} {ask}"
    facts["until"] = format_day(allowance.until)
    own = _("You have ordered %(ordered)s of “%(title)s” lately, so this order can have %(n)d until %(until)s.")
    here = _(
        "Your workplace at this postcode has ordered %(ordered)s of “%(title)s” lately, "
        "so this order can have %(n)d until %(until)s."
    )
    limit = (own if allowance.scope is LimitScope.PERSON else here) % facts
    return f"{limit} {_('Enter %(n)d or fewer.') % facts} {ask}"


class NothingLeft(DomainError):
    message: str | Promise = gettext_lazy(
        "Keep at least one copy of one leaflet. If you need none of them, cancel the order instead."
    )


class NothingChanged(DomainError):
    message: str | Promise = gettext_lazy("Your order already says this, so we changed nothing.")


class ReplacesLostParcel(DomainError):
    """The order replaces a lost parcel and counts towards no limit, so it can't hold more than that parcel did."""

    message: str | Promise = gettext_lazy(
        "This order replaces a lost parcel, so it can’t have more copies than that parcel had. Order more separately."
    )


class OrderHasChanged(DomainError):
    """The order has changed since the person's page was shown."""

    message: str | Promise = gettext_lazy(
        "This order has changed since you opened this page. Check it and press the button again."
    )


@dataclass(frozen=True)
class OrderChange:
    """What somebody wants: `copies` still to send, by leaflet's key (titles left out keep theirs), and the address.

    `expected` is the change_page_digest of what they saw. For the titles in `will_wait_for` (keys), copies that are not in stock
    are backordered. `flagged`: the person kept a text that looks like a child's details, so tell the safeguarding lead.
    """

    copies: Mapping[int, int]
    delivery: Delivery
    expected: str
    will_wait_for: Collection[int] = ()
    override_reason: str = ""
    flagged: bool = False

    def wanted(self, title: OrderedTitle) -> int:
        return self.copies.get(title.leaflet.pk, title.copies)


@transaction.atomic
def change_order(*, order: Order, change: OrderChange, by: User | None, now: datetime) -> None:
    """All of the change or nothing. Staff with an `override_reason` may go over limits, never over stock.

    A request still waits for a decision. The same change again succeeds and does nothing. Raises OrderStateHasChanged,
    OrderHasChanged, NothingChanged, NothingLeft, ReplacesLostParcel, Shortfalls; DomainError for an order that is brought, or
    another address after a parcel has left.
    """
    if order.visit_reference:  # an order stays brought for good, and has no address (ADR 17)
        raise DomainError(
            gettext_lazy("Our presenter will bring these leaflets, so you can cancel this order but not change it.")
        )
    order, titles = lock_titles(order)
    as_shown = change_page_digest(titles, order.delivery) == change.expected
    present = {title.leaflet.pk: title.copies for title in titles}
    if order.delivery == change.delivery and all(present.get(key, 0) == copies for key, copies in change.copies.items()):
        if as_shown:
            raise NothingChanged
        return
    if not order.may_be_changed:
        raise OrderStateHasChanged(order)
    if not as_shown:
        raise OrderHasChanged
    over_limit = bool(change.override_reason) and by is not None and by.is_staff
    _check_change(order, titles, change, now, may_exceed_limit=over_limit or order.replaces_id is not None)
    is_request = order.state == OrderState.REQUESTED
    different = [title for title in titles if change.wanted(title) != title.copies]
    changes = {
        "titles": [[title.leaflet.title, title.copies, change.wanted(title)] for title in different],
        "address": change.delivery != order.delivery,
    }
    moved = [line for title in different for line in set_title_copies(title, change.wanted(title), is_request=is_request)]
    state = order.state if is_request else OrderState.RECEIVED if any(title.promised for title in titles) else OrderState.WAITING
    rewrite_order(order, OrderState(state), asdict(change.delivery), changes=changes, by=by, now=now)
    if over_limit:
        OrderEvent.objects.create(order=order, kind=OrderEventKind.OVER_LIMIT, by=by, at=now, reason=change.override_reason)
    store_lines(moved, by=by, now=now)
    # Number the changes, so that each sends one email.
    number = order.events.filter(kind=OrderEventKind.CHANGED).count()
    notify_order("order-changed", order, now=now, version=number)
    notify_lead_if_flagged(order, f":changed:{number}", now, flagged=change.flagged)


def _check_change(
    order: Order, titles: list[OrderedTitle], change: OrderChange, now: datetime, *, may_exceed_limit: bool
) -> None:
    """The titles are locked, so no other order uses up the limits. In a request any title may be short: staff decide."""
    if not any(change.wanted(title) for title in titles):
        raise NothingLeft
    if order.replaces_id and any(change.wanted(title) > title.copies for title in titles):
        raise ReplacesLostParcel
    if change.delivery != order.delivery and order.is_sent_in_part:  # it says where the first parcels went
        raise DomainError(gettext_lazy("We have already sent part of this order, so the rest will go to the same address."))
    if order.state == OrderState.REQUESTED:
        return
    workplace, leaflets = Workplace(order.organisation_id, change.delivery.postcode), [title.leaflet for title in titles]
    recent = recent_orders(person=order.person_id, workplace=workplace, leaflets=leaflets, now=now, exclude=order.pk)
    shortfalls = [
        change_shortfall(
            title,
            change.wanted(title),
            recent=None if may_exceed_limit else recent.get(title.leaflet.pk, NO_RECENT_ORDERS),
            moved=change.delivery.postcode != order.postcode,
            will_wait=title.leaflet.pk in change.will_wait_for,
        )
        for title in titles
    ]
    if any(shortfalls):
        raise Shortfalls([short for short in shortfalls if short])


def lock_titles(order: Order) -> tuple[Order, list[OrderedTitle]]:
    """The order as it is now, and its titles: first the editions are locked in key order, then the order.

    Locks all editions of each title, because more copies come from the current one. If a new edition arrives meanwhile, it lets
    all locks go and starts again.
    """
    leaflets = OrderLine.objects.filter(order=order).values("edition__leaflet")
    editions = Edition.objects.filter(leaflet__in=leaflets).values_list("pk", flat=True)
    while True:
        with suppress(_NewEditionArrived), transaction.atomic():
            locked = lock_editions(editions.all())
            [row] = lock_orders(Order.objects.filter(pk=order.pk))
            if not locked.keys() >= set(editions.all()):
                raise _NewEditionArrived
            prefetch_lines([row])
            lines = list(row.lines.all())
            on_offer = {line.edition.leaflet_id for line in lines if line.edition.leaflet.active}
            current = {edition.leaflet_id: edition for edition in locked.values() if edition.state == EditionState.CURRENT}
            return row, ordered_titles(lines, {key: edition for key, edition in current.items() if key in on_offer})


class _NewEditionArrived(Exception):
    pass


def set_title_copies(title: OrderedTitle, wanted: int, *, is_request: bool) -> list[tuple[OrderLine, int]]:
    """Sets a title to the wanted copies: first those that it has, then free ones; the rest is backordered.

    Returns each line with the change in its promised copies. It gives copies of the newest edition back first, since others can
    have those. A request is promised nothing. Does not save the lines.
    """
    before, promised = [line.allocated for line in title.lines], title.promised
    surplus, more = max(promised - wanted, 0), max(wanted - promised, 0)
    for line in reversed(title.lines):
        given_back = min(surplus, line.allocated)
        surplus -= given_back
        line.allocated, line.backordered, line.cancelled = line.allocated - given_back, 0, 0
    if more:
        at_once = min(more, title.current.free) if title.current and not is_request else 0
        line = title.lines[-1]  # without a current edition, the last line waits for one
        if title.current:
            key = title.current.pk
            new = OrderLine(order_id=line.order_id, edition=title.current)
            line = next((own for own in title.lines if own.edition_id == key), new)
            if line is new:
                title.lines.append(new)
        line.allocated, line.backordered = line.allocated + at_once, more - at_once
    for line in title.lines:
        line.copies = line.backordered + line.allocated + line.dispatched
    before += [0] * (len(title.lines) - len(before))
    return [(line, line.allocated - had) for line, had in zip(title.lines, before, strict=True)]


def store_lines(moved: list[tuple[OrderLine, int]], *, by: User | None, now: datetime) -> None:
    """Save the lines and the ledger; copies given back go to orders that wait. The caller holds the locks."""
    OrderLine.objects.bulk_create([line for line, _more in moved if line.pk is None])
    OrderLine.objects.bulk_update([line for line, _more in moved], ["copies", "backordered", "allocated", "cancelled"])
    kinds = {True: MovementKind.ALLOCATED, False: MovementKind.RELEASED}
    movements = [movement_for_line(line, kinds[more > 0], abs(more)) for line, more in moved if more]
    record_movements(movements, by=by, now=now)
    fill_backorders({line.edition_id for line, more in moved if more < 0}, now=now)
