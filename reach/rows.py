"""The rows behind a figure: `rows_url` is the address that a figure links to."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, F, Model, Sum
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from bookings.models import Attendance, AttendanceCount, Booking, OpenSession, SessionPlace
from ctac.dates import format_day, format_moment
from ctac.staff.audit import audit_note
from ctac.staff.lists import MOST
from ctac.staff.site import staff_site
from leaflets.models import OrderLine, StockMovement
from professionals.models import ImportedCount, Nation, Person, Profession
from reach.areas import Area, Unit, area_by_key, areas_of
from reach.models import Kind, ReachCount
from reach.queries import Period, counted_at, key_of
from reach.sources import Source, lies_in, sessions_in, sources_of

VIEW_REACH = "reach.view_reach"
# Instead of a code: what lies in no area, and where nobody said which profession.
NONE = "none"
YEARS = (1990, 2100)  # of which an address may ask
PER_PAGE = 50
SESSIONS = 150  # the newest, of whose other people each must be worked out


@dataclass(frozen=True)
class Figure:
    """What was counted where and when. `area` is None for everywhere, and a unit for what lies in none of its areas; `profession`
    is empty for everybody, and NONE where nobody said."""

    kind: Kind
    period: Period
    area: Area | Unit | None = None
    profession: str = ""

    @property
    def profession_asked(self) -> str | None:
        """As rows have it; None for everybody."""
        return None if not self.profession else "" if self.profession == NONE else self.profession

    @cached_property
    def count(self) -> int:
        """As the pages say it: from the counts. One statement."""
        counts = ReachCount.objects.filter(kind=self.kind).between(self.period.first, self.period.last).order_by()
        counts = counts.annotate(of_nation=F("nation"), of_authority=F("authority")).filter(lies_in(self.area))
        if self.profession_asked is not None:
            counts = counts.filter(profession=self.profession_asked)
        return counts.aggregate(total=Sum("count"))["total"] or 0

    @property
    def in_words(self) -> str:
        """'Leeds, March 2026, GP'."""
        where = _("In no such area") if isinstance(self.area, Unit) else self.area.name if self.area else _("Everywhere")
        who = (
            [_("Profession not known") if self.profession == NONE else Profession(self.profession).label]
            if self.profession
            else []
        )
        return ", ".join(map(str, [where, self.period.in_words, *who]))

    def rows_of(self, source: Source) -> Any:
        rows = source.rows_of(self.period, self.area, self.profession_asked)
        if not source.session:
            return rows
        return rows.filter(**{f"{source.session}__in": self.sessions[:SESSIONS]})

    @cached_property
    def sessions(self) -> list[int]:
        """By key, as a list: from a subquery PostgreSQL would work out all sessions first. One statement."""
        if isinstance(self.area, Area):
            return []
        return list(sessions_in(self.period).values_list("pk", flat=True)[: SESSIONS + 1])


def rows_url(*, kind: Kind, period: Period, area: Area | Unit | None = None, profession: str = "") -> str:
    """Of the page with the rows behind that figure: see Figure."""
    asked = {"kind": kind, "first": f"{period.first:%Y-%m}", "last": f"{period.last:%Y-%m}"}
    if isinstance(area, Area):
        asked |= {"unit": area.unit, "area": area.code}
    elif area:
        asked |= {"unit": area, "area": NONE}
    if profession:
        asked["profession"] = profession
    return f"{reverse('staff:reach_rows')}?{urlencode(asked)}"


def figure_asked(asked: QueryDict, now: datetime) -> Figure:
    """Who attended in the last year, if nothing is asked. Raises Http404 for an address that no page of ours has written."""
    if not asked:
        return Figure(Kind.ATTENDED, Period.last_months(12, now))
    try:
        first, last = (date.fromisoformat(f"{asked.get(name, '')}-01") for name in ("first", "last"))
        kind, code = Kind(asked.get("kind", "")), asked.get("area", "")
        unit = Unit(asked.get("unit", "")) if code else None
        area = None if unit is None else unit if code == NONE else areas_of(unit)[code]
        profession = asked.get("profession", "")
        if profession not in ("", NONE):
            Profession(profession)
    except (ValueError, KeyError) as error:
        raise Http404 from error
    if first > last or not YEARS[0] <= first.year <= last.year <= YEARS[1]:
        raise Http404
    return Figure(kind, Period(first, last), area, profession)


# What the page shows: of each list of a kind how many rows it has and what they come to, and a page of one of them.


@dataclass(frozen=True)
class Part:
    """One list. `total` is what its rows come to, None if there are `more` than can be paged through."""

    source: Source
    label: str
    rows: int
    total: int | None
    more: bool
    may_see: bool


def part_of(source: Source, figure: Figure, user: Any) -> Part:
    """One statement."""
    found = figure.rows_of(source).order_by()[: MOST + 1].aggregate(rows=Count("pk"), total=Sum("number"))
    more = found["rows"] > MOST or (bool(source.session) and len(figure.sessions) > SESSIONS)
    total = None if more else found["total"] or 0
    return Part(source, str(source.label), min(found["rows"], MOST), total, more, user.has_perm(source.permission))


@dataclass(frozen=True)
class Line:
    """`href`: of its page on the staff site; `about`: what else says which row it is."""

    name: str
    href: str
    about: str
    at: str
    where: str
    profession: str
    number: int


def page_of(route: str, key: int) -> str:
    return reverse(f"staff:{route}_change", args=[key])


def of_booking(booking: Booking, about: str = "") -> tuple[str, str, str]:
    return booking.reference, page_of("bookings_booking", booking.pk), about


def of_session(session: OpenSession, about: str = "") -> tuple[str, str, str]:
    return session.reference, page_of("bookings_opensession", session.pk), about


def of_attendance(attendance: Attendance) -> tuple[str, str, str]:
    given = attendance.given
    return of_booking(given) if isinstance(given, Booking) else of_session(given)


def of_line(line: OrderLine) -> tuple[str, str, str]:
    return line.order.reference, page_of("leaflets_order", line.order_id), str(line.edition)


def of_import(count: ImportedCount) -> tuple[str, str, str]:
    return str(count.parent), page_of("professionals_import", count.parent_id), ""


# Of each model what is joined to a row, and what the row is called, its page and what it is about.
ROWS: dict[type[Model], tuple[tuple[str, ...], Callable[[Any], tuple[str, str, str]]]] = {
    Attendance: (("booking", "session"), of_attendance),
    AttendanceCount: (("attendance__booking", "attendance__session"), lambda count: of_attendance(count.attendance)),
    SessionPlace: (("session", "person"), lambda place: of_session(place.session, place.person.name)),
    Booking: ((), of_booking),
    OpenSession: ((), of_session),
    StockMovement: (
        ("order_line__order", "order_line__edition__leaflet"),
        lambda movement: of_line(movement.order_line),
    ),
    OrderLine: (("order", "edition__leaflet"), of_line),
    ImportedCount: (("parent",), of_import),
    Person: (("user",), lambda person: (person.name, page_of("professionals_person", person.pk), "")),
}


def lines_of(source: Source, rows: Any) -> list[Line]:
    """One statement."""
    joined, describe = ROWS[rows.model]
    found, lines = rows.annotate(at_=F(source.at)).select_related(*joined), []
    districts = area_by_key(Unit.DISTRICT)
    for row in found:
        name, href, about = describe(row)
        key = key_of(row.of_nation, row.of_authority)
        where = districts[key].name if key in districts else str(Nation(key).label) if key else _("Not known")
        profession = Profession(row.of_profession).label if row.of_profession else ""
        at = dateformat.format(row.at_, "F Y") if source.has_month else format_day(row.at_)
        lines.append(Line(name, href, about, at, where, str(profession), row.number))
    return lines


def part_asked(parts: Sequence[Part], slug: str) -> Part | None:
    """The list that is asked for, else the first that has rows. Raises Http404."""
    seen = [part for part in parts if part.may_see]
    if slug:
        seen = [part for part in seen if part.source.slug == slug]
        if not seen:
            raise Http404
    return next((part for part in seen if part.rows), seen[0] if seen else None)


@require_safe
def reach_rows(request: HttpRequest) -> HttpResponse:
    if not request.user.has_perm(VIEW_REACH):
        raise PermissionDenied
    figure, user = figure_asked(request.GET, timezone.now()), request.user
    parts = [part_of(source, figure, user) for source in sources_of(figure.kind)]
    shown, page = part_asked(parts, request.GET.get("list", "")), None
    if shown:
        paginator = Paginator(figure.rows_of(shown.source), PER_PAGE)
        paginator.count = shown.rows
        page = paginator.get_page(request.GET.get("p"))
    totals = [part.total for part in parts]
    now_in_rows = None if None in totals else sum(total or 0 for total in totals)
    address = rows_url(kind=figure.kind, period=figure.period, area=figure.area, profession=figure.profession)
    counted = counted_at()
    audit_note(request).what = address.partition("?")[2].replace("&", ", ").replace("=", " ")
    context = {
        **staff_site.each_context(request),
        "title": figure.kind.label,
        "figure": figure,
        "counted": counted and format_moment(counted),
        "now_in_rows": now_in_rows,
        "differs": now_in_rows is not None and now_in_rows != figure.count,
        "parts": parts,
        "shown": shown,
        "page": page,
        "lines": lines_of(shown.source, page.object_list) if shown and page else [],
        "address": address,
    }
    return TemplateResponse(request, "reach/staff/rows.html", context)


staff_site.add_page("reach/rows/", reach_rows, "reach_rows", gettext_lazy("What is behind a figure"))
