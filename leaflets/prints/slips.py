"""Packing slips: what the packer puts in, and what the person who opens the parcel reads.

Each parcel has its own pages, and printers are asked to print on one side only: on two sides, two people's leaflets would share
a sheet. The address stands where a DL or C5 envelope has its window, and nothing else does.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import groupby
from typing import IO

from django.utils.translation import gettext as _
from fpdf.enums import Duplex

from ctac.uk import format_clock, format_day
from leaflets.drawn_mark import draw_mark
from leaflets.prints.inputs import Slip
from leaflets.prints.paper import BRAND, LEADING, QUIET, PrintPdf
from leaflets.prints.qr import draw_code
from leaflets.prints.slip_text import HEAD_ROW, LEFT, RIGHT, Block, blocks_of, draw_head_row
from leaflets.tagged_pdf import MM_A_POINT

TOP, BOTTOM, FOOT = 13, 272, 284
# What the window of a folded DL or C5 may show, however the sheet slips about in it (BS 4264: 35 by 90 mm, 20 mm from the left).
WINDOW_LEFT, WINDOW_TOP, WINDOW_RIGHT, WINDOW_BOTTOM = 10, 45, 112, 96
ADDRESS_LEFT, ADDRESS_TOP, ADDRESS_WIDTH, ADDRESS_HEIGHT = 22, 57, 76, 25  # and where it always shows
CODE = 36  # mm, with its empty edge
FIRST_BODY, NEXT_BODY = 100, 44


def packing_slips(slips: Iterable[Slip], *, made_at: datetime) -> IO[bytes]:
    """A PDF in which each parcel has a page of its own, or more if it is long."""
    printed = _("printed on %(day)s at %(time)s") % {"day": format_day(made_at), "time": format_clock(made_at)}
    with PrintPdf(title=str(_("Packing slips")), made_at=made_at, duplex=Duplex.SIMPLEX) as pdf:
        for slip in slips:
            _draw_slip(pdf, slip, printed)
        return pdf.written()


def _draw_slip(pdf: PrintPdf, slip: Slip, printed: str) -> None:
    size, address = _address_lines(pdf, slip.address)
    body = max(FIRST_BODY, ADDRESS_TOP + len(address) * size * LEADING * MM_A_POINT + 6)
    pages = _pages_of(blocks_of(pdf, slip), body)
    for number, page in enumerate(pages, start=1):
        pdf.add_page()
        if number == 1:
            pdf.start_section(f"{slip.number}: {slip.reference}")  # a bookmark: one slip among 200 is found to be printed again
            _first_head(pdf, slip)
            _address(pdf, slip, size, address)
            _code(pdf, slip)
        else:
            _next_head(pdf, slip, number, len(pages))
        _body(pdf, page, body if number == 1 else NEXT_BODY)
        _what_follows(pdf, pages[number:])
        _foot(pdf, slip, printed, number, len(pages))


def _pages_of(blocks: Sequence[Block], body: float) -> list[list[Block]]:
    pages: list[list[Block]] = [[]]
    y = body
    for block in blocks:
        head = HEAD_ROW if block.row and not (pages[-1] and pages[-1][-1].row) else 0
        if pages[-1] and y + head + block.height + block.keeps > BOTTOM:
            pages.append([])
            y, head = NEXT_BODY, HEAD_ROW if block.row else 0
        pages[-1].append(block)
        y += head + block.height
    return pages


def _body(pdf: PrintPdf, blocks: Sequence[Block], y: float) -> None:
    for row, group in groupby(blocks, key=lambda block: block.row):
        if row:
            with pdf.element("Table"):
                y = _draw(pdf, group, draw_head_row(pdf, y))
        else:
            y = _draw(pdf, group, y)


def _what_follows(pdf: PrintPdf, pages: Sequence[Sequence[Block]]) -> None:
    """Who packs by this slip must not stop here."""
    if not pages:
        return
    more = any(block.row for page in pages for block in page)
    text = _("There is more in this parcel: see the next page.") if more else _("Please read the next page too.")
    pdf.say("P", text, LEFT, BOTTOM + 2.5, width=RIGHT - LEFT, size=12, bold=True)


def _draw(pdf: PrintPdf, blocks: Iterable[Block], y: float) -> float:
    for block in blocks:
        block.draw(pdf, y)
        y += block.height
    return y


# What stands above


def _first_head(pdf: PrintPdf, slip: Slip) -> None:
    draw_mark(pdf, LEFT, TOP, size=9, square=BRAND)
    pdf.say("P", _("Child trafficking advice centre"), LEFT + 12, TOP + 2.1, width=80, size=11, bold=True, colour=BRAND)
    pdf.say("H1", _("Your leaflets"), LEFT, TOP + 12.5, width=90, size=20, bold=True)
    ordered = _("Ordered on %(day)s") % {"day": format_day(slip.ordered_on)}
    pdf.say("P", ordered, LEFT, TOP + 22, width=90, size=11, colour=QUIET)
    _number(pdf, slip, size=46)
    pdf.say("P", slip.reference, RIGHT - 60, TOP + 18.5, width=60, size=16, bold=True, right=True)


def _next_head(pdf: PrintPdf, slip: Slip, page: int, pages: int) -> None:
    title = _("Your leaflets, page %(page)d of %(pages)d") % {"page": page, "pages": pages}
    pdf.say("H1", title, LEFT, TOP + 2, width=110, size=20, bold=True)
    goes_on = _("This goes on from page %(page)d of the same parcel.") % {"page": page - 1}
    pdf.say("P", goes_on, LEFT, TOP + 12, width=110, size=11, colour=QUIET)
    _number(pdf, slip, size=46)
    pdf.say("P", slip.reference, RIGHT - 60, TOP + 18.5, width=60, size=16, bold=True, right=True)


def _number(pdf: PrintPdf, slip: Slip, *, size: float) -> None:
    """What slip, label and parcel are matched by across a table."""
    number, word = str(slip.number), _("Parcel")
    left = RIGHT - pdf.width_of(number, size=size, bold=True)
    with pdf.tagged("P", _("Parcel %(number)d") % {"number": slip.number}):
        pdf.draw_line(word, left - 3 - pdf.width_of(word, size=12), TOP + 9.3, size=12, colour=QUIET)
        pdf.draw_line(number, left, TOP - 2.5, size=size, bold=True)


def _address_lines(pdf: PrintPdf, address: Sequence[str]) -> tuple[float, list[str]]:
    """The size of the letters in points, and the lines. A very long one is taller than what a window shows, and loses nothing."""
    printable = [line for line in map(pdf.printable, address) if line]
    size = 11.0
    while True:
        lines = [part for line in printable for part in pdf.wrapped(line, size=size, width=ADDRESS_WIDTH)]
        if size <= 8 or len(lines) * size * LEADING * MM_A_POINT <= ADDRESS_HEIGHT:
            return size, lines
        size -= 0.5


def _address(pdf: PrintPdf, slip: Slip, size: float, lines: Sequence[str]) -> None:
    with pdf.tagged("P", ", ".join(line for line in slip.address if line)):
        for place, line in enumerate(lines):
            pdf.draw_line(line, ADDRESS_LEFT, ADDRESS_TOP + place * size * LEADING * MM_A_POINT, size=size)


def _code(pdf: PrintPdf, slip: Slip) -> None:
    left = WINDOW_RIGHT + 10
    alt = _("Code to scan with a phone. It opens the page of this order, %(url)s") % {"url": slip.url}
    draw_code(pdf, slip.url, left, WINDOW_TOP + 1, CODE, alt=alt)
    how = _("Scan this to see your order, or to tell us that something is wrong.")
    pdf.say("P", how, left + CODE, WINDOW_TOP + 5, width=RIGHT - left - CODE, size=10.5)
    _address_of_page(pdf, slip.url, left + 3.5, WINDOW_TOP + 1 + CODE)


def _address_of_page(pdf: PrintPdf, url: str, x: float, y: float) -> None:
    """To be typed, so it is broken after a slash rather than inside a reference."""
    size = 8.5
    with pdf.tagged("P", url):
        for line in pdf.wrapped(url.replace("/", "/ ").strip(), size=size, width=RIGHT - x):
            pdf.draw_line(line.replace(" ", ""), x, y, size=size, colour=QUIET)
            y += size * LEADING * MM_A_POINT


def _foot(pdf: PrintPdf, slip: Slip, printed: str, number: int, pages: int) -> None:
    with pdf.decoration():
        facts = {"number": slip.number, "reference": slip.reference, "printed": printed}
        pdf.draw_line(_("Parcel %(number)d, %(reference)s, %(printed)s") % facts, LEFT, FOOT, size=9, colour=QUIET)
        text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": pages}
        pdf.draw_line(text, RIGHT - pdf.width_of(text, size=9), FOOT, size=9, colour=QUIET)
