"""Address labels: whole inside their label at every starting position of every sheet, or said to be written by hand."""

import pytest
from django.utils import timezone
from hypothesis import given, settings, strategies as st

from core.pdf.typesetting import printable_text
from leaflets.dispatch.prints import LABEL_SHEETS, LabelSheet
from leaflets.dispatch.sheets import (
    COMFORTABLE_FONT_SIZE,
    MAX_FONT_SIZE,
    MIN_FONT_SIZE,
    address_labels,
    draw_labels,
    fit_address,
    postal_address,
)
from leaflets.pdf import PrintPdf
from tests.leaflets.dispatch.prints.reading import Box, Read, ink, whitened

SHEETS = pytest.mark.parametrize("sheet", LABEL_SHEETS, ids=lambda sheet: sheet.key)
SHORT = ["Siân Ŵyn", "Ysbyty Gwynedd", "Bangor", "LL57 2PW"]
LONG = [
    "Dr Alexandra Featherstonehaugh-Cholmondeley",
    "Safeguarding Lead",
    "Royal Cornwall Hospitals NHS Trust",
    "Trust Headquarters, Bedruthan House",
    "Treliske Industrial Estate",
    "Truro",
    "TR1 3LJ",
]
HOPELESS = ["A very long line that goes on and on and on " * 12] * 6 + ["M1 1AA"]
BY_HAND = "Write this label by hand: the address is too long for it."
SAFE = 1.2  # mm inside its label, for a printer that is a little out


def cell_box(sheet: LabelSheet, cell: int, inside: float = 0) -> Box:
    x, y = sheet.corner(cell)
    return x + inside, y + inside, x + sheet.width_mm - inside, y + sheet.height_mm - inside


@SHEETS
def test_from_every_start_each_address_stands_inside_its_own_label_and_nothing_beside(sheet: LabelSheet) -> None:
    addresses = {198: LONG if sheet.cells < 65 else LONG[3:], 199: SHORT, 200: HOPELESS}
    at: list[tuple[int, int]] = []  # page and label of each
    with PrintPdf(title="", made_at=timezone.now()) as pdf:
        for start in range(1, sheet.cells + 1):
            page = pdf.page
            draw_labels(pdf, addresses.items(), sheet=sheet, start=start)
            at += [(page + (start + later - 1) // sheet.cells, (start + later - 1) % sheet.cells + 1) for later in range(3)]
        file = pdf.to_file()
    with Read(file) as read:
        assert len(read.document) == at[-1][0] + 1
        for number in range(len(read.document)):
            picture = read.picture(number, 72)
            for place, (page, cell) in enumerate(at):
                if page != number:
                    continue
                parcel, address = list(addresses.items())[place % 3]
                words = " ".join([*([BY_HAND] if address == HOPELESS else address), str(parcel)])
                assert read.text_in(number, cell_box(sheet, cell)) == words
                assert ink(picture, cell_box(sheet, cell, SAFE)) is not None
                whitened(picture, cell_box(sheet, cell, SAFE))
            assert ink(picture) is None, f"page {number}"


@SHEETS
def test_labels_lie_on_the_sheet_and_not_on_each_other(sheet: LabelSheet) -> None:
    assert sheet.pitch_x_mm >= sheet.width_mm
    assert sheet.pitch_y_mm >= sheet.height_mm
    _left, _top, right, bottom = cell_box(sheet, sheet.cells)
    # As much paper on the right as on the left, below as above: so they are cut.
    assert abs(210 - right - sheet.left_mm) < 0.2
    assert abs(297 - bottom - sheet.top_mm) < 0.2
    assert (sheet.cells, sheet.key) == (int(sheet.key), str(sheet.columns * sheet.rows))


def test_a_sheet_that_is_full_goes_on_at_the_first_label_of_the_next() -> None:
    sheet = LABEL_SHEETS[0]
    with Read(address_labels([(number, SHORT) for number in range(1, 44)], sheet=sheet, start=21)) as read:
        assert len(read.document) == 3  # 1, 21, 21, and no empty sheet
        numbers = [text.replace(" ".join(SHORT), "").split() for text in read.texts()]
        assert numbers == [["1"], [str(n) for n in range(2, 23)], [str(n) for n in range(23, 44)]]


@pytest.mark.parametrize("start", [0, 22, -1])
def test_a_label_that_the_sheet_does_not_have_is_refused(start: int) -> None:
    with pytest.raises(ValueError, match=f"has no label {start}"):
        address_labels([(1, SHORT)], sheet=LABEL_SHEETS[0], start=start)


def test_printers_do_not_scale_it() -> None:
    with Read(address_labels([], sheet=LABEL_SHEETS[0], start=1)) as read:
        assert b"/PrintScaling /None" in read.content


@pytest.mark.parametrize(
    ("typed", "posted"),
    [
        (["Ann", "", "Leeds", "ls1 4ap"], ["Ann", "Leeds", "LS1 4AP"]),
        (["Ann", "Leeds, LS14AP"], ["Ann", "Leeds", "LS1 4AP"]),
        (["Ann", "Leeds ls1 4ap"], ["Ann", "Leeds", "LS1 4AP"]),
        (["Cpl Ann", "BFPO 57"], ["Cpl Ann", "BFPO 57"]),
        (["Brought by the presenter", "Booking BK-7Q4M-2F"], ["Brought by the presenter", "Booking BK-7Q4M-2F"]),
        ([], []),
    ],
)
def test_the_postcode_is_the_last_line_in_capitals(typed: list[str], posted: list[str]) -> None:
    assert postal_address(typed) == posted


def test_letters_are_as_large_as_fits_and_a_line_is_rather_made_smaller_than_wrapped(paper: PrintPdf) -> None:
    large, small = LABEL_SHEETS[3], LABEL_SHEETS[4]
    assert fit_address(paper, large, "1", SHORT).size == MAX_FONT_SIZE
    wide = ["Child Safeguarding, Royal Infirmary", "LS1 4AP"]
    shrunk = fit_address(paper, LABEL_SHEETS[0], "1", wide)
    assert (shrunk.lines, COMFORTABLE_FONT_SIZE <= shrunk.size < 12) == (wide, True)
    assert len(fit_address(paper, small, "1", wide).lines) > 2
    assert [fit_address(paper, small, "1", address) is None for address in (SHORT, HOPELESS, [])] == [False, True, True]


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.text(st.characters(categories=["L", "N", "Zs", "P"]), max_size=150), max_size=7),
    st.integers(1, 1000),
    st.sampled_from(LABEL_SHEETS),
)
def test_an_address_of_any_length_is_whole_or_refused(paper: PrintPdf, typed: list[str], number: int, sheet: LabelSheet) -> None:
    address = postal_address([printable_text(line) for line in typed])
    fitted = fit_address(paper, sheet, str(number), address)
    if fitted is None:
        return
    across, down = sheet.margins
    assert "".join(fitted.lines).replace(" ", "") == "".join(address).replace(" ", "")
    assert MIN_FONT_SIZE <= fitted.size <= MAX_FONT_SIZE
    assert len(fitted.lines) * fitted.line_height <= sheet.height_mm - 2 * down
    assert max(paper.text_width(line, size=fitted.size) for line in fitted.lines) <= sheet.width_mm - 2 * across + 0.001
