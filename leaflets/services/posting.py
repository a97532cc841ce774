"""Parcels: what is in them, and when their owner is told of what has left: once a day, of all of it (ADR 40)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, time, timedelta

from ctac.uk import uk_datetime, uk_day
from leaflets.models import Dispatch, Leaflet, MovementKind, Order, StockMovement
from notifications.services.collecting import News, collect_each

# UK time. By then the post of the day has been fetched.
END_OF_POSTING = time(18)
# What is recorded after that waits so long for the rest of the pile.
LATE_POST_WAITS = timedelta(minutes=30)


def told_at(now: datetime) -> datetime:
    """When an email about a parcel that leaves now is due."""
    end = uk_datetime(uk_day(now), END_OF_POSTING)
    return end if now < end else now + LATE_POST_WAITS


def tell_of_parcels(orders: Sequence[Order], *, now: datetime) -> list[int | None]:
    """The key of the email that will tell of each; None for who has no address. One statement, however many.

    What the presenter brings is told apart from what is posted. Whoever calls this holds the emails' rows from then on, so it
    comes after all other locks.
    """
    news = [
        News(":".join(filter(None, ["person", str(order.person_id), order.brought_with])), order.person.email, order.reference)
        for order in orders
    ]
    return collect_each(news, kind="order-dispatched", day=uk_day(now), now=now, due_at=told_at(now))


def contents_of(parcels: Sequence[Dispatch]) -> list[dict[Leaflet, int]]:
    """For each of them the copies of each title in it, as the ledger has it: one statement."""
    sent = StockMovement.objects.filter(
        kind=MovementKind.DISPATCHED,
        order_line__order__in=[parcel.order_id for parcel in parcels],
        at__in=[parcel.dispatched_at for parcel in parcels],
    ).select_related("edition__leaflet", "order_line")
    baskets: dict[tuple[int, datetime], dict[Leaflet, int]] = defaultdict(dict)
    for movement in sent.order_by("edition__leaflet__position", "pk"):
        basket, leaflet = baskets[movement.order_line.order_id, movement.at], movement.edition.leaflet  # type: ignore[union-attr]
        basket[leaflet] = basket.get(leaflet, 0) + movement.copies
    return [baskets[parcel.order_id, parcel.dispatched_at] for parcel in parcels]
