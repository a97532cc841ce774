"""Placing an order: every promise is checked under the lock of the stock that it takes from."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, transaction
from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from ctac.compiled import Compiled, Insert
from ctac.errors import DomainError
from ctac.references import write_with_reference
from leaflets.models import (
    Channel,
    Delivery,
    Edition,
    EventKind,
    Leaflet,
    Order,
    OrderEvent,
)
from notifications.services import notify_each
from professionals.models import Person, User
from professionals.safeguarding import tell_lead
from professionals.services import with_person_kept

Basket = Mapping[Leaflet, int]


class EmptyBasket(DomainError):
    message: str | Promise = _("Your basket is empty. Add a leaflet first.")


class AlreadyPlaced(DomainError):
    """This form has been sent before; `order` is what came of it."""

    message: str | Promise = _("This order has already been placed.")

    def __init__(self, order: Order) -> None:
        self.order = order
        super().__init__()


@dataclass(frozen=True)
class Shortfall:
    """One title of which what was asked can't be given. `possible` is how many can; `message` says what to do.

    `over_limit`: there is more, so staff may give it with a reason.
    """

    leaflet: Leaflet
    wanted: int
    possible: int
    message: str
    over_limit: bool = False


class Shortfalls(DomainError):
    """Every title that falls short, at once, so that nobody mends one only to meet the next."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        self.shortfalls = list(shortfalls)
        super().__init__(" ".join(short.message for short in self.shortfalls))


def shortfall(leaflet: Leaflet, wanted: int, edition: Edition | None, *, may_exceed_limit: bool = False) -> Shortfall | None:
    """What stands in the way of this many copies now, or None. The pages ask it ahead; place_order asks it under the lock."""
    title = {"title": leaflet.title}
    if edition is None:
        message = _("“%(title)s” can’t be ordered just now. Remove it from the basket.") % title
        return Shortfall(leaflet, wanted, 0, message)
    stock, limit = edition.available, wanted if may_exceed_limit else leaflet.most_per_order
    possible = min(stock, limit)
    if wanted < 1:
        message = _("Enter how many copies of “%(title)s”: 1 or more.") % title
    elif wanted <= possible:
        return None
    elif stock <= 0:
        message = _("“%(title)s” is out of stock just now. Download the PDF, and remove it from the basket.") % title
    elif stock < limit:
        message = ngettext(
            "There is only %(n)d copy of “%(title)s” in stock. Enter 1, or remove it.",
            "There are only %(n)d copies of “%(title)s” in stock. Enter %(n)d or fewer, or remove it.",
            stock,
        ) % {"n": stock, **title}
    else:
        message = _("You can order at most %(n)d copies of “%(title)s”. Enter %(n)d or fewer, or call us for more.") % {
            "n": limit,
            **title,
        }
    return Shortfall(leaflet, wanted, possible, message, over_limit=limit < min(wanted, stock))


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
    flagged: bool = False,
) -> Order:
    """Promise these copies to this person, all of them or none.

    `token` and `digest` are the one-time token and the answers' digest of the web form. Staff who give an
    `override_reason` may go over a title's limit, never over its stock. `flagged`: the person kept a text that looks like
    a child's details, so the safeguarding lead is told.
    Raises EmptyBasket, AlreadyPlaced, Shortfalls.
    """
    if not basket:
        raise EmptyBasket
    over_limit = bool(override_reason) and by is not None and by.is_staff
    same_form = _same_form(person, channel, token)
    own = {"person": person, "channel": channel, "submission_token": token, "submission_digest": digest}
    with _placed_once(same_form), transaction.atomic():
        # Before the lock: a form sent twice at once waits here for its twin, and is not told that the twin's copies are gone.
        order = write_with_reference(Order(created_at=now, **own, **asdict(delivery)), "LO", insert_order)
        _write_events(order, by=by, now=now, override_reason=override_reason if over_limit else "")
        _tell(order, now)
        if flagged:
            tell_lead(about=f"order:{order.pk}", reference=order.reference, now=now)
        # Everyone who orders the same title waits for the lock, so what can be written before it is. The person is locked with
        # it, and the draft, which comes after the person, only then.
        editions = _lock_current_editions(basket, person)
        _refuse_shortfalls(basket, editions, may_exceed_limit=over_limit)
        _allocate(order, basket, editions, by=by, now=now)
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
    locked = offered_and_locked.all(person=person.pk, leaflets=[leaflet.pk for leaflet in basket])
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


def _refuse_shortfalls(basket: Basket, editions: Mapping[Leaflet, Edition], *, may_exceed_limit: bool) -> None:
    fresh = {leaflet: leaflet for leaflet in editions}  # limits as they are now, not as some page read them
    found = [
        shortfall(fresh.get(leaflet, leaflet), copies, editions.get(leaflet), may_exceed_limit=may_exceed_limit)
        for leaflet, copies in basket.items()
    ]
    if shortfalls := [short for short in found if short]:
        raise Shortfalls(shortfalls)


def _allocate(order: Order, basket: Basket, editions: Mapping[Leaflet, Edition], *, by: User | None, now: datetime) -> None:
    values: dict[str, Any] = {
        "order": order.pk,
        "editions": [editions[leaflet].pk for leaflet in basket],
        "copies": list(basket.values()),
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
        INSERT INTO leaflets_orderline (order_id, edition_id, copies, allocated, dispatched, cancelled)
        SELECT %(order)s, edition, copies, copies, 0, 0
        FROM unnest(%(editions)s::bigint[], %(copies)s::integer[]) AS wanted (edition, copies)
        RETURNING id, edition_id, copies
    ), figures AS (
        UPDATE leaflets_edition SET allocated = leaflets_edition.allocated + line.copies
        FROM line WHERE leaflets_edition.id = line.edition_id
    ), draft AS (
        DELETE FROM professionals_draft WHERE token = %(token)s
    )
    INSERT INTO leaflets_stockmovement (edition_id, kind, copies, on_hand_change, allocated_change, order_line_id, by_id, at,
        reason)
    SELECT edition_id, 'allocated', copies, 0, copies, id, %(by)s, %(now)s, '' FROM line
"""


def _write_events(order: Order, *, by: User | None, now: datetime, override_reason: str) -> None:
    insert_event(OrderEvent(order=order, kind=EventKind.PLACED, by=by, at=now))
    if override_reason:
        insert_event(OrderEvent(order=order, kind=EventKind.OVER_LIMIT, by=by, at=now, reason=override_reason))


def _tell(order: Order, now: datetime) -> None:
    about = f"order:{order.pk}"
    told = {"order-received": [order.person.email], "staff-new-order": [settings.STAFF_EMAIL]}
    notify_each(told, about=about, reference=order.reference, now=now)
