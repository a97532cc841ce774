"""The courier's list: what a spreadsheet and a courier's site read."""

import csv
import io
from dataclasses import replace

import pytest

from leaflets.dispatch.prints import CourierRow, courier_csv

ROW = CourierRow(1, "LO-3XK9-PT", "Siân Ŵyn", "", "Ysbyty Gwynedd", "Penrhosgarnedd", "", "Bangor", "LL57 2PW", 25)


def read(*rows: CourierRow) -> list[dict[str, str]]:
    content = b"".join(courier_csv(rows))
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"), newline="")))


def test_excel_reads_its_letters_and_every_line_ends_as_the_standard_says() -> None:
    content = b"".join(courier_csv([ROW, ROW]))
    assert content.startswith(b'\xef\xbb\xbf"number","reference"')
    assert (content.count(b"\r\n"), content.count(b"\n"), content.count(b"\xef\xbb\xbf")) == (3, 3, 1)
    assert read(ROW)[0]["name"] == "Siân Ŵyn"
    assert list(read(ROW)[0].values())[-2:] == ["LL57 2PW", "25"]


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", "\n", " =", "＝"])
def test_no_spreadsheet_takes_a_name_for_a_formula(start: str) -> None:
    assert read(replace(ROW, name=f"{start}HYPERLINK(1)"))[0]["name"] == f"'{start}HYPERLINK(1)"


def test_quotes_commas_and_new_lines_stay_in_their_cell() -> None:
    odd = 'The "Old"\r\nSurgery, Back Lane'
    assert read(replace(ROW, organisation=odd), ROW) == [{**read(ROW)[0], "organisation": odd}, read(ROW)[0]]


def test_a_row_is_sent_before_the_next_is_read() -> None:
    asked: list[int] = []

    def rows():
        for number in (1, 2):
            asked.append(number)
            yield replace(ROW, number=number)

    content = courier_csv(rows())
    assert (next(content)[:3], asked) == (b"\xef\xbb\xbf", [])
    assert (next(content)[:3], asked) == (b'"1"', [1])
