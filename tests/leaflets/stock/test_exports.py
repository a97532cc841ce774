"""Orders that leave the system as a spreadsheet: what is in it, who may, and that it is written down."""

import csv
import io
import re
from datetime import timedelta

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.db import DatabaseError, transaction
from django.test import Client

from audit.models import Export
from leaflets.models import Order, OrderLine
from leaflets.orders.exports import count_lines, order_rows
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.stock.services import receive_stock
from professionals.exports import read_primary_keys
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_order
from tests.leaflets.staff_site import ORDERS, said
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

EXPORT = f"{ORDERS}export/"
EXPORTS = "/staff/audit/export/"


def content_of(response):
    assert response.streaming, response
    return b"".join(response.streaming_content)


def as_csv(response):
    """Its rows by heading."""
    return list(csv.DictReader(io.StringIO(content_of(response).decode("utf-8-sig"), newline="")))


def as_sheet(response):
    return openpyxl.load_workbook(io.BytesIO(content_of(response))).active


@pytest.fixture
def orders(now):
    """One sent in two parcels, of two titles; one with a name that is a formula."""
    person = make_person(name="Asha Rahman")
    first, second = make_edition(now, title="=One", stock=10), make_edition(now, title="Two", stock=3)
    sent = make_order(person, now, {first.leaflet: 4, second.leaflet: 5}, will_wait_for=[second.leaflet])
    for tracking in ("00340434161094042557", "+44"):
        start_packing(order=sent, by=None, now=now)
        dispatch_order(order=sent, by=None, now=now + timedelta(days=1), tracking_number=tracking)
        if tracking != "+44":
            receive_stock(edition=second, copies=20, by=None, now=now)
    open_one = make_order(make_person(), now, {first.leaflet: 1})
    Order.objects.filter(pk=open_one.pk).update(name='=cmd|"/C calc"!A1', address_line_2="-2, The Mews", postcode="YO1 7HH")
    return sent, open_one


def test_the_list_as_csv_has_a_row_an_order_line_with_everything(client, staff, now, orders):
    sent, _open_one = orders
    response = client.post(EXPORT, {"form": "csv", "list": "?state__exact=dispatched"})
    day = now.date()
    assert re.fullmatch(r'attachment; filename="orders-20[0-9-]{8}\.csv"', response["Content-Disposition"])
    assert "no-store" in response["Cache-Control"]
    rows = as_csv(response)
    assert [(row["Title"], row["Copies"], row["Dispatched"]) for row in rows] == [("'=One", "4", "4"), ("Two", "5", "5")]
    assert rows[0] | {"Short name": "", "Edition": ""} == {
        "Reference": sent.reference,
        "Ordered on": str(day),
        "State": "Dispatched",
        "Came by": "Website",
        "Person": "Asha Rahman",
        "Name on the label": "Sam Taylor",
        "For the attention of": "The duty desk",
        "Organisation": "Leeds Health Visiting",
        "Address line 1": "1 Park Row",
        "Address line 2": "",
        "Town or city": "Leeds",
        "Postcode": "LS1 4AP",
        "Brought with booking": "",
        "Short name": "",
        "Title": "'=One",
        "Edition": "",
        "Copies": "4",
        "Backordered": "0",
        "Allocated": "0",
        "Dispatched": "4",
        "Cancelled": "0",
        "First parcel left": str(day + timedelta(days=1)),
        "Last parcel left": str(day + timedelta(days=1)),
        "Tracking numbers": "00340434161094042557, +44",
    }


def test_an_xlsx_file_has_days_and_text_and_never_a_formula(client, staff, now, orders):
    sheet = as_sheet(client.post(EXPORT, {"form": "xlsx", "list": ""}))
    headings = [cell.value for cell in sheet[1]]
    cells = [cell for row in sheet.iter_rows(min_row=2) for cell in row if cell.value is not None]
    assert {cell.data_type for cell in cells} == {"s", "n", "d"}
    texts = [cell.value for cell in cells if cell.data_type == "s"]
    assert not [text for text in texts if text[0] in "=+-@\t\r\n"]
    assert {"'=One", '\'=cmd|"/C calc"!A1', "'-2, The Mews", "YO1 7HH", "00340434161094042557, +44"} <= set(texts)
    day = sheet.cell(2, headings.index("Ordered on") + 1)
    assert (day.is_date, day.value.date()) == (True, now.date())
    assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", f"A1:X{sheet.max_row}")
    assert sheet.max_row == 4


