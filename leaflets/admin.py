"""Where Django looks for the admin; and the work on orders and leaflets that the first staff page lists."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from django.db.models import Case, F, TextField, Value, When
from django.db.models.functions import Cast, Concat
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.dates import uk_day
from leaflets.catalogue import admin as catalogue_admin
from leaflets.catalogue.admin import due_for_review
from leaflets.dispatch import admin as dispatch_admin
from leaflets.models import (
    Edition,
    MissingParcel,
    MissingState,
    Order,
    OrderState,
    PackingSession,
    PackingSessionState,
    RecallHolder,
)
from leaflets.orders.admin import orders
from leaflets.recalls import admin as recalls_admin
from leaflets.stock import admin as stock_admin
from leaflets.stock.queries import low_in_stock
from professionals.admin import name_organisation_expression
from staff.site import staff_site
from staff.today import WaitingLine, WaitingRow

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
    named: WaitingRow | None = None,
) -> None:
    """Adds a line to the first staff page, linked to the list of just these rows. `right` is a permission on the model."""
    staff_site.add_waiting(
        group,
        WaitingLine(
            label=label,
            count=count,
            address=lambda: reverse(f"staff:leaflets_{model}_changelist") + query,
            permission=f"leaflets.{right}_{model}",
            urgent=urgent,
            one=one,
            named=named,
        ),
    )


def add_waiting_orders(label: Any, state: OrderState, right: str = "view", named: WaitingRow | None = None) -> None:
    address = f"?state__exact={state.value}"
    add_waiting(label, lambda: Order.objects.filter(state=state), "order", address, right=right, named=named)


ORDER_ROW = WaitingRow(
    who=Case(
        When(organisation_name="", then=F("name")),
        default=Concat("name", Value(", "), "organisation_name"),
        output_field=TextField(),
    ),
    what=Concat("reference", Value(" "), "postcode"),
    what_text=lambda both: ", ".join(both.split(" ")[:2]),  # "LO-7Q4M-2F, LS1" of "LO-7Q4M-2F LS1 4AP"
    since="created_at",
)
DECIDE_ROW = replace(ORDER_ROW, label=_("Decide"), permission="leaflets.decide_order")

add_waiting_orders(_("to decide on"), OrderState.REQUESTED, "decide", DECIDE_ROW)
add_waiting(
    _("waiting too long for our answer"),
    lambda: Order.objects.decision_overdue(timezone.now()),
    "order",
    "?waits=long",
    right="decide",
    urgent=True,
    named=DECIDE_ROW,
)
add_waiting_orders(_("to pack"), OrderState.RECEIVED, named=replace(ORDER_ROW, label=_("Start packing"), slug="start-packing"))
add_waiting_orders(_("being packed"), OrderState.PACKING, named=replace(ORDER_ROW, label=_("Dispatch"), slug="dispatch"))
add_waiting_orders(_("waiting for stock"), OrderState.WAITING)
add_waiting(_("passed forward and waiting"), Order.objects.prioritised, "order", "?waits=forward")
add_waiting(
    _("parcels that never came"),
    MissingParcel.objects.open,
    "missingparcel",
    f"?state__exact={MissingState.OPEN.value}",
    one=_("parcel that never came"),
    named=WaitingRow(
        who="parcel__order__name",
        what="parcel__order__postcode",
        what_text=lambda postcode: postcode.partition(" ")[0],
        since="reported_at",
        label=_("Send it again"),
        slug="send-again",
    ),
)
add_waiting(
    _("packing sessions open"),
    PackingSession.objects.open,
    "packingsession",
    f"?state__exact={PackingSessionState.OPEN.value}",
    group=_("Packing"),
    one=_("packing session open"),
    named=WaitingRow(
        what=Cast("pk", TextField()),
        what_text=lambda number: str(PackingSession(pk=number)),
        since="started_at",
        label=_("Go on packing"),
    ),
)
add_waiting(
    _("people to call about a recall"),
    RecallHolder.objects.to_phone,
    "recall",
    one=_("person to call about a recall"),
    named=WaitingRow(
        who=name_organisation_expression("person__"),
        what="recall__edition__leaflet__title",
        since="recall__recalled_at",
        label=_("Call them"),
        permission="leaflets.change_recall",
        route="leaflets_recall",
        key="recall",
    ),
)
EDITION_ROW = WaitingRow(who="leaflet__title", what="label", order="review_on")
add_waiting(
    _("low in stock"),
    lambda: low_in_stock(Edition.objects.all(), uk_day(timezone.now())),
    "edition",
    "?needs=stock",
    named=EDITION_ROW,
)
add_waiting(
    _("to review soon"),
    lambda: due_for_review(Edition.objects),
    "edition",
    "?needs=review",
    named=replace(EDITION_ROW, label=_("Record a review"), slug="review"),
)
