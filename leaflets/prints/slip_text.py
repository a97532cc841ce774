"""What a packing slip says, in blocks that stay together on a page."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leaflets.prints.inputs import Item, Slip
from leaflets.prints.paper import BRAND, HAIRLINE, INK, LEADING, QUIET, PrintPdf
from leaflets.tagged_pdf import MM_A_POINT, Colour

LEFT, RIGHT = 20, 190
WORDS, FIGURES = 12, 16  # points, of the table
ABOVE = 1.8  # mm in a row, above its text and below
HEAD_ROW = 7.5
TITLE, EDITION, COPIES = 42, 148, 16  # mm: where the columns begin, and how wide the figures are
TITLE_WIDTH, EDITION_WIDTH = EDITION - TITLE - 4, RIGHT - EDITION
NOTE_LINES = 6
COLUMN = "<</O /Table /Scope /Column>>"


@dataclass(frozen=True)
class Block:
    """`row`: a row of the table. `keeps`: millimetres below it that belong on the same page."""

    height: float
    draw: Callable[[PrintPdf, float], None]
    row: bool = False
    keeps: float = 0


@dataclass(frozen=True)
class Words:
    """A paragraph of the closing text, over the whole width."""

    kind: str
    text: str
    size: float = 11.5
    bold: bool = False
    before: float = 1.5  # mm
    colour: Colour = INK

    def height(self, pdf: PrintPdf) -> float:
        lines = pdf.lines_of(self.text, size=self.size, width=RIGHT - LEFT, bold=self.bold)
        return self.before + lines * self.size * 1.3 * MM_A_POINT

    def draw(self, pdf: PrintPdf, y: float) -> float:
        return pdf.say(
            self.kind,
            self.text,
            LEFT,
            y + self.before,
            width=RIGHT - LEFT,
            size=self.size,
            bold=self.bold,
            colour=self.colour,
            leading=1.3,
        )


def blocks_of(pdf: PrintPdf, slip: Slip) -> list[Block]:
    now = [item for item in slip.items if item.copies]
    later = [item for item in slip.items if item.to_come]
    blocks = [_together(pdf, [_heading(_("In this parcel"), before=0)], after=2, keeps=25)] if now else []
    blocks += _table(pdf, now)
    if later:
        blocks += _still_to_come(pdf, later)
    blocks += _note(pdf, slip.note)
    return [*blocks, _together(pdf, list(_closing(slip)))]


def _heading(text: str, *, before: float = 6) -> Words:
    return Words("H2", text, size=14, bold=True, before=before, colour=BRAND)


def _together(pdf: PrintPdf, paragraphs: list[Words], *, after: float = 0, keeps: float = 0) -> Block:
    def draw(pdf: PrintPdf, y: float) -> None:
        for paragraph in paragraphs:
            y = paragraph.draw(pdf, y)

    return Block(sum(paragraph.height(pdf) for paragraph in paragraphs) + after, draw, keeps=keeps)


# The table


def draw_head_row(pdf: PrintPdf, y: float) -> float:
    heads = (
        (LEFT, COPIES, _("Copies"), True),
        (TITLE, TITLE_WIDTH, _("Leaflet"), False),
        (EDITION, EDITION_WIDTH, _("Edition"), False),
    )
    with pdf.element("TR"):
        for x, width, text, right in heads:
            pdf.say("TH", text, x, y + 0.8, width=width, size=10, colour=QUIET, right=right, attributes=COLUMN)
    pdf.panel(LEFT, y + HEAD_ROW - 0.6, RIGHT - LEFT, 0.6, BRAND)
    return y + HEAD_ROW


def _table(pdf: PrintPdf, items: list[Item]) -> Iterator[Block]:
    total = _total(items) if len(items) > 1 else None
    for place, item in enumerate(items, start=1):
        keeps = total.height if total and place == len(items) else 0
        yield Block(_row_height(pdf, item), partial(_row, item), row=True, keeps=keeps)
    if total:
        yield total


def _row_height(pdf: PrintPdf, item: Item) -> float:
    columns = ((item.title, TITLE_WIDTH), (item.edition, EDITION_WIDTH))
    lines = max(pdf.lines_of(text, size=WORDS, width=width) for text, width in columns)
    return lines * WORDS * LEADING * MM_A_POINT + 2 * ABOVE


def _row(item: Item, pdf: PrintPdf, y: float) -> None:
    with pdf.element("TR"):
        _figure(pdf, item.copies, y)
        pdf.say("TD", item.title, TITLE, y + ABOVE, width=TITLE_WIDTH, size=WORDS)
        pdf.say("TD", item.edition, EDITION, y + ABOVE, width=EDITION_WIDTH, size=WORDS)
    pdf.panel(LEFT, y + _row_height(pdf, item) - 0.2, RIGHT - LEFT, 0.2, HAIRLINE)


def _figure(pdf: PrintPdf, copies: int, y: float) -> None:
    above = ABOVE - (FIGURES - WORDS) * LEADING * MM_A_POINT / 2
    pdf.say("TD", f"{copies:,}", LEFT, y + above, width=COPIES, size=FIGURES, bold=True, right=True)


def _total(items: list[Item]) -> Block:
    titles = len(items)
    words = ngettext("in all, of %(titles)d leaflet", "in all, of %(titles)d leaflets", titles) % {"titles": titles}

    def draw(pdf: PrintPdf, y: float) -> None:
        with pdf.element("TR"):
            _figure(pdf, sum(item.copies for item in items), y)
            across = "<</O /Table /ColSpan 2>>"
            pdf.say("TD", words, TITLE, y + ABOVE, width=RIGHT - TITLE, size=WORDS, bold=True, attributes=across)

    return Block(WORDS * LEADING * MM_A_POINT + 2 * ABOVE, draw, row=True)


# What stands below


def _still_to_come(pdf: PrintPdf, items: list[Item]) -> Iterator[Block]:
    how = _("We did not have these in stock. We post them as soon as we do. You need do nothing.")
    yield _together(pdf, [_heading(_("Still to come")), Words("P", how)], keeps=10)
    for item in items:
        facts = {"copies": item.to_come, "title": item.title}
        text = ngettext("%(copies)d copy of “%(title)s”", "%(copies)d copies of “%(title)s”", item.to_come) % facts
        yield _together(pdf, [Words("P", text, bold=True)])


def _closing(slip: Slip) -> Iterator[Words]:
    yield _heading(_("Thank you"), before=7)
    yield Words("P", _("Each leaflet that you pass on helps somebody to notice a trafficked child, and to act."))
    yield _heading(_("Is something wrong?"), before=5)
    facts = {"phone": settings.ADVICE_PHONE, "hours": settings.ADVICE_HOURS, "reference": slip.reference}
    yield Words("P", _("Is a leaflet missing, damaged or not what you asked for? Scan the code on this slip, or call us:"))
    yield Words("P", _("%(phone)s, %(hours)s. Please say %(reference)s.") % facts, bold=True)
    yield Words("P", _("If a child is in immediate danger, call 999."), bold=True, before=5)


def _note(pdf: PrintPdf, note: str) -> Iterator[Block]:
    """Few lines at a time, so that a long one goes on to the next page."""
    lines = pdf.wrapped(pdf.printable(note), size=Words.size, width=RIGHT - LEFT)
    for begin in range(0, len(lines), NOTE_LINES) if note else ():
        text = " ".join(lines[begin : begin + NOTE_LINES])
        yield _together(pdf, [Words("P", text, before=0 if begin else 5)])
