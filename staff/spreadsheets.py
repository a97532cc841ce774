"""Spreadsheet files (XLSX and CSV): reading and writing them, and matching their columns with those of a list."""

import csv
import hashlib
import io
import json
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from html import escape
from itertools import islice
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from django.db import models
from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext, gettext_lazy, gettext_lazy as _, ngettext

from core.dates import uk_day
from core.errors import DomainError

Cell = str | int | float | date | None
# How a formula may begin: its signs, their full-width twins, and characters that some programs skip before they look.
FORMULA_PATTERN = re.compile(r"[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]")
ESCAPED_FORMULA_PATTERN = re.compile(r"'(?=[\s\ufeff]*[=+\-@＝＋－＠]|[\t\r\n]|')")


def escape_formula(text: str) -> str:
    """Put an apostrophe before text that looks like a formula, and before an apostrophe that would be taken for such a mark."""
    return f"'{text}" if FORMULA_PATTERN.match(text) or ESCAPED_FORMULA_PATTERN.match(text) else text


def unescape_formula(text: str) -> str:
    """Take back what escape_formula did."""
    return text[1:] if ESCAPED_FORMULA_PATTERN.match(text) else text


# Uploads are judged by their content, never by their name or the type that the browser gives.

MAX_UPLOAD_BYTES = 5 * 1024 * 1024
MAX_UNPACKED_BYTES = 32 * 1024 * 1024  # of all parts of an XLSX file
MAX_ZIP_PARTS = 200
MAX_UPLOAD_ROWS = 10_000
MAX_UPLOAD_COLUMNS = 100
MAX_SHEET_LENGTH = 1_048_576  # including empty rows
MAX_READ_CELL_LENGTH = 10_000
OLD_EXCEL_SIGNATURE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What openpyxl raises for a file that is a spreadsheet only by name. XML that can't be parsed is a SyntaxError.
UNREADABLE_ERRORS = (
    *(zipfile.BadZipFile, zlib.error, SyntaxError, OSError, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, OverflowError),
)


class InvalidSheetError(DomainError):
    """The file can't be read as a spreadsheet; the message says what to do."""


UNREADABLE_FILE_MESSAGE = _(
    "We can’t read this file as a spreadsheet. Open it in Excel, save it as “Excel Workbook (.xlsx)”, and upload that."
)
FILE_IS_EMPTY_MESSAGE = _("This file is empty. Fill it in and upload it again.")
FILE_TOO_LARGE_MESSAGE = _(
    "This file is larger than 5 MB. Take out pictures and sheets that you don’t need, or upload it in parts."
)
UNPACKS_TOO_LARGE_MESSAGE = _(
    "This file is much larger than it looks, so we did not open it. Copy its cells into a new file, and upload that."
)
OLD_EXCEL_FILE_MESSAGE = _(
    "This is an old Excel file (.xls), or one with a password. "
    "Save it as “Excel Workbook (.xlsx)” without a password, and upload that."
)
FILE_IS_PDF_MESSAGE = _("This is a PDF. Upload a spreadsheet: an Excel file (.xlsx) or a CSV file.")
NOT_EXCEL_MESSAGE = _("This is not an Excel file. Save it as “Excel Workbook (.xlsx)” or as CSV, and upload that.")
TOO_MANY_ROWS_MESSAGE = _("This file has more than %(most)s rows. Upload it in parts.")
TOO_MANY_COLUMNS_MESSAGE = _("This file has more than 100 columns. Take out those that you don’t need, and upload it again.")
NO_ROWS_MESSAGE = _("The file has nothing under the headings. Fill in the rows and upload it again.")


@dataclass(frozen=True)
class Sheet:
    """The first row that is not empty, and the others, each with its number in the file."""

    headings: list[str]
    rows: list[tuple[int, list[str]]]


def read_sheet(content: bytes) -> Sheet:
    """The whole sheet. Raises InvalidSheetError."""
    headings, *rows = read_rows(content)
    return Sheet(headings[1], rows)


