"""The coverage map of the staff site: the answer to a question as a map, a table and files."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from django import forms
from django.contrib.auth.decorators import permission_required
from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _, gettext_lazy, ngettext_lazy
from django.views.decorators.http import require_safe

from audit.models import SpreadsheetFormat
from reach.areas import ISLANDS, Unit
from reach.coverage.queries import DECIMAL_PLACES, AreaFigure, Coverage, class_limits, read_coverage
from reach.coverage.shapes import HEXAGONS, Layout, Shape, boundary_layout, hexagon_layout
from reach.forms import Measure, Question, QuestionForm
from reach.models import CountKind
from reach.queries import counted_text
from reach.rows import VIEW_REACH_PERMISSION, rows_url
from staff.menu import MENU_PAGES, MenuPage
from staff.site import staff_site
from staff.spreadsheets import Cell, Heading, spreadsheet_response

MENU_PAGES.append(MenuPage(gettext_lazy("Reach"), gettext_lazy("Coverage"), "staff:reach_coverage", VIEW_REACH_PERMISSION))
COUNT_TEXT_BY_KIND = {
    CountKind.ATTENDED: ngettext_lazy("%(figure)s person who attended", "%(figure)s people who attended", "n"),
    CountKind.PRESENTATIONS: ngettext_lazy("%(figure)s presentation", "%(figure)s presentations", "n"),
    CountKind.PLACES: ngettext_lazy("%(figure)s place taken at open sessions", "%(figure)s places taken at open sessions", "n"),
    CountKind.LEAFLETS: ngettext_lazy("%(figure)s leaflet sent", "%(figure)s leaflets sent", "n"),
    CountKind.SIGNED_UP: ngettext_lazy("%(figure)s professional signed up", "%(figure)s professionals signed up", "n"),
}
RATE_TEXT_BY_MEASURE = {
    Measure.PER_CHILDREN: gettext_lazy("%(area)s: %(rate)s for each 10,000 children, from %(counted)s"),
    Measure.PER_SOCIAL_WORKER: gettext_lazy("%(area)s: %(rate)s for each social worker, from %(counted)s"),
}
BASE_LABEL_BY_MEASURE = {
    Measure.PER_CHILDREN: gettext_lazy("Children"),
    Measure.PER_SOCIAL_WORKER: gettext_lazy("Social workers"),
}
CLASS_NAMES = [gettext_lazy("Lowest"), gettext_lazy("Low"), gettext_lazy("Middle"), gettext_lazy("High"), gettext_lazy("Highest")]
NO_AREA_LABEL = gettext_lazy("Online for everybody, or we don’t know where")


class MapStyle(models.TextChoices):
    HEXAGONS = "hexagons", gettext_lazy("Hexagons of one size")
    GEOGRAPHIC = "geographic", gettext_lazy("Geographic")


class CoverageForm(QuestionForm):
    map = forms.ChoiceField(label=gettext_lazy("Map"), choices=MapStyle)

    DEFAULTS: ClassVar[Mapping[str, str]] = {**QuestionForm.DEFAULTS, "map": MapStyle.HEXAGONS}

    @property
    def layout(self) -> Layout:
        unit = self.question.unit
        is_geographic = self.cleaned_data.get("map") == MapStyle.GEOGRAPHIC or unit not in HEXAGONS
        return boundary_layout(unit) if is_geographic else hexagon_layout(unit)


@require_safe
@permission_required(VIEW_REACH_PERMISSION, raise_exception=True)
def coverage(request: HttpRequest) -> HttpResponseBase:
    form = CoverageForm(request.GET.dict(), now=timezone.now())
    question, sort = form.question, request.GET.get("sort", "")
    found = read_coverage(question)
    figures = sorted_figures(found.figures, sort)
    if (file := request.GET.get("file", "")) in SpreadsheetFormat.values:
        name = _("Coverage")
        return spreadsheet_response(name.lower(), file, sheet_headings(question), coverage_rows(found, figures), sheet=name)
    asked: dict[str, Any] = {"kind": question.kind, "period": question.period, "profession": question.profession}
    layout = form.layout
    areas, some = len(figures), sum(figure.count > 0 for figure in figures)
    context = {
        **staff_site.each_context(request),
        "title": _("Coverage"),
        "form": form,
        "asked": f"{question.period.display_text} · {question.profession_text}",
        "total": count_text(question.kind, found.total),
        "everywhere": found.total,
        "total_href": rows_url(**asked),
        "reached": _("Areas with some: %(some)s of %(areas)s. Areas with none: %(none)s.")
        % {"some": some, "areas": areas, "none": areas - some},
        "is_leaflets": question.kind == CountKind.LEAFLETS,
        "nowhere": found.nowhere,
        "nowhere_href": rows_url(area=question.unit, **asked),
        "no_area": NO_AREA_LABEL,
        "layout": layout,
        "is_hexagonal": layout.borders != "",
        "places": map_places(found, layout),
        "legend": legend_entries(found),
        "columns": table_columns(question, sort, form),
        "lines": [(figure, rows_url(area=figure.area, **asked) if figure.count else "", rate_text(figure)) for figure in figures],
        "base": BASE_LABEL_BY_MEASURE.get(question.measure, ""),
        "measure": question.measure,
        "under_16": any(figure.area.published.under_16 for figure in figures),
        "counted": counted_text(),
        "files": [(label, form.query(file=value, sort=sort)) for value, label in SpreadsheetFormat.choices],
    }
    return TemplateResponse(request, "reach/staff/coverage.html", context)


# In words.


def count_text(kind: CountKind, count: int) -> str:
    """'1,234 people who attended'."""
    return str(COUNT_TEXT_BY_KIND[kind] % {"n": count, "figure": f"{count:,}"})


def limit_text(value: float) -> str:
    """'0.5', '20', '1,000'."""
    return f"{value:,.2f}".rstrip("0").removesuffix(".")


def short_figure_text(figure: AreaFigure) -> str:
    """About four characters, for a hexagon: '124', '1.2k', '12k', '0.35'."""
    if figure.value is None:
        return ""
    digits = DECIMAL_PLACES[figure.measure]
    if figure.count and not figure.value:
        return f"<{10.0**-digits:g}"
    for size, letter in ((1e6, "m"), (1e3, "k")):
        if figure.value >= size * 0.9995:
            return f"{figure.value / size:.{int(figure.value < size * 9.95)}f}{letter}"
    return f"{figure.value:.{digits if figure.count and figure.value < 100 else 0}f}"


def rate_text(figure: AreaFigure) -> str:
    """'12.3', 'less than 0.1', or why there is none."""
    if figure.value is None:
        return str(figure.missing.label) if figure.missing else ""
    digits = DECIMAL_PLACES[figure.measure]
    if figure.count and not figure.value:
        return _("less than %(least)s") % {"least": limit_text(10.0**-digits)}
    return f"{figure.value:,.{digits}f}"


SORT_KEYS: Mapping[str, Any] = {
    "name": lambda figure: figure.area.name.casefold(),
    "where": lambda figure: figure.area.where,
    "number": lambda figure: figure.count,
    "base": lambda figure: figure.base,
    "rate": lambda figure: figure.value,
}


def sorted_figures(figures: Sequence[AreaFigure], sort: str) -> Sequence[AreaFigure]:
    """Sorted by one column, or downwards with a '-' before it; areas without a figure come last. Else nation by nation."""
    key = SORT_KEYS.get(sort.removeprefix("-"))
    if key is None:
        return figures
    have = sorted((figure for figure in figures if key(figure) is not None), key=key, reverse=sort.startswith("-"))
    return have + [figure for figure in figures if key(figure) is None]


@dataclass(frozen=True)
class Column:
    label: str
    href: str
    sorted: str  # as aria-sort has it; empty if it isn't
    is_number: bool


def table_columns(question: Question, sort: str, form: CoverageForm) -> list[Column]:
    labels: dict[str, str | Promise] = {
        "name": Unit(question.unit).label,
        "where": _("Region or nation"),
        "number": CountKind(question.kind).label,
    }
    if question.measure != Measure.NUMBER:
        labels |= {"base": BASE_LABEL_BY_MEASURE[question.measure], "rate": question.measure.label}
    found = []
    for name, label in labels.items():
        is_number = name not in ("name", "where")
        upwards, downwards = name, f"-{name}"
        # A number column sorts downwards first.
        other = {upwards: downwards, downwards: upwards}.get(sort, downwards if is_number else upwards)
        order = {upwards: "ascending", downwards: "descending"}.get(sort, "")
        found.append(Column(str(label), f"{form.query(sort=other)}#table", order, is_number))
    return found


# The map.


@dataclass(frozen=True)
class MapPlace:
    """A shape on the map with what it says. `look`: its class from 0 to 5, or 'none'. `name`: of an island, written below it."""

    shape: Shape
    look: str
    label: str
    text: str
    name: str


def map_places(found: Coverage, layout: Layout) -> list[MapPlace]:
    figures = {figure.area.code: figure for figure in found.figures}
    drawn = []
    for shape in layout.shapes:
        figure = figures[shape.area.code]
        look, text = found.class_number(figure), short_figure_text(figure) if shape.text_at else ""
        name = figure.area.name if figure.area.nation in ISLANDS else ""
        drawn.append(MapPlace(shape, "none" if look is None else str(look), area_label(found.question, figure), text, name))
    return drawn


def area_label(question: Question, figure: AreaFigure) -> str:
    """'Leeds: 124 people who attended'."""
    counted = count_text(question.kind, figure.count)
    if question.measure == Measure.NUMBER:
        return f"{figure.area.name}: {counted}"
    return str(RATE_TEXT_BY_MEASURE[question.measure] % {"area": figure.area.name, "rate": rate_text(figure), "counted": counted})


@dataclass(frozen=True)
class LegendEntry:
    look: str
    name: str
    limits: str
    areas: int


def legend_entries(found: Coverage) -> Iterator[LegendEntry]:
    """Each class with its limits and its number of areas, and separately the areas with nothing, or with no figure."""
    looks = [found.class_number(figure) for figure in found.figures]
    yield LegendEntry("0", _("Nothing"), "0", looks.count(0))
    limits = class_limits(found.bounds, DECIMAL_PLACES[found.question.measure])
    for number, (name, (least, most)) in enumerate(zip(CLASS_NAMES, limits, strict=True), 1):
        facts = {"least": limit_text(least), "most": limit_text(most or 0)}
        if most is None:
            text = _("%(least)s or more") % facts
        else:
            text = facts["least"] if least == most else _("%(least)s to %(most)s") % facts
        yield LegendEntry(str(number), str(name), text, looks.count(number))
    if None in looks:
        yield LegendEntry("none", _("No figure"), _("withheld or not published"), looks.count(None))


# The files.


def sheet_headings(question: Question) -> list[Heading]:
    headings = [
        Heading(_("Area"), 34),
        Heading(_("Code"), 12),
        Heading(_("Nation"), 16),
        Heading(_("Region"), 24),
        Heading(_("From month"), 12),
        Heading(_("To month"), 12),
        Heading(_("Profession"), 24),
        Heading(CountKind(question.kind).label, 26),
    ]
    if question.measure != Measure.NUMBER:
        headings += [Heading(BASE_LABEL_BY_MEASURE[question.measure], 16), Heading(Measure(question.measure).label, 28)]
    if question.measure == Measure.PER_CHILDREN:
        headings.append(Heading(_("Children are those under"), 22))
    return headings


def coverage_rows(found: Coverage, figures: Sequence[AreaFigure]) -> Iterator[list[Cell]]:
    question = found.question
    asked: list[Cell] = [question.period.first, question.period.last, question.profession_text]
    more = {Measure.NUMBER: 0, Measure.PER_CHILDREN: 3, Measure.PER_SOCIAL_WORKER: 2}[question.measure]
    for figure in figures:
        area = figure.area
        row: list[Cell] = [area.name, area.code, str(area.nation.label), area.region, *asked, figure.count]
        under = None if figure.base is None else 16 if area.published.under_16 else 18
        is_text = figure.value is None or (figure.count and not figure.value)
        yield [*row, *[figure.base, rate_text(figure) if is_text else figure.value, under][:more]]
    for name, count in ((NO_AREA_LABEL, found.nowhere), (_("Everywhere"), found.total)):
        yield [str(name), "", "", "", *asked, count, *[None] * more]


staff_site.add_page("reach/coverage/", coverage, "reach_coverage")
