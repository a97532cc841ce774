"""Where nobody has been: areas by how much they need us, and a page for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django import forms
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _, gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from audit.models import SpreadsheetFormat
from core.dates import add_months, uk_day
from core.forms import PageForm
from professionals.models import Nation, Profession
from reach.areas import Area, Unit, areas_of, current_code
from reach.forms import ALL_CHOICE, QuestionForm
from reach.gaps.queries import (
    LARGE_UNITS,
    MAX_CONTACTS,
    AreaFigures,
    RankedArea,
    last_contacts,
    nearest_presenters,
    read_area_figures,
    read_gaps,
    smaller_areas,
    upcoming_bookings,
    upcoming_sessions,
)
from reach.models import CountKind
from reach.queries import Period, counted_text, month_text, months_between
from reach.renewal import Renewal, estimate_renewal, estimate_renewals
from reach.rows import NONE_CHOICE, VIEW_REACH_PERMISSION, rows_url
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading, spreadsheet_response

# Before the map, since it says what to do.
MENU_PAGES.insert(0, MenuPage(gettext_lazy("Reach"), gettext_lazy("Gaps first"), "staff:reach_gaps", VIEW_REACH_PERMISSION))
MONTH_CHOICES = [
    ("6", gettext_lazy("6 months")),
    ("12", gettext_lazy("12 months")),
    ("24", gettext_lazy("2 years")),
    ("36", gettext_lazy("3 years")),
]
MAX_MONTHS_SHOWN = 36
MAX_AREAS_SHOWN = 20  # of each nation, until one nation or region is chosen
MIN_MONTHS_SHOWN_AS_YEARS = 24  # from here we speak of years


class GapsForm(PageForm):
    """Every question has a default, so the page has an answer when it opens."""

    unit = forms.ChoiceField(label=gettext_lazy("Areas"), choices=Unit)
    months = forms.ChoiceField(label=gettext_lazy("Nobody has attended for"), choices=MONTH_CHOICES)
    place = forms.ChoiceField(label=gettext_lazy("Where"))

    DEFAULTS = {"unit": Unit.UPPER.value, "months": "12", "place": ALL_CHOICE}

    def __init__(self, data: dict[str, str], **kwargs: Any) -> None:
        super().__init__({**self.DEFAULTS, **{name: value for name, value in data.items() if value}}, **kwargs)
        regions = [(area.code, area.name) for area in areas_of(Unit.REGION).values() if area.region]
        choice = self.fields["place"]
        assert isinstance(choice, forms.ChoiceField)  # noqa: S101 - tells the type checker what stands above
        choice.choices = [(ALL_CHOICE, _("Everywhere")), (_("Nations"), Nation.choices), (_("Regions of England"), regions)]

    @property
    def shown(self) -> dict[str, str]:
        """What was asked, as far as it can be answered."""
        self.is_valid()
        return {**self.DEFAULTS, **self.cleaned_data}


@require_safe
@permission_required(VIEW_REACH_PERMISSION, raise_exception=True)
def gaps(request: HttpRequest) -> HttpResponseBase:
    now = timezone.now()
    form = GapsForm(request.GET.dict())
    shown = form.shown
    unit, since = Unit(shown["unit"]), Period.last_months(int(shown["months"]), now).first
    period = Period(since, uk_day(now).replace(day=1))
    found, renewal = read_gaps(unit, period), estimate_renewals(unit, now)
    ranked: dict[Nation, list[RankedArea]] = {}
    for nation, rows in found.ranked.items():
        # Everywhere, in a nation, or in a region of England.
        if chosen := [row for row in rows if shown["place"] in (ALL_CHOICE, nation, slugify(row.area.region))]:
            ranked[nation] = chosen
    if (file := request.GET.get("file", "")) in SpreadsheetFormat.values:
        return spreadsheet_response("gaps", file, SHEET_HEADINGS, gap_rows(ranked, renewal), sheet=_("Gaps first"))
    context = {
        **staff_site.each_context(request),
        "title": _("Gaps first"),
        "form": form,
        "since": month_text(since),
        "nations": [
            nation_context(nation, [build_gap_line(row, period, renewal, now) for row in rows], shown)
            for nation, rows in ranked.items()
        ],
        "unplaced": found.unplaced,
        "unplaced_rows": rows_url(kind=CountKind.ATTENDED, period=period, area=unit),
        "counted": counted_text(),
        "files": [(label, f"?{urlencode({**shown, 'file': value})}") for value, label in SpreadsheetFormat.choices],
    }
    return TemplateResponse(request, "reach/staff/gaps.html", context)


@dataclass(frozen=True)
class GapLine:
    """An area in the ranking, in words. `rows`: the address of those who attended."""

    ranked: RankedArea
    rows: str
    last: str
    ago: str
    is_due: bool


def nation_context(nation: Nation, lines: list[GapLine], shown: dict[str, str]) -> dict[str, Any]:
    """The nation's gaps and its other areas; if all nations are shown, only the first of them.

    `has_findings`: whether any of its areas publishes figures about trafficking.
    """
    published = [line.ranked.area.published for line in lines]
    first = lines[:MAX_AREAS_SHOWN] if shown["place"] == ALL_CHOICE else lines
    return {
        "nation": nation,
        "parts": [
            (_("Nobody has attended since"), [line for line in first if line.ranked.is_gap]),
            (_("Somebody has attended since"), [line for line in first if not line.ranked.is_gap]),
        ],
        "gaps": sum(line.ranked.is_gap for line in lines),
        "areas": len(lines),
        "all_areas": "" if first == lines else f"?{urlencode({**shown, 'place': nation.value})}",
        "under_16": any(each.under_16 for each in published),
        "has_findings": any(each.assessments is not None for each in published),
    }


def build_gap_line(row: RankedArea, period: Period, renewal: Mapping[str, Renewal], now: datetime) -> GapLine:
    return GapLine(
        ranked=row,
        rows=rows_url(kind=CountKind.ATTENDED, period=period, area=row.area) if row.attended else "",
        last=month_text(row.last),
        ago=ago_text(row.last, now) if row.last else "",
        is_due=row.area.code in renewal and renewal[row.area.code].is_due,
    )


def ago_text(month: date, now: datetime) -> str:
    months = months_between(month, uk_day(now))
    if months <= 0:
        return _("this month")
    if months < MIN_MONTHS_SHOWN_AS_YEARS:
        return ngettext("%(n)d month ago", "%(n)d months ago", months) % {"n": months}
    return _("%(n)d years ago") % {"n": months // 12}


SHEET_HEADINGS = [
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
    Heading(gettext_lazy("Due for renewal"), 16),
    Heading(gettext_lazy("Recorded beside: assessments that found trafficking"), 46),
]


def gap_rows(ranked: dict[Nation, list[RankedArea]], renewal: Mapping[str, Renewal]) -> Iterator[list[Cell]]:
    for nation, rows in ranked.items():
        for row in rows:
            area, published, left = row.area, row.area.published, renewal.get(row.area.code)
            yield [
                str(nation.label),
                row.rank,
                area.name,
                area.code,
                area.region,
                published.children_text if published.children is None else published.children,
                None if published.children is None else 16 if published.under_16 else 18,
                _("Yes") if row.is_gap else _("No"),
                row.last or _("Never"),
                row.attended,
                left.due_text if left else "",
                published.trafficking_text if published.trafficking is None else published.trafficking,
            ]


# One area.


class AreaForm(QuestionForm):
    """Asks for months alone: the page has all kinds and professions."""

    kind = profession = unit = measure = None  # type: ignore[assignment]


@require_safe
@permission_required(VIEW_REACH_PERMISSION, raise_exception=True)
def area_page(request: HttpRequest, unit: str, area: str) -> HttpResponse:
    """Everything that helps to decide what to do there: what was done, for whom, who is there, and who could go."""
    if unit not in Unit.values or (found := areas_of(Unit(unit)).get(current_code(area))) is None:
        raise Http404
    now, user = timezone.now(), request.user
    form = AreaForm(request.GET.dict(), now=now)
    period = form.question.period
    figures = read_area_figures(found, period)
    context = {
        **staff_site.each_context(request),
        "title": found.name,
        "area": found,
        "form": form,
        "period": period.display_text,
        "last": f"{month_text(figures.last)}, {ago_text(figures.last, now)}" if figures.last else "",
        "renewal": estimate_renewal(found, figures.by_month, now),
        "kinds": [(kind, figures.totals.get(kind, 0), rows_url(kind=kind, period=period, area=found)) for kind in CountKind],
        "professions": list(profession_lines(found, figures)),
        "never": [str(each.label) for each in Profession if each not in figures.attended and each != Profession.OTHER],
        "months": month_lines(found, figures, now),
        "smaller": [(each, month_text(last)) for each, last in smaller_areas(found)],
        "counted": counted_text(),
        "is_large": found.unit in LARGE_UNITS,
        **{f"sees_{name}": user.has_perm(permission) for name, permission in VIEW_PERMISSIONS.items()},
    }
    if found.unit not in LARGE_UNITS:
        context |= local_context(found, user, now)
    return TemplateResponse(request, "reach/staff/area.html", context)


VIEW_PERMISSIONS = {
    "organisations": "professionals.view_organisation",
    "presenters": "bookings.view_presenter",
    "bookings": "bookings.view_booking",
    "sessions": "bookings.view_opensession",
    "invites": "reach.invite",
}


def local_context(area: Area, user: Any, now: datetime) -> dict[str, Any]:
    """Who is there and who could go, as far as this colleague may see it."""
    return {
        "contacts": last_contacts(area, user),
        "most_contacts": MAX_CONTACTS,
        "presenters": nearest_presenters(area, now) if user.has_perm(VIEW_PERMISSIONS["presenters"]) else [],
        "bookings": upcoming_bookings(area, now) if user.has_perm(VIEW_PERMISSIONS["bookings"]) else [],
        "sessions": upcoming_sessions(area, now) if user.has_perm(VIEW_PERMISSIONS["sessions"]) else [],
    }


def profession_lines(area: Area, figures: AreaFigures) -> Iterator[tuple[str, int, str, str]]:
    """Each profession's name, how many attended in the period, the rows behind that, and the last month in which any did."""
    unsaid, period = [("", _("Nobody said"))] if "" in figures.attended else [], figures.period
    for profession, label in [*Profession.choices, *unsaid]:
        months = figures.attended.get(profession, {})
        people = sum(people for month, people in months.items() if month in period)
        rows = rows_url(kind=CountKind.ATTENDED, period=period, area=area, profession=profession or NONE_CHOICE)
        yield str(label), people, rows, month_text(max(months, default=None))


def month_lines(area: Area, figures: AreaFigures, now: datetime) -> list[tuple[str, int, str, int]]:
    """The period's latest months, each with its name, people, the rows behind that, and the width of its bar in percent."""
    last = min(figures.period.last, uk_day(now).replace(day=1))
    shown = min(months_between(figures.period.first, last) + 1, MAX_MONTHS_SHOWN)
    months = [add_months(last, -ago) for ago in range(shown)]
    by_month = figures.by_month
    most = max((by_month[month] for month in months), default=0) or 1
    return [
        (
            month_text(month),
            people := by_month[month],
            rows_url(kind=CountKind.ATTENDED, period=Period(month, month), area=area),
            round(100 * people / most),
        )
        for month in months
    ]


staff_site.add_page("reach/gaps/", gaps, "reach_gaps")
staff_site.add_page("reach/area/<slug:unit>/<slug:area>/", area_page, "reach_area", gettext_lazy("One area"))
