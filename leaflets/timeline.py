"""What has happened to an order, and what became of its parcels, as its owner reads it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from ctac.uk import format_day, uk_day
from leaflets.models import Dispatch, EventKind, MissingParcel, MissingState, Order, OrderEvent
from leaflets.services.missing import is_too_long_ago, missing_since

LEFT = (EventKind.PART_SENT, EventKind.DISPATCHED)


def parcels_of(order: Order) -> list[Dispatch]:
    """In the order in which they left, each with what was said of it: one statement."""
    return list(order.dispatches.select_related("missing__replacement"))


def replaced_by(order: Order) -> Order | None:
    """The order whose parcel never came, which this one sends again; asks only for one that does."""
    if order.replaces_id is None:
        return None
    return Order.objects.get(dispatches__missing=order.replaces_id)


def history_of(order: Order, parcels: Sequence[Dispatch]) -> list[dict[str, object]]:
    """For includes/steps.html. A parcel that left has its tracking number."""
    numbers = {parcel.dispatched_at: parcel.tracking_number for parcel in parcels}
    return [
        {
            "when": event.when,
            "what": in_words(event, order, numbers.get(event.at, "") if event.kind in LEFT else ""),
            "details": event.changed,
        }
        for event in OrderEvent.objects.filter(order=order).for_the_owner()
    ]


def in_words(event: OrderEvent, order: Order, tracking_number: str) -> str:
    given = order.brought_with and event.kind == EventKind.DISPATCHED
    what = _("Given to the presenter") if given else str(event.get_kind_display())
    return _("%(what)s, tracking number %(number)s") % {"what": what, "number": tracking_number} if tracking_number else what


@dataclass(frozen=True)
class NewsOfParcel:
    """What is said of a parcel on its order's page: nothing, or what became of it; `order` is the one that sends it again."""

    parcel: Dispatch
    words: str
    order: Order | None = None


@dataclass(frozen=True)
class Arrival:
    """Whether the owner may say now that a parcel never came, from which day if not yet, and what was said already."""

    may_tell: bool
    from_day: str
    news: tuple[NewsOfParcel, ...]


def arrival_of(parcels: Sequence[Dispatch], now: datetime) -> Arrival:
    """Reads nothing: parcels_of has read all."""
    untold = [parcel for parcel in parcels if report_of(parcel) is None]
    later = [day for parcel in untold if (day := missing_since(parcel)) > uk_day(now)]
    told = [parcel for parcel in parcels if report_of(parcel)]
    news = tuple(news_of(parcel, several=len(parcels) > 1) for parcel in told)
    return Arrival(bool(may_be_told(parcels, now)), format_day(min(later)) if later else "", news)


def may_be_told(parcels: Sequence[Dispatch], now: datetime) -> list[Dispatch]:
    """Those that were due long enough ago, and not too long, and that nobody has told of."""
    today = uk_day(now)
    return [
        parcel
        for parcel in parcels
        if report_of(parcel) is None and missing_since(parcel) <= today and not is_too_long_ago(parcel, now)
    ]


def report_of(parcel: Dispatch) -> MissingParcel | None:
    return getattr(parcel, "missing", None)


def news_of(parcel: Dispatch, *, several: bool) -> NewsOfParcel:
    report = parcel.missing
    facts = {"left": format_day(parcel.dispatched_at), "told": format_day(report.reported_at), "reason": report.reason}
    which = _("The parcel of %(left)s: ") % facts if several else ""
    if report.state == MissingState.RESENT:
        return NewsOfParcel(parcel, f"{which}{_('It never came, so we send it again:')}", report.replacement)
    if report.state == MissingState.CLOSED:
        return NewsOfParcel(parcel, f"{which}{_('We looked into it and do not send it again. %(reason)s') % facts}".strip())
    return NewsOfParcel(
        parcel, f"{which}{_('You told us on %(told)s that it never came. We look into it and email you our answer.') % facts}"
    )
