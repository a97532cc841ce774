"""Reads orders: history, parcels, delivery addresses, and the visit that an order is brought to."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import DateTimeField, Value
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from core.dates import format_datetime, format_day, uk_day
from leaflets.models import Delivery, Dispatch, KeptAddress, MissingParcel, MissingState, Order, OrderEvent, OrderEventKind
from leaflets.models.orders import STAFF_ONLY_EVENTS
from professionals.safeguarding.services import shown_text


@dataclass(frozen=True)
class DeliveryAddresses:
    """Where a person's parcels may go: the addresses they keep, the newest first; and their last order that has an address."""

    kept: list[KeptAddress]
    last: Order | None


def kept_addresses(person: int) -> list[KeptAddress]:
    return list(KeptAddress.objects.for_person(person))


def delivery_addresses(person: int) -> DeliveryAddresses:
    """Where this person's parcels may go. Two statements."""
    # Leave out orders whose address was erased, or never known.
    sent = Order.objects.filter(person_id=person, visit_reference="").exclude(address_line_1="")
    return DeliveryAddresses(kept_addresses(person), sent.order_by("-created_at", "-pk").first())


# The visit that an order is brought to. The app with the visits answers, since this app does not know it (ADR 17).

VISIT_PERMISSION = "bookings.view_booking"  # for the page to which the text leads


@dataclass(frozen=True)
class VisitLookup:
    """`text(reference)`: who goes to that booking and when, for staff. `starts()`: when an order's visit begins, for a query.
    `last(person)`: when they last asked for a visit, and its address."""

    text: Callable[[str], str]
    starts: Callable[[], Combinable]
    last: Callable[[int], tuple[datetime, Delivery] | None]


_lookup = [VisitLookup(lambda reference: "", lambda: Value(None, DateTimeField()), lambda person: None)]


def register_visits(visits: VisitLookup) -> None:
    """The app that has the visits calls this once."""
    _lookup[:] = [visits]


def visit_text(reference: str) -> str:
    return _lookup[0].text(reference) if reference else ""


def visit_start() -> Combinable:
    return _lookup[0].starts()


def last_delivery(person: int) -> Delivery | None:
    """Where leaflets for a caller most likely go: the last address of a parcel or a visit, or one that they keep.

    Three statements.
    """
    addresses, visit = delivery_addresses(person), _lookup[0].last(person)
    if visit is not None and (addresses.last is None or visit[0] > addresses.last.created_at):
        return visit[1]
    return next((place.delivery for place in (addresses.last, *addresses.kept) if place), None)


def order_parcels(order: Order) -> list[Dispatch]:
    """The parcels in the order in which they left, each with the report that it never came. One statement."""
    return list(order.dispatches.select_related("missing__replacement"))


def order_history(order: Order, parcels: Sequence[Dispatch]) -> list[dict[str, object]]:
    """Rows for includes/steps.html, with tracking numbers."""
    numbers = {parcel.dispatched_at: parcel.tracking_number for parcel in parcels}
    rows: list[dict[str, object]] = []
    if order.imported_at:
        rows.append({"when": format_datetime(order.imported_at), "what": _("We added this from our earlier records.")})
    for event in OrderEvent.objects.filter(order=order).exclude(kind__in=STAFF_ONLY_EVENTS):
        is_given = order.visit_reference and event.kind == OrderEventKind.DISPATCHED
        what = _("Given to the presenter") if is_given else str(event.get_kind_display())
        number = numbers.get(event.at, "") if event.kind in (OrderEventKind.PART_SENT, OrderEventKind.DISPATCHED) else ""
        if number:
            what = _("%(what)s, tracking number %(number)s") % {"what": what, "number": number}
        rows.append({"when": event.when, "what": what, "details": event.change_lines})
    return rows


def missing_report_context(parcels: Sequence[Dispatch], now: datetime) -> dict[str, object]:
    """Whether its owner may say now that a parcel never came, from which day if not yet, and what became of each report.

    Reads nothing: order_parcels has read all.
    """
    later = [day for parcel in parcels if not hasattr(parcel, "missing") and (day := reportable_from(parcel)) > uk_day(now)]
    reports = []
    for parcel in parcels:
        report: MissingParcel | None = getattr(parcel, "missing", None)
        if report is None:
            continue
        facts = {
            "left": format_day(parcel.dispatched_at),
            "told": format_day(report.reported_at),
            "reason": shown_text(report, "reason"),
        }
        if report.state == MissingState.RESENT:
            text = _("It never came, so we are sending it again:")
        elif report.state == MissingState.CLOSED:
            text = (_("We looked into it and will not send it again. %(reason)s") % facts).strip()
        else:
            text = _("You told us on %(told)s that it never came. We will look into it and email you our answer.") % facts
        which = _("The parcel that left on %(left)s: ") % facts if len(parcels) > 1 else ""
        replacement = report.replacement if report.state == MissingState.RESENT else None
        reports.append({"text": f"{which}{text}", "replacement": replacement})
    return {
        "may_report": bool(reportable_parcels(parcels, now)),
        "from_day": format_day(min(later)) if later else "",
        "reports": reports,
    }


def reportable_parcels(parcels: Sequence[Dispatch], now: datetime) -> list[Dispatch]:
    """The unreported parcels that should have come by now, and did not leave too long ago."""
    today = uk_day(now)
    return [
        parcel
        for parcel in parcels
        if not hasattr(parcel, "missing") and reportable_from(parcel) <= today and not is_past_reporting(parcel, now)
    ]


def copies_to_order_again(order: Order) -> dict[str, int]:
    """By slug, the copies sent or still to come; if nothing came, the copies that were asked for."""
    lines = order.lines.all()
    nothing_came = all(line.copies == line.cancelled for line in lines)
    wanted = Counter[str]()
    for line in lines:
        wanted[line.edition.leaflet.slug] += line.copies if nothing_came else line.copies - line.cancelled
    return +wanted  # without zeros


# Monday to Friday, bank holidays too: most parcels need two or three, and nobody should have to count.
MISSING_AFTER_WORKING_DAYS = 7
REPORTABLE_PERIOD = timedelta(days=90)


def reportable_from(parcel: Dispatch) -> date:
    """The UK day from which its owner may say that it never came."""
    day, left = uk_day(parcel.dispatched_at), MISSING_AFTER_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def is_past_reporting(parcel: Dispatch, now: datetime) -> bool:
    return uk_day(now) > uk_day(parcel.dispatched_at) + REPORTABLE_PERIOD
