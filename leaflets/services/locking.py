"""Whoever waits for orders or their lines locks them here, after the editions (services.ledger.lock_editions).

Whoever waits for a row is given it as it has become, but beside what was joined to it as that was. An order that another person
has by then (two rows of a person became one, a colleague took the visit over) would be missing, and nobody would know. So no
person is joined where a row is locked; they are read afterwards.
"""

from typing import TYPE_CHECKING

from leaflets.models import Order, OrderLine

if TYPE_CHECKING:
    from django.db.models import QuerySet


def lock_orders(orders: "QuerySet[Order]") -> list[Order]:
    """As they stand, in key order, until the transaction ends."""
    return list(orders.order_by("pk").select_for_update(no_key=True))


def lock_lines(lines: "QuerySet[OrderLine]") -> list[OrderLine]:
    """With their orders, both as they stand, in the order of these. A line never goes to another order."""
    ordered = lines.select_related("order").order_by("order_id", "pk")
    return list(ordered.select_for_update(of=("self", "order")))
