"""Where nobody has been: areas in the order in which they need us."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import dateformat, timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from ctac.dates import format_moment
from ctac.forms import PageForm
from ctac.staff.menu import PAGES, MenuPage
from ctac.staff.site import staff_site
from ctac.staff.spreadsheets import Cell, Heading
from leaflets.models import SheetForm
from leaflets.stock.admin import spreadsheet_response
from professionals.models import Nation
from reach.areas import ISLANDS, Area, Published, Unit, areas_of
from reach.gaps.queries import Gaps, RankedArea, months_between, read_gaps
from reach.queries import Period, counted_at

VIEW_REACH = "reach.view_reach"
PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Gaps first"), "staff:reach_gaps", VIEW_REACH))
MONTHS = [
    ("6", gettext_lazy("6 months")),
    ("12", gettext_lazy("12 months")),
    ("24", gettext_lazy("2 years")),
    ("36", gettext_lazy("3 years")),
]
# Why a figure is missing. Nothing is worked out from either.
WITHHELD, NOT_PUBLISHED = gettext_lazy("withheld"), gettext_lazy("not published")


class GapsForm(PageForm):
    """Each question has an answer before anybody asks: the page itself."""

    unit = forms.ChoiceField(label=gettext_lazy("Areas"), choices=Unit)
    months = forms.ChoiceField(label=gettext_lazy("Nobody has attended for"), choices=MONTHS)
    place = forms.ChoiceField(label=gettext_lazy("Where"), required=False)

    DEFAULTS = {"unit": Unit.UPPER.value, "months": "12", "place": ""}

    def __init__(self, data: dict[str, str], **kwargs: Any) -> None:
        super().__init__({**self.DEFAULTS, **{name: value for name, value in data.items() if value}}, **kwargs)
        regions = [(area.code, area.name) for area in areas_of(Unit.REGION).values() if area.region]
        choice = self.fields["place"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [("", _("Everywhere")), (_("Nations"), Nation.choices), (_("Regions of England"), regions)]

    @property
    def shown(self) -> dict[str, str]:
        """What was asked, where it can be answered."""
        self.is_valid()
        return {**self.DEFAULTS, **self.cleaned_data}


def check_sees_reach(request: HttpRequest) -> None:
    if not request.user.has_perm(VIEW_REACH):
        raise PermissionDenied


@require_safe
def gaps(request: HttpRequest) -> HttpResponseBase:
    check_sees_reach(request)
    now = timezone.now()
    form = GapsForm(request.GET.dict())
    shown = form.shown
    since = Period.last_months(int(shown["months"]), now).first
    found = read_gaps(Unit(shown["unit"]), since, now)
    ranked = {nation: [row for row in rows if is_in(row.area, shown["place"])] for nation, rows in found.ranked.items()}
    ranked = {nation: rows for nation, rows in ranked.items() if rows}
    if (file := request.GET.get("file", "")) in SheetForm.values:
        return spreadsheet_response("gaps", file, HEADINGS, sheet_rows(ranked, now), sheet=_("Gaps first"))
    context = {
        **staff_site.each_context(request),
        "title": _("Gaps first"),
        "form": form,
        "since": month_text(since),
        "nations": [nation_context(nation, rows, now) for nation, rows in ranked.items()],
        "unplaced": found.unplaced,
        "counted": counted_text(),
        "files": [(label, f"?{urlencode({**shown, 'file': value})}") for value, label in SheetForm.choices],
    }
    return TemplateResponse(request, "reach/staff/gaps.html", context)


def is_in(area: Area, place: str) -> bool:
    """`place`: a nation, a region of England, or empty for everywhere."""
    return not place or place in (area.nation, slugify(area.region))


@dataclass(frozen=True)
class Line:
    """An area in the ranking, in words."""

    ranked: RankedArea
    href: str
    children: str
    last: str
    ago: str
    trafficking: str


def nation_context(nation: Nation, rows: list[RankedArea], now: datetime) -> dict[str, Any]:
    """Its gaps and its other areas. `has_findings`: whether what was recorded about trafficking is published of any of them."""
    lines = [line_of(row, now) for row in rows]
    return {
        "nation": nation,
        "parts": [
            (_("Nobody has attended since"), [line for line in lines if line.ranked.is_gap]),
            (_("Somebody has attended since"), [line for line in lines if not line.ranked.is_gap]),
        ],
        "gaps": sum(row.is_gap for row in rows),
        "areas": len(rows),
        "under_16": any(row.area.published.under_16 for row in rows),
        "has_findings": any(row.area.published.assessments is not None for row in rows),
    }


def line_of(row: RankedArea, now: datetime) -> Line:
    area = row.area
    return Line(
        ranked=row,
        href=reverse("staff:reach_area", args=[area.unit, area.code]),
        children=children_text(area.published),
        last=month_text(row.last) if row.last else _("Never"),
        ago=ago_text(row.last, now) if row.last else "",
        trafficking=trafficking_text(area.published),
    )


def children_text(published: Published) -> str:
    return str(NOT_PUBLISHED) if published.children is None else f"{published.children:,}"


def trafficking_text(published: Published) -> str:
    """As its publisher's own row has it."""
    if published.trafficking_withheld:
        return str(WITHHELD)
    return str(NOT_PUBLISHED) if published.trafficking is None else f"{published.trafficking:,}"


def month_text(month: date) -> str:
    """'March 2026'."""
    return dateformat.format(month, "F Y")


def ago_text(month: date, now: datetime) -> str:
    months = months_between(month, now)
    if months <= 0:
        return _("this month")
    return ngettext("%(n)d month ago", "%(n)d months ago", months) % {"n": months}


def counted_text() -> str:
    """When the counts were made; empty before the first time."""
    moment = counted_at()
    return format_moment(moment) if moment else ""


HEADINGS = [
    Heading(gettext_lazy("Nation"), 18),
    Heading(gettext_lazy("Rank within the nation"), 20),
    Heading(gettext_lazy("Area"), 36),
    Heading(gettext_lazy("Code"), 12),
    Heading(gettext_lazy("Region"), 24),
    Heading(gettext_lazy("Children"), 12),
    Heading(gettext_lazy("Children are those under"), 22),
    Heading(gettext_lazy("Gap"), 8),
    Heading(gettext_lazy("Month in which anybody last attended"), 34),
    Heading(gettext_lazy("People who attended since"), 24),
    Heading(gettext_lazy("Recorded beside: assessments that found trafficking"), 46),
]


def sheet_rows(ranked: dict[Nation, list[RankedArea]], now: datetime) -> Iterator[list[Cell]]:
    for nation, rows in ranked.items():
        for row in rows:
            area, published = row.area, row.area.published
            yield [
                str(nation.label),
                row.rank,
                area.name,
                area.code,
                area.region,
                str(NOT_PUBLISHED) if published.children is None else published.children,
                None if published.children is None else 16 if published.under_16 else 18,
                _("Yes") if row.is_gap else _("No"),
                row.last or _("Never"),
                row.attended,
                trafficking_text(published) if published.trafficking is None else published.trafficking,
            ]


staff_site.add_page("reach/gaps/", gaps, "reach_gaps")
staff_site.add_page("reach/area/<slug:unit>/<slug:area>/", gaps, "reach_area")
