"""What a packing session prints: the pick list, address labels, packing slips, a courier's list."""

import csv
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime
from functools import partial
from io import StringIO
from itertools import groupby
from typing import IO, Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from fpdf.enums import Duplex

from ctac.dates import format_clock, format_day
from ctac.forms import tidy_postcode
from ctac.pdf.typesetting import charity_line
from ctac.staff.spreadsheets import escape_formula
from leaflets.pdf import (
    BRAND,
    HAIRLINE,
    INK,
    LINE_HEIGHT,
    MM_PER_POINT,
    QUIET,
    WASH,
    WHITE,
    Colour,
    PrintPdf,
    draw_mark,
    draw_qr_code,
)
from office.queries import advice_hours, site_settings


@dataclass(frozen=True)
class SlipItem:
    """One leaflet of a parcel: the copies to put in now, and those that are sent later."""

    title: str
    edition: str  # its label: "March 2026"
    copies: int
    to_come: int = 0


@dataclass(frozen=True)
class Slip:
    """One parcel. `number` counts from 1 in its session; `url` is the order's page, whole, for the code that is scanned.

    `who_to_tell`: lines with whom to call about a child where the parcel goes.
    """

    number: int
    reference: str
    url: str
    ordered_on: date
    address: Sequence[str]
    items: Sequence[SlipItem]
    note: str = ""
    who_to_tell: Sequence[str] = ()


@dataclass(frozen=True)
class Pick:
    """How many copies of one edition are taken from the shelf, for how many orders."""

    title: str
    edition: str
    copies: int
    orders: int


@dataclass(frozen=True)
class LabelSheet:
    """A sheet of labels on A4, measured in mm. `pitch` is from the edge of one label to the same edge of the next."""

    key: str
    name: str | Promise
    columns: int
    rows: int
    width_mm: float
    height_mm: float
    left_mm: float
    top_mm: float
    pitch_x_mm: float
    pitch_y_mm: float

    @property
    def cells(self) -> int:
        return self.columns * self.rows

    @property
    def margins(self) -> tuple[float, float]:
        """Kept free at the sides, and above and below: a printer may be a millimetre out."""
        return (3, 2.5) if self.height_mm > 25 else (2, 1.4)

    def corner(self, cell: int) -> tuple[float, float]:
        """The left upper corner of a label; they count from 1, along the rows."""
        row, column = divmod(cell - 1, self.columns)
        return self.left_mm + column * self.pitch_x_mm, self.top_mm + row * self.pitch_y_mm


@dataclass(frozen=True)
class CourierRow:
    """One parcel in a courier's list."""

    number: int
    reference: str
    name: str
    attention: str
    organisation: str
    address_line_1: str
    address_line_2: str
    town: str
    postcode: str
    copies: int


# The sizes that every maker sells.
LABEL_SHEETS = (
    LabelSheet("21", gettext_lazy("21 a sheet (63.5 × 38.1 mm)"), 3, 7, 63.5, 38.1, 7.2, 15.15, 66.04, 38.1),
    LabelSheet("24", gettext_lazy("24 a sheet (63.5 × 33.9 mm)"), 3, 8, 63.5, 33.9, 7.2, 12.9, 66.04, 33.9),
    LabelSheet("14", gettext_lazy("14 a sheet (99.1 × 38.1 mm)"), 2, 7, 99.1, 38.1, 4.65, 15.15, 101.6, 38.1),
    LabelSheet("8", gettext_lazy("8 a sheet (99.1 × 67.7 mm)"), 2, 4, 99.1, 67.7, 4.65, 13.1, 101.6, 67.7),
    LabelSheet("65", gettext_lazy("65 a sheet (38.1 × 21.2 mm)"), 5, 13, 38.1, 21.2, 4.75, 10.7, 40.6, 21.2),
)