def read_rows(content: bytes, *, most: int = MAX_UPLOAD_ROWS) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with its number in the file. The first one has the headings.

    Raises InvalidSheetError, also for a file that has no other rows.
    """
    if len(content) > MAX_UPLOAD_BYTES:
        raise InvalidSheetError(FILE_TOO_LARGE_MESSAGE)
    if not content.strip():
        raise InvalidSheetError(FILE_IS_EMPTY_MESSAGE)
    if content.startswith(OLD_EXCEL_SIGNATURE):
        raise InvalidSheetError(OLD_EXCEL_FILE_MESSAGE)
    if b"%PDF-" in content[:1024]:
        raise InvalidSheetError(FILE_IS_PDF_MESSAGE)
    cells = read_xlsx(content) if content.startswith(b"PK") else read_csv(content)
    found = 0
    for number, row in enumerate(check_rows(cells, most), 1):
        if any(row):
            found += 1
            yield number, row
    if found < 2:
        raise InvalidSheetError(NO_ROWS_MESSAGE if found else FILE_IS_EMPTY_MESSAGE)


def check_rows(rows: Iterable[list[str]], most: int = MAX_UPLOAD_ROWS) -> Iterator[list[str]]:
    """Each row, without spaces around its cells or empty cells at its end.

    Raises InvalidSheetError for a file that is too large.
    """
    filled = characters = 0
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        filled += bool(cells)
        characters += sum(map(len, cells))
        if filled > most + 1 or number >= MAX_SHEET_LENGTH:
            raise InvalidSheetError(TOO_MANY_ROWS_MESSAGE % {"most": f"{most:,}"})
        if len(cells) > MAX_UPLOAD_COLUMNS:
            raise InvalidSheetError(TOO_MANY_COLUMNS_MESSAGE)
        if characters > MAX_UNPACKED_BYTES:
            raise InvalidSheetError(UNPACKS_TOO_LARGE_MESSAGE)
        yield [cell[: MAX_READ_CELL_LENGTH + 1].replace("\r\n", "\n").replace("\0", "") for cell in map(unescape_formula, cells)]


def read_csv(content: bytes) -> Iterator[list[str]]:
    """The rows of a CSV file in UTF-8, with or without a BOM, or else in Excel's own encoding on Windows.

    Raises InvalidSheetError for a file that is no text.
    """
    if b"\0" in content[:4096] or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise InvalidSheetError(UNREADABLE_FILE_MESSAGE)
    try:
        try:
            text = content.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = content.decode("cp1252")
        separator = ""
        if text[:4].lower() == "sep=":  # a line that only Excel understands
            first, _end, text = text.partition("\n")
            separator = first.strip()[4:5]
        if not separator:
            headings = next((line for line in text.splitlines() if line.strip()), "")
            separator = max(",;\t", key=headings.count)
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    except (UnicodeDecodeError, csv.Error) as error:
        raise InvalidSheetError(UNREADABLE_FILE_MESSAGE) from error


def read_xlsx(content: bytes) -> Iterator[list[str]]:
    """The rows of the first sheet. Checks how large the file would unpack before it unpacks any of it."""
    from openpyxl import load_workbook  # with Pillow: 8 MB, so not before a process reads its first workbook

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            # InvalidSheetError for a file that is no workbook, unpacks to too much, or has XML with entities of its own. A part
            # that claims to be smaller than it is gives no more than it claims.
            parts = archive.infolist()
            if not {"[Content_Types].xml", "xl/workbook.xml"} <= {part.filename for part in parts}:
                raise InvalidSheetError(NOT_EXCEL_MESSAGE)
            if len(parts) > MAX_ZIP_PARTS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
                raise InvalidSheetError(UNPACKS_TOO_LARGE_MESSAGE)
            for part in parts:
                if part.filename.endswith((".xml", ".rels")):
                    text = archive.read(part)
                    if b"<!DOCTYPE" in text or b"\0" in text[:64]:
                        raise InvalidSheetError(UNREADABLE_FILE_MESSAGE)
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            sheet: Any = workbook.worksheets[0]
            sheet.reset_dimensions()  # don't trust the size that it claims
            for row in sheet.iter_rows(max_col=MAX_UPLOAD_COLUMNS + 1, values_only=True):
                yield [cell_text(value) for value in row] if any(row) else []
        finally:
            workbook.close()
    except InvalidSheetError:
        raise
    except UNREADABLE_ERRORS as error:
        raise InvalidSheetError(UNREADABLE_FILE_MESSAGE) from error


def cell_text(value: object) -> str:
    """A cell as somebody would type it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(_("Yes") if value else _("No"))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    return str(value)


