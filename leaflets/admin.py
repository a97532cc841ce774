"""The admin of every room, where Django looks for it; and what waits among orders and leaflets, for the first staff page."""

from collections.abc import Callable
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from ctac.staff.site import Waiting, staff_site
from leaflets.catalogue import admin as catalogue_admin
from leaflets.catalogue.admin import low_in_stock, to_review
from leaflets.dispatch import admin as dispatch_admin
from leaflets.models import Edition, MissingParcel, MissingState, Order, OrderState, PackingSession, RecallHolder, SessionState
from leaflets.orders.admin import orders
from leaflets.recalls import admin as recalls_admin
from leaflets.stock import admin as stock_admin

# Those that nothing here asks, so that Django finds them.
ADMIN_MODULES = (catalogue_admin, stock_admin, orders, recalls_admin, dispatch_admin)


def wait_for_orders(label: Any, state: OrderState, permission: str = "leaflets.view_order") -> None:
    """A line of the first page, which reads on from one and from many; and the list of the orders in that state."""
    staff_site.add_waiting(
        _("Leaflets"),
        Waiting(
            label=label,
            count=lambda: Order.objects.filter(state=state),
            address=lambda: f"{reverse('staff:leaflets_order_changelist')}?state__exact={state.value}",
            permission=permission,
        ),
    )


def wait_for_some_orders(
    label: Any, waits: str, orders: Callable[[], Any], permission: str = "leaflets.view_order", *, urgent: bool = False
) -> None:
    """A line of the first page, and the list that its filter narrows to exactly those orders."""
    staff_site.add_waiting(
        _("Leaflets"),
        Waiting(
            label=label,
            count=orders,
            address=lambda: f"{reverse('staff:leaflets_order_changelist')}?waits={waits}",
            permission=permission,
            urgent=urgent,
        ),
    )


def wait_for_editions(label: Any, need: str, editions: Callable[[Any], Any]) -> None:
    """A line of the first page, and the list of the editions that need it."""
    staff_site.add_waiting(
        _("Leaflets"),
        Waiting(
            label=label,
            count=lambda: editions(Edition.objects),
            address=lambda: f"{reverse('staff:leaflets_edition_changelist')}?needs={need}",
            permission="leaflets.view_edition",
        ),
    )


wait_for_orders(_("to decide on"), OrderState.REQUESTED, "leaflets.decide_order")
wait_for_some_orders(
    _("waiting too long for our answer"),
    "long",
    lambda: Order.objects.asked_too_long_ago(timezone.now()),
    "leaflets.decide_order",
    urgent=True,
)
wait_for_orders(_("to pack"), OrderState.RECEIVED)
wait_for_orders(_("being packed"), OrderState.PACKING)
wait_for_orders(_("waiting for stock"), OrderState.WAITING)
wait_for_some_orders(_("passed forward and waiting"), "forward", lambda: Order.objects.passed_forward())
staff_site.add_waiting(
    _("Leaflets"),
    Waiting(
        label=_("that never came"),
        count=lambda: MissingParcel.objects.open(),
        address=lambda: f"{reverse('staff:leaflets_missingparcel_changelist')}?state__exact={MissingState.OPEN.value}",
        permission="leaflets.view_missingparcel",
    ),
)
staff_site.add_waiting(
    _("Packing"),
    Waiting(
        label=_("packing sessions open"),
        count=lambda: PackingSession.objects.open(),
        address=lambda: f"{reverse('staff:leaflets_packingsession_changelist')}?state__exact={SessionState.OPEN.value}",
        permission="leaflets.view_packingsession",
    ),
)
staff_site.add_waiting(
    _("Leaflets"),
    Waiting(
        label=_("to ring about a recall"),
        count=lambda: RecallHolder.objects.to_ring(),
        address=lambda: reverse("staff:leaflets_recall_changelist"),
        permission="leaflets.view_recall",
    ),
)
wait_for_editions(_("low in stock"), "stock", low_in_stock)
wait_for_editions(_("to review soon"), "review", to_review)
