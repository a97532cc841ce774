"""Where Django looks for the admin; and what waits among orders and leaflets, for the first staff page."""

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

ADMIN_MODULES = (catalogue_admin, stock_admin, orders, recalls_admin, dispatch_admin)


def add_waiting(
    label: Any,
    count: Callable[[], Any],
    model: str,
    query: str = "",
    *,
    right: str = "view",
    urgent: bool = False,
    group: Any = _("Leaflets"),
    one: Any = "",
) -> None:
    """A line of the first staff page, and the list that shows exactly those; `right` is of the model."""
    staff_site.add_waiting(
        group,
        Waiting(
            label=label,
            count=count,
            address=lambda: reverse(f"staff:leaflets_{model}_changelist") + query,
            permission=f"leaflets.{right}_{model}",
            urgent=urgent,
            one=one,
        ),
    )


def add_waiting_orders(label: Any, state: OrderState, right: str = "view") -> None:
    add_waiting(label, lambda: Order.objects.filter(state=state), "order", f"?state__exact={state.value}", right=right)


add_waiting_orders(_("to decide on"), OrderState.REQUESTED, "decide")
add_waiting(
    _("waiting too long for our answer"),
    lambda: Order.objects.asked_too_long_ago(timezone.now()),
    "order",
    "?waits=long",
    right="decide",
    urgent=True,
)
add_waiting_orders(_("to pack"), OrderState.RECEIVED)
add_waiting_orders(_("being packed"), OrderState.PACKING)
add_waiting_orders(_("waiting for stock"), OrderState.WAITING)
add_waiting(_("passed forward and waiting"), lambda: Order.objects.passed_forward(), "order", "?waits=forward")
add_waiting(
    _("parcels that never came"),
    lambda: MissingParcel.objects.open(),
    "missingparcel",
    f"?state__exact={MissingState.OPEN.value}",
    one=_("parcel that never came"),
)
add_waiting(
    _("packing sessions open"),
    lambda: PackingSession.objects.open(),
    "packingsession",
    f"?state__exact={SessionState.OPEN.value}",
    group=_("Packing"),
    one=_("packing session open"),
)
add_waiting(
    _("people to call about a recall"),
    lambda: RecallHolder.objects.to_ring(),
    "recall",
    one=_("person to call about a recall"),
)
add_waiting(_("low in stock"), lambda: low_in_stock(Edition.objects), "edition", "?needs=stock")
add_waiting(_("to review soon"), lambda: to_review(Edition.objects), "edition", "?needs=review")