def courier_csv(rows: Iterable[CourierRow]) -> Iterator[bytes]:
    """Row by row, the headings first. UTF-8 with a mark, so that Excel reads the letters right; lines end as RFC 4180 says."""
    buffer = StringIO(newline="")
    writer = csv.writer(buffer, quoting=csv.QUOTE_ALL, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([field.name for field in fields(CourierRow)])
    yield buffer.getvalue().encode()
    for row in rows:
        buffer.seek(0)
        buffer.truncate()
        writer.writerow([escape_formula(value) if isinstance(value, str) else value for value in astuple(row)])
        yield buffer.getvalue().encode()


# The pick list is read at arm's length and ticked with a pen.
PICK_LEFT, PICK_RIGHT = 15, 195
PICK_TOP, PICK_BOTTOM, PICK_FOOT = 14, 278, 284
TICK_SIZE = 7  # mm, a side of the box
PICK_WORDS_SIZE, PICK_FIGURES_SIZE, PICK_HEADS_SIZE = 14, 20, 11  # points
PICK_PADDING = 2.6  # mm in a row, above its text and below
PICK_HEAD_HEIGHT = 9
COLUMN_TAG, ACROSS_TAG = "<</O /Table /Scope /Column>>", "<</O /Table /ColSpan 3>>"


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
        lines = pdf.lines_of(heading, size=22, width=PICK_RIGHT - PICK_LEFT, bold=True)
        below_heading = PICK_TOP + lines * 22 * LINE_HEIGHT * MM_PER_POINT + 18
        # Which rows stand on which page. The totals stay with the last of them.
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
                when = _("Made on %(day)s at %(time)s.") % {"day": format_day(made_at), "time": format_clock(made_at)}
                how = _("Tick what you have taken.") if rows else _("There is nothing to pick.")
                y = pdf.say("H1", heading, PICK_LEFT, y, width=PICK_RIGHT - PICK_LEFT, size=22, bold=True, colour=BRAND)
                pdf.say("P", f"{when} {how}", PICK_LEFT, y + 1.5, width=PICK_RIGHT - PICK_LEFT, size=12, colour=QUIET)
                y = below_heading
            if rows:
                draw_pick_table(pdf, page, y, totals=rows if number == len(pages) else [])
            with pdf.decoration():
                text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                pdf.draw_line(text, PICK_RIGHT - pdf.width_of(text, size=11), PICK_FOOT, size=11, colour=QUIET)
                if number > 1:
                    line = pdf.wrapped(pdf.printable(heading), size=11, width=140)[0]
                    pdf.draw_line(line, PICK_LEFT, PICK_FOOT, size=11, colour=QUIET)
        return pdf.written()


def pick_row_height(pdf: PrintPdf, row: Pick) -> float:
    columns = ((row.title, TITLE_COLUMN), (row.edition, EDITION_COLUMN))
    lines = max(pdf.lines_of(text, size=PICK_WORDS_SIZE, width=column.width) for text, column in columns)
    return max(TICK_SIZE + 4, lines * PICK_WORDS_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * PICK_PADDING)


def draw_pick_table(pdf: PrintPdf, rows: Sequence[Pick], y: float, *, totals: Sequence[Pick]) -> None:
    headings = (
        (DONE_COLUMN, _("Done")),
        (COPIES_COLUMN, _("Copies")),
        (TITLE_COLUMN, _("Leaflet")),
        (EDITION_COLUMN, _("Edition")),
        (ORDERS_COLUMN, _("Orders")),
    )
    with pdf.element("Table"):
        pdf.panel(PICK_LEFT, y, PICK_RIGHT - PICK_LEFT, PICK_HEAD_HEIGHT - 1.5, BRAND)
        with pdf.element("TR"):
            for column, text in headings:
                style = {"size": PICK_HEADS_SIZE, "bold": True, "colour": WHITE, "attributes": COLUMN_TAG}
                draw_pick_cell(pdf, column, text, y + 1.4, tag="TH", **style)
        y += PICK_HEAD_HEIGHT - 1.5
        for row in rows:
            height = pick_row_height(pdf, row)
            with pdf.element("TR"):
                with pdf.tagged("TD", ""):
                    pdf.set_draw_color(*QUIET)
                    pdf.set_line_width(0.5)
                    pdf.rect(DONE_COLUMN.x, y + 1.8, TICK_SIZE, TICK_SIZE, style="D")
                above = PICK_PADDING - (PICK_FIGURES_SIZE - PICK_WORDS_SIZE) * LINE_HEIGHT * MM_PER_POINT / 2
                draw_pick_cell(pdf, COPIES_COLUMN, f"{row.copies:,}", y + above, size=PICK_FIGURES_SIZE, bold=True)
                draw_pick_cell(pdf, TITLE_COLUMN, row.title, y + PICK_PADDING)
                draw_pick_cell(pdf, EDITION_COLUMN, row.edition, y + PICK_PADDING)
                draw_pick_cell(pdf, ORDERS_COLUMN, f"{row.orders:,}", y + PICK_PADDING, colour=QUIET)
            pdf.panel(PICK_LEFT, y + height - 0.25, PICK_RIGHT - PICK_LEFT, 0.25, HAIRLINE)
            y += height
        if totals:
            copies, titles = sum(row.copies for row in totals), len({row.title for row in totals})
            text = ngettext("copies in all, of %(titles)d leaflet", "copies in all, of %(titles)d leaflets", titles)
            pdf.panel(PICK_LEFT, y, PICK_RIGHT - PICK_LEFT, PICK_HEAD_HEIGHT + 4, WASH)
            with pdf.element("TR"):
                with pdf.tagged("TD", ""):
                    pass
                draw_pick_cell(pdf, COPIES_COLUMN, f"{copies:,}", y + 1.8, size=PICK_FIGURES_SIZE, bold=True)
                across = PickColumn(TITLE_COLUMN.x, PICK_RIGHT - TITLE_COLUMN.x)
                draw_pick_cell(pdf, across, text % {"titles": titles}, y + 3.3, bold=True, attributes=ACROSS_TAG)


def draw_pick_cell(pdf: PrintPdf, column: PickColumn, text: str, y: float, *, tag: str = "TD", **style: Any) -> None:
    pdf.say(tag, text, column.x, y, width=column.width, right=column.right, **{"size": PICK_WORDS_SIZE, **style})


LARGEST_TYPE, SMALLEST_TYPE, TYPE_STEP = 12.0, 6.5, 0.5  # points, of labels; Royal Mail asks for 10 to 12 where there is room
COMFORTABLE_TYPE = 9.0  # from here on a line is rather made smaller than wrapped
TIGHT_LINE_HEIGHT = 1.12  # leading of small letters: their full height, no more
NUMBER_SIZE = 8.0  # points
NUMBER_GAP = 2  # mm between a line and the number


@dataclass(frozen=True)
class FittedAddress:
    """The lines of an address that fits, and their size in points."""

    lines: list[str]
    size: float

    @property
    def leading(self) -> float:
        return 1.2 if self.size >= COMFORTABLE_TYPE else TIGHT_LINE_HEIGHT

    @property
    def line(self) -> float:
        return self.size * self.leading * MM_PER_POINT


def address_labels(addresses: Iterable[tuple[int, Sequence[str]]], *, sheet: LabelSheet, start: int) -> IO[bytes]:
    """A PDF of labels with each parcel's number and address, from the label `start` of the first sheet on (1 is the first).

    Raises ValueError for a start that the sheet doesn't have.
    """
    with PrintPdf(title=str(_("Address labels")), made_at=timezone.now()) as pdf:
        draw_labels(pdf, addresses, sheet=sheet, start=start)
        return pdf.written()


def draw_labels(pdf: PrintPdf, addresses: Iterable[tuple[int, Sequence[str]]], *, sheet: LabelSheet, start: int) -> None:
    """On pages of their own. Without any address there is one empty page."""
    if not 1 <= start <= sheet.cells:
        raise ValueError(f"A sheet of {sheet.cells} labels has no label {start}.")
    pdf.add_page()
    cell = start
    for number, address in addresses:
        if cell > sheet.cells:
            pdf.add_page()
            cell = 1
        draw_label(pdf, sheet, cell, str(number), postal_address([pdf.printable(line) for line in address]))
        cell += 1


def postal_address(address: Sequence[str]) -> list[str]:
    """Without empty lines; the postcode on a line of its own, the last, in capitals, as Royal Mail asks."""
    lines = [line for line in address if line]
    if not lines:
        return []
    words = lines[-1].split(" ")
    for taken in (1, 2, 3):
        try:
            postcode = tidy_postcode("".join(words[-taken:]))
        except ValidationError:
            continue
        rest = " ".join(words[:-taken]).rstrip(" ,")
        return [*lines[:-1], *([rest] if rest else []), postcode]
    return lines


def draw_label(pdf: PrintPdf, sheet: LabelSheet, cell: int, number: str, address: list[str]) -> None:
    """The whole address, or a line that it has to be written by hand."""
    x, y = sheet.corner(cell)
    across, down = sheet.margins
    fitted = fit_address(pdf, sheet, number, address)
    with pdf.tagged("P", None):
        if fitted:
            top = y + (sheet.height_mm - len(fitted.lines) * fitted.line) / 2
            for place, line in enumerate(fitted.lines):
                pdf.draw_line(f"{line} ", x + across, top + place * fitted.line, size=fitted.size, leading=fitted.leading)
        else:
            text = pdf.printable(_("Write this label by hand: the address is too long for it."))
            top = y + down
            for line in pdf.wrapped(text, size=SMALLEST_TYPE, width=sheet.width_mm - 2 * across):
                pdf.draw_line(f"{line} ", x + across, top, size=SMALLEST_TYPE, leading=TIGHT_LINE_HEIGHT)
                top += SMALLEST_TYPE * TIGHT_LINE_HEIGHT * MM_PER_POINT
        # Never larger than the address, so that it stands beside the last line alone.
        size = min(NUMBER_SIZE, fitted.size) if fitted else SMALLEST_TYPE
        left = x + sheet.width_mm - across - pdf.width_of(number, size=size, bold=True)
        top = y + sheet.height_mm - down - size * TIGHT_LINE_HEIGHT * MM_PER_POINT
        pdf.draw_line(number, left, top, size=size, bold=True, leading=TIGHT_LINE_HEIGHT)


def fit_address(pdf: PrintPdf, sheet: LabelSheet, number: str, address: list[str]) -> FittedAddress | None:
    """The largest letters with which all of it fits, if there are any; without wrapped lines if that leaves them comfortable."""
    across, down = sheet.margins
    width, height = sheet.width_mm - 2 * across, sheet.height_mm - 2 * down
    best = None
    for steps in range(int((LARGEST_TYPE - SMALLEST_TYPE) / TYPE_STEP) + 1):
        size = LARGEST_TYPE - steps * TYPE_STEP
        fitted = FittedAddress(wrap_address(pdf, address, number, width=width, size=size), size)
        if not fitted.lines or len(fitted.lines) * fitted.line > height:
            continue
        if len(fitted.lines) == len(address):
            return fitted if best is None or size >= COMFORTABLE_TYPE else best
        best = best or fitted
    return best


def wrap_address(pdf: PrintPdf, address: list[str], number: str, *, width: float, size: float) -> list[str]:
    """Empty if a word would have to be broken, except in the smallest letters. The last line leaves room for the number."""
    lines: list[str] = []
    for place, text in enumerate(address, start=1):
        room = width
        if place == len(address):
            room -= NUMBER_GAP + pdf.width_of(number, size=min(NUMBER_SIZE, size), bold=True)
        if size > SMALLEST_TYPE and any(pdf.width_of(word, size=size) > room for word in text.split(" ")):
            return []
        lines += pdf.wrapped(text, size=size, width=room)
    return lines


# Packing slips: what the packer puts in, and what the person who opens the parcel reads.

SLIP_LEFT, SLIP_RIGHT = 20, 190
WORDS_SIZE, FIGURES_SIZE = 12, 16  # points, of the table
ROW_PADDING = 1.8  # mm in a row, above its text and below
HEAD_ROW_HEIGHT = 7.5
TITLE_X, EDITION_X, COPIES_WIDTH = 42, 148, 16  # mm: where the columns begin, and how wide the figures are
TITLE_WIDTH, EDITION_WIDTH = EDITION_X - TITLE_X - 4, SLIP_RIGHT - EDITION_X
NOTE_LINES = 6


@dataclass(frozen=True)
class SlipBlock:
    """What stays together on a page. `row`: a row of the table. `keep_below`: millimetres below it that stay with it."""

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
    colour: Colour = INK

    def height(self, pdf: PrintPdf) -> float:
        lines = pdf.lines_of(self.text, size=self.size, width=SLIP_RIGHT - SLIP_LEFT, bold=self.bold)
        return self.before + lines * self.size * 1.3 * MM_PER_POINT

    def draw(self, pdf: PrintPdf, y: float) -> float:
        style = {"size": self.size, "bold": self.bold, "colour": self.colour, "leading": 1.3}
        return pdf.say(self.kind, self.text, SLIP_LEFT, y + self.before, width=SLIP_RIGHT - SLIP_LEFT, **style)  # type: ignore[arg-type]


def heading_paragraph(text: str, *, before: float = 6) -> SlipParagraph:
    return SlipParagraph("H2", text, size=14, bold=True, before=before, colour=BRAND)


def keep_together(pdf: PrintPdf, paragraphs: list[SlipParagraph], *, after: float = 0, keep_below: float = 0) -> SlipBlock:
    def draw(pdf: PrintPdf, y: float) -> None:
        for paragraph in paragraphs:
            y = paragraph.draw(pdf, y)

    return SlipBlock(sum(paragraph.height(pdf) for paragraph in paragraphs) + after, draw, keep_below=keep_below)


def row_height(pdf: PrintPdf, item: SlipItem) -> float:
    columns = ((item.title, TITLE_WIDTH), (item.edition, EDITION_WIDTH))
    lines = max(pdf.lines_of(text, size=WORDS_SIZE, width=width) for text, width in columns)
    return lines * WORDS_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * ROW_PADDING


def draw_row(item: SlipItem, pdf: PrintPdf, y: float) -> None:
    with pdf.element("TR"):
        draw_figure(pdf, item.copies, y)
        pdf.say("TD", item.title, TITLE_X, y + ROW_PADDING, width=TITLE_WIDTH, size=WORDS_SIZE)
        pdf.say("TD", item.edition, EDITION_X, y + ROW_PADDING, width=EDITION_WIDTH, size=WORDS_SIZE)
    pdf.panel(SLIP_LEFT, y + row_height(pdf, item) - 0.2, SLIP_RIGHT - SLIP_LEFT, 0.2, HAIRLINE)


def draw_total(items: list[SlipItem], pdf: PrintPdf, y: float) -> None:
    titles, style = len(items), {"size": WORDS_SIZE, "bold": True, "attributes": "<</O /Table /ColSpan 2>>"}
    text = ngettext("in all, of %(titles)d leaflet", "in all, of %(titles)d leaflets", titles) % {"titles": titles}
    with pdf.element("TR"):
        draw_figure(pdf, sum(item.copies for item in items), y)
        pdf.say("TD", text, TITLE_X, y + ROW_PADDING, width=SLIP_RIGHT - TITLE_X, **style)  # type: ignore[arg-type]


def draw_figure(pdf: PrintPdf, copies: int, y: float) -> None:
    above = ROW_PADDING - (FIGURES_SIZE - WORDS_SIZE) * LINE_HEIGHT * MM_PER_POINT / 2
    pdf.say("TD", f"{copies:,}", SLIP_LEFT, y + above, width=COPIES_WIDTH, size=FIGURES_SIZE, bold=True, right=True)


def slip_blocks(pdf: PrintPdf, slip: Slip) -> Iterator[SlipBlock]:
    now = [item for item in slip.items if item.copies]
    later = [item for item in slip.items if item.to_come]
    if now:
        yield keep_together(pdf, [heading_paragraph(_("In this parcel"), before=0)], after=2, keep_below=25)
    total_height = WORDS_SIZE * LINE_HEIGHT * MM_PER_POINT + 2 * ROW_PADDING
    for place, item in enumerate(now, start=1):
        keep_below = total_height if place == len(now) > 1 else 0
        yield SlipBlock(row_height(pdf, item), partial(draw_row, item), row=True, keep_below=keep_below)
    if len(now) > 1:
        yield SlipBlock(total_height, partial(draw_total, now), row=True)
    if later:
        how = _("We did not have these in stock. We will post them as soon as we do. You don’t need to do anything.")
        yield keep_together(pdf, [heading_paragraph(_("Still to come")), SlipParagraph("P", how)], keep_below=10)
    for item in later:
        facts = {"copies": item.to_come, "title": item.title}
        text = ngettext("%(copies)d copy of “%(title)s”", "%(copies)d copies of “%(title)s”", item.to_come) % facts
        yield keep_together(pdf, [SlipParagraph("P", text, bold=True)])
    # Few lines at a time, so that a long note goes on to the next page.
    lines = pdf.wrapped(pdf.printable(slip.note), size=SlipParagraph.size, width=SLIP_RIGHT - SLIP_LEFT)
    for begin in range(0, len(lines), NOTE_LINES) if slip.note else ():
        text = " ".join(lines[begin : begin + NOTE_LINES])
        yield keep_together(pdf, [SlipParagraph("P", text, before=0 if begin else 5)])
    facts = {"phone": site_settings().advice_phone, "hours": advice_hours(), "reference": slip.reference}
    closing = [
        heading_paragraph(_("Thank you"), before=7),
        SlipParagraph("P", _("Each leaflet that you pass on helps somebody to notice a trafficked child, and to act.")),
        heading_paragraph(_("Is something wrong?"), before=5),
        SlipParagraph("P", _("Is a leaflet missing, damaged or not what you asked for? Scan the code on this slip, or call us:")),
        SlipParagraph("P", _("%(phone)s, %(hours)s. Please say %(reference)s.") % facts, bold=True),
        heading_paragraph(_("If you are worried about a child"), before=5),
        SlipParagraph("P", _("If a child is in immediate danger, call 999."), bold=True),
        *(SlipParagraph("P", line, before=0.5) for line in slip.who_to_tell),
        SlipParagraph("P", charity_line(), size=9, before=5, colour=QUIET),
    ]
    yield keep_together(pdf, closing)


TOP, BOTTOM, FOOT = 13, 272, 284
# What the window of a folded DL or C5 may show, however the sheet slips about in it (BS 4264: 35 by 90 mm, 20 mm from the left).
WINDOW_LEFT, WINDOW_TOP, WINDOW_RIGHT, WINDOW_BOTTOM = 10, 45, 112, 96
ADDRESS_LEFT, ADDRESS_TOP, ADDRESS_WIDTH, ADDRESS_HEIGHT = 22, 57, 76, 25  # and where it always shows
CODE_SIZE = 36  # mm, with its empty edge
FIRST_BODY, NEXT_BODY = 100, 44


def packing_slips(slips: Iterable[Slip], *, made_at: datetime) -> IO[bytes]:
    """A PDF in which each parcel has pages of its own, to print on one side only: else two people's leaflets would share a sheet.

    The address stands where a DL or C5 envelope has its window, and nothing else does.
    """
    printed = _("printed on %(day)s at %(time)s") % {"day": format_day(made_at), "time": format_clock(made_at)}
    with PrintPdf(title=str(_("Packing slips")), made_at=made_at, duplex=Duplex.SIMPLEX) as pdf:
        for slip in slips:
            size, address = address_lines(pdf, slip.address)
            body = max(FIRST_BODY, ADDRESS_TOP + len(address) * size * LINE_HEIGHT * MM_PER_POINT + 6)
            pages = paginate(slip_blocks(pdf, slip), body)
            for number, page in enumerate(pages, start=1):
                pdf.add_page()
                if number == 1:
                    pdf.start_section(f"{slip.number}: {slip.reference}")  # a bookmark, to print one slip of 200 again
                    draw_mark(pdf, SLIP_LEFT, TOP, size=9, square=BRAND)
                    centre = _("Child trafficking advice centre")
                    pdf.say("P", centre, SLIP_LEFT + 12, TOP + 2.1, width=80, size=11, bold=True, colour=BRAND)
                    pdf.say("H1", _("Your leaflets"), SLIP_LEFT, TOP + 12.5, width=90, size=20, bold=True)
                    ordered = _("Ordered on %(day)s") % {"day": format_day(slip.ordered_on)}
                    pdf.say("P", ordered, SLIP_LEFT, TOP + 22, width=90, size=11, colour=QUIET)
                else:
                    title = _("Your leaflets, page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                    pdf.say("H1", title, SLIP_LEFT, TOP + 2, width=110, size=20, bold=True)
                    goes_on = _("Continued from page %(page)d of the same parcel.") % {"page": number - 1}
                    pdf.say("P", goes_on, SLIP_LEFT, TOP + 12, width=110, size=11, colour=QUIET)
                draw_number(pdf, slip)
                pdf.say("P", slip.reference, SLIP_RIGHT - 60, TOP + 18.5, width=60, size=16, bold=True, right=True)
                if number == 1:
                    with pdf.tagged("P", ", ".join(line for line in slip.address if line)):
                        for place, line in enumerate(address):
                            pdf.draw_line(line, ADDRESS_LEFT, ADDRESS_TOP + place * size * LINE_HEIGHT * MM_PER_POINT, size=size)
                    draw_order_code(pdf, slip)
                draw_body(pdf, page, body if number == 1 else NEXT_BODY)
                if number < len(pages):  # who packs by this slip must not stop here
                    more = any(block.row for later_page in pages[number:] for block in later_page)
                    text = _("Please read the next page too.")
                    if more:
                        text = _("There is more in this parcel: see the next page.")
                    pdf.say("P", text, SLIP_LEFT, BOTTOM + 2.5, width=SLIP_RIGHT - SLIP_LEFT, size=12, bold=True)
                with pdf.decoration():
                    facts = {"number": slip.number, "reference": slip.reference, "printed": printed}
                    foot = _("Parcel %(number)d, %(reference)s, %(printed)s") % facts
                    pdf.draw_line(foot, SLIP_LEFT, FOOT, size=9, colour=QUIET)
                    text = _("Page %(page)d of %(pages)d") % {"page": number, "pages": len(pages)}
                    pdf.draw_line(text, SLIP_RIGHT - pdf.width_of(text, size=9), FOOT, size=9, colour=QUIET)
        return pdf.written()


def paginate(blocks: Iterable[SlipBlock], body: float) -> list[list[SlipBlock]]:
    pages: list[list[SlipBlock]] = [[]]
    y = body
    for block in blocks:
        head = HEAD_ROW_HEIGHT if block.row and not (pages[-1] and pages[-1][-1].row) else 0
        if pages[-1] and y + head + block.height + block.keep_below > BOTTOM:
            pages.append([])
            y, head = NEXT_BODY, HEAD_ROW_HEIGHT if block.row else 0
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
                        pdf.say("TH", text, x, y + 0.8, width=width, size=10, colour=QUIET, right=right, attributes=COLUMN_TAG)
                pdf.panel(SLIP_LEFT, y + HEAD_ROW_HEIGHT - 0.6, SLIP_RIGHT - SLIP_LEFT, 0.6, BRAND)
                y += HEAD_ROW_HEIGHT
            for block in group:
                block.draw(pdf, y)
                y += block.height


def draw_number(pdf: PrintPdf, slip: Slip) -> None:
    """By which slip, label and parcel are matched across a table."""
    number, word = str(slip.number), _("Parcel")
    left = SLIP_RIGHT - pdf.width_of(number, size=46, bold=True)
    with pdf.tagged("P", _("Parcel %(number)d") % {"number": slip.number}):
        pdf.draw_line(word, left - 3 - pdf.width_of(word, size=12), TOP + 9.3, size=12, colour=QUIET)
        pdf.draw_line(number, left, TOP - 2.5, size=46, bold=True)


def address_lines(pdf: PrintPdf, address: Sequence[str]) -> tuple[float, list[str]]:
    """The size of the letters in points, and the lines. A very long one is taller than what a window shows, and loses nothing."""
    printable = [line for line in map(pdf.printable, address) if line]
    size = 11.0
    while True:
        lines = [part for line in printable for part in pdf.wrapped(line, size=size, width=ADDRESS_WIDTH)]
        if size <= 8 or len(lines) * size * LINE_HEIGHT * MM_PER_POINT <= ADDRESS_HEIGHT:
            return size, lines
        size -= 0.5


def draw_order_code(pdf: PrintPdf, slip: Slip) -> None:
    left = WINDOW_RIGHT + 10
    alt = _("Code to scan with a phone. It opens the page of this order, %(url)s") % {"url": slip.url}
    draw_qr_code(pdf, slip.url, left, WINDOW_TOP + 1, CODE_SIZE, alt=alt)
    how = _("Scan this to see your order, or to tell us that something is wrong.")
    pdf.say("P", how, left + CODE_SIZE, WINDOW_TOP + 5, width=SLIP_RIGHT - left - CODE_SIZE, size=10.5)
    # The address to be typed, broken after a slash rather than inside a reference.
    x, y, size = left + 3.5, float(WINDOW_TOP + 1 + CODE_SIZE), 8.5
    with pdf.tagged("P", slip.url):
        for line in pdf.wrapped(slip.url.replace("/", "/ ").strip(), size=size, width=SLIP_RIGHT - x):
            pdf.draw_line(line.replace(" ", ""), x, y, size=size, colour=QUIET)
            y += size * LINE_HEIGHT * MM_PER_POINT
