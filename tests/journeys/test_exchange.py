"""Staff take the stock list out, fill it in, are told what is wrong, and write it; orders go out as a spreadsheet."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.journeys.keyboard import Keyboard
from tests.journeys.visitor import Visitor
from tests.live.stack import Live

PHONE = {"viewport": {"width": 390, "height": 800}}
SLUG = "all-professionals"


def download(staff: Visitor, press: Callable[[], Any]) -> bytes:
    with staff.page.expect_download() as found:
        press()
    return Path(found.value.path()).read_bytes()


def filled_in(content: bytes, copies: str) -> bytes:
    """The list as somebody fills it in: their copies in one row."""
    headings, *rows = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    for row in rows:
        if row[0] == SLUG:
            row[headings.index("Copies that came in")] = copies
    kept = io.StringIO()
    csv.writer(kept).writerows([headings, *rows])
    return kept.getvalue().encode()


def upload(staff: Visitor, content: bytes) -> None:
    staff.open("/staff/leaflets/edition/")
    staff.follow("Upload a list")
    staff.page.set_input_files("[name=file]", {"name": "stock-list.csv", "mimeType": "text/csv", "buffer": content})


@pytest.mark.parametrize("scripts", [pytest.param(True, marks=pytest.mark.slow), False])
def test_a_stock_list_goes_out_is_put_right_and_comes_in_once(
    new_page: Callable[..., Any], staff_cookies: dict[str, Any], live: Live, scripts: bool
) -> None:
    staff = Visitor(new_page(storage_state=staff_cookies, java_script_enabled=scripts, **PHONE), live, scripts=scripts)
    staff.open("/staff/leaflets/edition/")
    stock = download(staff, staff.page.get_by_role("link", name="Export as CSV").click)
    # What is wrong leads to its row
    upload(staff, filled_in(stock, "ten"))
    staff.press("Upload and check")
    assert staff.heading == "Stock list: check before it is written"
    staff.page.locator(".govuk-error-summary a").click()
    assert staff.url.endswith(staff.page.locator(".govuk-error-summary a").get_attribute("href"))
    if scripts:
        assert "ten" in staff.page.evaluate("document.activeElement.innerText")
    # Put right, it is written once
    upload(staff, filled_in(stock, "12"))
    staff.press("Upload and check")
    assert staff.reads("12 copies come in")
    assert staff.reads("Changed (1)")
    staff.press("Write all of this")
    assert staff.heading == "Stock list: what was written"
    # Uploaded again, it asks
    upload(staff, filled_in(stock, "12"))
    staff.press("Upload and check")
    staff.press("Write all of this")
    assert staff.reads("We wrote a list with the same rows on")


def test_orders_go_out_as_a_spreadsheet_and_that_is_written_down(staff: Visitor) -> None:
    staff.open("/staff/leaflets/order/")
    content = download(staff, staff.page.get_by_role("button", name="Export to Excel").click)
    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    assert sheet["A1"].value == "Reference"
    assert str(sheet["A2"].value).startswith("LO-")
    staff.open("/staff/audit/export/")
    assert staff.reads("The whole list")


@pytest.mark.slow
def test_a_list_is_uploaded_by_keyboard_alone(staff: Visitor) -> None:
    upload(staff, b"Short name,Copies that came in\r\nall-professionals,3\r\n")
    keyboard = Keyboard(staff.page)
    keyboard.start_again()
    keyboard.to("Upload and check")
    keyboard.send()
    staff.look()
    keyboard.start_again()
    keyboard.to("Write all of this")
    keyboard.send()
    staff.look()
    assert staff.heading == "Stock list: what was written"
    keyboard.start_again()
    keyboard.walk_to_the_end()
