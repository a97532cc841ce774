"""Spreadsheets as such: what is written can be opened and does nothing by itself; what is uploaded is judged by what it holds."""

import csv
import io
import tracemalloc
import zipfile
from datetime import date
from itertools import repeat

import openpyxl
import pytest

from staff import spreadsheets
from staff.spreadsheets import (
    Heading,
    InvalidSheetError,
    csv_chunks,
    escape_formula,
    parse_whole_number,
    read_sheet,
    unescape_formula,
    xlsx_chunks,
)

HEADINGS = [Heading("Reference"), Heading("Day"), Heading("Copies"), Heading("Postcode")]
DANGEROUS = [
    '=HYPERLINK("http://evil.example","Click")',
    "+44 113 496 0000",
    "-2+3+cmd|' /C calc'!A0",
    "@SUM(1+9)*cmd|' /C calc'!A0",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "  =1+1",
    "＝1+1",
]
HARMLESS = ["O’Neill", "'quoted'", "3 - 4", "LS1 4AP", "", "''"]


def as_xlsx(rows):
    return b"".join(xlsx_chunks(HEADINGS, rows, name="Orders"))


def workbook(rows):
    """As somebody uploads it, written by another hand than ours."""
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    kept = io.BytesIO()
    book.save(kept)
    return kept.getvalue()


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_is_ever_a_formula(text):
    said = escape_formula(text)
    assert said == f"'{text}"
    written = b"".join(csv_chunks([Heading("x")], [[text]])).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(written, newline="")))[1] == [f"'{text}"]
    cell = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx_chunks([Heading("x")], [[text]], name="x")))).active["A2"]
    assert (cell.data_type, cell.value[0]) == ("s", "'")


@pytest.mark.parametrize("text", [*DANGEROUS, *HARMLESS, "'=1+1", "''=1+1"])
def test_what_was_made_harmless_is_read_as_it_was(text):
    assert unescape_formula(escape_formula(text)) == text


def test_an_xlsx_file_has_days_numbers_text_frozen_headings_and_a_filter():
    rows = [["LO-1", date(2026, 2, 28), 12, "0012"], ["LO-2 <&> \x07 _x0041_", None, 0, "LS1 4AP"]]
    content = as_xlsx(rows)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert [cell.value for cell in sheet[1]] == ["Reference", "Day", "Copies", "Postcode"]
    assert (sheet["B2"].value.date(), sheet["B2"].number_format, sheet["B2"].is_date) == (date(2026, 2, 28), "dd/mm/yyyy", True)
    assert (sheet["C2"].value, sheet["D2"].value, sheet["D2"].data_type, sheet["D2"].number_format) == (12, "0012", "s", "@")
    assert sheet["A3"].value == "LO-2 <&>  _x005F_x0041_"
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.title) == ("A2", "A1:D3", "Orders")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        assert b"<f>" not in archive.read("xl/worksheets/sheet1.xml")
    assert as_xlsx(rows) == content


def test_a_csv_file_opens_in_excel_by_a_double_click():
    content = b"".join(csv_chunks(HEADINGS, [["LO-1", date(2026, 2, 28), 12, "Zoë, “x”\ny"]]))
    assert content == '\ufeffReference,Day,Copies,Postcode\r\nLO-1,2026-02-28,12,"Zoë, “x”\ny"\r\n'.encode()


@pytest.mark.parametrize("write", [csv_chunks, lambda headings, rows: xlsx_chunks(headings, rows, name="x")])
def test_memory_does_not_grow_with_the_rows(write):
    def peak(rows):
        tracemalloc.start()
        for _piece in write(HEADINGS, repeat(["LO-1", date(2026, 2, 28), 12, "x" * 50], rows)):
            pass
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    few = peak(1_000)
    assert peak(20_000) < few * 1.5


# -- Read -------------------------------------------------------------------------------------------------------------

ROWS = [["Short name", "Copies"], ["gp", "1,200"], ["zoë", "12"]]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_csv_is_read_in_the_encodings_and_separators_that_excel_writes(encoding, separator, end):
    kept = io.StringIO()
    csv.writer(kept, delimiter=separator, lineterminator=end).writerows(ROWS)
    sheet = read_sheet(kept.getvalue().encode(encoding))
    assert (sheet.headings, sheet.rows) == (ROWS[0], [(2, ROWS[1]), (3, ROWS[2])])


