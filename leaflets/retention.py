"""The rule for orders; and what of them shows that somebody is still with us."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext_lazy

from leaflets.models import Order
from leaflets.privacy import forget_details
from professionals.retention import Rule


def orders_over(before: datetime) -> QuerySet[Order]:
    """By the day they were placed; not those that are still open."""
    return Order.objects.closed().filter(anonymised_at=None, created_at__lt=before).order_by("created_at", "pk")


def forget_orders(keys: Sequence[int], now: datetime) -> None:
    forget_details(Order.objects.filter(pk__in=keys), now)
    Order.objects.filter(pk__in=keys).update(anonymised_at=now)


def ordered(since: datetime) -> Exists:
    return Exists(Order.objects.filter(person=OuterRef("pk"), created_at__gte=since))


ACTIVITIES = (ordered,)
RULES = (
    Rule(
        name="orders",
        what=gettext_lazy("Orders of leaflets"),
        since=gettext_lazy("the order was placed"),
        goes=gettext_lazy(
            "Name, address, reasons and tracking numbers go. Titles, copies, the day and the first half of the postcode stay."
        ),
        keeps="orders",
        due=orders_over,
        take_out=forget_orders,
    ),
)
