"""Placing an order: every promise is checked under the lock of the stock that it takes from."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from ctac.compiled import Compiled, Insert
from ctac.errors import DomainError
from ctac.references import write_with_reference
from leaflets.models import Channel, Delivery, Edition, EventKind, Leaflet, Order, OrderEvent, OrderState
from leaflets.services.allowances import NOTHING_LATELY, Lately, Workplace, ordered_lately
from leaflets.services.shortfalls import Shortfalls, shortfall
from leaflets.services.states import wait_for_stock
from notifications.services import notify_each
from professionals.models import Person, User
from professionals.safeguarding import tell_lead
from professionals.services import refuse_if_erased, with_person_kept

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
    with _placed_once(_same_form(person, channel, token)), transaction.atomic():
        # Before the lock: a form sent twice at once waits here for its twin, and is not told that the twin's copies are gone.
        write_with_reference(order, "LO", insert_order)
        _write_events(order, by=by, now=now, override_reason=override_reason if over_limit else "")
        _tell(order, now)
        if flagged:
            tell_lead(about=f"order:{order.pk}", reference=order.reference, now=now)
        # Everyone who orders the same title waits for the lock, so what can be written before it is. The person is locked with
        # it, and the draft, which comes after the person, only then.
        editions = _lock_current_editions(basket, person)
        lately = {} if over_limit or asks else _ordered_lately(order, editions, now)
        waits = basket if asks else will_wait_for
        _refuse_shortfalls(basket, editions, lately, waits=waits, may_exceed_limit=over_limit or asks)
        promised = {leaflet: 0 if asks else min(basket[leaflet], max(editions[leaflet].available, 0)) for leaflet in basket}
        _allocate(order, basket, promised, editions, by=by, now=now)
        if not asks and not any(promised.values()):
            wait_for_stock(order)
    return order


insert_order = Insert(Order, "ON CONFLICT (reference) DO NOTHING")
insert_event = Insert(OrderEvent)
offered_and_locked = Compiled(
    lambda person, leaflets: with_person_kept(
        Edition.objects.current().filter(leaflet__pk__any_of=leaflets, leaflet__active=True).select_related("leaflet").locked(),
        person,
    )
)


def _lock_current_editions(basket: Basket, person: Person) -> dict[Leaflet, Edition]:
    """Raises AccountGoneError if the person is erased at this moment."""
    locked = offered_and_locked.all(person=person.pk, leaflets=[leaflet.pk for leaflet in basket])
    if not locked:
        refuse_if_erased(person)
    return {edition.leaflet: edition for edition in locked}


def _same_form(person: Person, channel: Channel, token: str | None) -> Q | None:
    """The order that this form has made. A person is told of their own; staff fill in one form for whoever calls."""
    if not token:
        return None
    return Q(submission_token=token) if channel != Channel.WEB else Q(person=person, submission_token=token)


@contextmanager
def _placed_once(same_form: Q | None) -> Iterator[None]:
    """A form makes one order, by the database's word: its twin may come from another tab, with other titles."""
    try:
        yield
    except IntegrityError:
        earlier = Order.objects.filter(same_form).first() if same_form else None
        if earlier is None:
            raise
        raise AlreadyPlaced(earlier) from None


def _ordered_lately(order: Order, editions: Mapping[Leaflet, Edition], now: datetime) -> Lately:
    """What else the person and their workplace have ordered. The locks of the titles are held, so nobody adds to it now."""
    workplace = Workplace(order.organisation_id, order.postcode)
    return ordered_lately(person=order.person_id, workplace=workplace, leaflets=editions, now=now)


def _refuse_shortfalls(
    basket: Basket, editions: Mapping[Leaflet, Edition], lately: Lately, *, waits: Collection[Leaflet], may_exceed_limit: bool
) -> None:
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


def _allocate(
    order: Order, basket: Basket, promised: Basket, editions: Mapping[Leaflet, Edition], *, by: User | None, now: datetime
) -> None:
    values: dict[str, Any] = {
        "order": order.pk,
        "editions": [editions[leaflet].pk for leaflet in basket],
        "copies": list(basket.values()),
        "promised": [promised[leaflet] for leaflet in basket],
        "token": order.submission_token,
        "by": by.pk if by else None,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(ALLOCATE, values)


# As stock.record, with the lines that cause it and the end of the draft (with the order or not at all: a draft whose token is
# used could never be placed). One statement, as this is what everybody who orders the same title waits for.
ALLOCATE = """
    WITH line AS (
        INSERT INTO leaflets_orderline (order_id, edition_id, copies, backordered, allocated, dispatched, cancelled)
        SELECT %(order)s, edition, copies, copies - promised, promised, 0, 0
        FROM unnest(%(editions)s::bigint[], %(copies)s::integer[], %(promised)s::integer[]) AS wanted (edition, copies, promised)
        RETURNING id, edition_id, allocated
    ), figures AS (
        UPDATE leaflets_edition SET allocated = leaflets_edition.allocated + line.allocated
        FROM line WHERE leaflets_edition.id = line.edition_id
    ), draft AS (
        DELETE FROM professionals_draft WHERE token = %(token)s
    )
    INSERT INTO leaflets_stockmovement (edition_id, kind, copies, on_hand_change, allocated_change, order_line_id, by_id, at,
        reason)
    SELECT edition_id, 'allocated', allocated, 0, allocated, id, %(by)s, %(now)s, '' FROM line WHERE allocated > 0
"""


def _write_events(order: Order, *, by: User | None, now: datetime, override_reason: str) -> None:
    kind = EventKind.REQUESTED if order.state == OrderState.REQUESTED else EventKind.PLACED
    insert_event(OrderEvent(order=order, kind=kind, by=by, at=now))
    if override_reason:
        insert_event(OrderEvent(order=order, kind=EventKind.OVER_LIMIT, by=by, at=now, reason=override_reason))


def _tell(order: Order, now: datetime) -> None:
    asks = order.state == OrderState.REQUESTED
    told = {
        "order-requested" if asks else "order-received": [order.person.email],
        "staff-order-request" if asks else "staff-new-order": [settings.STAFF_EMAIL],
    }
    notify_each(told, about=f"order:{order.pk}", reference=order.reference, now=now)
