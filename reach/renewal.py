"""Awareness fades as people leave: estimates from turnover how many of the people reached are still in post.

The assumption, which the page states: people of every profession leave an area's posts each year at the rate at which its social
workers did in the last published year. Without a published turnover there is no estimate.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _, gettext_lazy
from django.views.decorators.http import require_safe

from audit.models import SpreadsheetFormat
from core.dates import uk_day
from professionals.models import Profession
from reach.areas import Area, MissingReason, Unit, areas_of
from reach.forms import QuestionForm
from reach.models import CountKind
from reach.queries import Period, counted_text, counts_by_area_and_month, months_between
from reach.rows import VIEW_REACH_PERMISSION, rows_url
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading, spreadsheet_response

MENU_PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Renewal"), "staff:reach_renewal", VIEW_REACH_PERMISSION))
DUE_BELOW_SHARE = 0.5


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
        return self.share is not None and self.share < DUE_BELOW_SHARE

    @property
    def due_text(self) -> str:
        """Empty where nobody can say."""
        return "" if self.share is None else _("Yes") if self.is_due else _("No")

    @property
    def period(self) -> Period:
        return Period(self.first, self.last)

    @property
    def turnover(self) -> str:
        """'11.5%', or why there is none."""
        published = self.area.published
        if published.turnover is None:
            return str(missing_reason(self.area).label)
        percent = f"{published.turnover:.1f}%"
        return _("%(percent)s, with a neighbour") % {"percent": percent} if published.joint else percent

    @property
    def people_in_post(self) -> int | None:
        return None if self.in_post is None else round(self.in_post)

    @property
    def percent(self) -> str:
        """Rounded down, so that what is under half never reads as half."""
        return "" if self.share is None else f"{int(self.share * 100)}%"


def estimate_renewal(area: Area, months: Mapping[date, int], now: datetime) -> Renewal | None:
    """Estimates how many are still in post of those who came in each month. None where nobody has come."""
    reached = {month: people for month, people in months.items() if people}
    if not reached:
        return None
    turnover, in_post = area.published.turnover, None
    if turnover is not None:
        staying, today = max(1 - turnover / 100, 0.0), uk_day(now)
        years = {month: max(months_between(month, today), 0) / 12 for month in reached}
        in_post = sum(people * staying ** years[month] for month, people in reached.items())
    return Renewal(area, sum(reached.values()), min(reached), max(reached), in_post)


def estimate_renewals(unit: Unit, now: datetime, profession: str = "") -> dict[str, Renewal]:
    """The estimate of each area where anybody has come, by its code, in the order of areas. One statement."""
    found = counts_by_area_and_month(CountKind.ATTENDED, unit, profession)
    estimates = {code: estimate_renewal(area, found[code], now) for code, area in areas_of(unit).items() if code in found}
    return {code: renewal for code, renewal in estimates.items() if renewal}


# The page: for each area that was reached, the share still in post, the smallest first.


class RenewalForm(QuestionForm):
    """Everybody who ever attended counts, so it asks only for profession and unit."""

    kind = period = first = last = measure = None  # type: ignore[assignment]


def missing_reason(area: Area) -> MissingReason:
    if area.published.social_workers == 0:
        return MissingReason.NOBODY
    return MissingReason.WITHHELD if area.has_own_return else MissingReason.NOT_PUBLISHED


def sort_by_share(found: Iterable[Renewal]) -> list[Renewal]:
    """The smallest share first; then areas without an estimate, where it was longest ago first."""
    return sorted(found, key=lambda renewal: (renewal.share is None, renewal.share or 0, renewal.last))


SHEET_HEADINGS = (
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


def renewal_rows(found: Iterable[Renewal]) -> Iterator[list[Cell]]:
    for each in found:
        months = [f"{month:%Y-%m}" for month in (each.first, each.last)]
        left = [each.turnover, each.people_in_post, each.percent, each.due_text]
        yield [each.area.name, each.area.code, each.area.where, each.reached, *months, *left]


@require_safe
@permission_required(VIEW_REACH_PERMISSION, raise_exception=True)
def renewal_page(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    form = RenewalForm(request.GET.dict(), now=now)
    question = form.question
    found = sort_by_share(estimate_renewals(question.unit, now, question.profession).values())
    if (file := request.GET.get("file", "")) in SpreadsheetFormat.values:
        name = _("Renewal")
        return spreadsheet_response(name.lower(), file, SHEET_HEADINGS, renewal_rows(found), sheet=name)
    asked: dict[str, Any] = {"kind": CountKind.ATTENDED, "profession": question.profession}
    context = {
        **staff_site.each_context(request),
        "title": _("Renewal"),
        "form": form,
        "lines": [(each, rows_url(period=each.period, area=each.area, **asked)) for each in found],
        "due": sum(each.is_due for each in found),
        "estimated": sum(each.share is not None for each in found),
        "own_profession": question.profession == Profession.SOCIAL_WORKER,
        "counted": counted_text(),
        "files": [(label, form.query(file=value)) for value, label in SpreadsheetFormat.choices],
    }
    return TemplateResponse(request, "reach/staff/renewal.html", context)


staff_site.add_page("reach/renewal/", renewal_page, "reach_renewal")
