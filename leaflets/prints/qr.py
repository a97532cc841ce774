"""A code that a phone's camera reads, drawn as one shape: sharp at every size, and small in the file."""

from functools import lru_cache
from itertools import groupby

import segno

from leaflets.prints.paper import PrintPdf

VARIES = 12  # letters at the end of an order's page: its reference
QUIET_MODULES = 4  # of empty paper around it (ISO/IEC 18004)


def draw_code(pdf: PrintPdf, url: str, x: float, y: float, size: float, *, alt: str) -> None:
    """`size` is with the empty edge. Even with 15% of it torn or smudged it can be read."""
    code = segno.make(url, error="m", micro=False, mask=_mask_for(url[:-VARIES] + "0" * VARIES))
    rows = [list(row) for row in code.matrix]
    points = size * pdf.k / (len(rows) + 2 * QUIET_MODULES)
    left, top = x * pdf.k + QUIET_MODULES * points, (pdf.h - y) * pdf.k - QUIET_MODULES * points
    with pdf.figure(alt):
        pdf.operate(f"q 0 g {points:.4f} 0 0 {-points:.4f} {left:.3f} {top:.3f} cm")
        pdf.operate(" ".join(_runs(rows)) + " f Q")


@lru_cache(maxsize=8)
def _mask_for(page: str) -> int:
    """The pattern that breaks up what a camera may stumble over. A reader takes any; that of a page's neighbour suits it as well
    (ADR 45), and weighing all eight for each code took two fifths of a print."""
    return int(segno.make(page, error="m", micro=False).mask)


def _runs(rows: list[list[int]]) -> list[str]:
    """A rectangle for each run of dark modules in a row."""
    found = []
    for down, row in enumerate(rows):
        across = 0
        for dark, run in groupby(row):
            length = len(list(run))
            if dark:
                found.append(f"{across} {down} {length} 1 re")
            across += length
    return found
