"""What leaflets/ knows about people: each field's class, what a person gets to read, and how they are taken out."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Func, QuerySet, Value
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.classification import FREE_TEXT, NONE, PERSONAL
from leaflets import recall_privacy
from leaflets.models import (
    Dispatch,
    KeptAddress,
    MissingParcel,
    MissingState,
    Order,
    OrderEvent,
    OrderLine,
    Parcel,
    StockAlert,
    StockMovement,
)
from leaflets.services.fulfilling import cancel
from leaflets.services.ledger import lock_editions
from notifications.services.erasing import erase_bodies_about
from professionals.models import Person

FIELDS: dict[str, dict[str, str]] = {
    "Leaflet": dict.fromkeys(
        (
            *("id", "slug", "title", "for_whom", "audience", "summary", "introduction", "situations", "signs", "what_to_do"),
            *(
                "most_per_order",
                "most_per_person",
                "most_per_workplace",
                "usual_copies",
                "usual_words",
                "active",
                "position",
                "reorder_level",
            ),
            *("language", "format", "version_of", "own_title", "topics"),
        ),
        NONE,
    ),
    "LeafletWords": dict.fromkeys(("leaflet", "words", "heading", "spelt"), NONE),
    "Word": dict.fromkeys(("word", "titles"), NONE),
    "Edition": {
        **dict.fromkeys(
            (
                *("id", "leaflet", "label", "published_on", "review_on", "pdf", "pages", "size", "state", "on_hand", "allocated"),
                "paper",
                *("cover", "cover_width", "cover_height", "reviewed_on", "withdrawn_on", "use_instead"),
                "added_at",
            ),
            NONE,
        ),
        "reviewed_by": PERSONAL,
        "withdrawn_why": FREE_TEXT,
    },
    "StockTake": {**dict.fromkeys(("id", "state", "started_at", "ended_at"), NONE), "started_by": PERSONAL, "ended_by": PERSONAL},
    "TitleCount": {
        **dict.fromkeys(("id", "stock_take", "edition", "counted", "expected", "position", "counted_at", "correction"), NONE),
        "counted_by": PERSONAL,
    },
    "DispatchCount": dict.fromkeys(("id", "edition", "day", "copies"), NONE),
    "LowStock": dict.fromkeys(("id", "leaflet", "told_at"), NONE),
    "DownloadCount": dict.fromkeys(("id", "edition", "day", "downloads"), NONE),
    "StockAlert": {"id": NONE, "person": PERSONAL, "leaflet": PERSONAL, "asked_at": PERSONAL},
    "KeptAddress": {
        **dict.fromkeys(("id", "person", "name", "organisation_name", "address_line_1", "address_line_2"), PERSONAL),
        **dict.fromkeys(("town", "postcode"), PERSONAL),
        "attention": FREE_TEXT,
    },
    "Order": {
        "id": NONE,
        "reference": NONE,
        "person": PERSONAL,
        "state": NONE,
        "channel": NONE,
        "organisation": PERSONAL,
        "asked_because": FREE_TEXT,
        "name": PERSONAL,
        "attention": FREE_TEXT,
        "organisation_name": PERSONAL,
        "address_line_1": PERSONAL,
        "address_line_2": PERSONAL,
        "town": PERSONAL,
        "postcode": PERSONAL,
        "brought_with": NONE,
        "submission_token": NONE,
        "submission_digest": NONE,
        "replaces": NONE,
        "passed_forward_at": NONE,
        "created_at": NONE,
        "anonymised_at": NONE,
        "searched": PERSONAL,  # a copy of what is searched; follows it, also when that is erased
    },
    "OrderLine": dict.fromkeys(("id", "order", "edition", "copies", "backordered", "allocated", "dispatched", "cancelled"), NONE),
    "Dispatch": {
        **dict.fromkeys(("id", "order", "dispatched_at", "told_in"), NONE),
        "by": PERSONAL,
        "tracking_number": PERSONAL,
    },
    "PackingSession": {
        **dict.fromkeys(("id", "state", "brought", "chosen", "started_at", "ended_at"), NONE),
        "started_by": PERSONAL,
        "ended_by": PERSONAL,
    },
    "Parcel": {
        **dict.fromkeys(("id", "session", "order", "number", "left_out", "fewer", "outcome", "copies", "dispatch"), NONE),
        "tracking_number": PERSONAL,
    },
    "PrintRecord": {**dict.fromkeys(("id", "session", "what", "at", "parcels", "sheet", "start"), NONE), "by": PERSONAL},
    "MissingParcel": {
        **dict.fromkeys(("id", "parcel", "state", "reported_at", "decided_at"), NONE),
        "note": FREE_TEXT,
        "decided_by": PERSONAL,
        "reason": FREE_TEXT,
    },
    "OrderExport": {
        **dict.fromkeys(("id", "at", "form", "orders", "lines", "narrowed", "searched", "chosen"), NONE),
        "by": PERSONAL,
    },
    "SheetImport": {
        **dict.fromkeys(("id", "kind", "state", "digest", "uploaded_at", "applied_at"), NONE),
        **dict.fromkeys(("uploaded_by", "applied_by"), PERSONAL),
        **dict.fromkeys(("rows", "unknown", "done"), FREE_TEXT),  # of the stock list and the catalogue; nobody's own
    },
    **recall_privacy.FIELDS,
    "OrderEvent": {"id": NONE, "order": NONE, "kind": NONE, "by": PERSONAL, "at": NONE, "reason": FREE_TEXT, "changes": NONE},
    "StockMovement": {
        **dict.fromkeys(("id", "edition", "kind", "copies", "on_hand_change", "allocated_change", "order_line", "at"), NONE),
        "by": PERSONAL,
        "reason": FREE_TEXT,
    },
}


def export(person: Person) -> list[Any]:
    """Every order of theirs, with what happened to it."""
    orders = Order.objects.for_my_page(person).annotate(recalled=recall_privacy.recalls_of_order())
    return [_export_order(order) for order in orders.prefetch_related("events", "dispatches__missing")]


def _export_order(order: Order) -> dict[str, Any]:
    return {
        "reference": order.reference,
        "state": order.state_in_words,
        "placed": order.created_at.isoformat(),
        "came_by": order.get_channel_display(),
        "why_more": order.asked_because,
        "to": order.address,
        "leaflets": [
            {"title": line.edition.leaflet.title, "edition": line.edition.label, "copies": line.copies}
            for line in order.lines.all()
        ],
        "recalled": order.recalled,  # type: ignore[attr-defined]
        "events": [
            {"what": event.get_kind_display(), "changes": event.changed, "when": event.at.isoformat(), "why": event.reason}
            for event in order.events.all()
        ],
        "parcels": [
            {
                "dispatched": parcel.dispatched_at.isoformat(),
                "tracking_number": parcel.tracking_number,
                "never_came": _export_report(getattr(parcel, "missing", None)),
            }
            for parcel in order.dispatches.all()
        ],
    }


def _export_report(missing: MissingParcel | None) -> dict[str, Any] | None:
    if missing is None:
        return None
    return {
        "told": missing.reported_at.isoformat(),
        "wrote": missing.note,
        "state": missing.get_state_display(),
        "decided": missing.decided_at and missing.decided_at.isoformat(),
        "why": missing.reason,
    }


def export_addresses(person: Person) -> list[Any]:
    """Those they keep."""
    return [address.lines for address in KeptAddress.objects.of(person)]


def erase_addresses(person: Person, now: datetime) -> None:
    KeptAddress.objects.of(person).delete()


def export_alerts(person: Person) -> list[Any]:
    """What they asked to be told of."""
    alerts = StockAlert.objects.filter(person=person).select_related("leaflet")
    return [{"title": alert.leaflet.title, "asked": alert.asked_at.isoformat()} for alert in alerts]


def erase_alerts(person: Person, now: datetime) -> None:
    """After the orders: who brings stock in holds its edition and then ends the alerts, so they come last."""
    StockAlert.objects.filter(person=person).delete()


def ahead(person: Person, now: datetime) -> list[str]:
    count = person.orders.open().count()
    said = ngettext("%(n)d order of leaflets is cancelled.", "%(n)d orders of leaflets are cancelled.", count)
    return [said % {"n": count}] if count else []


def erase(person: Person, now: datetime) -> None:
    """Cancel what is open, so that no parcel goes to someone who is gone; keep titles, copies and dates for the figures.

    The outward half of the postcode stays: it says which area was reached and finds nobody.
    """
    lock_editions(OrderLine.objects.filter(order__in=person.orders.open()).values_list("edition_id", flat=True))
    for order in person.orders.open():
        cancel(order=order, by=None, now=now)
    recall_privacy.erase(person)
    forget_details(person.orders.all(), now)


def forget_details(orders: QuerySet[Order], now: datetime) -> None:
    """Of these orders, to whom and where they went and what was written, also to staff of them; figures stay."""
    keys = list(orders.values_list("pk", flat=True))
    OrderEvent.objects.filter(order__in=keys).exclude(reason="").update(reason="")
    StockMovement.objects.filter(order_line__order__in=keys).exclude(reason="").update(reason="")
    Dispatch.objects.filter(order__in=keys).exclude(tracking_number="").update(tracking_number="")
    Parcel.objects.filter(order__in=keys).exclude(tracking_number="").update(tracking_number="")
    reports = MissingParcel.objects.of_orders(keys)
    reports.open().update(state=MissingState.CLOSED, decided_at=now)
    reports.update(note="", reason="")
    told = [*(f"order:{key}" for key in keys), *(f"missing:{key}" for key in reports.values_list("pk", flat=True))]
    erase_bodies_about(told, now)
    blanks = dict.fromkeys(("attention", "organisation_name", "address_line_1", "address_line_2", "town", "asked_because"), "")
    outward = Func("postcode", Value(" "), Value(1), function="split_part", output_field=CharField())
    Order.objects.filter(pk__in=keys).update(
        name=_("Erased"), organisation=None, postcode=outward, submission_digest="", submission_token=None, **blanks
    )
