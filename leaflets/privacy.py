"""Personal data in leaflets: export, erasure, retention, and texts flagged as a child's details."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Exists, Model, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _, gettext_lazy, ngettext

from leaflets.models import (
    Dispatch,
    Edition,
    KeptAddress,
    MissingParcel,
    MissingState,
    Order,
    OrderEvent,
    OrderLine,
    Parcel,
    Recall,
    RecallHolder,
    StockAlert,
    StockMovement,
)
from leaflets.orders.services.transitions import cancel_order
from leaflets.stock.services import lock_editions
from notifications.privacy import erase_bodies_about
from privacy.personal_data import OUTWARD_CODE_EXPRESSION, json_rows
from privacy.retention import RetentionRule
from professionals.models import Person
from professionals.safeguarding.services import FlaggedSource, kept_back_expression, shown_text
from professionals.services import delete_unused_organisations


def export_orders(person: Person) -> list[Any]:
    """Every order of the person, with its events, recalls and parcels."""
    recalls = RecallHolder.objects.filter(person=OuterRef("person"), recall__edition__order_lines__order=OuterRef("pk"))
    recalled = json_rows(
        recalls.order_by("pk"),
        title="recall__edition__leaflet__title",
        edition="recall__edition__label",
        recalled="recall__recalled_at",
        copies_received="received",
        told_by_email=Q(notification__isnull=False),
        reached_by_phone="reached_at",
    )
    events = OrderEvent.objects.annotate(kept_back=kept_back_expression(order="order"))
    reports = MissingParcel.objects.annotate(kept_back=kept_back_expression(missing="pk"))
    orders = (
        Order.objects.for_my_page(person)
        .annotate(recalled=recalled, kept_back=kept_back_expression(order="pk"))
        .prefetch_related(Prefetch("events", events), Prefetch("dispatches__missing", reports))
    )
    return [
        {
            "reference": order.reference,
            "state": order.state_text,
            "placed": order.created_at.isoformat(),
            "came_by": order.get_channel_display(),
            "why_more": shown_text(order, "over_limit_reason"),
            "to": order.address,
            "phone": order.contact_phone,
            "leaflets": [
                {"title": line.edition.leaflet.title, "edition": line.edition.label, "copies": line.copies}
                for line in order.lines.all()
            ],
            "recalled": order.recalled,
            "events": [
                {
                    "what": event.get_kind_display(),
                    "changes": event.change_lines,
                    "when": event.at.isoformat(),
                    "why": shown_text(event, "reason"),
                }
                for event in order.events.all()
            ],
            "parcels": [
                {
                    "dispatched": parcel.dispatched_at.isoformat(),
                    "tracking_number": parcel.tracking_number,
                    "never_came": export_missing_report(getattr(parcel, "missing", None)),
                }
                for parcel in order.dispatches.all()
            ],
        }
        for order in orders
    ]


def export_missing_report(missing: MissingParcel | None) -> dict[str, Any] | None:
    if missing is None:
        return None
    return {
        "told": missing.reported_at.isoformat(),
        "wrote": shown_text(missing, "note"),
        "state": missing.get_state_display(),
        "decided": missing.decided_at and missing.decided_at.isoformat(),
        "why": shown_text(missing, "reason"),
    }


def export_addresses(person: Person) -> list[Any]:
    return [address.label_lines for address in KeptAddress.objects.for_person(person)]


def erase_addresses(person: Person, now: datetime) -> None:
    KeptAddress.objects.for_person(person).delete()


def export_alerts(person: Person) -> list[Any]:
    alerts = StockAlert.objects.filter(person=person).select_related("leaflet")
    return [{"title": alert.leaflet.title, "asked": alert.asked_at.isoformat()} for alert in alerts]


def erase_alerts(person: Person, now: datetime) -> None:
    """Runs after the orders: receiving stock locks the edition and then deletes alerts, so alerts come last here too."""
    StockAlert.objects.filter(person=person).delete()


def erasure_notice(person: Person, now: datetime) -> list[str]:
    count = person.orders.open().count()
    notice = ngettext("We will cancel %(n)d leaflet order.", "We cancel %(n)d leaflet orders.", count)
    return [notice % {"n": count}] if count else []


def erase_orders(person: Person, now: datetime) -> None:
    """Cancel open orders, so that no parcel goes to an erased person; keep titles, copies and dates for the figures."""
    lock_editions(OrderLine.objects.filter(order__in=person.orders.open()).values_list("edition_id", flat=True))
    for order in person.orders.open():
        cancel_order(order=order, by=None, now=now)
    # Their email about a recall is not sent without this row.
    RecallHolder.objects.filter(person=person).delete()
    erase_order_details(person.orders.all(), now)


def erase_order_details(orders: QuerySet[Order], now: datetime) -> None:
    """Erase to whom and where these orders went, and what anybody wrote about them. The figures stay."""
    keys = list(orders.values_list("pk", flat=True))
    OrderEvent.objects.filter(order__in=keys).exclude(reason="").update(reason="")
    StockMovement.objects.filter(order_line__order__in=keys).exclude(reason="").update(reason="")
    Dispatch.objects.filter(order__in=keys).exclude(tracking_number="").update(tracking_number="")
    Parcel.objects.filter(order__in=keys).exclude(tracking_number="").update(tracking_number="")
    reports = MissingParcel.objects.filter(parcel__order__in=keys)
    reports.open().update(state=MissingState.CLOSED, decided_at=now)
    reports.update(note="", reason="")
    about = [*(f"order:{key}" for key in keys), *(f"missing:{key}" for key in reports.values_list("pk", flat=True))]
    erase_bodies_about(about, now)
    named = ("attention", "organisation_name", "address_line_1", "address_line_2", "town", "over_limit_reason", "contact_phone")
    orders = Order.objects.filter(pk__in=keys)
    organisations = set(orders.values_list("organisation", flat=True))
    blanks = dict.fromkeys(named, "")
    orders.update(
        name=_("Erased"),
        organisation=None,
        postcode=OUTWARD_CODE_EXPRESSION,
        submission_digest="",
        submission_token=None,
        **blanks,
    )
    delete_unused_organisations(organisations)


def flagged_source(kind: str, model: str, models: dict[type[Model], str], writer: Callable[[Any], Any]) -> FlaggedSource:
    return FlaggedSource(kind, models, lambda key: reverse(f"staff:leaflets_{model}_change", args=[key]), writer)


FLAGGED_SOURCES = (
    flagged_source(
        "order",
        "order",
        {Order: "pk", OrderEvent: "order", StockMovement: "order_line__order"},
        lambda order: order.person,
    ),
    flagged_source("missing", "missingparcel", {MissingParcel: "pk"}, lambda missing: missing.parcel.order.person),
    flagged_source("stock", "stockmovement", {StockMovement: "pk"}, lambda movement: movement.by),
    flagged_source("edition", "edition", {Edition: "pk"}, lambda edition: None),
    flagged_source("recall", "recall", {Recall: "pk", Edition: "recall"}, lambda recall: recall.by),
)


def orders_due(before: datetime) -> QuerySet[Order]:
    """Closed orders placed before that time, the oldest first."""
    return Order.objects.closed().filter(anonymised_at=None, created_at__lt=before).order_by("created_at", "pk")


def erase_old_orders(keys: Sequence[int], now: datetime) -> None:
    erase_order_details(Order.objects.filter(pk__in=keys), now)
    Order.objects.filter(pk__in=keys).update(anonymised_at=now)


def ordered_since(since: datetime) -> Exists:
    return Exists(Order.objects.filter(person=OuterRef("pk"), created_at__gte=since))


RETENTION_RULE = RetentionRule(
    name="orders",
    what=gettext_lazy("Leaflet orders"),
    why=gettext_lazy("To send your parcel"),
    since=gettext_lazy("the order was placed"),
    goes=gettext_lazy(
        "We erase the name, address, phone, reasons and tracking numbers. "
        "We keep titles, copies, the day and the first half of the postcode."
    ),
    keeps="orders",
    due=orders_due,
    take_out=erase_old_orders,
)
