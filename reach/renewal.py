"""Awareness fades as people leave: how many of those reached are still in post, as turnover lets us estimate.

What is assumed, and the page says so: people leave an area's posts each year as its social workers did in the last year of which
that is published, whatever their profession. Where no turnover is published or its publisher withheld it, nothing is estimated.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from ctac.dates import format_moment, uk_day
from ctac.staff.menu import PAGES, MenuPage
from ctac.staff.site import staff_site
from ctac.staff.spreadsheets import Cell, Heading
from leaflets.models import SheetForm
from leaflets.stock.admin import spreadsheet_response
from professionals.models import Profession
from reach.areas import Area, Unit, areas_of
from reach.coverage.queries import Missing, has_own_return
from reach.forms import QuestionForm
from reach.models import Kind
from reach.queries import Period, counted_at, counts_by_area_and_month
from reach.rows import VIEW_REACH, rows_url

PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Renewal"), "staff:reach_renewal", VIEW_REACH))
DUE_UNDER = 0.5


@dataclass(frozen=True)
class Renewal:
    """`reached`: people who attended, as often as they came. `in_post`: how many of them still are; None: nobody can say."""

    area: Area
    reached: int
    first: date
    last: date  # months, by their first days, of the first and the last who came
    in_post: float | None

    @property
    def share(self) -> float | None:
        return None if self.in_post is None else self.in_post / self.reached

    @property
    def is_due(self) -> bool:
        return self.share is not None and self.share < DUE_UNDER


def estimate(area: Area, months: Mapping[date, int], now: datetime) -> Renewal | None:
    """Of so many people who came in each month, by its first day. None where nobody has come."""
    reached = {month: people for month, people in months.items() if people}
    if not reached:
        return None
    turnover, in_post = area.published.turnover, None
    if turnover is not None:
        staying = max(1 - turnover / 100, 0.0)
        in_post = sum(people * staying ** years_since(month, now) for month, people in reached.items())
    return Renewal(area, sum(reached.values()), min(reached), max(reached), in_post)


def years_since(month: date, now: datetime) -> float:
    """In whole months."""
    today = uk_day(now)
    return max((today.year - month.year) * 12 + today.month - month.month, 0) / 12


def renewals(unit: Unit, now: datetime, profession: str = "") -> dict[str, Renewal]:
    """Of each area where anybody has come, by its code, in the order of areas. One statement."""
    found = counts_by_area_and_month(Kind.ATTENDED, unit, profession)
    estimates = {code: estimate(area, found[code], now) for code, area in areas_of(unit).items() if code in found}
    return {code: renewal for code, renewal in estimates.items() if renewal}


def due_for_renewal(unit: Unit, now: datetime, profession: str = "") -> list[Renewal]:
    """Areas where we estimate that under half of those who came are still in post, the smallest share first. One statement."""
    due = [renewal for renewal in renewals(unit, now, profession).values() if renewal.is_due]
    return sorted(due, key=lambda renewal: renewal.share or 0)


# The page: of each area that was reached what is left of it, the least first.


class RenewalForm(QuestionForm):
    """Everybody who ever attended counts: when, and what else, is not asked."""

    first = last = None  # type: ignore[assignment]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in self.fields.keys() - {"profession", "unit"}:
            del self.fields[name]


@dataclass(frozen=True)
class Line:
    """An area as the table and the files say it."""

    renewal: Renewal
    profession: str

    @property
    def area(self) -> Area:
        return self.renewal.area

    @property
    def href(self) -> str:
        return reverse("staff:reach_area", args=[self.area.unit, self.area.code])

    @property
    def rows_href(self) -> str:
        return rows_url(kind=Kind.ATTENDED, period=self.period, area=self.area, profession=self.profession)

    @property
    def period(self) -> Period:
        return Period(self.renewal.first, self.renewal.last)

    @property
    def where(self) -> str:
        return self.area.region or str(self.area.nation.label)

    @property
    def turnover(self) -> str:
        """'11.5%', or why there is none."""
        published = self.area.published
        if published.turnover is None:
            return str(why_missing(self.area).label)
        percent = f"{published.turnover:.1f}%"
        return _("%(percent)s, with a neighbour") % {"percent": percent} if published.joint else percent

    @property
    def in_post(self) -> int | None:
        return None if self.renewal.in_post is None else round(self.renewal.in_post)

    @property
    def percent(self) -> str:
        """Rounded down, so that what is under half never reads as half."""
        return "" if self.renewal.share is None else f"{int(self.renewal.share * 100)}%"


def why_missing(area: Area) -> Missing:
    if area.published.social_workers == 0:
        return Missing.NOBODY
    return Missing.WITHHELD if has_own_return(area) else Missing.NOT_PUBLISHED


def least_left_first(found: Iterable[Renewal]) -> list[Renewal]:
    """Then those of which nothing can be estimated, where it was longest ago first."""
    return sorted(found, key=lambda renewal: (renewal.share is None, renewal.share or 0, renewal.last))


HEADINGS = (
    Heading(gettext_lazy("Area"), 30),
    Heading(gettext_lazy("Code"), 12),
    Heading(gettext_lazy("Region or nation"), 24),
    Heading(gettext_lazy("People who attended"), 12),
    Heading(gettext_lazy("First month"), 16),
    Heading(gettext_lazy("Last month"), 16),
    Heading(gettext_lazy("Turnover of social workers in a year"), 24),
    Heading(gettext_lazy("Still in post (estimate)"), 14),
    Heading(gettext_lazy("Share still in post (estimate)"), 14),
    Heading(gettext_lazy("Due for renewal"), 10),
)


def sheet_rows(lines: Iterable[Line]) -> Iterator[list[Cell]]:
    for line in lines:
        renewal = line.renewal
        due = "" if renewal.share is None else _("Yes") if renewal.is_due else _("No")
        months = [f"{month:%Y-%m}" for month in (renewal.first, renewal.last)]
        where = [line.area.name, line.area.code, line.where]
        yield [*where, renewal.reached, *months, line.turnover, line.in_post, line.percent, due]


@require_safe
def renewal_page(request: HttpRequest) -> HttpResponseBase:
    if not request.user.has_perm(VIEW_REACH):
        raise PermissionDenied
    now = timezone.now()
    form = RenewalForm(request.GET.dict(), now=now)
    question = form.question
    found = least_left_first(renewals(question.unit, now, question.profession).values())
    lines = [Line(renewal, question.profession) for renewal in found]
    if (file := request.GET.get("file", "")) in SheetForm.values:
        name = _("Renewal")
        return spreadsheet_response(name.lower(), file, HEADINGS, sheet_rows(lines), sheet=name)
    moment = counted_at()
    context = {
        **staff_site.each_context(request),
        "title": _("Renewal"),
        "form": form,
        "lines": lines,
        "due": sum(line.renewal.is_due for line in lines),
        "estimated": sum(line.renewal.share is not None for line in lines),
        "own_profession": question.profession == Profession.SOCIAL_WORKER,
        "counted": format_moment(moment) if moment else "",
        "files": [(label, form.query(file=value)) for value, label in SheetForm.choices],
    }
    return TemplateResponse(request, "reach/staff/renewal.html", context)


staff_site.add_page("reach/renewal/", renewal_page, "reach_renewal")
