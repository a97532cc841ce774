"""The emails about orders: what each says, and until when it is true."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from leaflets.models import Order, OrderLine, OrderState
from notifications.registry import Kind, Message

if TYPE_CHECKING:
    from notifications.models import Notification


def order_of(notification: "Notification") -> Order:
    return Order.objects.select_related("person").with_lines().get(pk=notification.about.removeprefix("order:"))


def state_is_not(state: OrderState, notification: "Notification") -> bool:
    return Order.objects.filter(pk=notification.about.removeprefix("order:")).exclude(state=state).exists()


def state_is(state: OrderState, notification: "Notification") -> bool:
    return Order.objects.filter(pk=notification.about.removeprefix("order:"), state=state).exists()


def facts(order: Order) -> list[dict[str, str]]:
    """The answer of every email: what, where to, reference."""
    what = [{"label": copies(line), "value": line.edition.leaflet.title} for line in order.lines.all()]
    return [
        *what,
        {"label": _("To"), "value": "\n".join(order.address)},
        {"label": _("Reference"), "value": order.reference},
    ]


def copies(line: OrderLine) -> str:
    return ngettext("%(copies)d copy", "%(copies)d copies", line.copies) % {"copies": line.copies}


def context_of(order: Order) -> dict[str, object]:
    return {"order": order, "facts": facts(order), "url": f"{settings.SITE_URL}{order.get_absolute_url()}"}


def received(order: Order) -> Message:
    subject = _("We have your leaflet order %(reference)s") % {"reference": order.reference}
    return Message(subject=subject, template="order_received", context=context_of(order))


def dispatched(order: Order) -> Message:
    subject = _("Your leaflets are on their way: %(reference)s") % {"reference": order.reference}
    tracking = [
        {"label": _("Tracking number"), "value": parcel.tracking_number}
        for parcel in order.dispatches.all()
        if parcel.tracking_number
    ]
    context = context_of(order)
    return Message(subject=subject, template="order_dispatched", context={**context, "facts": [*facts(order), *tracking]})


def cancelled(order: Order) -> Message:
    subject = _("Your leaflet order %(reference)s is cancelled") % {"reference": order.reference}
    again_url = f"{settings.SITE_URL}{reverse('leaflets')}"
    return Message(subject=subject, template="order_cancelled", context={**context_of(order), "again_url": again_url})


def for_staff(order: Order) -> Message:
    subject = _("New leaflet order %(reference)s: %(summary)s") % {"reference": order.reference, "summary": order.summary}
    url = f"{settings.SITE_URL}{reverse('staff:leaflets_order_change', args=[order.pk])}"
    return Message(subject=subject, template="order_for_staff", context={**context_of(order), "url": url})


def said(words: Callable[[Order], Message]) -> Callable[["Notification"], Message]:
    return lambda notification: words(order_of(notification))


KINDS = (
    Kind("order-received", gettext_lazy("Order received"), said(received), lambda n: state_is_not(OrderState.CANCELLED, n)),
    Kind("order-dispatched", gettext_lazy("Order dispatched"), said(dispatched), lambda n: state_is(OrderState.DISPATCHED, n)),
    Kind("order-cancelled", gettext_lazy("Order cancelled"), said(cancelled), lambda n: state_is(OrderState.CANCELLED, n)),
    Kind(
        "staff-new-order", gettext_lazy("To staff: new order"), said(for_staff), lambda n: state_is_not(OrderState.CANCELLED, n)
    ),
)
