"""A file that somebody uploaded, as rows of text. Judged by what it holds, never by its name or what the browser calls it."""

import csv
import io
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.utils.translation import gettext_lazy as _

from ctac.errors import DomainError
from leaflets.exchange.cells import as_written

LARGEST = 5 * 1024 * 1024
LARGEST_UNPACKED = 32 * 1024 * 1024  # of all parts of an XLSX file
MOST_PARTS = 200
MOST_ROWS = 10_000
MOST_COLUMNS = 100
LONGEST_SHEET = 1_048_576  # empty rows among them
MOST_SIGNS = 10_000  # of a cell
OLD_EXCEL = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# What openpyxl raises of a file that is a spreadsheet in name only. XML that can't be parsed is a SyntaxError.
BROKEN = (
    *(zipfile.BadZipFile, zlib.error, SyntaxError, OSError, EOFError, NotImplementedError, RuntimeError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError, AssertionError, OverflowError),
)


class NotASheet(DomainError):
    """The file can't be read as a spreadsheet; the message says what to do."""


SAVE_AGAIN = _(
    "This file can’t be read as a spreadsheet. Open it in Excel, save it as “Excel Workbook (.xlsx)”, and upload that."
)
EMPTY = _("This file is empty. Fill in the template and upload that.")
TOO_LARGE = _("This file is larger than 5 MB. Take out pictures and sheets that are not needed, or upload it in parts.")
UNPACKS_TOO_LARGE = _(
    "This file is far larger than it looks, so it was not opened. Copy its cells into the template, and upload that."
)
OLD = _(
    "This is an old Excel file (.xls), or one with a password. "
    "Save it as “Excel Workbook (.xlsx)” without a password, and upload that."
)
A_PDF = _("This is a PDF. Upload a spreadsheet: an Excel file (.xlsx) or a CSV file.")
ANOTHER_ZIP = _("This is no Excel file. Save it as “Excel Workbook (.xlsx)” or as CSV, and upload that.")
TOO_MANY_ROWS = _("This file has more than 10,000 rows. Upload it in parts.")
TOO_MANY_COLUMNS = _("This file has more than 100 columns. Take out those that are not in the template, and upload it again.")
NO_ROWS = _("There is nothing under the headings. Fill in the rows and upload it again.")


@dataclass(frozen=True)
class Sheet:
    """The first row that says something, and the others that do, each with its number in the file."""

    headings: list[str]
    rows: list[tuple[int, list[str]]]


def read_sheet(content: bytes) -> Sheet:
    """Raises NotASheet."""
    if len(content) > LARGEST:
        raise NotASheet(TOO_LARGE)
    if not content.strip():
        raise NotASheet(EMPTY)
    if content.startswith(OLD_EXCEL):
        raise NotASheet(OLD)
    if b"%PDF-" in content[:1024]:
        raise NotASheet(A_PDF)
    found = from_xlsx(content) if content.startswith(b"PK") else from_csv(content)
    rows = [(number, row) for number, row in enumerate(bounded(found), 1) if any(row)]
    if not rows:
        raise NotASheet(EMPTY)
    if len(rows) == 1:
        raise NotASheet(NO_ROWS)
    return Sheet(rows[0][1], rows[1:])


def bounded(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    """Each row without the spaces around its cells and without empty ones at its end. Raises NotASheet for too much."""
    filled = signs = 0
    for number, row in enumerate(rows):
        cells = [cell.strip() for cell in row]
        while cells and not cells[-1]:
            cells.pop()
        filled += bool(cells)
        signs += sum(map(len, cells))
        if filled > MOST_ROWS + 1 or number >= LONGEST_SHEET:
            raise NotASheet(TOO_MANY_ROWS)
        if len(cells) > MOST_COLUMNS:
            raise NotASheet(TOO_MANY_COLUMNS)
        if signs > LARGEST_UNPACKED:
            raise NotASheet(UNPACKS_TOO_LARGE)
        yield [cell[: MOST_SIGNS + 1].replace("\r\n", "\n").replace("\0", "") for cell in map(as_written, cells)]


# -- CSV --------------------------------------------------------------------------------------------------------------


def from_csv(content: bytes) -> Iterator[list[str]]:
    text = decoded(content)
    first, _end, rest = text.partition("\n")
    separator = ""
    if first.lower().startswith("sep="):  # a line for Excel alone
        separator, text = first.strip()[4:5], rest
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=separator or separator_of(text))
    except csv.Error as error:
        raise NotASheet(SAVE_AGAIN) from error


def decoded(content: bytes) -> str:
    """UTF-8 with or without its mark; else as Excel on Windows saves a plain CSV. Raises NotASheet for what is no text."""
    if b"\0" in content[:4096] or content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise NotASheet(SAVE_AGAIN)
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise NotASheet(SAVE_AGAIN)


def separator_of(text: str) -> str:
    """What stands most often in the first line that says something."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    return max(",;\t", key=first.count)


# -- XLSX -------------------------------------------------------------------------------------------------------------


def from_xlsx(content: bytes) -> Iterator[list[str]]:
    """The first sheet. What it would unpack to is looked at before any of it is."""
    from openpyxl import load_workbook  # by the first upload only: it brings Pillow with it (ADR 22)

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            look_at_parts(archive)
        workbook = load_workbook(io.BytesIO(content), read_only=True, data_only=True, keep_links=False)
        try:
            sheet: Any = workbook.worksheets[0]
            sheet.reset_dimensions()  # what it says of its own size
            for row in sheet.iter_rows(max_col=MOST_COLUMNS + 1, values_only=True):
                yield [as_text(value) for value in row] if any(row) else []
        finally:
            workbook.close()
    except NotASheet:
        raise
    except BROKEN as error:
        raise NotASheet(SAVE_AGAIN) from error


def look_at_parts(archive: zipfile.ZipFile) -> None:
    """Raises NotASheet for what is no workbook, for one that unpacks to too much, and for XML that defines words of its own.

    A part that says it is smaller than it is gives no more than it says.
    """
    parts = archive.infolist()
    if not {"[Content_Types].xml", "xl/workbook.xml"} <= {part.filename for part in parts}:
        raise NotASheet(ANOTHER_ZIP)
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > LARGEST_UNPACKED:
        raise NotASheet(UNPACKS_TOO_LARGE)
    for part in parts:
        if part.filename.endswith((".xml", ".rels")):
            text = archive.read(part)
            if b"<!DOCTYPE" in text or b"\0" in text[:64]:
                raise NotASheet(SAVE_AGAIN)


def as_text(value: object) -> str:
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