def test_xlsx_is_read_as_it_looks_and_rows_keep_their_numbers():
    rows = [[], ["Short name", "Copies", "Day", "Yes?"], [], ["gp", 1200.0, date(2026, 3, 2), True], ["it", 2.5, None, "#REF!"]]
    sheet = read_sheet(workbook(rows))
    assert sheet.headings == ["Short name", "Copies", "Day", "Yes?"]
    assert sheet.rows == [(4, ["gp", "1200", "2026-03-02", "Yes"]), (5, ["it", "2.5", "", "#REF!"])]


def zipped(**parts):
    kept = io.BytesIO()
    with zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/").replace("_xml", ".xml").replace("Types", "[Content_Types]"), content)
    return kept.getvalue()


def changed(content, name, change):
    """The same XLSX file with one part changed."""
    kept = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(kept, "w", zipfile.ZIP_DEFLATED) as after:
        for part in before.namelist():
            after.writestr(part, change(before.read(part)) if part == name else before.read(part))
    return kept.getvalue()


SHEET = "xl/worksheets/sheet1.xml"
BOMB = zipped(Types_xml="<x/>", xl__workbook_xml="<x/>", xl__worksheets__sheet1_xml=b"<a>" + b" " * 40_000_000)
LAUGHS = changed(workbook(ROWS), SHEET, lambda xml: b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + xml)
FAR = changed(workbook(ROWS), SHEET, lambda xml: xml.replace(b'<row r="3"', b'<row r="99999999999"'))


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b" \r\n\r\n ", "empty"),
        (b",,,\r\n,,\r\n", "empty"),
        (b"Short name,Copies\r\n", "nothing under the headings"),
        (b"%PDF-1.7 x", "This is a PDF"),
        (spreadsheets.OLD_EXCEL_SIGNATURE + b"x" * 600, "old Excel file"),
        (b"\xff\xfe" + "a,b".encode("utf-16-le"), "can’t read"),
        (b"a\0b,c\r\n", "can’t read"),
        (b"\x81\x8d\xff,b\r\n1,2", "can’t read"),
        (b'a,b\r\n"' + b"x" * 140_000 + b'",2', "can’t read"),
        (b"x" * (spreadsheets.MAX_UPLOAD_BYTES + 1), "larger than 5 MB"),
        (zipped(mimetype="application/vnd.oasis.opendocument.spreadsheet"), "not an Excel file"),
        (b"PK\x03\x04 and nothing else", "can’t read"),
        (workbook(ROWS)[:-200], "can’t read"),
        (changed(workbook(ROWS), SHEET, lambda xml: xml[:-60]), "can’t read"),
        (BOMB, "much larger than it looks"),
        (LAUGHS, "can’t read"),
        (FAR, "more than 10,000 rows"),
        (zipped(Types_xml="", xl__workbook_xml="", **{f"x{n}": "" for n in range(300)}), "much larger than it looks"),
        (b"a,b\r\n" * 10_002, "more than 10,000 rows"),
        (b",".join(b"%d" % n for n in range(1_000_000))[: spreadsheets.MAX_UPLOAD_BYTES], "more than 100 columns"),
        (workbook([[str(n) for n in range(16_384)], ["x"]]), "more than 100 columns"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "",
)
def test_what_is_no_spreadsheet_is_refused_in_plain_words(content, said):
    with pytest.raises(InvalidSheetError, match=said):
        read_sheet(content)


def test_ten_thousand_rows_are_read_and_many_references_to_one_long_text_are_not():
    content = b"Short name,Copies\r\n" + b"gp,1\r\n" * 10_000
    tracemalloc.start()
    assert len(read_sheet(content).rows) == 10_000
    assert tracemalloc.get_traced_memory()[1] < 10_000_000
    tracemalloc.stop()
    with pytest.raises(InvalidSheetError, match="much larger than it looks"):
        list(spreadsheets.check_rows(repeat(["x" * 9_000] * 90, 60)))


@pytest.mark.parametrize(("typed", "number"), [("12", 12), ("1,200", 1200), ("1 200", 1200), ("12.0", 12), ("0", 0)])
def test_numbers_are_read_as_people_and_spreadsheets_write_them(typed, number):
    assert parse_whole_number(typed, least=0) == number


@pytest.mark.parametrize("typed", ["-1", "1.5", "ten", "1e3", "١٢", "12,5", "99999999999", "2,000,000"])
def test_what_is_no_number_of_copies_is_refused(typed):
    with pytest.raises(ValueError, match="number"):
        parse_whole_number(typed, least=0)
