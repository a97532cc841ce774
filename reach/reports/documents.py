"""A report as files: the PDF that a funder gets, and the same figures as a spreadsheet."""

from collections.abc import Iterator, Mapping
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.dates import format_datetime
from core.pdf.typesetting import charity_line, printable_text, render_pdf
from reach.areas import Unit
from reach.coverage.shapes import hexagon_layout
from reach.models import Report
from reach.queries import Period
from reach.reports.queries import areas_by_nation, confidence_lines, has_withheld, main_lines, previous_period, profession_lines
from staff.spreadsheets import Cell, Heading, xlsx_chunks


def report_map_svg(figures: Mapping[str, Any]) -> SafeString:
    """The map as an SVG that needs no stylesheet: page and PDF have the same."""
    new, reached = (set(figures["areas"][name]) for name in ("new", "reached"))
    looks = [
        (shape, "new" if shape.area.code in new else "reached" if shape.area.code in reached else "")
        for shape in hexagon_layout(Unit.UPPER).shapes
    ]
    return render_to_string("reach/staff/includes/report_map.svg", {"layout": hexagon_layout(Unit.UPPER), "shapes": looks})


def report_context(report: Report) -> dict[str, Any]:
    """The words of page and PDF."""
    figures, period = report.figures, Period(report.first, report.last)
    assert report.counted_at is not None  # noqa: S101 - the figures are never without it
    return {
        "this": period.display_text,
        "before": previous_period(period).display_text,
        "counted": format_datetime(report.counted_at),
        "main": main_lines(figures),
        "professions": profession_lines(figures),
        "withheld": [
            _("“Withheld” means that the number is from 1 to 5, or that it would give such a number away."),
            _("It would do that beside a total, a change or an earlier report."),
        ]
        if has_withheld(figures)
        else [],
        "nations": areas_by_nation(figures),
        "confidence": confidence_lines(figures),
        "quotes": figures["quotes"],
        "map": report_map_svg(figures),
        "map_alt": _("Map: %(reached)s areas reached, of which %(new)s for the first time. The list below has their names.")
        % {"reached": f"{figures['reached'][0]:,}", "new": f"{figures['new'][0]:,}"},
    }


def report_pdf(report: Report) -> bytes:
    context = report_context(report)
    rows = {name: [[line.label, *line.texts] for line in context[name]] for name in ("main", "professions")}
    data = {
        **{name: context[name] for name in ("withheld", "map", "map_alt", "confidence")},
        **rows,
        "title": _("Report: %(months)s") % {"months": context["this"]},
        "centre": _("Child trafficking advice centre"),
        "counted": _("Counted on %(moment)s.") % {"moment": context["counted"]},
        "columns": [context["this"], context["before"], _("Change")],
        "nations": [[each.nation, ", ".join(each.new), ", ".join(each.others)] for each in context["nations"]],
        "quotes": [printable_text(quote) for quote in context["quotes"]],
        "words": pdf_labels(),
        "foot": charity_line(),
    }
    return render_pdf("funder-report", data, made_at=report.asked_at)


def pdf_labels() -> dict[str, str]:
    return {
        "main": _("What we did"),
        "what": _("What"),
        "reached": _("People reached are those who attended a presentation. Leaflets don’t count as reach."),
        "professions": _("People who attended, by profession"),
        "profession": _("Profession"),
        "areas": _("Areas reached"),
        "areas_explained": _(
            "An area is reached when somebody from there attended. Each hexagon is one county or upper-tier area."
        ),
        "key": _("Colours of the map"),
        "new": _("Reached for the first time"),
        "others": _("Reached before too"),
        "nobody": _("Not reached in these months"),
        "no_areas": _("We don’t know the area of anybody who attended."),
        "confidence": _("Confidence"),
        "confidence_asked": _("People say how confident they are that they would notice a trafficked child and know what to do."),
        "not_asked": _("Not asked yet, or fewer than 6 people have answered."),
        "quotes": _("What people said"),
        "quotes_allowed": _("Each writer lets us quote them without a name."),
        "private": _("Please don’t publish the map: it shows where we have not been."),
        "sources": _("Where the map comes from"),
        "source": _(
            "Hexagons: © 2017- Open Innovations, MIT licence. Those of counties began from them. "
            "Names of areas: Office for National Statistics licensed under the Open Government Licence v.3.0."
        ),
    }


WIDE_COLUMN_WIDTH, NARROW_COLUMN_WIDTH = 40, 22


def report_xlsx(report: Report) -> bytes:
    context = report_context(report)
    headings = [
        Heading(_("About"), NARROW_COLUMN_WIDTH),
        Heading(_("What"), WIDE_COLUMN_WIDTH),
        Heading(context["this"], NARROW_COLUMN_WIDTH),
        Heading(context["before"], NARROW_COLUMN_WIDTH),
        Heading(_("Change"), NARROW_COLUMN_WIDTH),
    ]
    return b"".join(xlsx_chunks(headings, xlsx_rows(context), name=_("Report")))


def xlsx_rows(context: Mapping[str, Any]) -> Iterator[list[Cell]]:
    words = pdf_labels()
    for name in ("main", "professions"):
        for line in context[name]:
            numbers = (line.this, line.before, line.change)
            yield [words[name], line.label, *(_("withheld") if number is None else number for number in numbers)]
    for each in context["nations"]:
        for label, names in ((words["new"], each.new), (words["others"], each.others)):
            yield from ([words["areas"], name, label, each.nation, None] for name in names)
    for label, answer in context["confidence"] or [(words["not_asked"], "")]:
        yield [words["confidence"], label, answer, None, None]
    for quote in context["quotes"]:
        yield [words["quotes"], quote, None, None, None]
    for sentence in (*context["withheld"], words["source"]):
        yield [_("Notes"), sentence, None, None, None]
    yield [_("Notes"), _("Counted"), context["counted"], None, None]
