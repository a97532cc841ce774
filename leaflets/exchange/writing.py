"""Rows written as CSV or XLSX, piece by piece: what is sent need never be in memory as a whole, nor on a disk.

openpyxl writes 1,250 rows of 26 columns a second here; 100,000 would take longer than a proxy waits. An XLSX file is a zip of a
few lines of XML around the rows, so it is written here; tests open it with openpyxl (ADR 47).
"""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import islice
from typing import Any, cast
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.utils.functional import Promise

from leaflets.exchange.cells import Cell, harmless

MOST_ROWS = 1_048_576  # of a sheet, its headings included: Excel's own limit
MOST_SIGNS = 32_767  # of a cell
AT_ONCE = 500  # rows
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV = "text/csv; charset=utf-8"
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ as A
DAY_ONE = date(1899, 12, 30).toordinal()

NAMES = "http://schemas.openxmlformats.org"
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{NAMES}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{NAMES}/package/2006/relationships"><Relationship Id="rId1"'
    f' Type="{NAMES}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{NAMES}/package/2006/relationships"><Relationship Id="rId1"'
    f' Type="{NAMES}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2"'
    f' Type="{NAMES}/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    # Formats by place: 0 numbers, 1 text, 2 days, 3 headings, 4 text of several lines.
    "xl/styles.xml": f'<styleSheet xmlns="{NAMES}/spreadsheetml/2006/main">'
    '<numFmts count="1"><numFmt numFmtId="164" formatCode="dd/mm/yyyy"/></numFmts>'
    '<fonts count="2"><font><sz val="11"/><name val="Calibri"/></font>'
    '<font><b/><sz val="11"/><name val="Calibri"/></font></fonts>'
    '<fills count="2"><fill><patternFill patternType="none"/></fill><fill><patternFill patternType="gray125"/></fill></fills>'
    '<borders count="1"><border><left/><right/><top/><bottom/><diagonal/></border></borders>'
    '<cellStyleXfs count="1"><xf numFmtId="0" fontId="0" fillId="0" borderId="0"/></cellStyleXfs>'
    '<cellXfs count="5"><xf numFmtId="0" fontId="0" fillId="0" borderId="0" xfId="0"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="164" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1"/>'
    '<xf numFmtId="49" fontId="1" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyFont="1"/>'
    '<xf numFmtId="49" fontId="0" fillId="0" borderId="0" xfId="0" applyNumberFormat="1" applyAlignment="1">'
    '<alignment vertical="top" wrapText="1"/></xf></cellXfs>'
    '<cellStyles count="1"><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles></styleSheet>',
}


@dataclass(frozen=True)
class Heading:
    """A column: what stands above it, and how many signs wide it is."""

    label: str | Promise
    width: int = 12


def csv_pieces(headings: Sequence[Heading], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """As Excel opens it with a double click: UTF-8 that says so, commas, CR LF; days as 2026-11-26."""
    kept = io.StringIO()
    writer = csv.writer(kept, lineterminator="\r\n")
    kept.write("\ufeff")
    writer.writerow([str(heading.label) for heading in headings])
    left = iter(rows)
    while True:
        some = list(islice(left, AT_ONCE))
        writer.writerows([[harmless(cell) if isinstance(cell, str) else cell for cell in row] for row in some])
        yield kept.getvalue().encode()
        if not some:
            return
        kept.seek(0)
        kept.truncate()


class Pipe(io.RawIOBase):
    """What the zip writes into, and what can be sent of it already. It can't be sought in, so the zip needs none of it again."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self.pieces.append(bytes(data))
        return len(data)

    def drain(self) -> bytes:
        pieces, self.pieces = self.pieces, []
        return b"".join(pieces)


def xlsx_pieces(headings: Sequence[Heading], rows: Iterable[Sequence[Cell]], *, name: str) -> Iterator[bytes]:
    """One sheet whose headings stay in view and filter; text is text, whatever it looks like. At most MOST_ROWS."""
    pipe = Pipe()
    workbook = (
        f'<workbook xmlns="{NAMES}/spreadsheetml/2006/main" xmlns:r="{NAMES}/officeDocument/2006/relationships"><sheets>'
        f'<sheet name="{escape(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    with ZipFile(cast("Any", pipe), "w", ZIP_DEFLATED, compresslevel=3) as archive:
        for part, text in {**PARTS, "xl/workbook.xml": workbook}.items():
            archive.writestr(entry(part), HEAD + text)
        letters = [letters_of(place) for place in range(len(headings))]
        with archive.open(entry("xl/worksheets/sheet1.xml"), "w") as sheet:
            sheet.write(sheet_begins(headings, letters).encode())
            number, left = 1, iter(rows)
            while some := list(islice(left, AT_ONCE)):
                sheet.write("".join(row_of(number + place, row, letters) for place, row in enumerate(some, 1)).encode())
                number += len(some)
                yield pipe.drain()
            sheet.write(f'</sheetData><autoFilter ref="A1:{letters[-1]}{number}"/></worksheet>'.encode())
    yield pipe.drain()


def entry(part: str) -> ZipInfo:
    """Without the time: the same rows make the same file."""
    info = ZipInfo(part)
    info.compress_type = ZIP_DEFLATED
    return info


def letters_of(place: int) -> str:
    """'A' of 0, 'AB' of 27."""
    return chr(65 + place) if place < 26 else letters_of(place // 26 - 1) + chr(65 + place % 26)


def sheet_begins(headings: Sequence[Heading], letters: Sequence[str]) -> str:
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{heading.width}" customWidth="1"/>' for place, heading in enumerate(headings, 1)
    )
    return (
        f'{HEAD}<worksheet xmlns="{NAMES}/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">'
        '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
        f'<cols>{columns}</cols><sheetData><row r="1">'
        + "".join(text_cell(f"{letter}1", str(heading.label), 3) for letter, heading in zip(letters, headings, strict=True))
        + "</row>"
    )


def row_of(number: int, row: Sequence[Cell], letters: Sequence[str]) -> str:
    """Empty cells are left out."""
    cells = []
    for letter, cell in zip(letters, row, strict=True):
        if isinstance(cell, str):
            if cell:
                cells.append(text_cell(f"{letter}{number}", harmless(cell), 4 if "\n" in cell else 1))
        elif isinstance(cell, date):
            cells.append(f'<c r="{letter}{number}" s="2"><v>{cell.toordinal() - DAY_ONE}</v></c>')
        elif cell is not None:
            cells.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


def text_cell(place: str, text: str, form: int) -> str:
    """Typed as text, so that no spreadsheet ever works it out."""
    one_way = text[:MOST_SIGNS].replace("\r\n", "\n").replace("\r", "\n")
    said = escape(NO_XML.sub("", ESCAPE.sub("_x005F_", one_way)), quote=False)
    return f'<c r="{place}" s="{form}" t="inlineStr"><is><t xml:space="preserve">{said}</t></is></c>'
