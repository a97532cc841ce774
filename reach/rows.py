"""The rows behind a figure. A figure links to the address that `rows_url` makes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.core.paginator import Paginator
from django.db.models import Count, F, Model, Sum
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.http import urlencode
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from bookings.models import Attendance, AttendanceCount, Booking, OpenSession, SessionPlace, SessionState
from core.dates import format_day
from leaflets.models import OrderLine, StockMovement
from professionals.models import ImportedCount, Nation, Person, Profession
from reach.areas import Area, Unit, area_by_key, areas_of
from reach.models import CountKind, ReachCount
from reach.queries import Period, area_key, counted_text, month_text
from reach.sources import Source, area_filter, sources_of, starts_in_period
from staff.audit import audit_note
from staff.lists import MAX_COUNTED
from staff.site import staff_site

VIEW_REACH_PERMISSION = "reach.view_reach"
# In place of a code: no area, or a profession that nobody said.
NONE_CHOICE = "none"
ALLOWED_YEARS = (1990, 2100)  # that an address may ask for
PAGE_SIZE = 50
MAX_SESSIONS = 150  # the newest sessions; for each, the other people must be worked out


@dataclass(frozen=True)
class ReachFigure:
    """What was counted, where and when.

    `area`: None for everywhere; a unit for rows in none of its areas. `profession`: '' for everybody, NONE_CHOICE if nobody said.
    """

    kind: CountKind
    period: Period
    area: Area | Unit | None = None
    profession: str = ""

    @property
    def profession_filter(self) -> str | None:
        """The profession as rows have it; None for everybody."""
        return None if not self.profession else "" if self.profession == NONE_CHOICE else self.profession

    @cached_property
    def count(self) -> int:
        """The figure as the pages say it, from the counts. One statement."""
        counts = ReachCount.objects.filter(kind=self.kind).between(self.period.first, self.period.last).order_by()
        counts = counts.annotate(of_nation=F("nation"), of_authority=F("authority")).filter(area_filter(self.area))
        if self.profession_filter is not None:
            counts = counts.filter(profession=self.profession_filter)
        return counts.aggregate(total=Sum("count"))["total"] or 0

    @property
    def display_text(self) -> str:
        """'Leeds, March 2026, GP'."""
        where = _("In no such area") if isinstance(self.area, Unit) else self.area.name if self.area else _("Everywhere")
        facts = [where, self.period.display_text]
        if self.profession:
            facts.append(_("Profession not known") if self.profession == NONE_CHOICE else str(Profession(self.profession).label))
        return ", ".join(facts)

    def rows_of(self, source: Source) -> Any:
        rows = source.rows_of(self.period, self.area, self.profession_filter)
        if not source.session:
            return rows
        return rows.filter(**{f"{source.session}__in": self.sessions[:MAX_SESSIONS]})

    @cached_property
    def sessions(self) -> list[int]:
        """The newest sessions, as a list: for a subquery PostgreSQL would work out all sessions first. One statement."""
        if isinstance(self.area, Area):
            return []
        delivered = OpenSession.objects.filter(starts_in_period("starts_at", self.period), state=SessionState.DELIVERED)
        return list(delivered.order_by("-starts_at", "-pk").values_list("pk", flat=True)[: MAX_SESSIONS + 1])


def rows_url(*, kind: CountKind, period: Period, area: Area | Unit | None = None, profession: str = "") -> str:
    """The address of the page with the rows behind a figure: see Figure."""
    asked = {"kind": kind, "first": f"{period.first:%Y-%m}", "last": f"{period.last:%Y-%m}"}
    if isinstance(area, Area):
        asked |= {"unit": area.unit, "area": area.code}
    elif area:
        asked |= {"unit": area, "area": NONE_CHOICE}
    if profession:
        asked["profession"] = profession
    return f"{reverse('staff:reach_rows')}?{urlencode(asked)}"


def parse_figure(asked: QueryDict, now: datetime) -> ReachFigure:
    """The figure that the address names, else who attended in the last year. Raises Http404 for an address that is not ours."""
    if not asked:
        return ReachFigure(CountKind.ATTENDED, Period.last_months(12, now))
    try:
        first, last = (date.fromisoformat(f"{asked.get(name, '')}-01") for name in ("first", "last"))
        kind, code = CountKind(asked.get("kind", "")), asked.get("area", "")
        unit = Unit(asked.get("unit", "")) if code else None
        area = None if unit is None else unit if code == NONE_CHOICE else areas_of(unit)[code]
        profession = asked.get("profession", "")
        if profession not in ("", NONE_CHOICE):
            Profession(profession)
    except (ValueError, KeyError) as error:
        raise Http404 from error
    if first > last or not ALLOWED_YEARS[0] <= first.year <= last.year <= ALLOWED_YEARS[1]:
        raise Http404
    return ReachFigure(kind, Period(first, last), area, profession)


# The page shows the rows and total of each list of a kind, and one page of one list.


@dataclass(frozen=True)
class RowList:
    """One list. `total`: the sum of its rows, None if there are `more` rows than can be paged through."""

    source: Source
    label: str
    rows: int
    total: int | None
    more: bool
    may_see: bool


def build_row_list(source: Source, figure: ReachFigure, user: Any) -> RowList:
    """The list of this source for the figure. One statement."""
    found = figure.rows_of(source).order_by()[: MAX_COUNTED + 1].aggregate(rows=Count("pk"), total=Sum("number"))
    more = found["rows"] > MAX_COUNTED or (bool(source.session) and len(figure.sessions) > MAX_SESSIONS)
    total = None if more else found["total"] or 0
    return RowList(source, str(source.label), min(found["rows"], MAX_COUNTED), total, more, user.has_perm(source.permission))


@dataclass(frozen=True)
class RowLine:
    """`href`: of its page on the staff site; `about`: what else says which row it is."""

    name: str
    href: str
    about: str
    at: str
    where: str
    profession: str
    number: int


# Of each model what is joined to a row, the object whose page on the staff site it leads to, and what else it is about.
ROW_DETAILS_BY_MODEL: dict[type[Model], tuple[tuple[str, ...], Callable[[Any], tuple[Any, object]]]] = {
    Attendance: (("booking", "session"), lambda attendance: (attendance.given, "")),
    AttendanceCount: (("attendance__booking", "attendance__session"), lambda count: (count.attendance.given, "")),
    SessionPlace: (("session", "person"), lambda place: (place.session, place.person.name)),
    Booking: ((), lambda booking: (booking, "")),
    OpenSession: ((), lambda session: (session, "")),
    StockMovement: (
        ("order_line__order", "order_line__edition__leaflet"),
        lambda movement: (movement.order_line.order, movement.order_line.edition),
    ),
    OrderLine: (("order", "edition__leaflet"), lambda line: (line.order, line.edition)),
    ImportedCount: (("parent",), lambda count: (count.parent, "")),
    Person: (("user",), lambda person: (person, "")),
}


def build_row_lines(source: Source, rows: Any) -> list[RowLine]:
    """The rows as lines of the page. One statement."""
    joined, describe = ROW_DETAILS_BY_MODEL[rows.model]
    found, lines = rows.annotate(at_=F(source.at)).select_related(*joined), []
    districts = area_by_key(Unit.DISTRICT)
    for row in found:
        thing, about = describe(row)
        href = reverse(f"staff:{thing._meta.app_label}_{thing._meta.model_name}_change", args=[thing.pk])
        key = area_key(row.of_nation, row.of_authority)
        where = districts[key].name if key in districts else str(Nation(key).label) if key else _("Not known")
        profession = Profession(row.of_profession).label if row.of_profession else ""
        at = month_text(row.at_) if source.has_month else format_day(row.at_)
        lines.append(RowLine(str(thing), href, str(about), at, where, str(profession), row.number))
    return lines


@require_safe
@permission_required(VIEW_REACH_PERMISSION, raise_exception=True)
def reach_rows(request: HttpRequest) -> HttpResponse:
    """The list that is asked for, else the first that has rows."""
    figure = parse_figure(request.GET, timezone.now())
    parts = [build_row_list(source, figure, request.user) for source in sources_of(figure.kind)]
    seen, page = [part for part in parts if part.may_see], None
    if slug := request.GET.get("list", ""):
        seen = [part for part in seen if part.source.slug == slug]
        if not seen:
            raise Http404
    shown = next((part for part in seen if part.rows), seen[0] if seen else None)
    if shown:
        paginator = Paginator(figure.rows_of(shown.source), PAGE_SIZE)
        paginator.count = shown.rows
        page = paginator.get_page(request.GET.get("p"))
    totals = [part.total for part in parts]
    now_in_rows = None if None in totals else sum(total or 0 for total in totals)
    address = rows_url(kind=figure.kind, period=figure.period, area=figure.area, profession=figure.profession)
    audit_note(request).what = address.partition("?")[2].replace("&", ", ").replace("=", " ")
    context = {
        **staff_site.each_context(request),
        "title": figure.kind.label,
        "figure": figure,
        "counted": counted_text(),
        "now_in_rows": now_in_rows,
        "differs": now_in_rows is not None and now_in_rows != figure.count,
        "parts": parts,
        "shown": shown,
        "page": page,
        "lines": build_row_lines(shown.source, page.object_list) if shown and page else [],
        "address": address,
    }
    return TemplateResponse(request, "reach/staff/rows.html", context)


staff_site.add_page("reach/rows/", reach_rows, "reach_rows", gettext_lazy("What is behind a figure"))
