"""Titles with their stock at hand; when a title runs out, and which are low."""

from collections.abc import Collection, Iterable
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import (
    Case,
    Exists,
    F,
    FilteredRelation,
    Func,
    IntegerField,
    Min,
    OrderBy,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import dateformat
from django.utils.translation import gettext as _, ngettext

from core.dates import uk_day
from leaflets.models import DispatchCount, Edition, EditionState, Leaflet, OrderLine, StockAlert, StockMovement
from leaflets.models.orders import QUEUED_STATES
from professionals.models import Person


def with_current_edition(leaflets: QuerySet[Leaflet]) -> QuerySet[Leaflet]:
    """Each with its current edition, or None, as `handed_out`: a join, so that filters can use it."""
    current = FilteredRelation("editions", condition=Q(editions__state=EditionState.CURRENT))
    return leaflets.annotate(handed_out=current).select_related("handed_out")  # type: ignore[misc] # the annotation


def leaflets_with_stock(slugs: Iterable[str]) -> list[Leaflet]:
    """The titles with these slugs, in the catalogue or not, in its order, each with its current edition. One statement."""
    return set_current_editions(with_current_edition(Leaflet.objects.filter(slug__in=slugs)))


def leaflets_in_stock(audience: str, most: int) -> list[Leaflet]:
    """At most `most` titles in stock, those for that audience ('' for a mix) first. One statement."""
    in_stock = Q(handed_out__on_hand__gt=F("handed_out__allocated"))
    leaflets = with_current_edition(Leaflet.objects.active()).filter(in_stock)
    rank = Case(When(audience=audience, then=0), When(audience="", then=1), default=2)
    ordered = leaflets.order_by(rank, F("version_of").asc(nulls_first=True), "position", "title", "pk")
    return set_current_editions(ordered[:most])


def set_current_editions(leaflets: Iterable[Leaflet]) -> list[Leaflet]:
    leaflets = list(leaflets)
    for leaflet in leaflets:
        edition = getattr(leaflet, "handed_out", None)
        leaflet.current_editions = [edition] if edition else []
    return leaflets


def alerted_leaflet_keys(person: Person | None, leaflets: Iterable[Leaflet]) -> set[int]:
    """The keys of the titles that are out of stock and for which the person has a stock alert.

    One statement, or none if all are in stock.
    """
    out = [leaflet.pk for leaflet in leaflets if leaflet.available <= 0]
    if not out or not person:
        return set()
    return set(StockAlert.objects.filter(person_id=person.pk, leaflet__in=out).values_list("leaflet", flat=True))


# The forecast: when a title runs out, from what was dispatched in the last 12 weeks.
FORECAST_DAYS = 84
MIN_FORECAST_DAYS = 28  # the least to measure a title over, when its first parcel left not long ago
LOW_STOCK_DAYS = 42  # a title that runs out within six weeks is low, since printing takes some
MAX_FORECAST_DAYS = 730
MAX_MOVEMENTS = 200  # in which to look, back from now, for the day on which a title ran out
AVAILABLE_COPIES = F("on_hand") - F("allocated")
OFFERED_Q = Q(state=EditionState.CURRENT, leaflet__active=True)
# The edition that stands for its title: the current one, or else the latest.
CURRENT_EDITION_FIRST = (Case(When(state=EditionState.CURRENT, then=0), default=1), "-published_on", "-pk")


def with_forecast(editions: QuerySet[Edition], today: date) -> Any:
    """Adds the forecast of each edition's title, over all its editions.

    `went`: copies that left in the window. `days_left`: the days until it is out at that rate, counting promised copies as gone;
    None if nothing went. `waiting`: copies that orders wait for. `speaks`: whether this edition stands for its title.
    """
    since = today - timedelta(days=FORECAST_DAYS)
    dispatched = DispatchCount.objects.filter(edition__leaflet=OuterRef("leaflet")).order_by()
    lately = dispatched.filter(day__gt=since).values("edition__leaflet")
    first_day = Subquery(lately.annotate(first=Min("day")).values("first"))
    since_first = Func(
        Value(today), F("first_day"), arg_joiner=" - ", template="(%(expressions)s + 1)", output_field=IntegerField()
    )
    measured = Case(
        When(Exists(dispatched.filter(day__lte=since)), then=FORECAST_DAYS),
        default=Greatest(MIN_FORECAST_DAYS, Least(FORECAST_DAYS, since_first)),
    )
    lines = OrderLine.objects.filter(edition__leaflet=OuterRef("leaflet"), backordered__gt=0, order__state__in=QUEUED_STATES)
    waiting = lines.order_by().values("edition__leaflet").annotate(sum=Sum("backordered")).values("sum")
    first = Edition.objects.filter(leaflet=OuterRef("leaflet")).order_by(*CURRENT_EDITION_FIRST).values("pk")[:1]
    return editions.annotate(
        waiting=Coalesce(Subquery(waiting), 0),
        speaks=Case(When(pk=Subquery(first), then=True), default=False),
        went=Coalesce(Subquery(lately.annotate(sum=Sum("copies")).values("sum")), 0),
        first_day=first_day,
        days_left=Case(When(went__gt=0, then=Greatest(AVAILABLE_COPIES, 0) * measured / F("went")), output_field=IntegerField()),
    )


LOW_STOCK_Q = (
    Q(on_hand__lte=F("allocated"))
    | Q(leaflet__reorder_level__isnull=False, on_hand__lte=F("allocated") + F("leaflet__reorder_level"))
    | Q(leaflet__reorder_level__isnull=True, on_hand__lt=F("allocated") + F("leaflet__most_per_order"))
    | Q(days_left__lt=LOW_STOCK_DAYS)
)


NEEDS_STOCK_Q = Q(speaks=True) & (
    Q(leaflet__active=True) & (~Q(state=EditionState.CURRENT) | LOW_STOCK_Q)
    | Q(waiting__gt=Case(When(state=EditionState.CURRENT, then=Greatest(AVAILABLE_COPIES, 0)), default=0))
)


def low_in_stock(editions: QuerySet[Edition], today: date) -> Any:
    """One edition of each title that needs stock. This is the only rule for that.

    A title in the catalogue needs stock if it is at its reorder level or below (if it has none: has fewer than one order may
    take), soon out, or without an edition to send. Any title does if people wait for more than is free.
    """
    return with_forecast(editions, today).filter(NEEDS_STOCK_Q)


def urgency_ordering() -> list[OrderBy]:
    """For a list with the forecast: out of stock, then low, then the next to run out; titles that we don't offer last."""
    is_out = ~Q(state=EditionState.CURRENT) | Q(on_hand__lte=F("allocated"))
    out = Case(When(is_out, then=-1), default=F("days_left"), output_field=IntegerField())
    return [
        OrderBy(Case(When(OFFERED_Q | NEEDS_STOCK_Q, then=0), default=1)),
        OrderBy(Case(When(NEEDS_STOCK_Q, then=0), default=1)),
        OrderBy(Case(When(OFFERED_Q | NEEDS_STOCK_Q, then=out), output_field=IntegerField()), nulls_last=True),
        *(OrderBy(F(name)) for name in ("leaflet__position", "leaflet__title")),
        OrderBy(F("published_on"), descending=True),
        OrderBy(F("pk"), descending=True),
    ]


def forecast_text(edition: Any, today: date, out_since: date | None) -> str:
    """'about 9 weeks, until 28 January 2027' of an edition that has its forecast."""
    if edition.state != EditionState.CURRENT:
        return _("no edition to send")
    if edition.available <= 0:
        return _("none left since %(day)s") % {"day": dateformat.format(out_since, "j F Y")} if out_since else _("none left")
    if not edition.went:
        return _("none sent in 12 weeks")
    if edition.days_left > MAX_FORECAST_DAYS:
        return _("more than two years")
    until = dateformat.format(today + timedelta(days=edition.days_left), "j F Y")
    if edition.days_left < 14:
        days = ngettext("about %(n)d day, until %(until)s", "about %(n)d days, until %(until)s", edition.days_left)
        return days % {"n": edition.days_left, "until": until}
    return _("about %(n)d weeks, until %(until)s") % {"n": round(edition.days_left / 7), "until": until}


def need_text(edition: Any, today: date, out_since: date | None) -> str:
    """The forecast, and how many copies people wait for."""
    text = forecast_text(edition, today, out_since)
    if not edition.waiting:
        return text
    waited = ngettext(
        "%(text)s; orders are waiting for %(n)s copy", "%(text)s; orders are waiting for %(n)s copies", edition.waiting
    )
    return waited % {"text": text, "n": f"{edition.waiting:,}"}


def out_of_stock_since(editions: Collection[int]) -> dict[int, date]:
    """For editions with no free copies, by key: the UK day on which the last copy was given out. One statement.

    If a title has moved very often since then, the earliest day that was looked at.
    """
    change = F("on_hand_change") - F("allocated_change")
    moves = StockMovement.objects.filter(edition=OuterRef("pk")).annotate(change=change).exclude(change=0).order_by("-at", "-pk")
    rows = Edition.objects.filter(pk__in=editions).annotate(
        moments=ArraySubquery(moves.values("at")[:MAX_MOVEMENTS]), changes=ArraySubquery(moves.values("change")[:MAX_MOVEMENTS])
    )
    days = {}
    for edition in rows:
        available = edition.available
        # Back from now, moment by moment: one transaction may give copies back and out again.
        for at, moved in groupby(zip(edition.moments, edition.changes, strict=True), key=itemgetter(0)):
            if available > 0:
                break
            days[edition.pk] = uk_day(at)
            available -= sum(change for _at, change in moved)
    return days
