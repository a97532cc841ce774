"""The pick list and the address labels that a packing session prints for colleagues."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import IO, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _, ngettext

from core.dates import format_day, format_uk_time
from core.forms import normalise_postcode
from core.pdf.typesetting import printable_text
from leaflets.dispatch.prints import LabelSheet, Pick
from leaflets.pdf import (
    BRAND_COLOUR,
    HAIRLINE_COLOUR,
    LINE_HEIGHT,
    MM_PER_POINT,
    QUIET_COLOUR,
    WASH_COLOUR,
    WHITE,
    PrintPdf,
)

# The pick list is read at arm's length and ticked with a pen.
PICK_LEFT, PICK_RIGHT = 15, 195
PICK_TOP, PICK_BOTTOM, PICK_FOOT = 14, 278, 284
TICK_SIZE = 7  # mm, a side of the box
PICK_TEXT_SIZE, PICK_FIGURES_SIZE, PICK_HEADS_SIZE = 14, 20, 11  # points
PICK_PADDING = 2.6  # mm in a row, above its text and below
PICK_HEAD_HEIGHT = 9
COLUMN_ATTRIBUTES, COLSPAN_ATTRIBUTES = "<</O /Table /Scope /Column>>", "<</O /Table /ColSpan 3>>"


class PickColumn(NamedTuple):
    x: float
    width: float
    right: bool = False


DONE_COLUMN, COPIES_COLUMN, TITLE_COLUMN, EDITION_COLUMN, ORDERS_COLUMN = (
    PickColumn(PICK_LEFT + 2, 12),
    PickColumn(29, 22, right=True),
    PickColumn(57, 78),
    PickColumn(139, 34),
    PickColumn(174, 19, right=True),
)


def pick_list(picks: Iterable[Pick], *, heading: str, made_at: datetime) -> IO[bytes]:
    """A PDF to walk along the shelves with: what to take, in the order given, and the totals."""
    rows = list(picks)
    with PrintPdf(title=heading, made_at=made_at) as pdf:
        lines = pdf.line_count(heading, size=22, width=PICK_RIGHT - PICK_LEFT, bold=True)
        below_heading = PICK_TOP + lines * 22 * LINE_HEIGHT * MM_PER_POINT + 18
        # Divide the rows into pages. The totals stay with the last row.
        pages: list[list[Pick]] = [[]]
        y = below_heading + PICK_HEAD_HEIGHT
        for place, row in enumerate(rows, start=1):
            height = pick_row_height(pdf, row)
            needed = height + (PICK_HEAD_HEIGHT + 6 if place == len(rows) else 0)
            if pages[-1] and y + needed > PICK_BOTTOM:
                pages.append([])
                y = PICK_TOP + PICK_HEAD_HEIGHT
            pages[-1].append(row)
            y += height
        for number, page in enumerate(pages, start=1):
            pdf.add_page()
            y = PICK_TOP
            if number == 1:
                when = _("Made on %(day)s at %(time)s.") % {"day": format_day(made_at), "time": format_uk_time(made_at)}
                how = _("Tick what you have taken.") if rows else _("There is nothing to pick.")
                y = pdf.draw_paragraph(
                    "H1", heading, PICK_LEFT, y, width=PICK_RIGHT - PICK_LEFT, size=22, bold=True, colour=BRAND_COLOUR
                )
                pdf.draw_paragraph(
                    "P", f"{when} {how}", PICK_LEFT, y + 1.5, width=PICK_RIGHT - PICK_LEFT, size=12, colour=QUIET_COLOUR
                )
                y = below_heading
            if rows:
                draw_pick_table(pdf, page, y, totals=rows if number == len(pages) else [])
            with pdf.decoration():
                text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                pdf.draw_line(text, PICK_RIGHT - pdf.text_width(text, size=11), PICK_FOOT, size=11, colour=QUIET_COLOUR)
                if number > 1:
                    line = pdf.wrap_text(printable_text(heading), size=11, width=140)[0]
                    pdf.draw_line(line, PICK_LEFT, PICK_FOOT, size=11, colour=QUIET_COLOUR)
        return pdf.to_file()


def pick_row_height(pdf: PrintPdf, row: Pick) -> float:
    columns = ((row.title, TITLE_COLUMN), (row.edition, EDITION_COLUMN))
    lines = max(pdf.line_count(text, size=PICK_TEXT_SIZE, width=column.width) for text, column in columns)
    return max(TICK_SIZE + 4, lines * PICK_TEXT_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * PICK_PADDING)


def draw_pick_table(pdf: PrintPdf, rows: Sequence[Pick], y: float, *, totals: Sequence[Pick]) -> None:
    headings = (
        (DONE_COLUMN, _("Done")),
        (COPIES_COLUMN, _("Copies")),
        (TITLE_COLUMN, _("Leaflet")),
        (EDITION_COLUMN, _("Edition")),
        (ORDERS_COLUMN, _("Orders")),
    )
    with pdf.element("Table"):
        pdf.draw_panel(PICK_LEFT, y, PICK_RIGHT - PICK_LEFT, PICK_HEAD_HEIGHT - 1.5, BRAND_COLOUR)
        with pdf.element("TR"):
            for column, text in headings:
                style = {"size": PICK_HEADS_SIZE, "bold": True, "colour": WHITE, "attributes": COLUMN_ATTRIBUTES}
                draw_pick_cell(pdf, column, text, y + 1.4, tag="TH", **style)
        y += PICK_HEAD_HEIGHT - 1.5
        for row in rows:
            height = pick_row_height(pdf, row)
            with pdf.element("TR"):
                with pdf.tagged("TD", ""):
                    pdf.set_draw_color(*QUIET_COLOUR)
                    pdf.set_line_width(0.5)
                    pdf.rect(DONE_COLUMN.x, y + 1.8, TICK_SIZE, TICK_SIZE, style="D")
                above = PICK_PADDING - (PICK_FIGURES_SIZE - PICK_TEXT_SIZE) * LINE_HEIGHT * MM_PER_POINT / 2
                draw_pick_cell(pdf, COPIES_COLUMN, f"{row.copies:,}", y + above, size=PICK_FIGURES_SIZE, bold=True)
                draw_pick_cell(pdf, TITLE_COLUMN, row.title, y + PICK_PADDING)
                draw_pick_cell(pdf, EDITION_COLUMN, row.edition, y + PICK_PADDING)
                draw_pick_cell(pdf, ORDERS_COLUMN, f"{row.orders:,}", y + PICK_PADDING, colour=QUIET_COLOUR)
            pdf.draw_panel(PICK_LEFT, y + height - 0.25, PICK_RIGHT - PICK_LEFT, 0.25, HAIRLINE_COLOUR)
            y += height
        if totals:
            copies, titles = sum(row.copies for row in totals), len({row.title for row in totals})
            text = ngettext("copies in all, of %(titles)d leaflet", "copies in all, of %(titles)d leaflets", titles)
            pdf.draw_panel(PICK_LEFT, y, PICK_RIGHT - PICK_LEFT, PICK_HEAD_HEIGHT + 4, WASH_COLOUR)
            with pdf.element("TR"):
                with pdf.tagged("TD", ""):
                    pass
                draw_pick_cell(pdf, COPIES_COLUMN, f"{copies:,}", y + 1.8, size=PICK_FIGURES_SIZE, bold=True)
                across = PickColumn(TITLE_COLUMN.x, PICK_RIGHT - TITLE_COLUMN.x)
                draw_pick_cell(pdf, across, text % {"titles": titles}, y + 3.3, bold=True, attributes=COLSPAN_ATTRIBUTES)


def draw_pick_cell(pdf: PrintPdf, column: PickColumn, text: str, y: float, *, tag: str = "TD", **style: Any) -> None:
    pdf.draw_paragraph(tag, text, column.x, y, width=column.width, right=column.right, **{"size": PICK_TEXT_SIZE, **style})


MAX_FONT_SIZE, MIN_FONT_SIZE, FONT_SIZE_STEP = (
    12.0,
    6.5,
    0.5,
)  # points, of labels; Royal Mail asks for 10 to 12 where there is room
COMFORTABLE_FONT_SIZE = 9.0  # points; down to this, rather make a line smaller than wrap it
TIGHT_LINE_HEIGHT = 1.12  # leading of small letters: their full height, no more
NUMBER_SIZE = 8.0  # points
NUMBER_GAP = 2  # mm between a line and the number


@dataclass(frozen=True)
class FittedAddress:
    """The lines of an address at the size in points at which they fit."""

    lines: list[str]
    size: float

    @property
    def leading(self) -> float:
        return 1.2 if self.size >= COMFORTABLE_FONT_SIZE else TIGHT_LINE_HEIGHT

    @property
    def line_height(self) -> float:
        return self.size * self.leading * MM_PER_POINT


def address_labels(addresses: Iterable[tuple[int, Sequence[str]]], *, sheet: LabelSheet, start: int) -> IO[bytes]:
    """A PDF of labels with each parcel's number and address, from the label `start` of the first sheet on (1 is the first).

    Raises ValueError for a start that the sheet doesn't have.
    """
    with PrintPdf(title=str(_("Address labels")), made_at=timezone.now()) as pdf:
        draw_labels(pdf, addresses, sheet=sheet, start=start)
        return pdf.to_file()


def draw_labels(pdf: PrintPdf, addresses: Iterable[tuple[int, Sequence[str]]], *, sheet: LabelSheet, start: int) -> None:
    """Draw the labels on pages of their own; without any address, one empty page."""
    if not 1 <= start <= sheet.cells:
        raise ValueError(f"A sheet of {sheet.cells} labels has no label {start}.")
    pdf.add_page()
    cell = start
    for number, address in addresses:
        if cell > sheet.cells:
            pdf.add_page()
            cell = 1
        draw_label(pdf, sheet, cell, str(number), postal_address([printable_text(line) for line in address]))
        cell += 1


def postal_address(address: Sequence[str]) -> list[str]:
    """The address without empty lines, its postcode in capitals on the last line, as Royal Mail asks."""
    lines = [line for line in address if line]
    if not lines:
        return []
    words = lines[-1].split(" ")
    for taken in (1, 2, 3):
        try:
            postcode = normalise_postcode("".join(words[-taken:]))
        except ValidationError:
            continue
        rest = " ".join(words[:-taken]).rstrip(" ,")
        return [*lines[:-1], *([rest] if rest else []), postcode]
    return lines


def draw_label(pdf: PrintPdf, sheet: LabelSheet, cell: int, number: str, address: list[str]) -> None:
    """Draw the whole address, or the request to write it by hand."""
    x, y = sheet.corner(cell)
    across, down = sheet.margins
    fitted = fit_address(pdf, sheet, number, address)
    with pdf.tagged("P", None):
        if fitted:
            top = y + (sheet.height_mm - len(fitted.lines) * fitted.line_height) / 2
            for place, line in enumerate(fitted.lines):
                pdf.draw_line(f"{line} ", x + across, top + place * fitted.line_height, size=fitted.size, leading=fitted.leading)
        else:
            text = printable_text(_("Write this label by hand: the address is too long for it."))
            top = y + down
            for line in pdf.wrap_text(text, size=MIN_FONT_SIZE, width=sheet.width_mm - 2 * across):
                pdf.draw_line(f"{line} ", x + across, top, size=MIN_FONT_SIZE, leading=TIGHT_LINE_HEIGHT)
                top += MIN_FONT_SIZE * TIGHT_LINE_HEIGHT * MM_PER_POINT
        # Never larger than the address, so that it stands beside the last line alone.
        size = min(NUMBER_SIZE, fitted.size) if fitted else MIN_FONT_SIZE
        left = x + sheet.width_mm - across - pdf.text_width(number, size=size, bold=True)
        top = y + sheet.height_mm - down - size * TIGHT_LINE_HEIGHT * MM_PER_POINT
        pdf.draw_line(number, left, top, size=size, bold=True, leading=TIGHT_LINE_HEIGHT)


def fit_address(pdf: PrintPdf, sheet: LabelSheet, number: str, address: list[str]) -> FittedAddress | None:
    """The address in the largest type that fits, or None. Avoids wrapped lines if the type stays comfortable."""
    across, down = sheet.margins
    width, height = sheet.width_mm - 2 * across, sheet.height_mm - 2 * down
    best = None
    for steps in range(int((MAX_FONT_SIZE - MIN_FONT_SIZE) / FONT_SIZE_STEP) + 1):
        size = MAX_FONT_SIZE - steps * FONT_SIZE_STEP
        fitted = FittedAddress(wrap_address(pdf, address, number, width=width, size=size), size)
        if not fitted.lines or len(fitted.lines) * fitted.line_height > height:
            continue
        if len(fitted.lines) == len(address):
            return fitted if best is None or size >= COMFORTABLE_FONT_SIZE else best
        best = best or fitted
    return best


def wrap_address(pdf: PrintPdf, address: list[str], number: str, *, width: float, size: float) -> list[str]:
    """Empty if a word would have to be broken, except in the smallest letters. The last line leaves room for the number."""
    lines: list[str] = []
    for place, text in enumerate(address, start=1):
        room = width
        if place == len(address):
            room -= NUMBER_GAP + pdf.text_width(number, size=min(NUMBER_SIZE, size), bold=True)
        if size > MIN_FONT_SIZE and any(pdf.text_width(word, size=size) > room for word in text.split(" ")):
            return []
        lines += pdf.wrap_text(text, size=size, width=room)
    return lines
