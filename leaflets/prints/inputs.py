"""What is to be printed, in plain values: whoever asks for a print brings them, and nothing here knows an order or a database."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from django.utils.functional import Promise


@dataclass(frozen=True)
class Item:
    """One leaflet of a parcel: the copies to put in now, and those that are sent later."""

    title: str
    edition: str  # its label: "March 2026"
    copies: int
    to_come: int = 0


@dataclass(frozen=True)
class Slip:
    """One parcel. `number` counts from 1 in its session; `url` is the order's page, whole, for the code that is scanned."""

    number: int
    reference: str
    url: str
    ordered_on: date
    address: Sequence[str]
    items: Sequence[Item]
    note: str = ""


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