# We write XLSX ourselves: openpyxl writes 1,250 rows of 26 columns a second, so 100,000 rows would take longer than a proxy
# waits. Tests open the files with openpyxl (ADR 20).

MAX_SHEET_ROWS = 1_048_576  # Excel's own limit, including the headings
MAX_CELL_LENGTH = 32_767
ROWS_PER_CHUNK = 500
XLSX_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CSV_CONTENT_TYPE = "text/csv; charset=utf-8"
XML_FORBIDDEN_PATTERN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
XLSX_ESCAPE_PATTERN = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")  # Excel reads _x0041_ as A
EXCEL_DAY_ZERO = date(1899, 12, 30).toordinal()

XMLNS = "http://schemas.openxmlformats.org"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
XLSX_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{XMLNS}/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{XLSX_CONTENT_TYPE}.main+xml"/>'
    '<Override PartName="/xl/worksheets/sheet1.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/>'
    '<Override PartName="/xl/styles.xml"'
    ' ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.styles+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{XMLNS}/package/2006/relationships"><Relationship Id="rId1"'
    f' Type="{XMLNS}/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{XMLNS}/package/2006/relationships"><Relationship Id="rId1"'
    f' Type="{XMLNS}/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="rId2"'
    f' Type="{XMLNS}/officeDocument/2006/relationships/styles" Target="styles.xml"/></Relationships>',
    # Formats by place: 0 numbers, 1 text, 2 days, 3 headings, 4 text of several lines.
    "xl/styles.xml": f'<styleSheet xmlns="{XMLNS}/spreadsheetml/2006/main">'
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
    """The heading of a column, and its width in characters."""

    label: str | Promise
    width: int = 12


