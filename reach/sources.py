"""What each kind is counted from: which rows, and for each how many, when, where and of which profession.

The nightly count adds them up and the page behind a figure lists them, so both use the same rows.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, time
from typing import Any

from django.db import models
from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce, TruncMonth
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from bookings.models import (
    Attendance,
    AttendanceCount,
    Booking,
    BookingState,
    OpenSession,
    PlaceState,
    SessionPlace,
    SessionState,
)
from core.dates import UK_TZ, add_months, uk_datetime
from leaflets.models import MovementKind, OrderChannel, OrderLine, StockMovement
from professionals.models import ImportedCount, Person
from reach.areas import Area, Unit, area_by_key, include_earlier_codes
from reach.models import CountKind
from reach.queries import Period

CountKey = tuple[date, str, str, str]  # month, nation, authority, profession
EMPTY_TEXT = Value("", output_field=models.CharField())
ONE = Value(1, output_field=models.IntegerField())


@dataclass(frozen=True)
class Source:
    """Rows of one sort that are counted, each `number` times.

    `at`: the path of its moment, or of the first day of its month if it `has_month`. `area`: the prefix of the paths that end in
    `nation` and `authority`; None if its rows have no area. `profession`: its path, or ''. `permission`: needed to see the rows.
    `session`: the path to the open session, for rows that are slow to find, so that a page reads few sessions. `newest`: an
    order by a key that rises with `at`, if `at` has no index.
    """

    slug: str
    kind: CountKind
    label: str | Promise
    permission: str
    rows: Callable[[], QuerySet[Any]]
    at: str
    area: str | None = "reached_"
    profession: str = ""
    number: Any = ONE
    session: str = ""
    newest: str = ""
    has_month: bool = False

    def figures(self) -> QuerySet[Any]:
        """Its rows, each with the columns of a count beside its own."""
        return self.rows().annotate(
            of_nation=EMPTY_TEXT if self.area is None else F(f"{self.area}nation"),
            of_authority=EMPTY_TEXT if self.area is None else F(f"{self.area}authority"),
            of_profession=F(self.profession) if self.profession else EMPTY_TEXT,
            number=self.number,
        )

    def totals(self) -> dict[CountKey, int]:
        """How much all its rows come to, by key. One statement."""
        month = F(self.at) if self.has_month else TruncMonth(self.at, tzinfo=UK_TZ, output_field=models.DateField())
        rows = self.figures().annotate(of_month=month).order_by()
        keys = rows.values_list("of_month", "of_nation", "of_authority", "of_profession").annotate(total=Sum("number"))
        return {(month, nation, authority, profession): total for month, nation, authority, profession, total in keys}

    def rows_of(self, period: Period, area: Area | Unit | None, profession: str | None) -> QuerySet[Any]:
        """The rows of one figure, the newest first: see reach.rows.ReachFigure."""
        within = Q(month__range=(period.first, period.last)) if self.has_month else starts_in_period(self.at, period)
        rows = self.figures().filter(within, area_filter(area)).order_by(self.newest or f"-{self.at}", "-pk")
        return rows if profession is None else rows.filter(of_profession=profession)


def starts_in_period(at: str, period: Period) -> Q:
    """`at`: the path of a moment."""
    first, after = (uk_datetime(month, time.min) for month in (period.first, add_months(period.last, 1)))
    return Q(**{f"{at}__gte": first, f"{at}__lt": after})


def area_filter(area: Area | Unit | None, prefix: str = "of_") -> Q:
    """Rows that lie in the area, as reach.queries counts them; or in no area of a unit. `prefix`: of nation and authority.

    Each side of the “or” is found by the index of authorities.
    """
    if area is None:
        return Q()
    nation, authority = f"{prefix}nation", f"{prefix}authority"
    if isinstance(area, Unit):
        whole = [each.nation for each in area_by_key(area).values() if each.is_whole_nation]
        return Q(**{authority: ""}) & ~Q(**{f"{nation}__in": whole})
    where = Q(**{f"{authority}__in": include_earlier_codes(area.districts)})
    return where | Q(**{authority: "", nation: area.nation}) if area.is_whole_nation else where


# People at an open session beyond those with an attended place: nobody says where they work.


def attended_places_count(attendance: str = "", **where: Any) -> Coalesce:
    """How many places of the session were attended. `attendance`: the path to it from a row, with its underscores."""
    places = SessionPlace.objects.filter(session=OuterRef(f"{attendance}session"), state=PlaceState.ATTENDED, **where)
    counted = places.order_by().values("session").annotate(places=Count("pk")).values("places")
    return Coalesce(Subquery(counted, output_field=models.IntegerField()), 0)


def has_profession_mismatch(attendance: str = "") -> Exists:
    """Whether some profession has more places than people counted.

    The presenter may have called a midwife a nurse, so the professions of the other people are unknown: by profession, she would
    count twice.
    """
    said = AttendanceCount.objects.filter(attendance__session=OuterRef("session"), profession=OuterRef("person__profession"))
    places = SessionPlace.objects.filter(session=OuterRef(f"{attendance}session"), state=PlaceState.ATTENDED)
    by_profession = places.order_by().values("session", "person__profession").annotate(places=Count("pk"))
    counted = Coalesce(Subquery(said.values("people"), output_field=models.IntegerField()), 0)
    return Exists(by_profession.annotate(counted=counted).filter(places__gt=F("counted")))


def other_people_by_profession() -> QuerySet[AttendanceCount]:
    counts = AttendanceCount.objects.filter(
        ~has_profession_mismatch("attendance__"), attendance__session__state=SessionState.DELIVERED
    )
    beyond = F("people") - attended_places_count("attendance__", person__profession=OuterRef("profession"))
    return counts.alias(beyond=beyond).filter(beyond__gt=0)


def other_people_without_profession() -> QuerySet[Attendance]:
    attendances = Attendance.objects.filter(has_profession_mismatch(), session__state=SessionState.DELIVERED)
    return attendances.alias(beyond=F("people") - attended_places_count()).filter(beyond__gt=0)


def imported_counts_source(kind: CountKind, imported: str, figure: str) -> Source:
    """Counts of imported rows that were too old to keep."""
    return Source(
        slug="old",
        kind=kind,
        label=_("Old records that were only counted"),
        permission="professionals.view_import",
        rows=lambda: ImportedCount.objects.filter(kind=imported, **{f"{figure}__gt": 0}),
        at="month",
        area="",
        profession="profession",
        number=F(figure),
        has_month=True,
    )


VIEW_BOOKING_PERMISSION, VIEW_SESSION_PERMISSION, VIEW_ORDER_PERMISSION = (
    "bookings.view_booking",
    "bookings.view_opensession",
    "leaflets.view_order",
)
SOURCES = (
    Source(
        slug="bookings",
        kind=CountKind.ATTENDED,
        label=_("People at booked presentations"),
        permission=VIEW_BOOKING_PERMISSION,
        rows=lambda: AttendanceCount.objects.filter(attendance__booking__state=BookingState.DELIVERED),
        at="attendance__booking__starts_at",
        area="attendance__booking__reached_",
        profession="profession",
        number=F("people"),
    ),
    Source(
        slug="places",
        kind=CountKind.ATTENDED,
        label=_("People with a place at an open session"),
        permission=VIEW_SESSION_PERMISSION,
        rows=lambda: SessionPlace.objects.filter(state=PlaceState.ATTENDED, session__state=SessionState.DELIVERED),
        at="session__starts_at",
        profession="person__profession",
    ),
    Source(
        slug="others",
        kind=CountKind.ATTENDED,
        label=_("Other people at open sessions"),
        permission=VIEW_SESSION_PERMISSION,
        rows=other_people_by_profession,
        at="attendance__session__starts_at",
        area=None,
        profession="profession",
        number=F("beyond"),
        session="attendance__session",
    ),
    Source(
        slug="unknown",
        kind=CountKind.ATTENDED,
        label=_("Other people at open sessions, their professions not known"),
        permission=VIEW_SESSION_PERMISSION,
        rows=other_people_without_profession,
        at="session__starts_at",
        area=None,
        number=F("beyond"),
        session="session",
    ),
    imported_counts_source(CountKind.ATTENDED, "bookings", "people"),
    Source(
        slug="bookings",
        kind=CountKind.PRESENTATIONS,
        label=_("Booked presentations"),
        permission=VIEW_BOOKING_PERMISSION,
        rows=lambda: Booking.objects.filter(state=BookingState.DELIVERED),
        at="starts_at",
        profession="audience_profession",
    ),
    Source(
        slug="sessions",
        kind=CountKind.PRESENTATIONS,
        label=_("Open sessions"),
        permission=VIEW_SESSION_PERMISSION,
        rows=lambda: OpenSession.objects.filter(state=SessionState.DELIVERED),
        at="starts_at",
        area=None,
    ),
    imported_counts_source(CountKind.PRESENTATIONS, "bookings", "rows"),
    Source(
        slug="places",
        kind=CountKind.PLACES,
        label=_("Places at open sessions"),
        permission=VIEW_SESSION_PERMISSION,
        rows=lambda: SessionPlace.objects.filter(state__in=[PlaceState.TAKEN, PlaceState.ATTENDED]).exclude(
            session__state=SessionState.CANCELLED
        ),
        at="session__starts_at",
        profession="person__profession",
    ),
    Source(
        slug="orders",
        kind=CountKind.LEAFLETS,
        label=_("Copies that left"),
        permission=VIEW_ORDER_PERMISSION,
        rows=lambda: StockMovement.objects.filter(kind=MovementKind.DISPATCHED),
        at="at",
        area="order_line__order__reached_",
        profession="order_line__order__person__profession",
        number=F("copies"),
    ),
    Source(
        slug="imported",
        kind=CountKind.LEAFLETS,
        label=_("Imported orders"),
        permission=VIEW_ORDER_PERMISSION,
        rows=lambda: OrderLine.objects.filter(order__channel=OrderChannel.LIST, dispatched__gt=0),
        at="order__created_at",
        area="order__reached_",
        profession="order__person__profession",
        number=F("dispatched"),
    ),
    imported_counts_source(CountKind.LEAFLETS, "orders", "copies"),
    Source(
        slug="people",
        kind=CountKind.SIGNED_UP,
        label=_("People who signed up"),
        permission="professionals.view_person",
        rows=lambda: Person.objects.filter(user__isnull=False),
        at="user__date_joined",
        profession="profession",
        newest="-user_id",
    ),
)


def sources_of(kind: CountKind) -> list[Source]:
    return [source for source in SOURCES if source.kind == kind]


def count_rows(kind: CountKind) -> Mapping[CountKey, int]:
    """Everything that is counted of a kind, from its rows. One statement a source."""
    found: dict[CountKey, int] = defaultdict(int)
    for source in sources_of(kind):
        for key, total in source.totals().items():
            found[key] += total
    return found
