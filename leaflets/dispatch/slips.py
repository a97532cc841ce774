"""Packing slips: what the packer puts in, and what the person who opens the parcel reads, in the language that they chose."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import IO

from django.utils import translation
from django.utils.translation import gettext as _, ngettext
from fpdf.enums import Duplex

from core.dates import format_day, format_uk_time
from core.pdf.typesetting import charity_line, printable_text
from leaflets.dispatch.prints import Slip, SlipItem
from leaflets.dispatch.sheets import COLUMN_ATTRIBUTES
from leaflets.pdf import (
    BRAND_COLOUR,
    HAIRLINE_COLOUR,
    INK_COLOUR,
    LINE_HEIGHT,
    MM_PER_POINT,
    QUIET_COLOUR,
    Colour,
    PrintPdf,
    draw_mark,
    draw_qr_code,
)
from office.site_settings.queries import advice_hours, site_settings

SLIP_LEFT, SLIP_RIGHT = 20, 190
TEXT_SIZE, FIGURES_SIZE = 12, 16  # points, of the table
ROW_PADDING = 1.8  # mm in a row, above its text and below
HEAD_ROW_HEIGHT = 7.5
TITLE_X, EDITION_X, COPIES_WIDTH = 42, 148, 16  # mm: where the columns begin, and how wide the figures are
TITLE_WIDTH, EDITION_WIDTH = EDITION_X - TITLE_X - 4, SLIP_RIGHT - EDITION_X
MAX_NOTE_LINES = 6


@dataclass(frozen=True)
class SlipBlock:
    """A block that stays together on a page. `row`: a row of the table. `keep_below`: mm below it that must fit too."""

    height: float
    draw: Callable[[PrintPdf, float], None]
    row: bool = False
    keep_below: float = 0


@dataclass(frozen=True)
class SlipParagraph:
    """A paragraph of the closing text, over the whole width."""

    kind: str
    text: str
    size: float = 11.5
    bold: bool = False
    before: float = 1.5  # mm
    colour: Colour = INK_COLOUR

    def height(self, pdf: PrintPdf) -> float:
        lines = pdf.line_count(self.text, size=self.size, width=SLIP_RIGHT - SLIP_LEFT, bold=self.bold)
        return self.before + lines * self.size * 1.3 * MM_PER_POINT

    def draw(self, pdf: PrintPdf, y: float) -> float:
        style = {"size": self.size, "bold": self.bold, "colour": self.colour, "leading": 1.3}
        return pdf.draw_paragraph(self.kind, self.text, SLIP_LEFT, y + self.before, width=SLIP_RIGHT - SLIP_LEFT, **style)  # type: ignore[arg-type]


def heading_paragraph(text: str, *, before: float = 6) -> SlipParagraph:
    return SlipParagraph("H2", text, size=14, bold=True, before=before, colour=BRAND_COLOUR)


def keep_together(pdf: PrintPdf, paragraphs: list[SlipParagraph], *, after: float = 0, keep_below: float = 0) -> SlipBlock:
    def draw(pdf: PrintPdf, y: float) -> None:
        for paragraph in paragraphs:
            y = paragraph.draw(pdf, y)

    return SlipBlock(sum(paragraph.height(pdf) for paragraph in paragraphs) + after, draw, keep_below=keep_below)


def row_height(pdf: PrintPdf, item: SlipItem) -> float:
    columns = ((item.title, TITLE_WIDTH), (item.edition, EDITION_WIDTH))
    lines = max(pdf.line_count(text, size=TEXT_SIZE, width=width) for text, width in columns)
    return lines * TEXT_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * ROW_PADDING


def draw_row(item: SlipItem, pdf: PrintPdf, y: float) -> None:
    with pdf.element("TR"):
        draw_figure(pdf, item.copies, y)
        pdf.draw_paragraph("TD", item.title, TITLE_X, y + ROW_PADDING, width=TITLE_WIDTH, size=TEXT_SIZE)
        pdf.draw_paragraph("TD", item.edition, EDITION_X, y + ROW_PADDING, width=EDITION_WIDTH, size=TEXT_SIZE)
    pdf.draw_panel(SLIP_LEFT, y + row_height(pdf, item) - 0.2, SLIP_RIGHT - SLIP_LEFT, 0.2, HAIRLINE_COLOUR)


def draw_total(items: list[SlipItem], pdf: PrintPdf, y: float) -> None:
    titles, style = len(items), {"size": TEXT_SIZE, "bold": True, "attributes": "<</O /Table /ColSpan 2>>"}
    text = ngettext("in all, of %(titles)d leaflet", "in all, of %(titles)d leaflets", titles) % {"titles": titles}
    with pdf.element("TR"):
        draw_figure(pdf, sum(item.copies for item in items), y)
        pdf.draw_paragraph("TD", text, TITLE_X, y + ROW_PADDING, width=SLIP_RIGHT - TITLE_X, **style)  # type: ignore[arg-type]


def draw_figure(pdf: PrintPdf, copies: int, y: float) -> None:
    above = ROW_PADDING - (FIGURES_SIZE - TEXT_SIZE) * LINE_HEIGHT * MM_PER_POINT / 2
    pdf.draw_paragraph("TD", f"{copies:,}", SLIP_LEFT, y + above, width=COPIES_WIDTH, size=FIGURES_SIZE, bold=True, right=True)


def slip_blocks(pdf: PrintPdf, slip: Slip) -> Iterator[SlipBlock]:
    now = [item for item in slip.items if item.copies]
    later = [item for item in slip.items if item.to_come]
    if now:
        yield keep_together(pdf, [heading_paragraph(_("In this parcel"), before=0)], after=2, keep_below=25)
    total_height = TEXT_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * ROW_PADDING
    for place, item in enumerate(now, start=1):
        keep_below = total_height if place == len(now) > 1 else 0
        yield SlipBlock(row_height(pdf, item), partial(draw_row, item), row=True, keep_below=keep_below)
    if len(now) > 1:
        yield SlipBlock(total_height, partial(draw_total, now), row=True)
    if later:
        with translation.override(slip.language):
            how = _("We did not have these in stock. We will post them as soon as we do. You don’t need to do anything.")
            introduction = [heading_paragraph(_("Still to come")), SlipParagraph("P", how)]
            copies = [
                ngettext("%(copies)d copy of “%(title)s”", "%(copies)d copies of “%(title)s”", item.to_come)
                % {"copies": item.to_come, "title": item.title}
                for item in later
            ]
        yield keep_together(pdf, introduction, keep_below=10)
        yield from (keep_together(pdf, [SlipParagraph("P", text, bold=True)]) for text in copies)
    # Few lines at a time, so that a long note goes on to the next page.
    lines = pdf.wrap_text(printable_text(slip.note), size=SlipParagraph.size, width=SLIP_RIGHT - SLIP_LEFT)
    for begin in range(0, len(lines), MAX_NOTE_LINES) if slip.note else ():
        text = " ".join(lines[begin : begin + MAX_NOTE_LINES])
        yield keep_together(pdf, [SlipParagraph("P", text, before=0 if begin else 5)])
    yield keep_together(pdf, closing_paragraphs(slip))


def closing_paragraphs(slip: Slip) -> list[SlipParagraph]:
    with translation.override(slip.language):
        facts = {"phone": site_settings().advice_phone, "hours": advice_hours(), "reference": slip.reference}
        wrong = _("Is a leaflet missing, damaged or not what you asked for? Scan the code on this slip, or call us:")
        return [
            heading_paragraph(_("Thank you"), before=7),
            SlipParagraph("P", _("Each leaflet that you pass on helps somebody to notice a trafficked child, and to act.")),
            heading_paragraph(_("Is something wrong?"), before=5),
            SlipParagraph("P", wrong),
            SlipParagraph("P", _("%(phone)s, %(hours)s. Please say %(reference)s.") % facts, bold=True),
            heading_paragraph(_("If you are worried about a child"), before=5),
            SlipParagraph("P", _("If a child is in immediate danger, call 999."), bold=True),
            *(SlipParagraph("P", line, before=0.5) for line in slip.who_to_tell),
            SlipParagraph("P", charity_line(), size=9, before=5, colour=QUIET_COLOUR),
        ]


TOP, BOTTOM, FOOT = 13, 272, 284
# The area that the window of a folded DL or C5 may show, however the sheet slips inside (BS 4264: 35 by 90 mm, 20 mm from the
# left).
WINDOW_LEFT, WINDOW_TOP, WINDOW_RIGHT, WINDOW_BOTTOM = 10, 45, 112, 96
ADDRESS_LEFT, ADDRESS_TOP, ADDRESS_WIDTH, ADDRESS_HEIGHT = 22, 57, 76, 25  # and where it always shows
QR_CODE_SIZE = 36  # mm, with its empty edge
FIRST_PAGE_BODY, NEXT_PAGE_BODY = 100, 44


def packing_slips(slips: Iterable[Slip], *, made_at: datetime) -> IO[bytes]:
    """A PDF with separate pages for each parcel, to print single-sided: or two people's leaflets would share a sheet.

    The address stands in the window of a DL or C5 envelope, and nothing else does. The packer's part is in English.
    """
    printed = _("printed on %(day)s at %(time)s") % {"day": format_day(made_at), "time": format_uk_time(made_at)}
    with PrintPdf(title=str(_("Packing slips")), made_at=made_at, duplex=Duplex.SIMPLEX) as pdf:
        for slip in slips:
            size, address = address_lines(pdf, slip.address)
            body = max(FIRST_PAGE_BODY, ADDRESS_TOP + len(address) * size * LINE_HEIGHT * MM_PER_POINT + 6)
            pages = paginate(slip_blocks(pdf, slip), body)
            for number, page in enumerate(pages, start=1):
                pdf.add_page()
                if number == 1:
                    pdf.start_section(f"{slip.number}: {slip.reference}")  # a bookmark, to print one slip of 200 again
                    with translation.override(slip.language):
                        draw_head(pdf, slip)
                else:
                    title = _("Your leaflets, page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                    pdf.draw_paragraph("H1", title, SLIP_LEFT, TOP + 2, width=110, size=20, bold=True)
                    goes_on = _("Continued from page %(page)d of the same parcel.") % {"page": number - 1}
                    pdf.draw_paragraph("P", goes_on, SLIP_LEFT, TOP + 12, width=110, size=11, colour=QUIET_COLOUR)
                draw_number(pdf, slip)
                pdf.draw_paragraph("P", slip.reference, SLIP_RIGHT - 60, TOP + 18.5, width=60, size=16, bold=True, right=True)
                if number == 1:
                    with pdf.tagged("P", ", ".join(line for line in slip.address if line)):
                        for place, line in enumerate(address):
                            pdf.draw_line(line, ADDRESS_LEFT, ADDRESS_TOP + place * size * LINE_HEIGHT * MM_PER_POINT, size=size)
                    with translation.override(slip.language):
                        draw_order_code(pdf, slip)
                draw_body(pdf, page, body if number == 1 else NEXT_PAGE_BODY)
                if number < len(pages):  # who packs by this slip must not stop here
                    more = any(block.row for later_page in pages[number:] for block in later_page)
                    text = _("Please read the next page too.")
                    if more:
                        text = _("There is more in this parcel: see the next page.")
                    pdf.draw_paragraph("P", text, SLIP_LEFT, BOTTOM + 2.5, width=SLIP_RIGHT - SLIP_LEFT, size=12, bold=True)
                with pdf.decoration():
                    facts = {"number": slip.number, "reference": slip.reference, "printed": printed}
                    foot = _("Parcel %(number)d, %(reference)s, %(printed)s") % facts
                    pdf.draw_line(foot, SLIP_LEFT, FOOT, size=9, colour=QUIET_COLOUR)
                    text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                    pdf.draw_line(text, SLIP_RIGHT - pdf.text_width(text, size=9), FOOT, size=9, colour=QUIET_COLOUR)
        return pdf.to_file()


def paginate(blocks: Iterable[SlipBlock], body: float) -> list[list[SlipBlock]]:
    pages: list[list[SlipBlock]] = [[]]
    y = body
    for block in blocks:
        head = HEAD_ROW_HEIGHT if block.row and not (pages[-1] and pages[-1][-1].row) else 0
        if pages[-1] and y + head + block.height + block.keep_below > BOTTOM:
            pages.append([])
            y, head = NEXT_PAGE_BODY, HEAD_ROW_HEIGHT if block.row else 0
        pages[-1].append(block)
        y += head + block.height
    return pages


def draw_body(pdf: PrintPdf, blocks: Sequence[SlipBlock], y: float) -> None:
    headings = (
        (SLIP_LEFT, COPIES_WIDTH, _("Copies"), True),
        (TITLE_X, TITLE_WIDTH, _("Leaflet"), False),
        (EDITION_X, EDITION_WIDTH, _("Edition"), False),
    )
    for is_table, group in groupby(blocks, key=lambda block: block.row):
        with pdf.element("Table") if is_table else nullcontext():
            if is_table:
                with pdf.element("TR"):
                    for x, width, text, right in headings:
                        pdf.draw_paragraph(
                            "TH",
                            text,
                            x,
                            y + 0.8,
                            width=width,
                            size=10,
                            colour=QUIET_COLOUR,
                            right=right,
                            attributes=COLUMN_ATTRIBUTES,
                        )
                pdf.draw_panel(SLIP_LEFT, y + HEAD_ROW_HEIGHT - 0.6, SLIP_RIGHT - SLIP_LEFT, 0.6, BRAND_COLOUR)
                y += HEAD_ROW_HEIGHT
            for block in group:
                block.draw(pdf, y)
                y += block.height


def draw_head(pdf: PrintPdf, slip: Slip) -> None:
    draw_mark(pdf, SLIP_LEFT, TOP, size=9)
    centre = _("Child trafficking advice centre")
    pdf.draw_paragraph("P", centre, SLIP_LEFT + 12, TOP + 2.1, width=80, size=11, bold=True, colour=BRAND_COLOUR)
    pdf.draw_paragraph("H1", _("Your leaflets"), SLIP_LEFT, TOP + 12.5, width=90, size=20, bold=True)
    ordered = _("Ordered on %(day)s") % {"day": format_day(slip.ordered_on)}
    pdf.draw_paragraph("P", ordered, SLIP_LEFT, TOP + 22, width=90, size=11, colour=QUIET_COLOUR)


def draw_number(pdf: PrintPdf, slip: Slip) -> None:
    """The number by which slip, label and parcel are matched on the packing table."""
    number, word = str(slip.number), _("Parcel")
    left = SLIP_RIGHT - pdf.text_width(number, size=46, bold=True)
    with pdf.tagged("P", _("Parcel %(number)d") % {"number": slip.number}):
        pdf.draw_line(word, left - 3 - pdf.text_width(word, size=12), TOP + 9.3, size=12, colour=QUIET_COLOUR)
        pdf.draw_line(number, left, TOP - 2.5, size=46, bold=True)


def address_lines(pdf: PrintPdf, address: Sequence[str]) -> tuple[float, list[str]]:
    """The size of the letters in points, and the lines. A very long address is taller than the window, and loses nothing."""
    texts = [line for line in map(printable_text, address) if line]
    size = 11.0
    while True:
        lines = [part for line in texts for part in pdf.wrap_text(line, size=size, width=ADDRESS_WIDTH)]
        if size <= 8 or len(lines) * size * LINE_HEIGHT * MM_PER_POINT <= ADDRESS_HEIGHT:
            return size, lines
        size -= 0.5


def draw_order_code(pdf: PrintPdf, slip: Slip) -> None:
    left = WINDOW_RIGHT + 10
    alt = _("Code to scan with a phone. It opens the page of this order, %(url)s") % {"url": slip.url}
    draw_qr_code(pdf, slip.url, left, WINDOW_TOP + 1, QR_CODE_SIZE, alt=alt)
    how = _("Scan this to see your order, or to tell us that something is wrong.")
    pdf.draw_paragraph("P", how, left + QR_CODE_SIZE, WINDOW_TOP + 5, width=SLIP_RIGHT - left - QR_CODE_SIZE, size=10.5)
    # The address to be typed, broken after a slash rather than inside a reference.
    x, y, size = left + 3.5, float(WINDOW_TOP + 1 + QR_CODE_SIZE), 8.5
    with pdf.tagged("P", slip.url):
        for line in pdf.wrap_text(slip.url.replace("/", "/ ").strip(), size=size, width=SLIP_RIGHT - x):
            pdf.draw_line(line.replace(" ", ""), x, y, size=size, colour=QUIET_COLOUR)
            y += size * LINE_HEIGHT * MM_PER_POINT
