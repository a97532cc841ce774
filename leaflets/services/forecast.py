"""When a title runs out, from what left in the last 12 weeks; which titles are low."""

from collections.abc import Collection
from datetime import date, datetime, timedelta
from itertools import groupby
from operator import itemgetter
from typing import Any

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, Exists, F, Func, IntegerField, Min, OrderBy, OuterRef, Q, QuerySet, Subquery, Sum, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.utils import dateformat
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.uk import uk_day
from leaflets.models import DispatchCount, Edition, EditionState, LowStock, StockMovement

WINDOW = 84  # days: 12 weeks
SHORTEST = 28  # days that a title is measured over at least, when its first parcel left not long ago
SOON = 42  # days: a title that runs out within six weeks is low, since printing takes some
AS_GOOD_AS_NEVER = 730
MOST_MOVEMENTS = 200  # of what is free to give, back from now, in which to look for the day on which a title ran out
AVAILABLE = F("on_hand") - F("allocated")
OFFERED = Q(state=EditionState.CURRENT, leaflet__active=True)


def with_forecast(editions: QuerySet[Edition], today: date) -> Any:
    """Each with `went`: copies of its title, in all prints, that left in the window; `days_left` until it is out at that rate.

    What is promised counts as gone, as it will go. None: nothing went. Who reads it asks nothing more of the database.
    """
    since = today - timedelta(days=WINDOW)
    left = DispatchCount.objects.filter(edition__leaflet=OuterRef("leaflet")).order_by()
    lately = left.filter(day__gt=since).values("edition__leaflet")
    first_day = Subquery(lately.annotate(first=Min("day")).values("first"))
    since_first = Func(
        Value(today), F("first_day"), arg_joiner=" - ", template="(%(expressions)s + 1)", output_field=IntegerField()
    )
    measured = Case(
        When(Exists(left.filter(day__lte=since)), then=WINDOW), default=Greatest(SHORTEST, Least(WINDOW, since_first))
    )
    return editions.annotate(
        went=Coalesce(Subquery(lately.annotate(sum=Sum("copies")).values("sum")), 0),
        first_day=first_day,
        days_left=Case(When(went__gt=0, then=Greatest(AVAILABLE, 0) * measured / F("went")), output_field=IntegerField()),
    )


IS_LOW = (
    Q(on_hand__lte=F("allocated"))
    | Q(leaflet__reorder_level__isnull=False, on_hand__lte=F("allocated") + F("leaflet__reorder_level"))
    | Q(leaflet__reorder_level__isnull=True, on_hand__lt=F("allocated") + F("leaflet__most_per_order"))
    | Q(days_left__lt=SOON)
)


def low_in_stock(editions: QuerySet[Edition], today: date) -> Any:
    """Of what the catalogue offers: at its reorder level or below (without one: fewer than one order may have), or soon out."""
    return with_forecast(editions, today).filter(OFFERED, IS_LOW)


def by_need() -> list[OrderBy]:
    """For a list that has the forecast: what is out, what is low, what runs out next; last what is not offered."""
    out = Case(When(on_hand__lte=F("allocated"), then=-1), default=F("days_left"), output_field=IntegerField())
    return [
        OrderBy(Case(When(OFFERED, then=0), default=1)),
        OrderBy(Case(When(OFFERED & IS_LOW, then=0), default=1)),
        OrderBy(Case(When(OFFERED, then=out), output_field=IntegerField()), nulls_last=True),
        *(OrderBy(F(name)) for name in ("leaflet__position", "leaflet__title")),
        OrderBy(F("published_on"), descending=True),
        OrderBy(F("pk"), descending=True),
    ]


def in_words(edition: Any, today: date, out_since: date | None = None) -> str:
    """'about 9 weeks, until 28 January 2027' of an edition that has its forecast."""
    if edition.available <= 0:
        return _("out since %(day)s") % {"day": in_full(out_since)} if out_since else _("out")
    if not edition.went:
        return _("none went in 12 weeks")
    if edition.days_left > AS_GOOD_AS_NEVER:
        return _("more than two years")
    weeks, until = round(edition.days_left / 7), in_full(today + timedelta(days=edition.days_left))
    if edition.days_left < 14:
        days = ngettext("about %(n)d day, until %(until)s", "about %(n)d days, until %(until)s", edition.days_left)
        return days % {"n": edition.days_left, "until": until}
    return _("about %(n)d weeks, until %(until)s") % {"n": weeks, "until": until}


def in_full(day: date | None) -> str:
    return dateformat.format(day, "j F Y") if day else ""


def days_out_since(editions: Collection[int]) -> dict[int, date]:
    """By the keys of editions of which nothing is left: the UK day on which the last copy was given out. One statement.

    Of a title that went on moving since for very long, the earliest day that was looked at.
    """
    if not editions:
        return {}
    change = F("on_hand_change") - F("allocated_change")
    moves = StockMovement.objects.filter(edition=OuterRef("pk")).annotate(change=change).exclude(change=0).order_by("-at", "-pk")
    rows = Edition.objects.filter(pk__in=editions).annotate(
        moments=ArraySubquery(moves.values("at")[:MOST_MOVEMENTS]), changes=ArraySubquery(moves.values("change")[:MOST_MOVEMENTS])
    )
    found = {}
    for edition in rows:
        left = edition.available
        # Back from now, moment by moment: a transaction gives copies back and out again at one moment.
        for at, moved in groupby(zip(edition.moments, edition.changes, strict=True), key=itemgetter(0)):
            if left > 0:
                break
            found[edition.pk] = uk_day(at)
            left -= sum(change for _at, change in moved)
    return found


def told_of(about: str, today: date) -> list[Edition]:
    """What that email is about, as far as it is still low; the most needed first."""
    told = LowStock.objects.filter(told_at=datetime.fromisoformat(about.partition(":")[2])).values("leaflet")
    rows = low_in_stock(Edition.objects.select_related("leaflet"), today).filter(leaflet__in=told)
    return list(rows.order_by(*by_need()))
