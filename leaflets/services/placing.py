"""Placing an order: every promise is checked under the lock of the stock that it takes from."""

from collections.abc import Collection, Mapping
from dataclasses import asdict
from datetime import datetime

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from ctac.references import save_with_reference
from leaflets.models import Channel, Delivery, Edition, EventKind, Leaflet, MovementKind, Order, OrderEvent, OrderLine, OrderState
from leaflets.services.allowances import NOTHING_LATELY, Lately, Workplace, ordered_lately
from leaflets.services.ledger import for_line, record
from leaflets.services.shortfalls import Shortfalls, shortfall
from leaflets.services.states import wait_for_stock
from notifications.services.writing import notify_each
from professionals.models import Draft, Person, User
from professionals.services.locking import lock_person
from professionals.services.safeguarding import tell_lead

Basket = Mapping[Leaflet, int]


class EmptyBasket(DomainError):
    message: str | Promise = _("Your basket is empty. Add a leaflet first.")


class AlreadyPlaced(DomainError):
    """This form has been sent before; `order` is what came of it."""

    message: str | Promise = _("This order has already been placed.")

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__()


def place_order(
    *,
    person: Person,
    by: User | None,
    channel: Channel,
    basket: Basket,
    delivery: Delivery,
    now: datetime,
    token: str | None = None,
    digest: str = "",
    override_reason: str = "",
    asked_because: str = "",
    will_wait_for: Collection[Leaflet] = (),
    flagged: bool = False,
) -> Order:
    """Promise these copies to this person, all of them or none.

    `token` and `digest` are the one-time token and the answers' digest of the web form. Staff who give an
    `override_reason` may go over a title's limits, never over its stock. Of the titles in `will_wait_for` what is not in stock
    is backordered. With `asked_because` it is a request: nothing is promised until staff have decided (services.deciding).
    `flagged`: the person kept a text that looks like a child's details, so the safeguarding lead is told.
    Raises EmptyBasket, AlreadyPlaced, Shortfalls, AccountGoneError.
    """
    if not basket:
        raise EmptyBasket
    over_limit = bool(override_reason) and by is not None and by.is_staff
    asks = bool(asked_because) and not over_limit
    order = Order(
        person=person,
        organisation_id=person.organisation_id,
        channel=channel,
        state=OrderState.REQUESTED if asks else OrderState.RECEIVED,
        asked_because=asked_because if asks else "",
        submission_token=token,
        submission_digest=digest,
        created_at=now,
        **asdict(delivery),
    )
    try:
        with transaction.atomic():
            lock_person(person)
            # Before the stock: a form sent twice at once waits for its twin, and is not told that the twin's copies are gone.
            save_with_reference(order, "LO")
            _write_down(order, by=by, now=now, override_reason=override_reason if over_limit else "", flagged=flagged)
            # Everyone who orders the same title waits for these locks, so what can be written before them is.
            editions = offered_and_locked(basket)
            waits = basket if asks else will_wait_for
            _refuse_shortfalls(order, basket, editions, waits=waits, may_exceed_limit=over_limit or asks, now=now)
            _allocate(order, {editions[leaflet]: copies for leaflet, copies in basket.items()}, by=by, now=now)
            if token:  # a draft goes with its order or not at all: one whose token is used could never be placed
                Draft.objects.filter(token=token).delete()
    except IntegrityError:
        # A form makes one order, by the database's word: its twin may come from another tab, with other titles. A person is told
        # of their own; staff fill in one form for whoever calls.
        whose = {"person": person} if channel == Channel.WEB else {}
        earlier = Order.objects.filter(submission_token=token, **whose).first() if token else None
        if earlier is None:
            raise
        raise AlreadyPlaced(earlier) from None
    return order


def _write_down(order: Order, *, by: User | None, now: datetime, override_reason: str, flagged: bool) -> None:
    """What happened, and who is told of it."""
    asks = order.state == OrderState.REQUESTED
    events = [OrderEvent(order=order, kind=EventKind.REQUESTED if asks else EventKind.PLACED, by=by, at=now)]
    if override_reason:
        events.append(OrderEvent(order=order, kind=EventKind.OVER_LIMIT, by=by, at=now, reason=override_reason))
    OrderEvent.objects.bulk_create(events)
    told = {
        "order-requested" if asks else "order-received": [order.person.email],
        "staff-order-request" if asks else "staff-new-order": [settings.STAFF_EMAIL],
    }
    notify_each(told, about=f"order:{order.pk}", reference=order.reference, now=now)
    if flagged:
        tell_lead(about=f"order:{order.pk}", reference=order.reference, now=now)


def offered_and_locked(leaflets: Collection[Leaflet]) -> dict[Leaflet, Edition]:
    """The print of each title that is handed out now, locked in key order; of a title that can't be ordered there is none."""
    editions = Edition.objects.current().filter(leaflet__in=leaflets, leaflet__active=True).select_related("leaflet")
    return {edition.leaflet: edition for edition in editions.locked()}


def _refuse_shortfalls(
    order: Order,
    basket: Basket,
    editions: Mapping[Leaflet, Edition],
    *,
    waits: Collection[Leaflet],
    may_exceed_limit: bool,
    now: datetime,
) -> None:
    """Every title that falls short. Nobody adds to what counts against its limits now: they wait for the same locks."""
    lately: Lately = {}
    if not may_exceed_limit:
        workplace = Workplace(order.organisation_id, order.postcode)
        lately = ordered_lately(person=order.person_id, workplace=workplace, leaflets=editions, now=now)
    fresh = {leaflet: leaflet for leaflet in editions}  # limits as they are now, not as some page read them
    found = [
        shortfall(
            fresh.get(leaflet, leaflet),
            copies,
            editions.get(leaflet),
            lately=lately.get(leaflet.pk, NOTHING_LATELY),
            may_exceed_limit=may_exceed_limit,
            will_wait=leaflet in waits,
        )
        for leaflet, copies in basket.items()
    ]
    if shortfalls := [short for short in found if short]:
        raise Shortfalls(shortfalls)


def _allocate(order: Order, wanted: Mapping[Edition, int], *, by: User | None, now: datetime) -> None:
    """Its lines: what there is is promised, unless it is a request; the rest is backordered. The editions are locked."""
    asks, lines = order.state == OrderState.REQUESTED, []
    for edition, copies in wanted.items():
        promised = 0 if asks else min(copies, max(edition.available, 0))
        lines.append(OrderLine(order=order, edition=edition, copies=copies, backordered=copies - promised, allocated=promised))
    OrderLine.objects.bulk_create(lines)
    record([for_line(line, MovementKind.ALLOCATED, line.allocated) for line in lines if line.allocated], by=by, now=now)
    if not asks and not any(line.allocated for line in lines):
        wait_for_stock(order)