@pytest.mark.parametrize(("asked", "found"), [("?q=yo1+7hh", 1), ("?state__exact=dispatched", 2), ("?came_by=phone", 0), ("", 3)])
def test_what_the_list_shows_is_what_is_exported_and_that_is_written_down(client, staff, orders, asked, found):
    response = client.post(EXPORT, {"form": "csv", "list": asked})
    if not found:
        assert response.status_code == 302
        assert not Export.objects.exists()
        return
    assert len(as_csv(response)) == found
    [row] = Export.objects.all()
    assert (row.by, row.form, row.lines, row.chosen, row.searched) == (staff, "csv", found, False, "q=" in asked)
    assert row.filters == ("State: Dispatched" if "state" in asked else "")
    page = client.get(EXPORTS).content.decode()
    assert staff.email in page
    assert "yo1" not in page.lower()


def test_ticked_orders_alone_are_exported(client, staff, orders):
    _sent, open_one = orders
    data = {"action": "export_ticked_xlsx", "_selected_action": [open_one.pk]}
    sheet = as_sheet(client.post(ORDERS, data))
    assert [sheet.cell(row, 1).value for row in range(2, sheet.max_row + 1)] == [open_one.reference]
    assert Export.objects.get().chosen
    assert "Ticked: 1 row" in client.get(EXPORTS).content.decode()
    assert [row["Reference"] for row in as_csv(client.post(ORDERS, data | {"action": "export_ticked_csv"}))] == [
        open_one.reference
    ]


def test_only_who_has_the_right_sees_the_buttons_and_may_export(client, orders, now):
    looks = make_staff(superuser=False)
    looks.user_permissions.add(*Permission.objects.filter(codename__in=["view_order", "change_order"]))
    sign_in_staff(client, looks)
    page = client.get(ORDERS).content.decode()
    assert ("Export to Excel" in page, "export_ticked_csv" in page) == (False, False)
    assert client.post(EXPORT, {"form": "csv"}).status_code == 403
    client.post(ORDERS, {"action": "export_ticked_csv", "_selected_action": [orders[0].pk]})
    assert not Export.objects.exists()
    may = make_staff(superuser=False)
    may.user_permissions.add(*Permission.objects.filter(codename__in=["view_order", "export_orders"]))
    other = sign_in_staff(Client(), may)
    assert "Export to Excel" in other.get(ORDERS).content.decode()
    assert len(as_csv(other.post(EXPORT, {"form": "csv", "list": ""}))) == 3
    assert other.get(EXPORT).status_code == 405
    assert other.get(EXPORTS).status_code == 403


def test_too_many_lines_for_a_sheet_are_refused_in_words_and_csv_takes_them(client, staff, orders, monkeypatch):
    monkeypatch.setattr("professionals.exports.MAX_SHEET_ROWS", 3)
    response = client.post(EXPORT, {"form": "xlsx", "list": "?came_by=web"}, follow=True)
    assert said(response) == ["These are 3 lines, and an Excel sheet holds 2. Filter the list to fewer, or choose CSV."]
    assert not Export.objects.exists()
    assert len(as_csv(client.post(EXPORT, {"form": "csv"}))) == 3


@pytest.mark.parametrize(
    "form", [{}, {"form": "pdf"}, {"form": "csv", "list": "?q=%00"}, {"form": "csv", "list": "?state__exact=%s"}]
)
def test_what_no_page_of_ours_sends_exports_nothing(client, staff, orders, form):
    response = client.post(EXPORT, form)
    assert response.status_code == 302
    assert not Export.objects.exists()


def test_what_was_taken_out_of_an_order_is_no_row_and_the_record_of_an_export_stays(client, staff, orders):
    OrderLine.objects.filter(order=orders[1]).update(copies=0, allocated=0)
    assert len(as_csv(client.post(EXPORT, {"form": "csv"}))) == 2
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Export.objects.update(lines=1)
    staff.delete()
    assert Export.objects.get().by is None


def test_the_statements_are_those_of_the_portions_whatever_is_in_them(now, orders, monkeypatch):
    make_order(make_person(), now)
    assert len(statements(lambda: list(order_rows([orders[0].pk])))) == 3
    keys = read_primary_keys(Order.objects.order_by("pk"))
    assert len(statements(lambda: list(order_rows(keys)))) == 3
    monkeypatch.setattr("professionals.exports.BATCH_SIZE", 2)
    assert len(statements(lambda: list(order_rows(keys)))) == 6
    assert count_lines(keys) == len(list(order_rows(keys))) == 4
