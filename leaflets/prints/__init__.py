"""What a packing session prints: a list to pick by, slips, labels, a courier's list. Plain values in, files out.

The PDF library is loaded by the first print and not with the web worker (ADR 22).
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import IO

from leaflets.prints.courier import courier_csv
from leaflets.prints.inputs import CourierRow, Item, LabelSheet, Pick, Slip
from leaflets.prints.sheets import LABEL_SHEETS

__all__ = [
    "LABEL_SHEETS",
    "CourierRow",
    "Item",
    "LabelSheet",
    "Pick",
    "Slip",
    "address_labels",
    "courier_csv",
    "packing_slips",
    "pick_list",
]


def pick_list(picks: Iterable[Pick], *, heading: str, made_at: datetime) -> IO[bytes]:
    """A PDF to walk along the shelves with: what to take, in the order given, and the totals."""
    from leaflets.prints.picking import pick_list

    return pick_list(picks, heading=heading, made_at=made_at)


def packing_slips(slips: Iterable[Slip], *, made_at: datetime) -> IO[bytes]:
    """A PDF in which each parcel has a page of its own, or more if it is long."""
    from leaflets.prints.slips import packing_slips

    return packing_slips(slips, made_at=made_at)


def address_labels(addresses: Iterable[tuple[int, Sequence[str]]], *, sheet: LabelSheet, start: int) -> IO[bytes]:
    """A PDF of labels with each parcel's number and address, from the label `start` of the first sheet on (1 is the first).

    Raises ValueError for a start that the sheet doesn't have.
    """
    from leaflets.prints.labels import address_labels

    return address_labels(addresses, sheet=sheet, start=start)
