"""Ranks areas by how much they need us; for one area, who is there and who could go."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db.models import Case, Count, F, Max, Q, QuerySet, Sum, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy as _

from bookings.models import Booking, BookingState, Format, PlaceState, Presenter, SessionPlace, SessionState
from bookings.schedule.queries import read_journeys
from bookings.travel import Place
from core.dates import format_datetime, uk_day
from leaflets.models import Order
from professionals.models import Nation, Note, Organisation, Person
from reach.areas import Area, Unit, areas_of, include_earlier_codes
from reach.invitations.queries import central_place
from reach.models import CountKind, ReachCount
from reach.queries import Period, counts_by_area, last_attended_months
from reach.sources import area_filter


@dataclass(frozen=True)
class RankedArea:
    """`rank`: its place within its nation. `last`: the last month in which anybody attended, by its first day; None: nobody has.
    `attended`: people since the month that was asked about."""

    rank: int
    area: Area
    last: date | None
    is_gap: bool
    attended: int = 0


def rank_areas(areas: Mapping[str, Area], last: Mapping[str, date], since: date) -> dict[Nation, list[Area]]:
    """The areas of each nation in order, because each nation counts its children in one way.

    Gaps come first: areas where nobody has attended anything in the month `since` or later. Among these, more children come
    first; with as many children, the longer time since anybody attended. Then the other areas: the longer ago anybody attended,
    the earlier; in the same month, more children first. Areas whose children are not published come after those with a figure;
    then by name.

    Only attending counts. Leaflets, sign-ups, bookings to come, and recorded trafficking have no part in it.
    """

    def place(area: Area) -> tuple[object, ...]:
        children = (area.published.children is None, -(area.published.children or 0))
        attended = last.get(area.code, date.min)
        if attended < since:
            return (0, children, attended, area.name, area.code)
        return (1, attended, children, area.name, area.code)

    found: dict[Nation, list[Area]] = {}
    for area in sorted(areas.values(), key=place):
        found.setdefault(area.nation, []).append(area)
    return {nation: found[nation] for nation in Nation if nation in found}


@dataclass(frozen=True)
class Gaps:
    """`ranked`: by nation. `unplaced`: people who attended in the period, in no known area."""

    ranked: dict[Nation, list[RankedArea]]
    unplaced: int


def read_gaps(unit: Unit, period: Period) -> Gaps:
    """The ranking for a period that ends with this month. A gap is an area where nobody attended in it. Two statements."""
    areas, last, since = areas_of(unit), last_attended_months(unit), period.first
    attended = counts_by_area(CountKind.ATTENDED, period, unit)
    ranked = {
        nation: [
            RankedArea(place, area, last.get(area.code), last.get(area.code, date.min) < since, attended.get(area.code, 0))
            for place, area in enumerate(theirs, 1)
        ]
        for nation, theirs in rank_areas(areas, last, since).items()
    }
    return Gaps(ranked, attended.get("", 0))


# What the page of one area shows.

MAX_CONTACTS, MAX_UPCOMING, MAX_PRESENTERS = 50, 20, 5
MAX_ROWS_READ = 2_000  # rows of each kind of contact
# Too large for a list of organisations to be useful, and their middle is far from most places.
LARGE_UNITS = (Unit.POLICE, Unit.REGION, Unit.NATION)


def indexed_area_filter(area: Area) -> Q:
    """Rows that count for this area, also under earlier codes.

    The same as reach.sources.area_filter() for areas that are not large, in the terms of the indexes of these tables.
    """
    if not area.districts:
        return Q(reached_nation=area.nation, reached_authority="")
    return Q(reached_authority__in=include_earlier_codes(area.districts))


@dataclass(frozen=True)
class AreaFigures:
    """`attended`: people by profession ('' where nobody said) and month, of all time."""

    period: Period
    totals: dict[str, int]
    attended: dict[str, dict[date, int]]

    @property
    def last(self) -> date | None:
        return max(self.by_month, default=None)

    @property
    def by_month(self) -> Counter[date]:
        """How many attended in each month, of all time."""
        found = Counter[date]()
        for months in self.attended.values():
            found.update(months)
        return found


def read_area_figures(area: Area, period: Period) -> AreaFigures:
    """Two statements."""
    rows = ReachCount.objects.filter(area_filter(area, "")).order_by()
    totals = rows.between(period.first, period.last).values_list("kind").annotate(Sum("count"))
    attended: dict[str, dict[date, int]] = defaultdict(dict)
    people = rows.filter(kind=CountKind.ATTENDED).values_list("profession", "month").annotate(Sum("count"))
    for profession, month, count in people:
        attended[profession][month] = count
    return AreaFigures(period, dict(totals), dict(attended))


def smaller_areas(area: Area) -> list[tuple[Area, date | None]]:
    """The smaller areas inside it, each with the last month in which anybody attended; empty for a single district.

    One statement.
    """
    unit = Unit.UPPER if area.unit in LARGE_UNITS else Unit.DISTRICT
    smaller = [each for each in areas_of(unit).values() if each.districts and each.districts < area.districts]
    last = last_attended_months(unit) if smaller else {}
    return [(each, last.get(each.code)) for each in smaller]


@dataclass(frozen=True)
class Contact:
    """Our last contact with an organisation there."""

    organisation: Organisation
    at: datetime
    what: str | Promise


CONTACT_KINDS: dict[str, str | Promise] = {
    "presentation": _("Presentation"),
    "booking": _("Booking asked for"),
    "place": _("Place at an open session"),
    "order": _("Leaflet order"),
    "person": _("Somebody joined"),
    "note": _("Note of a colleague"),
}


def contact_sources(area: Area) -> list[tuple[str, str, QuerySet[Any], str, Any]]:
    """For each kind of contact: its permission, the newest rows there, their organisation, and when. Each reads one index."""
    here, theirs = indexed_area_filter(area), "person__organisation"
    bookings, places = Booking.objects.filter(here), SessionPlace.objects.filter(here)
    delivered = bookings.filter(state=BookingState.DELIVERED)
    with_place = places.filter(state__in=[PlaceState.TAKEN, PlaceState.ATTENDED])
    people = Person.objects.filter(here, erased_at=None)
    when_there = Case(When(state=PlaceState.ATTENDED, then=F("session__starts_at")), default=F("created_at"))
    return [
        ("presentation", "bookings.view_booking", newest_rows(delivered, "starts_at"), theirs, F("starts_at")),
        ("booking", "bookings.view_booking", bookings.open(), theirs, F("created_at")),
        ("place", "bookings.view_opensession", newest_rows(with_place, "created_at"), theirs, when_there),
        ("order", "leaflets.view_order", newest_rows(Order.objects.filter(here), "created_at"), "organisation", F("created_at")),
        ("person", "professionals.view_person", newest_rows(people, "created_at"), "organisation", F("created_at")),
    ]


def newest_rows(rows: QuerySet[Any], moment: str) -> QuerySet[Any]:
    """Only the newest rows, which are those that the list needs, where there are very many."""
    return rows.model._base_manager.filter(pk__in=rows.order_by(f"-{moment}", "-pk").values("pk")[:MAX_ROWS_READ])


def last_contacts(area: Area, user: Any) -> list[Contact]:
    """The organisations there that we last had contact with, as far as this colleague may see. Three statements or fewer."""
    parts = [
        rows.filter(**{f"{organisation}__isnull": False})
        .order_by()
        .values_list(organisation)
        .annotate(kind=Value(kind), last=Max(at))
        for kind, permission, rows, organisation, at in contact_sources(area)
        if user.has_perm(permission)
    ]
    if not parts or not user.has_perm("professionals.view_organisation"):
        return []
    found = newest_by_organisation(parts[0].union(*parts[1:], all=True))
    keys = sorted(found, key=lambda key: found[key][0], reverse=True)[:MAX_CONTACTS]
    if user.has_perm("professionals.view_note"):
        notes = Note.objects.order_by()
        own = notes.filter(organisation__in=keys).values_list("organisation").annotate(kind=Value("note"), last=Max("at"))
        theirs = notes.filter(person__organisation__in=keys).values_list("person__organisation")
        noted = newest_by_organisation(own.union(theirs.annotate(kind=Value("note"), last=Max("at")), all=True))
        found.update({key: max(found[key], noted[key]) for key in noted})
    organisations = Organisation.objects.in_bulk(keys)
    contacts = [Contact(organisations[key], found[key][0], CONTACT_KINDS[found[key][1]]) for key in keys if key in organisations]
    return sorted(contacts, key=lambda contact: contact.at, reverse=True)


def newest_by_organisation(rows: Any) -> dict[int, tuple[datetime, str]]:
    found: dict[int, tuple[datetime, str]] = {}
    for organisation, kind, at in rows:
        found[organisation] = max(found.get(organisation, (at, kind)), (at, kind))
    return found


@dataclass(frozen=True)
class NearbyPresenter:
    """A presenter who visits workplaces, their journey in minutes to the middle of the area, and whether they would go."""

    presenter: Presenter
    minutes: int
    answer: str | Promise

    @property
    def travel(self) -> str:
        """'1 h 25 min', '45 min'."""
        hours, minutes = divmod(self.minutes, 60)
        words = gettext("%(hours)d h %(minutes)d min") if hours else gettext("%(minutes)d min")
        return words % {"hours": hours, "minutes": minutes}


def travel_answer(presenter: Presenter, place: Place, minutes: int, now: datetime) -> str | Promise:
    if not presenter.may_visit(uk_day(now)):
        return _("No: their DBS check or training has ended")
    if not presenter.covers_place(place):
        return _("Not an area that they cover")
    return _("Further than they usually go") if minutes > presenter.max_travel_minutes else _("Yes")


def nearest_presenters(area: Area, now: datetime) -> list[NearbyPresenter]:
    """The nearest first. Three statements."""
    middle, presenters = central_place([area]), list(Presenter.objects.active().exclude(formats=[Format.ONLINE]))
    if middle is None:
        return []
    journeys = read_journeys([middle, *(presenter.base for presenter in presenters)])
    minutes = {each: journeys.minutes(each.base, middle) for each in presenters}
    nearest = sorted(presenters, key=lambda each: (minutes[each], each.name))[:MAX_PRESENTERS]
    return [NearbyPresenter(each, minutes[each], travel_answer(each, middle, minutes[each], now)) for each in nearest]


def upcoming_bookings(area: Area, now: datetime) -> Sequence[Booking]:
    """The soonest first; those without a time last."""
    rows = Booking.objects.upcoming(now).filter(indexed_area_filter(area)).select_related("presentation", "presenter")
    return list(rows.order_by(F("starts_at").asc(nulls_last=True), "pk")[:MAX_UPCOMING])


def upcoming_sessions(area: Area, now: datetime) -> list[dict[str, Any]]:
    """Open sessions to come with people from there, and how many."""
    places = SessionPlace.objects.filter(indexed_area_filter(area), state=PlaceState.TAKEN, session__state=SessionState.SCHEDULED)
    ahead = places.filter(session__starts_at__gt=now).order_by("session__starts_at", "session")
    named = ahead.values("session", "session__reference", "session__starts_at", "session__presentation__title")
    rows = named.annotate(people=Count("pk"))[:MAX_UPCOMING]
    return [{**row, "when": format_datetime(row["session__starts_at"])} for row in rows]
