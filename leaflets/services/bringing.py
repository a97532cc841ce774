"""Leaflets that a presenter brings to a visit: promised when it is booked, as many as there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from ctac.references import save_with_reference
from leaflets.models import Channel, Edition, EventKind, Leaflet, MovementKind, Order, OrderEvent, OrderLine, OrderState, ToBring
from leaflets.models.leaflet import EditionQuerySet
from leaflets.services.allowances import NOTHING_LATELY, Lately, Workplace, ordered_lately
from leaflets.services.ledger import for_line, record
from notifications.services.erasing import erase_bodies_about
from professionals.models import Person, User


@dataclass(frozen=True)
class Possible:
    """`copies` of a title that can be brought now; `by_limit`: it is a limit that keeps it from being more, not the stock."""

    copies: int
    by_limit: bool = False


NONE_THERE = Possible(0)


def possible_of(leaflet: Leaflet, edition: Edition | None, lately: Lately) -> Possible:
    """How many copies of this title can be brought: never more than there are, nor than may be ordered."""
    if edition is None:
        return NONE_THERE
    limit = lately.get(leaflet.pk, NOTHING_LATELY).allowance(leaflet).copies
    return Possible(min(limit, edition.free), by_limit=limit < edition.free)


def possible_now(asked: Sequence[ToBring], *, person: Person, postcode: str, now: datetime) -> Mapping[str, Possible]:
    """The same ahead, by slug, for a page; nothing is locked. Two statements."""
    editions = list(offered(asked))
    lately = counted_at(person, postcode, editions, now)
    return {edition.leaflet.slug: possible_of(edition.leaflet, edition, lately) for edition in editions}


@transaction.atomic
def bring(
    *, person: Person, by: User | None, channel: str, asked: Sequence[ToBring], visit: str, postcode: str, now: datetime
) -> Order | None:
    """Promise what there is of these titles for the visit with that reference, at that postcode; None if there is not one copy.

    It refuses nothing: whoever books must not lose their booking because leaflets ran out. The caller compares and says what
    is missing. Nobody is told here: the booking's emails say it. Its presenter is locked already; editions come after that.
    """
    editions = list(offered(asked).locked())
    lately = counted_at(person, postcode, editions, now)
    wanted = {each.slug: each.copies for each in asked}
    given = {
        edition: min(wanted[edition.leaflet.slug], possible_of(edition.leaflet, edition, lately).copies) for edition in editions
    }
    given = {edition: copies for edition, copies in given.items() if copies > 0}
    if not given:
        return None
    order = Order(
        person=person,
        organisation_id=person.organisation_id,
        channel=Channel(channel),
        state=OrderState.RECEIVED,
        name=person.name,
        organisation_name=person.organisation.name if person.organisation else "",
        postcode=postcode,
        brought_with=visit,
        created_at=now,
    )
    save_with_reference(order, "LO")
    OrderEvent.objects.create(order=order, kind=EventKind.PLACED, by=by, at=now)
    lines = OrderLine.objects.bulk_create(
        OrderLine(order=order, edition=edition, copies=copies, allocated=copies) for edition, copies in given.items()
    )
    record([for_line(line, MovementKind.ALLOCATED, line.copies) for line in lines], by=by, now=now)
    return order


def give_order_to(*, order: Order, person: Person, by: User | None, now: datetime) -> None:
    """The visit is somebody else's now, and so is what is brought to it. Nobody is told here, and no copy moves."""
    Order.objects.filter(pk=order.pk).update(person=person, name=person.name)
    order.person, order.name = person, person.name
    OrderEvent.objects.create(order=order, kind=EventKind.CHANGED, by=by, at=now)


def forget_giver(given: Mapping[int, datetime], now: datetime) -> None:
    """What was written of these orders, to their owner and to us, until a colleague had the visit and them with it.

    `given`: when that was, by the key of the order.
    """
    for key, moment in given.items():
        OrderEvent.objects.filter(order=key, at__lte=moment).exclude(reason="").update(reason="")
        erase_bodies_about([f"order:{key}"], now, until=moment)


def offered(asked: Sequence[ToBring]) -> EditionQuerySet:
    titles = [each.slug for each in asked]
    return Edition.objects.current().filter(leaflet__slug__in=titles, leaflet__active=True).select_related("leaflet")


def counted_at(person: Person, postcode: str, editions: Sequence[Edition], now: datetime) -> Lately:
    """What counts against the limits: of the person, and of where they work at the postcode of the visit."""
    workplace = Workplace(person.organisation_id, postcode)
    return ordered_lately(person=person.pk, workplace=workplace, leaflets=[edition.leaflet for edition in editions], now=now)
