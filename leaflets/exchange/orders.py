"""Orders as a spreadsheet: a row an order line, with where it goes and how far its copies are."""

from array import array
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, NamedTuple

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from ctac.uk import uk_day
from leaflets.exchange.cells import Cell
from leaflets.exchange.writing import Heading
from leaflets.models import Dispatch, Order, OrderLine

AT_ONCE = 1_000  # orders: three statements
HEADINGS = (
    Heading(_("Reference"), 13),
    Heading(_("Ordered on"), 12),
    Heading(_("State"), 17),
    Heading(_("Came by"), 9),
    Heading(_("Person"), 22),
    Heading(_("Name on the label"), 22),
    Heading(_("For the attention of"), 20),
    Heading(_("Organisation"), 28),
    Heading(_("Address line 1"), 26),
    Heading(_("Address line 2"), 20),
    Heading(_("Town or city"), 16),
    Heading(_("Postcode"), 10),
    Heading(_("Brought with booking"), 14),
    Heading(_("Short name"), 18),
    Heading(_("Title"), 46),
    Heading(_("Edition"), 14),
    *(Heading(label, 11) for label in (_("Copies"), _("Backordered"), _("Allocated"), _("Dispatched"), _("Cancelled"))),
    Heading(_("First parcel left"), 15),
    Heading(_("Last parcel left"), 15),
    Heading(_("Tracking numbers"), 24),
)
OF_ORDER = (
    *("pk", "reference", "created_at", "state", "channel", "person__name", "name", "attention", "organisation_name"),
    *("address_line_1", "address_line_2", "town", "postcode", "brought_with"),
)
OF_LINE = (
    *("order_id", "edition__leaflet__slug", "edition__leaflet__title", "edition__label"),
    *("copies", "backordered", "allocated", "dispatched", "cancelled"),
)


class Parcels(NamedTuple):
    """When the first and the last parcel of an order left, and their tracking numbers."""

    first: date | None = None
    last: date | None = None
    tracking: str = ""


def keys_of_orders(orders: QuerySet[Order]) -> "array[int]":
    """Their keys in the order of the list, eight bytes each: all that is held of a million orders while they are written."""
    with transaction.atomic():
        return array("q", orders.values_list("pk", flat=True).iterator(chunk_size=10_000))


def lines_of(keys: Sequence[int]) -> int:
    """How many rows these orders make."""
    return sum(OrderLine.objects.filter(order__in=some, copies__gt=0).count() for some in portions(keys, 100_000))


def portions(keys: Sequence[int], size: int) -> Iterator[list[int]]:
    for start in range(0, len(keys), size):
        yield list(keys[start : start + size])


def order_rows(keys: Sequence[int]) -> Iterator[list[Cell]]:
    """Each order as it is when its turn comes. No cursor or transaction stays open while somebody downloads."""
    for some in portions(keys, AT_ONCE):
        yield from rows_of(some)


def rows_of(keys: list[int]) -> Iterator[list[Cell]]:
    found = Order.objects.filter(pk__in=keys).order_by().values_list(*OF_ORDER)
    orders = {order[0]: order for order in found}
    lines: dict[int, list[Any]] = defaultdict(list)
    in_order = OrderLine.objects.filter(order__in=keys, copies__gt=0)
    for key, *line in in_order.order_by("edition__leaflet__position", "pk").values_list(*OF_LINE):
        lines[key].append(line)
    parcels = parcels_of(keys)
    for key in keys:
        if key in orders:
            order, left = cells_of(orders[key]), parcels.get(key, Parcels())
            yield from ([*order, *line, *left] for line in lines[key])


def cells_of(order: tuple[Any, ...]) -> list[Cell]:
    _key, reference, created_at, state, channel, *rest = order
    said = Order(state=state, channel=channel, brought_with=rest[-1])
    return [reference, uk_day(created_at), said.state_in_words, said.get_channel_display(), *rest]


def parcels_of(keys: list[int]) -> dict[int, Parcels]:
    left: dict[int, list[tuple[date, str]]] = defaultdict(list)
    found = Dispatch.objects.filter(order__in=keys).order_by("dispatched_at", "pk")
    for key, at, tracking in found.values_list("order_id", "dispatched_at", "tracking_number"):
        left[key].append((uk_day(at), tracking))
    return {
        key: Parcels(parcels[0][0], parcels[-1][0], ", ".join(tracking for _day, tracking in parcels if tracking))
        for key, parcels in left.items()
    }
