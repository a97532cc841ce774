"""Orders as a spreadsheet: a row an order line."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from leaflets.models import Dispatch, Order, OrderLine
from professionals.exports import ExportMixin, key_batches
from staff.spreadsheets import Cell, Heading

EXPORT_HEADINGS = (
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
ORDER_COLUMNS = (
    *("pk", "reference", "created_at", "state", "channel", "person__name", "name", "attention", "organisation_name"),
    *("address_line_1", "address_line_2", "town", "postcode", "visit_reference"),
)
LINE_COLUMNS = (
    *("order_id", "edition__leaflet__slug", "edition__leaflet__title", "edition__label"),
    *("copies", "backordered", "allocated", "dispatched", "cancelled"),
)


def count_lines(keys: Sequence[int]) -> int:
    """The number of rows that these orders make."""
    return sum(OrderLine.objects.filter(order__in=batch, copies__gt=0).count() for batch in key_batches(keys, 100_000))


def order_rows(keys: Sequence[int]) -> Iterator[list[Cell]]:
    """One row an order line, with the address and the state of its copies; each order as it is when its batch is read.

    No cursor or transaction stays open while somebody downloads.
    """
    for batch in key_batches(keys):
        orders = {row[0]: row for row in Order.objects.filter(pk__in=batch).order_by().values_list(*ORDER_COLUMNS)}
        lines: dict[int, list[Any]] = defaultdict(list)
        in_order = OrderLine.objects.filter(order__in=batch, copies__gt=0).order_by("edition__leaflet__position", "pk")
        for key, *line in in_order.values_list(*LINE_COLUMNS):
            lines[key].append(line)
        parcels: dict[int, list[tuple[date, str]]] = defaultdict(list)
        dispatches = Dispatch.objects.filter(order__in=batch).order_by("dispatched_at", "pk")
        for key, at, tracking_number in dispatches.values_list("order_id", "dispatched_at", "tracking_number"):
            parcels[key].append((uk_day(at), tracking_number))
        for key in filter(orders.__contains__, batch):
            _key, reference, created_at, state, channel, *rest = orders[key]
            order = Order(state=state, channel=channel, visit_reference=rest[-1])
            row = [reference, uk_day(created_at), order.state_text, order.get_channel_display(), *rest]
            days: list[date | None] = [day for day, _number in parcels[key]] or [None]
            tracking = ", ".join(number for _day, number in parcels[key] if number)
            yield from ([*row, *line, days[0], days[-1], tracking] for line in lines[key])


class OrderExportMixin(ExportMixin):
    export_permission = "leaflets.export_orders"
    export_headings = EXPORT_HEADINGS
    export_refusal = _("No order here has any copies, so there is nothing to export.")

    def count_lines(self, keys: Sequence[int]) -> int:
        return count_lines(keys)

    def export_rows(self, keys: Sequence[int]) -> Iterator[list[Cell]]:
        return order_rows(keys)
