"""Orders as they are read: lines, history, parcels, delivery addresses, and the visit that an order is brought to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import DateTimeField, Prefetch, Value, prefetch_related_objects
from django.db.models.expressions import Combinable
from django.utils.translation import gettext as _

from ctac.dates import format_day, uk_day
from leaflets.models import Delivery, Dispatch, EventKind, KeptAddress, MissingParcel, MissingState, Order, OrderEvent, OrderLine
from leaflets.models.orders import STAFF_ONLY_EVENTS

# Orders with their lines, and where a person's parcels may go.


def with_lines(order: Order) -> Order:
    """The same with its lines at hand: one statement, or none if they are."""
    if not hasattr(order, "sample_lines"):
        prefetch_related_objects([order], Prefetch("lines", OrderLine.objects.in_order()))
    return order


@dataclass(frozen=True)
class DeliveryAddresses:
    """Where a person's parcels may go: the addresses they keep, the newest first; and where their last order went."""

    kept: list[KeptAddress]
    last: Delivery | None


def kept_addresses(person: int) -> list[KeptAddress]:
    """A person's address book, the newest first. One statement."""
    return list(KeptAddress.objects.filter(person_id=person).order_by("-pk"))


def delivery_addresses(person: int) -> DeliveryAddresses:
    """Two statements."""
    last = Order.objects.filter(person_id=person, brought_with="").order_by("-created_at", "-pk").first()
    return DeliveryAddresses(kept_addresses(person), last.delivery if last else None)


# Which visit an order is brought to: said by the app that has the visits, since this one does not know it (ADR 17).

VISIT_PERMISSION = "bookings.view_booking"  # the permission for the page to which the words lead


@dataclass(frozen=True)
class VisitLookup:
    """`words`: of a booking by its reference, who goes there when, for staff. `starts`: when, of an order in a query."""

    words: Callable[[str], str]
    starts: Callable[[], Combinable]


_lookup = [VisitLookup(lambda reference: "", lambda: Value(None, DateTimeField()))]


def register_visits(visits: VisitLookup) -> None:
    """Called once, by the app that has them."""
    _lookup[:] = [visits]


def visit_text(reference: str) -> str:
    return _lookup[0].words(reference) if reference else ""


def visit_start() -> Combinable:
    return _lookup[0].starts()


# What has happened to an order, and what became of its parcels, as its owner reads it.

LEFT_EVENTS = (EventKind.PART_SENT, EventKind.DISPATCHED)


def order_parcels(order: Order) -> list[Dispatch]:
    """In the order in which they left, each with what was said of it: one statement."""
    return list(order.dispatches.select_related("missing__replacement"))


def replaced_order(order: Order) -> Order | None:
    """The order whose parcel never came, which this one sends again; asks only for one that does."""
    if order.replaces_id is None:
        return None
    return Order.objects.get(dispatches__missing=order.replaces_id)


def order_history(order: Order, parcels: Sequence[Dispatch]) -> list[dict[str, object]]:
    """For includes/steps.html. A parcel that left has its tracking number."""
    numbers = {parcel.dispatched_at: parcel.tracking_number for parcel in parcels}
    return [
        {
            "when": event.when,
            "what": event_text(event, order, numbers.get(event.at, "") if event.kind in LEFT_EVENTS else ""),
            "details": event.changed,
        }
        for event in OrderEvent.objects.filter(order=order).exclude(kind__in=STAFF_ONLY_EVENTS)
    ]


def event_text(event: OrderEvent, order: Order, tracking_number: str) -> str:
    given = order.brought_with and event.kind == EventKind.DISPATCHED
    what = _("Given to the presenter") if given else str(event.get_kind_display())
    return _("%(what)s, tracking number %(number)s") % {"what": what, "number": tracking_number} if tracking_number else what


@dataclass(frozen=True)
class ParcelNews:
    """What is said of a parcel on its order's page: nothing, or what became of it; `order` is the one that sends it again."""

    parcel: Dispatch
    words: str
    order: Order | None = None


@dataclass(frozen=True)
class Arrival:
    """Whether the owner may say now that a parcel never came, from which day if not yet, and what was said already."""

    may_tell: bool
    from_day: str
    news: tuple[ParcelNews, ...]


def order_arrival(parcels: Sequence[Dispatch], now: datetime) -> Arrival:
    """Reads nothing: parcels_of has read all."""
    untold = [parcel for parcel in parcels if missing_report(parcel) is None]
    later = [day for parcel in untold if (day := missing_since(parcel)) > uk_day(now)]
    told = [parcel for parcel in parcels if missing_report(parcel)]
    news = tuple(parcel_news(parcel, several=len(parcels) > 1) for parcel in told)
    return Arrival(bool(reportable_parcels(parcels, now)), format_day(min(later)) if later else "", news)


def reportable_parcels(parcels: Sequence[Dispatch], now: datetime) -> list[Dispatch]:
    """Those that were due long enough ago, and not too long, and that nobody has told of."""
    today = uk_day(now)
    return [
        parcel
        for parcel in parcels
        if missing_report(parcel) is None and missing_since(parcel) <= today and not is_too_long_ago(parcel, now)
    ]


def missing_report(parcel: Dispatch) -> MissingParcel | None:
    return getattr(parcel, "missing", None)


def parcel_news(parcel: Dispatch, *, several: bool) -> ParcelNews:
    report = parcel.missing
    facts = {"left": format_day(parcel.dispatched_at), "told": format_day(report.reported_at), "reason": report.reason}
    which = _("The parcel of %(left)s: ") % facts if several else ""
    if report.state == MissingState.RESENT:
        return ParcelNews(parcel, f"{which}{_('It never came, so we send it again:')}", report.replacement)
    if report.state == MissingState.CLOSED:
        return ParcelNews(parcel, f"{which}{_('We looked into it and do not send it again. %(reason)s') % facts}".strip())
    return ParcelNews(
        parcel, f"{which}{_('You told us on %(told)s that it never came. We look into it and email you our answer.') % facts}"
    )


# Monday to Friday, bank holidays too: most parcels need two or three, and nobody should have to count.
WAIT_WORKING_DAYS = 7


REPORTABLE_FOR = timedelta(days=90)


def missing_since(parcel: Dispatch) -> date:
    """The UK day from which its owner may say that it never came."""
    day, left = uk_day(parcel.dispatched_at), WAIT_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        left -= day.weekday() < 5
    return day


def is_too_long_ago(parcel: Dispatch, now: datetime) -> bool:
    return uk_day(now) > uk_day(parcel.dispatched_at) + REPORTABLE_FOR
