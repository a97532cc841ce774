"""What a packing session prints: the rows of its lists, slips and labels, and the courier's list as CSV.

The PDFs are drawn in sheets.py and slips.py, which only a print imports: fpdf2 takes 30 MB of a worker.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from io import StringIO

from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from staff.spreadsheets import escape_formula


@dataclass(frozen=True)
class Pick:
    """The copies of one edition to take from the shelf, and the number of orders that they are for."""

    title: str
    edition: str
    copies: int
    orders: int


@dataclass(frozen=True)
class SlipItem:
    """One leaflet of a parcel: the copies to put in now, and those to come later."""

    title: str
    edition: str  # its label: "March 2026"
    copies: int
    to_come: int = 0


@dataclass(frozen=True)
class Slip:
    """One parcel. `number` counts from 1 in its session; `url` is the order's full address, for the code to scan.

    `who_to_tell`: whom to call about a child in the area that the parcel goes to. `language`: the language of the person who
    opens it.
    """

    number: int
    reference: str
    url: str
    ordered_on: date
    address: Sequence[str]
    items: Sequence[SlipItem]
    note: str = ""
    who_to_tell: Sequence[str] = ()
    language: str = settings.LANGUAGE_CODE


@dataclass(frozen=True)
class LabelSheet:
    """A sheet of labels on A4, measured in mm.

    `pitch_x_mm` and `pitch_y_mm` are from the edge of one label to the same edge of the next.
    """

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
        """Millimetres kept free at the sides, and above and below: a printer may be a millimetre out."""
        return (3, 2.5) if self.height_mm > 25 else (2, 1.4)

    def corner(self, cell: int) -> tuple[float, float]:
        """The left upper corner of a label. Labels are counted from 1, row by row."""
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
    """Row by row, headings first. UTF-8 with a byte order mark, so that Excel reads it right; line ends as in RFC 4180."""
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
