"""Changing an order, as short as a test can say it, and how it stands."""

from dataclasses import replace

from leaflets.models import Order
from leaflets.orders.services.change import OrderChange, change_order, change_page_digest, lock_titles
from notifications.models import Notification
from tests.leaflets.factories import DELIVERY

ELSEWHERE = replace(DELIVERY, address_line_1="2 High Street", town="Belfast", postcode="BT1 5GS")
ADDRESS = {name: getattr(DELIVERY, name) for name in DELIVERY.__dataclass_fields__}


def version(order):
    fresh, titles = lock_titles(order)
    return change_page_digest(titles, fresh.delivery)


def change(order, now, by=None, delivery=None, expected="", waits=(), **copies):
    """As its owner asks it: copies by slug."""
    leaflets = {line.edition.leaflet.slug: line.edition.leaflet.pk for line in order.lines.select_related("edition__leaflet")}
    more = {"override_reason": "Agreed on the phone"} if by and by.is_staff else {}
    wanted = OrderChange(
        {leaflets[slug]: wanted for slug, wanted in copies.items()},
        delivery or Order.objects.get(pk=order.pk).delivery,
        expected or version(order),
        [leaflets[slug] for slug in waits],
        **more,
    )
    change_order(order=order, change=wanted, by=by or order.person.user, now=now)
    order.refresh_from_db()


def lines(order):
    """Of each line its copies, and how many of them are waited for, promised, sent and cancelled."""
    found = order.lines.order_by("pk")
    return [(line.copies, line.backordered, line.allocated, line.dispatched, line.cancelled) for line in found]


def told(order):
    rows = Notification.objects.filter(about=f"order:{order.pk}", kind="order-changed").order_by("version")
    return [(row.version, row.recipient) for row in rows]


def promised(edition):
    edition.refresh_from_db()
    return edition.allocated
