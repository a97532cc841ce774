"""Where the words of a text stand that may be about a child: orders, parcels that never came, stock, editions, recalls."""

from collections.abc import Iterator

from django.db.models import Model
from django.urls import reverse

from leaflets.models import Edition, MissingParcel, Order, Recall, StockMovement
from leaflets.privacy import FIELDS
from professionals.flagged import FlaggedSource


def of_order(key: int) -> Iterator[Model]:
    order = Order.objects.get(pk=key)
    movements = StockMovement.objects.filter(order_line__order=order).exclude(reason="")
    yield from (order, *order.events.order_by("pk"), *movements.order_by("pk"))


def of_missing(key: int) -> Iterator[Model]:
    yield MissingParcel.objects.get(pk=key)


def of_stock(key: int) -> Iterator[Model]:
    yield StockMovement.objects.get(pk=key)


def of_edition(key: int) -> Iterator[Model]:
    yield Edition.objects.get(pk=key)


def of_recall(key: int) -> Iterator[Model]:
    recall = Recall.objects.select_related("edition").get(pk=key)
    yield from (recall, recall.edition)


def page_of(model: str, key: int) -> str:
    return reverse(f"staff:leaflets_{model}_change", args=[key])


SOURCES = (
    FlaggedSource("order", of_order, lambda key: page_of("order", key), FIELDS),
    FlaggedSource("missing", of_missing, lambda key: page_of("missingparcel", key), FIELDS),
    FlaggedSource("stock", of_stock, lambda key: page_of("stockmovement", key), FIELDS),
    FlaggedSource("edition", of_edition, lambda key: page_of("edition", key), FIELDS),
    FlaggedSource("recall", of_recall, lambda key: page_of("recall", key), FIELDS),
)
