"""The list by which a session's leaflets are taken from the shelves: read at arm's length, ticked with a pen."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ctac.uk import format_clock, format_day
from leaflets.prints.inputs import Pick
from leaflets.prints.paper import BRAND, HAIRLINE, LEADING, PAPER, QUIET, WASH, PrintPdf
from leaflets.tagged_pdf import MM_A_POINT

EDGE, RIGHT = 15, 195
TOP, BOTTOM, FOOT = 14, 278, 284
TICK = 7  # mm, a side of the box
WORDS, FIGURES, HEADS = 14, 20, 11  # points
ABOVE = 2.6  # mm in a row, above its text and below
HEAD_ROW = 9
COLUMN, ACROSS = "<</O /Table /Scope /Column>>", "<</O /Table /ColSpan 3>>"


@dataclass(frozen=True)
class Column:
    x: float
    width: float
    right: bool = False


DONE, COPIES, TITLE, EDITION, ORDERS = (
    Column(EDGE + 2, 12),
    Column(29, 22, right=True),
    Column(57, 78),
    Column(139, 34),
    Column(174, 19, right=True),
)


def pick_list(picks: Iterable[Pick], *, heading: str, made_at: datetime) -> IO[bytes]:
    """A PDF to walk along the shelves with: what to take, in the order given, and the totals."""
    rows = list(picks)
    with PrintPdf(title=heading, made_at=made_at) as pdf:
        pages = _pages_of(pdf, rows, heading)
        for number, page in enumerate(pages, start=1):
            pdf.add_page()
            y = _heading(pdf, heading, rows, made_at) if number == 1 else TOP
            if rows:
                _table(pdf, page, y, totals=rows if number == len(pages) else [])
            _foot(pdf, heading, number, len(pages))
        return pdf.written()


def _pages_of(pdf: PrintPdf, rows: Sequence[Pick], heading: str) -> list[list[Pick]]:
    """Which rows stand on which page. The totals stay with the last of them."""
    pages: list[list[Pick]] = [[]]
    y = _below_heading(pdf, heading) + HEAD_ROW
    for place, row in enumerate(rows, start=1):
        height = _height_of(pdf, row)
        needed = height + (HEAD_ROW + 6 if place == len(rows) else 0)
        if pages[-1] and y + needed > BOTTOM:
            pages.append([])
            y = TOP + HEAD_ROW
        pages[-1].append(row)
        y += height
    return pages


def _height_of(pdf: PrintPdf, row: Pick) -> float:
    columns = ((row.title, TITLE), (row.edition, EDITION))
    lines = max(pdf.lines_of(text, size=WORDS, width=column.width) for text, column in columns)
    return max(TICK + 4, lines * WORDS * LEADING * MM_A_POINT + 2 * ABOVE)


def _below_heading(pdf: PrintPdf, heading: str) -> float:
    return TOP + pdf.lines_of(heading, size=22, width=RIGHT - EDGE, bold=True) * 22 * LEADING * MM_A_POINT + 18


def _heading(pdf: PrintPdf, heading: str, rows: Sequence[Pick], made_at: datetime) -> float:
    y = pdf.say("H1", heading, EDGE, TOP, width=RIGHT - EDGE, size=22, bold=True, colour=BRAND)
    when = _("Made on %(day)s at %(time)s.") % {"day": format_day(made_at), "time": format_clock(made_at)}
    how = _("Tick what you have taken.") if rows else _("There is nothing to pick.")
    pdf.say("P", f"{when} {how}", EDGE, y + 1.5, width=RIGHT - EDGE, size=12, colour=QUIET)
    return _below_heading(pdf, heading)


def _table(pdf: PrintPdf, rows: Sequence[Pick], y: float, *, totals: Sequence[Pick]) -> None:
    with pdf.element("Table"):
        y = _head_row(pdf, y)
        for row in rows:
            y = _row(pdf, row, y)
        if totals:
            _total_row(pdf, totals, y)


def _head_row(pdf: PrintPdf, y: float) -> float:
    pdf.panel(EDGE, y, RIGHT - EDGE, HEAD_ROW - 1.5, BRAND)
    heads = ((DONE, _("Done")), (COPIES, _("Copies")), (TITLE, _("Leaflet")), (EDITION, _("Edition")), (ORDERS, _("Orders")))
    with pdf.element("TR"):
        for column, text in heads:
            pdf.say(
                "TH",
                text,
                column.x,
                y + 1.4,
                width=column.width,
                size=HEADS,
                bold=True,
                colour=PAPER,
                right=column.right,
                attributes=COLUMN,
            )
    return y + HEAD_ROW - 1.5


def _row(pdf: PrintPdf, row: Pick, y: float) -> float:
    height = _height_of(pdf, row)
    figures = y + ABOVE - (FIGURES - WORDS) * LEADING * MM_A_POINT / 2
    with pdf.element("TR"):
        with pdf.tagged("TD", ""):
            _tick_box(pdf, y)
        pdf.say("TD", f"{row.copies:,}", COPIES.x, figures, width=COPIES.width, size=FIGURES, bold=True, right=True)
        pdf.say("TD", row.title, TITLE.x, y + ABOVE, width=TITLE.width, size=WORDS)
        pdf.say("TD", row.edition, EDITION.x, y + ABOVE, width=EDITION.width, size=WORDS)
        pdf.say("TD", f"{row.orders:,}", ORDERS.x, y + ABOVE, width=ORDERS.width, size=WORDS, colour=QUIET, right=True)
    pdf.panel(EDGE, y + height - 0.25, RIGHT - EDGE, 0.25, HAIRLINE)
    return y + height


def _tick_box(pdf: PrintPdf, y: float) -> None:
    pdf.set_draw_color(*QUIET)
    pdf.set_line_width(0.5)
    pdf.rect(DONE.x, y + 1.8, TICK, TICK, style="D")


def _total_row(pdf: PrintPdf, rows: Sequence[Pick], y: float) -> None:
    copies, titles = sum(row.copies for row in rows), len({row.title for row in rows})
    pdf.panel(EDGE, y, RIGHT - EDGE, HEAD_ROW + 4, WASH)
    words = ngettext("copies in all, of %(titles)d leaflet", "copies in all, of %(titles)d leaflets", titles) % {"titles": titles}
    with pdf.element("TR"):
        with pdf.tagged("TD", ""):
            pass
        pdf.say("TD", f"{copies:,}", COPIES.x, y + 1.8, width=COPIES.width, size=FIGURES, bold=True, right=True)
        pdf.say("TD", words, TITLE.x, y + 3.3, width=RIGHT - TITLE.x, size=WORDS, bold=True, attributes=ACROSS)


def _foot(pdf: PrintPdf, heading: str, number: int, pages: int) -> None:
    with pdf.decoration():
        text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": pages}
        pdf.draw_line(text, RIGHT - pdf.width_of(text, size=11), FOOT, size=11, colour=QUIET)
        if number > 1:
            pdf.draw_line(pdf.wrapped(pdf.printable(heading), size=11, width=140)[0], EDGE, FOOT, size=11, colour=QUIET)