def csv_chunks(headings: Sequence[Heading], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """A CSV file that Excel opens with a double click: UTF-8 with a BOM, commas, CR LF, days as 2026-11-26."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\r\n")
    buffer.write("\ufeff")
    writer.writerow([str(heading.label) for heading in headings])
    remaining = iter(rows)
    while True:
        batch = list(islice(remaining, ROWS_PER_CHUNK))
        writer.writerows([[escape_formula(cell) if isinstance(cell, str) else cell for cell in row] for row in batch])
        yield buffer.getvalue().encode()
        if not batch:
            return
        buffer.seek(0)
        buffer.truncate()


class ZipBuffer(io.BytesIO):
    """A buffer that is emptied while the zip is written. It tells no position, so that ZipFile never seeks back in it."""

    def tell(self) -> int:
        raise io.UnsupportedOperation

    def drain(self) -> bytes:
        content = self.getvalue()
        self.seek(0)
        self.truncate()
        return content


def xlsx_chunks(headings: Sequence[Heading], rows: Iterable[Sequence[Cell]], *, name: str) -> Iterator[bytes]:
    """One sheet whose headings stay in view and filter; text is text, whatever it looks like. At most MAX_SHEET_ROWS."""
    from openpyxl.utils import get_column_letter  # not before it is needed, as in `read_xlsx`

    buffer = ZipBuffer()
    workbook = (
        f'<workbook xmlns="{XMLNS}/spreadsheetml/2006/main" xmlns:r="{XMLNS}/officeDocument/2006/relationships"><sheets>'
        f'<sheet name="{escape(name)}" sheetId="1" r:id="rId1"/></sheets></workbook>'
    )
    letters = [get_column_letter(place) for place in range(1, len(headings) + 1)]
    columns = "".join(
        f'<col min="{place}" max="{place}" width="{heading.width}" customWidth="1"/>' for place, heading in enumerate(headings, 1)
    )
    labels = [text_cell_xml(f"{letter}1", str(heading.label), 3) for letter, heading in zip(letters, headings, strict=True)]
    # A ZipInfo has no time of its own, so that the same rows make the same file.
    sheet_part = ZipInfo("xl/worksheets/sheet1.xml")
    sheet_part.compress_type = ZIP_DEFLATED
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for part, text in {**XLSX_PARTS, "xl/workbook.xml": workbook}.items():
            archive.writestr(ZipInfo(part), XML_HEAD + text, ZIP_DEFLATED)
        with archive.open(sheet_part, "w") as sheet:
            sheet.write(
                f'{XML_HEAD}<worksheet xmlns="{XMLNS}/spreadsheetml/2006/main"><sheetViews><sheetView workbookViewId="0">'
                '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/></sheetView></sheetViews>'
                f'<cols>{columns}</cols><sheetData><row r="1">{"".join(labels)}</row>'.encode()
            )
            number, remaining = 1, iter(rows)
            while batch := list(islice(remaining, ROWS_PER_CHUNK)):
                sheet.write("".join(row_xml(number + place, row, letters) for place, row in enumerate(batch, 1)).encode())
                number += len(batch)
                yield buffer.drain()
            sheet.write(f'</sheetData><autoFilter ref="A1:{letters[-1]}{number}"/></worksheet>'.encode())
    yield buffer.drain()


def row_xml(number: int, row: Sequence[Cell], letters: Sequence[str]) -> str:
    """The XML of a row, without its empty cells."""
    cells = []
    for letter, cell in zip(letters, row, strict=True):
        if isinstance(cell, str):
            if cell:
                cells.append(text_cell_xml(f"{letter}{number}", escape_formula(cell), 4 if "\n" in cell else 1))
        elif isinstance(cell, date):
            cells.append(f'<c r="{letter}{number}" s="2"><v>{cell.toordinal() - EXCEL_DAY_ZERO}</v></c>')
        elif cell is not None:
            cells.append(f'<c r="{letter}{number}"><v>{cell}</v></c>')
    return f'<row r="{number}">{"".join(cells)}</row>'


def text_cell_xml(place: str, text: str, style: int) -> str:
    """The XML of a text cell. Its type is text, so that no spreadsheet ever calculates it."""
    text = text[:MAX_CELL_LENGTH].replace("\r\n", "\n").replace("\r", "\n")
    text = escape(XML_FORBIDDEN_PATTERN.sub("", XLSX_ESCAPE_PATTERN.sub("_x005F_", text)), quote=False)
    return f'<c r="{place}" s="{style}" t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'


RowCells = dict[str, str]


@dataclass(frozen=True)
class ImportColumn:
    """A column of a template. `needed`: the file can't be read without it."""

    key: str
    label: str | Promise
    help: str | Promise = ""
    needed: bool = False
    width: int = 14


class RowAction(models.TextChoices):
    MAKE = "make", gettext_lazy("New")
    CHANGE = "change", gettext_lazy("Changed")
    NOTHING = "nothing", gettext_lazy("No change")
    WRONG = "wrong", gettext_lazy("To correct")


@dataclass
class PlannedRow:
    """One row of the file, what will happen to it, and its errors, each with the heading of its column.

    `before`: what would be overwritten, as it is now.
    """

    number: int
    about: str = ""
    action: str = RowAction.NOTHING
    changes: list[str] = field(default_factory=list)
    errors: list[tuple[str, str]] = field(default_factory=list)
    before: list[str] = field(default_factory=list)

    def add_error(self, column: ImportColumn, error: str) -> None:
        self.action = RowAction.WRONG
        self.errors.append((str(column.label), error))


@dataclass
class ImportPlan:
    """All rows, and the `steps` that the kind's own service writes."""

    rows: list[PlannedRow]
    steps: list[Any]

    @property
    def errors(self) -> list[tuple[PlannedRow, str, str]]:
        """Each error with its row and the heading of its column."""
        return [(row, column, error) for row in self.rows for column, error in row.errors]

    def count(self, action: str) -> int:
        return sum(row.action == action for row in self.rows)

    @property
    def digest(self) -> str:
        """A hash of everything that was shown, and of the figures that it depends on."""
        shown = [[row.number, row.about, row.action, row.changes, row.errors, row.before] for row in self.rows]
        return hashlib.sha256(json.dumps(shown).encode()).hexdigest()


def normalise_heading(heading: str) -> str:
    return re.sub(r"[\W_]+", " ", heading).strip().casefold()


def match_columns(sheet: Sheet, columns: Sequence[ImportColumn]) -> tuple[list[tuple[int, RowCells]], list[str]]:
    """The rows by column, and the headings that no column has.

    Raises InvalidSheetError when the headings are not those of the list.
    """
    known = {normalise_heading(name): column for column in columns for name in (str(column.label), column.key)}
    places: dict[str, int] = {}
    unknown = []
    for place, heading in enumerate(sheet.headings):
        column = known.get(normalise_heading(heading))
        if column is None:
            unknown += [heading[:60]] if heading else []
        elif column.key in places:
            raise InvalidSheetError(
                gettext("Two columns have the heading “%(heading)s”. Take one out, and upload the file again.")
                % {"heading": heading[:60]}
            )
        else:
            places[column.key] = place
    missing = [str(column.label) for column in columns if column.needed and column.key not in places]
    if missing:
        error = ngettext(
            "The first row must have the headings, but we can’t find the column %(named)s. Start with the template.",
            "The first row must have the headings, but we can’t find the columns %(named)s. Start with the template.",
            len(missing),
        )
        raise InvalidSheetError(error % {"named": ", ".join(f"“{label}”" for label in missing)})
    rows = [
        (number, {key: row[place] if place < len(row) else "" for key, place in places.items()}) for number, row in sheet.rows
    ]
    return rows, unknown


def parse_whole_number(text: str, *, least: int, most: int = 1_000_000) -> int:
    """A whole number: '1,200', '12', '12.0'. Raises ValueError with a message for people."""
    tidy = re.sub(r"(?<=\d)[,\s](?=\d{3}\b)", "", text).removesuffix(".0")
    if not re.fullmatch(r"\d{1,9}", tidy, re.ASCII):
        raise ValueError(gettext("“%(typed)s” is not a whole number. Enter a number such as 12.") % {"typed": shorten(text)})
    number = int(tidy)
    if not least <= number <= most:
        raise ValueError(
            gettext("%(typed)s is not possible here. Enter a number from %(least)s to %(most)s.")
            % {"least": f"{least:,}", "most": f"{most:,}", "typed": shorten(text)}
        )
    return number


def shorten(text: str) -> str:
    """The start of a text, enough to find it again in the file."""
    line = " ".join(text.split())
    return line if len(line) <= 40 else f"{line[:39]}…"


def spreadsheet_response(
    name: str, form: str, headings: Sequence[Heading], rows: Iterable[Sequence[Cell]], *, sheet: str
) -> HttpResponseBase:
    """A download that is written while it is sent: 'orders-2026-11-26.xlsx'. `form`: "xlsx" or "csv"."""
    pieces = xlsx_chunks(headings, rows, name=sheet) if form == "xlsx" else csv_chunks(headings, rows)
    name = f"{name}-{uk_day(timezone.now()):%Y-%m-%d}.{form}"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingHttpResponse(pieces, content_type=XLSX_CONTENT_TYPE if form == "xlsx" else CSV_CONTENT_TYPE, headers=headers)
