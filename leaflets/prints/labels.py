"""Address labels. An address stands whole inside its label, or the label says plainly that it has to be written by hand."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import IO

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from ctac.uk import tidy_postcode
from leaflets.prints.inputs import LabelSheet
from leaflets.prints.paper import PrintPdf
from leaflets.tagged_pdf import MM_A_POINT

LARGEST, SMALLEST, STEP = 12.0, 6.5, 0.5  # points; Royal Mail asks for 10 to 12 where there is room
COMFORTABLE = 9.0  # from here on a line is rather made smaller than wrapped
TIGHT = 1.12  # leading of small letters: their full height, no more
NUMBER = 8.0  # points
GAP = 2  # mm between a line and the number


@dataclass(frozen=True)
class Fitted:
    """The lines of an address that fits, and their size in points."""

    lines: list[str]
    size: float

    @property
    def leading(self) -> float:
        return 1.2 if self.size >= COMFORTABLE else TIGHT

    @property
    def line(self) -> float:
        return self.size * self.leading * MM_A_POINT


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
        _label(pdf, sheet, cell, str(number), _printable(pdf, address))
        cell += 1


def _printable(pdf: PrintPdf, address: Sequence[str]) -> list[str]:
    return for_the_post([pdf.printable(line) for line in address])


def for_the_post(address: Sequence[str]) -> list[str]:
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


def _label(pdf: PrintPdf, sheet: LabelSheet, cell: int, number: str, address: list[str]) -> None:
    x, y = sheet.corner(cell)
    across, down = _edges(sheet)
    fitted = _fitted(pdf, sheet, number, address)
    with pdf.tagged("P", None):
        if fitted:
            top = y + (sheet.height_mm - len(fitted.lines) * fitted.line) / 2
            for place, line in enumerate(fitted.lines):
                pdf.draw_line(f"{line} ", x + across, top + place * fitted.line, size=fitted.size, leading=fitted.leading)
        else:
            _write_by_hand(pdf, x + across, y + down, sheet.width_mm - 2 * across)
        size = _number_size(fitted)
        left = x + sheet.width_mm - across - pdf.width_of(number, size=size, bold=True)
        pdf.draw_line(number, left, y + sheet.height_mm - down - size * TIGHT * MM_A_POINT, size=size, bold=True, leading=TIGHT)


def _edges(sheet: LabelSheet) -> tuple[float, float]:
    """Millimetres kept free at the sides, and above and below: a printer may be a millimetre out."""
    return (3, 2.5) if sheet.height_mm > 25 else (2, 1.4)


def _fitted(pdf: PrintPdf, sheet: LabelSheet, number: str, address: list[str]) -> Fitted | None:
    """The largest letters with which all of it fits, if there are any; without wrapped lines if that leaves them comfortable."""
    across, down = _edges(sheet)
    width, height = sheet.width_mm - 2 * across, sheet.height_mm - 2 * down
    best = None
    for steps in range(int((LARGEST - SMALLEST) / STEP) + 1):
        size = LARGEST - steps * STEP
        fitted = Fitted(_lines(pdf, address, number, width=width, size=size), size)
        if not fitted.lines or len(fitted.lines) * fitted.line > height:
            continue
        if len(fitted.lines) == len(address):
            return fitted if best is None or size >= COMFORTABLE else best
        best = best or fitted
    return best


def _lines(pdf: PrintPdf, address: list[str], number: str, *, width: float, size: float) -> list[str]:
    """None if a word would have to be broken, except in the smallest letters. The last line leaves room for the number."""
    lines: list[str] = []
    for place, text in enumerate(address, start=1):
        room = width
        if place == len(address):
            room -= GAP + pdf.width_of(number, size=min(NUMBER, size), bold=True)
        if size > SMALLEST and any(pdf.width_of(word, size=size) > room for word in text.split(" ")):
            return []
        lines += pdf.wrapped(text, size=size, width=room)
    return lines


def _number_size(fitted: Fitted | None) -> float:
    """Never larger than the address, so that it stands beside the last line alone."""
    return min(NUMBER, fitted.size) if fitted else SMALLEST


def _write_by_hand(pdf: PrintPdf, x: float, y: float, width: float) -> None:
    text = pdf.printable(_("Write this label by hand: the address is too long for it."))
    for line in pdf.wrapped(text, size=SMALLEST, width=width):
        pdf.draw_line(f"{line} ", x, y, size=SMALLEST, leading=TIGHT)
        y += SMALLEST * TIGHT * MM_A_POINT
