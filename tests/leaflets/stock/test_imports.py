"""Stock lists and catalogues that staff upload: checked row by row, written as a whole or not at all."""

import csv
import io
from functools import partial

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.errors import DomainError
from leaflets.catalogue.services import withdraw_edition
from leaflets.models import Edition, ImportState, Leaflet, MovementKind, OrderState, SheetImport, SheetKind, StockMovement
from leaflets.orders.services.transitions import dispatch_order, start_packing
from leaflets.stock import imports
from leaflets.stock.imports import (
    CATALOGUE_COLUMNS,
    STOCK_COLUMNS,
    DataHasChanged,
    ListAlreadyApplied,
    apply_import,
    create_import,
    plan_import,
)
from leaflets.stock.services import ledger_differences, receive_stock
from staff.spreadsheets import RowAction
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.factories import make_edition, make_leaflet, make_order
from tests.leaflets.statements import statements

pytestmark = pytest.mark.django_db

ADD = "/staff/leaflets/sheetimport/add/"
IMPORTS = "/staff/leaflets/sheetimport/"
LIST = "/staff/leaflets/sheetimport/list/"
HEADINGS = ["Short name", "Edition", "On the shelf", "Copies that came in", "Copies counted", "Note"]


def as_csv(*rows, headings=HEADINGS):
    kept = io.StringIO()
    csv.writer(kept).writerows([headings, *rows])
    return kept.getvalue().encode()


def upload(client, content, kind="stock", name="list.csv"):
    """The page that follows."""
    return client.post(ADD, {"kind": kind, "file": SimpleUploadedFile(name, content)}, follow=True)


def press(client, response, **more):
    """The button of the page, with what it carries."""
    plan = response.context["plan"]
    return client.post(response.request["PATH_INFO"], {"shown": plan.digest, **more}, follow=True)


def kept(content, now, kind=SheetKind.STOCK):
    return create_import(kind=kind, content=content, by=None, now=now)


def wrong(content, now, kind=SheetKind.STOCK):
    return [(row.number, column, why) for row in plan_import(kept(content, now, kind)).rows for column, why in row.errors]


@pytest.fixture
def edition(now):
    return make_edition(now, stock=50, leaflet=make_leaflet("gp", title="For GPs"), label="March 2026")


# -- The stock list ---------------------------------------------------------------------------------------------------


def test_copies_that_came_in_are_looked_at_then_written_and_those_who_wait_get_them(client, staff, now, edition):
    order = make_order(make_person(), now, {edition.leaflet: 60}, will_wait_for=[edition.leaflet])
    checked = upload(client, as_csv(["gp", "March 2026", "50", "1,200", "", "Note 17"]))
    page = checked.content.decode()
    assert "1,200 copies come in: from 50 on the shelf to 1,250." in page
    assert (StockMovement.objects.filter(kind="received").count(), "We have written nothing yet" in page) == (1, True)
    written = press(client, checked)
    assert "Written: 0 new, 1 changed." in written.content.decode()
    edition.refresh_from_db()
    order.refresh_from_db()
    assert (edition.on_hand, edition.allocated, order.state) == (1250, 60, OrderState.RECEIVED)
    movement = StockMovement.objects.get(kind=MovementKind.RECEIVED, copies=1200)
    assert (movement.by, movement.reason) == (staff, "Note 17")
    assert list(ledger_differences()) == []
    assert "1,200 copies come in" in client.get(written.request["PATH_INFO"]).content.decode()


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_stock_list_goes_out_and_comes_back_as_it_was(client, staff, now, edition, form):
    make_edition(now, stock=3, title='=1+1 "x"', label="+44")
    content = b"".join(client.get(LIST, {"kind": "stock", "form": form}).streaming_content)
    checked = upload(client, content, name=f"list.{form}")
    assert [row.action for row in checked.context["plan"].rows] == [RowAction.NOTHING] * 2
    assert "nothing to write" in checked.content.decode()
    if form == "xlsx":
        book = openpyxl.load_workbook(io.BytesIO(content))
        places = {cell.value: cell.column for cell in book.active[1]}
        for row, (came, counted) in enumerate([(7, None), (None, 1)], 2):
            book.active.cell(row, places["Copies that came in"]).value = came
            book.active.cell(row, places["Copies counted"]).value = counted
        changed = io.BytesIO()
        book.save(changed)
        press(client, upload(client, changed.getvalue()))
        assert list(Edition.objects.order_by("pk").values_list("on_hand", flat=True)) == [57, 1]
        assert StockMovement.objects.filter(kind=MovementKind.CORRECTED, on_hand_change=-2).exists()


def test_a_count_holds_only_against_the_figure_that_the_list_had(client, staff, now, edition):
    order = make_order(make_person(), now, {edition.leaflet: 5})
    content = as_csv(["gp", "", "50", "", "48", ""])
    assert "a list with the same rows" not in upload(client, content).content.decode()
    assert plan_import(kept(content, now)).rows[0].changes == ["Counted: from 50 on the shelf to 48 (−2)."]
    checked = upload(client, content)
    start_packing(order=order, by=None, now=now)
    dispatch_order(order=order, by=None, now=now)
    page = press(client, checked).content.decode()
    assert "Something has changed since you opened this page" in page
    assert "The list said 50, but now there are 45" in page
    edition.refresh_from_db()
    assert edition.on_hand == 45


def test_a_list_that_was_written_says_so_also_when_it_has_become_wrong(client, staff, now, edition):
    """Else its wrong row is taken out, and what came in comes in twice."""
    other = make_edition(now, slug="other", stock=5)
    content = as_csv(["gp", "", "", "10", "", ""], ["other", "", "5", "", "4", ""])
    press(client, upload(client, content))
    page = " ".join(upload(client, content).content.decode().split())
    assert "The list said 5, but now there are 4" in page
    assert "We wrote a list with the same rows on" in page
    assert "Its copies are already in the stock." in page
    other.refresh_from_db()
    assert other.on_hand == 4


@pytest.mark.parametrize(
    ("row", "column", "said"),
    [
        (["", "", "", "5", "", ""], "Short name", "Fill in the short name"),
        (["nobody", "", "", "5", "", ""], "Short name", "no leaflet with an edition and the short name “nobody”"),
        (["gp", "May 1999", "", "5", "", ""], "Edition", "does not have that edition. It has: March 2026."),
        (["gp", "", "", "five", "", ""], "Copies that came in", "“five” is not a whole number"),
        (["gp", "", "", "-5", "", ""], "Copies that came in", "is not a whole number"),
        (["gp", "", "", "9000000", "", ""], "Copies that came in", "from 0 to 1,000,000"),
        (["gp", "", "50", "", "3.5", ""], "Copies counted", "is not a whole number"),
        (["gp", "", "50", "5", "55", ""], "Copies counted", "not both"),
        (["gp", "", "", "", "5", ""], "On the shelf", "Fill in the number of copies on the shelf from the list"),
        (["gp", "", "49", "", "5", ""], "On the shelf", "The list said 49, but now there are 50"),
        (["gp", "", "50", "", "1", ""], "Copies counted", "We have promised 2 copies to orders"),
        (["gp", "", "", "5", "", "x" * 301], "Note", "Shorten it to 300"),
        (["gp", "", "", "5", "", "for Anna Smith, born 3 May 2019"], "Note", "looks like details of a child"),
    ],
)
def test_each_error_of_a_stock_list_is_told_by_row_and_column(now, edition, row, column, said):
    make_order(make_person(), now, {edition.leaflet: 2})
    [(number, where, why)] = wrong(as_csv([], row), now)
    assert (number, where) == (3, column)
    assert said in why


@pytest.mark.parametrize("place", range(6))
def test_what_looks_like_a_childs_details_is_not_kept_with_the_upload_in_any_column(now, edition, place):
    row = ["gp", "", "", "5", "", ""]
    row[place] = "for Anna Smith, born 3 May 2019"
    sheet = create_import(kind=SheetKind.STOCK, content=as_csv(row), by=None, now=now)
    assert "Anna" not in str(SheetImport.objects.values().get(pk=sheet.pk))


@pytest.mark.parametrize("kind", SheetKind)
def test_nor_is_a_heading_that_does(now, edition, kind):
    columns = {SheetKind.STOCK: STOCK_COLUMNS, SheetKind.CATALOGUE: CATALOGUE_COLUMNS}[kind]
    headings = [*(str(column.label) for column in columns.values()), "Born 3 May 2019: Anna Smith"]
    sheet = create_import(kind=kind, content=as_csv(["gp"], headings=headings), by=None, now=now)
    assert sheet.unknown == ["[details of a child, taken out]"]


def test_a_note_that_does_is_refused_by_name(now, edition):
    row = ["gp", "", "", "5", "", "for Anna Smith, born 3 May 2019"]
    [(column, why)] = plan_import(create_import(kind=SheetKind.STOCK, content=as_csv(row), by=None, now=now)).rows[0].errors
    assert (column, "This looks like details of a child" in why) == ("Note", True)


def test_the_same_edition_twice_and_a_withdrawn_one_are_refused(now, edition):
    content = as_csv(["gp", "", "", "1", "", ""], ["GP", "march 2026", "", "2", "", ""])
    assert wrong(content, now) == [(3, "Short name", "Row 2 has the same edition. Put both into one row.")]
    withdraw_edition(edition=edition)
    [(_row, column, why)] = wrong(as_csv(["gp", "March 2026", "", "1", "", ""]), now)
    assert (column, "is withdrawn" in why) == ("Copies that came in", True)


def test_errors_stand_in_a_summary_that_leads_to_their_rows_and_nothing_can_be_written(client, staff, now, edition):
    rows = [["gp", "", "", str(n), "", ""] for n in range(1, 450)]
    response = upload(client, as_csv(["gp", "", "", "1", "", ""], *rows))
    page = response.content.decode()
    assert 'role="alert"' in page
    assert '<a href="#row-3">Row 3, Short name: Row 2 has the same edition. Put both into one row.</a>' in page
    assert 'id="row-3" tabindex="-1"' in page
    assert ("399 more" in page, "Write all of this" in page, 'id="row-300"' in page) == (True, False, False)
    later = client.get(response.request["PATH_INFO"], {"page": 2}).content.decode()
    assert ('id="row-300"' in later, '<a href="?page=1#row-3">' in later) == (True, True)
    alone = client.get(response.request["PATH_INFO"], {"only": "wrong"}).content.decode()
    assert ('id="row-2"' in alone, '<a href="#row-3">' in alone) == (False, True)
    with pytest.raises(DomainError, match="Correct the rows that are wrong first"):
        apply_import(sheet=SheetImport.objects.get(), shown=response.context["plan"].digest, again=False, by=staff, now=now)
    assert StockMovement.objects.filter(kind="received").count() == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "This file is empty"),
        (b"%PDF-1.7\n", "This is a PDF"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 99, "old Excel file"),
        (b"Short name,SHORT_NAME\r\na,b\r\n", "Two columns have the heading “SHORT_NAME”"),
        (b"Name,Copies\r\na,1\r\n", "we can’t find the column “Short name”"),
    ],
)
def test_a_file_of_the_wrong_kind_is_refused_beside_its_box(client, staff, content, said):
    page = upload(client, content).content.decode()
    assert said in page
    assert ("There is a problem" in page, SheetImport.objects.count()) == (True, 0)


def test_columns_that_we_do_not_know_are_left_out_and_said_so(client, staff, edition):
    response = upload(client, as_csv(["gp", "7", "x"], headings=["Short name", "COPIES that came-in", "Colour <b>"]))
    assert "leave them out: Colour &lt;b&gt;." in response.content.decode()
    assert response.context["plan"].count(RowAction.CHANGE) == 1


def test_pressed_twice_it_is_written_once_and_the_same_list_asks_before_a_second_time(client, staff, now, edition):
    content = as_csv(["gp", "", "", "10", "", ""])
    first = upload(client, content)
    press(client, first)
    assert "have already written this list" in press(client, first).content.decode()
    with pytest.raises(ListAlreadyApplied):
        apply_import(sheet=SheetImport.objects.get(), shown=first.context["plan"].digest, again=True, by=staff, now=now)
    assert Edition.objects.get().on_hand == 60
    second = upload(client, content)
    assert "We wrote a list with the same rows on" in second.content.decode()
    assert "tick the box and press the button again" in press(client, second).content.decode()
    with pytest.raises(DomainError, match="We have written a list with the same rows before"):
        apply_import(sheet=SheetImport.objects.latest("pk"), shown=second.context["plan"].digest, again=False, by=staff, now=now)
    assert Edition.objects.get().on_hand == 60
    press(client, second, again="1")
    assert Edition.objects.get().on_hand == 70


def test_what_changed_between_looking_and_pressing_is_said_and_nothing_is_written(client, staff, now, edition):
    make_edition(now, leaflet=make_leaflet("it"), stock=5)
    checked = upload(client, as_csv(["gp", "", "", "10", "", ""], ["it", "", "", "10", "", ""]))
    receive_stock(edition=edition, copies=1, by=None, now=now)
    refused = press(client, checked)
    assert "Something has changed since you opened this page" in refused.content.decode()
    assert "from 51 on the shelf to 61" in refused.content.decode()
    assert list(Edition.objects.order_by("pk").values_list("on_hand", flat=True)) == [51, 5]
    press(client, refused)
    assert list(Edition.objects.order_by("pk").values_list("on_hand", flat=True)) == [61, 15]


def test_rights_are_those_to_change_by_hand(client, now, edition):
    packer = make_staff(superuser=False)
    packer.user_permissions.add(*Permission.objects.filter(codename__in=["view_edition", "keep_stock"]))
    sign_in_staff(client, packer)
    assert [kind for kind, *_rest in client.get(ADD).context["lists"]] == [SheetKind.STOCK]
    assert upload(client, as_csv(["x", "y"], headings=["Short name", "Title"]), kind="catalogue").status_code == 200
    assert not SheetImport.objects.exists()
    catalogue = kept(as_csv(["x", "y"], headings=["Short name", "Title"]), now, SheetKind.CATALOGUE)
    assert client.get(reverse("staff:leaflets_sheetimport_change", args=[catalogue.pk])).status_code == 404
    assert client.get(LIST, {"kind": "stock", "form": "csv"}).status_code == 200
    assert client.get(LIST, {"kind": "catalogue", "form": "csv"}).status_code == 403
    assert client.get(LIST, {"kind": "stock", "form": "exe"}).status_code == 404
    other = make_staff(superuser=False)
    other.user_permissions.add(Permission.objects.get(codename="view_order"))
    sign_in_staff(client, other)
    assert [client.get(url).status_code for url in (ADD, IMPORTS)] == [403, 403]
    assert client.post(ADD, {"kind": "stock"}).status_code == 403


def test_many_rows_are_written_in_as_many_statements_as_few(now, staff):
    slugs = [f"t{n}" for n in range(600)]
    leaflets = Leaflet.objects.bulk_create(
        [Leaflet(slug=slug, title=slug, for_whom="x", summary="x", introduction="x", active=False) for slug in slugs]
    )
    facts = {"label": "One", "published_on": "2026-01-01", "review_on": "2028-01-01", "pages": 1, "size": 1, "pdf": "x.pdf"}
    Edition.objects.bulk_create([Edition(leaflet=leaflet, **facts) for leaflet in leaflets])
    taken = []
    for many in (3, 600):
        sheet = kept(as_csv(*([slug, "", "", "7", "", f"Note {slug}"] for slug in slugs[:many])), now)
        shown = plan_import(sheet).digest
        write = partial(apply_import, sheet=sheet, shown=shown, again=False, by=staff, now=now)
        taken.append(len(statements(write)))
    assert taken[0] == taken[1] <= 16
    assert Edition.objects.filter(on_hand=14).count() == 3


# -- The catalogue ----------------------------------------------------------------------------------------------------

TITLE = {
    "Short name": "midwives",
    "Title": "Advice for midwives",
    "Who it is for": "midwives",
    "Audience": "Midwife",
    "Summary": "What to look for.",
    "Topics": "spotting the signs; New topic",
    "Introduction": "One.",
    "Situations": "At a birth.",
    "Signs that a child may be at risk": "A sign.",
    "What to do with a concern": "Call 999.",
}


def catalogue(*titles):
    headings = list(dict.fromkeys(heading for title in titles for heading in title))
    return as_csv(*([title.get(heading, "") for heading in headings] for title in titles), headings=headings)


def test_titles_are_made_and_changed_by_their_short_name(client, staff, now, edition):
    Leaflet.objects.filter(slug="gp").update(topics="Spotting the signs")
    arabic = {**TITLE, "Short name": "midwives-arabic", "Language": "arabic", "Version of": "midwives", "Topics": ""}
    arabic["Title"] = "Advice for midwives (Arabic)"
    change = {"Short name": "GP", "Title": "For every GP", "Most copies in an order": "25", "In the catalogue": "Yes"}
    checked = upload(client, catalogue(arabic, TITLE, change), kind="catalogue")
    assert [row.action for row in checked.context["plan"].rows] == [RowAction.MAKE, RowAction.MAKE, RowAction.CHANGE]
    assert checked.context["plan"].rows[2].changes == ["Title", "Most copies in an order"]
    assert Leaflet.objects.count() == 1
    press(client, checked)
    made, version, gp = (Leaflet.objects.get(slug=slug) for slug in ("midwives", "midwives-arabic", "gp"))
    assert (made.audience, made.active, made.most_per_order) == ("midwife", False, 100)
    assert made.topics == "Spotting the signs\nNew topic"
    assert (version.version_of, version.language) == (made, "arabic")
    assert (gp.title, gp.most_per_order, gp.summary, gp.active) == ("For every GP", 25, "What to look for.", True)


@pytest.mark.parametrize("form", ["csv", "xlsx"])
def test_the_catalogue_goes_out_and_comes_back_as_it_was(client, staff, now, edition, form):
    made = make_leaflet("all", title="=Signs", own_title="-Zoë", introduction="One,\r\n“two”;\n'three'", topics="A\nB")
    make_leaflet("all-large", version_of=made, format="large-print", active=False, most_per_order=1)
    content = b"".join(client.get(LIST, {"kind": "catalogue", "form": form}).streaming_content)
    rows = upload(client, content, kind="catalogue").context["plan"].rows
    assert [(row.action, row.changes, row.errors) for row in rows] == [(RowAction.NOTHING, [], [])] * 3
    empty = b"".join(client.get(LIST, {"kind": "catalogue", "form": form, "empty": 1}).streaming_content)
    assert "nothing under the headings" in upload(client, empty, kind="catalogue").content.decode()


@pytest.mark.parametrize(
    ("change", "column", "said"),
    [
        ({"Short name": ""}, "Short name", "Fill in the short name"),
        ({"Short name": "a b"}, "Short name", "letters, numbers and dashes"),
        ({"Short name": "a" * 51}, "Short name", "Shorten it to 50"),
        ({"Title": ""}, "Title", "a new title needs it"),
        ({"Title": "x" * 201}, "Title", "This has 201 characters. Shorten it to 200."),
        ({"Audience": "Wizard"}, "Audience", "We don’t know “Wizard”. Write one of these: Every professional, Health visitor"),
        ({"Language": "Klingon"}, "Language", "We don’t know “Klingon”"),
        ({"Format": "Scroll"}, "Format", "We don’t know “Scroll”"),
        ({"In the catalogue": "perhaps"}, "In the catalogue", "Write Yes or No"),
        ({"Most copies in an order": "0"}, "Most copies in an order", "from 1 to 1,000,000"),
        ({"Most copies in an order": "301"}, "Most copies for a person", "lower than the limit for an order"),
        ({"Most copies for a workplace": "1"}, "Most copies for a workplace", "lower than a person’s"),
        ({"Position in the catalogue": "99999"}, "Position in the catalogue", "from 0 to 32,767"),
        ({"Version of": "nobody"}, "Version of", "No other title has the short name “nobody”"),
        ({"Version of": "midwives"}, "Version of", "No other title"),
        ({"Version of": "gp-arabic"}, "Version of", "itself a version"),
        ({"Version of": "gp", "Language": "Arabic"}, "Version of", "already has a version in this language and format"),
        ({"Version of": "gp", "Language": "Welsh", "Title": "GP (ARABIC)"}, "Title", "Say in the title what is different"),
    ],
)
def test_each_error_of_a_catalogue_is_told_by_row_and_column(now, edition, change, column, said):
    make_leaflet("gp-arabic", title="gp (Arabic)", version_of=edition.leaflet, language="arabic")
    [(number, where, why)] = wrong(catalogue({**TITLE, **change}), now, SheetKind.CATALOGUE)
    assert (number, where) == (2, column)
    assert said in why


def test_a_row_with_a_short_name_that_can_not_be_tells_its_other_errors_too(now, edition):
    """What it leaves empty is not asked for: it may be about a title that is there."""
    row = {"Short name": "g p", "Title": "", "Language": "Klingon", "Most copies in an order": "many"}
    found = wrong(catalogue(row), now, SheetKind.CATALOGUE)
    assert [(number, where) for number, where, _why in found] == [
        (2, "Short name"),
        (2, "Language"),
        (2, "Most copies in an order"),
    ]


def test_a_title_that_somebody_else_changed_meanwhile_is_not_overwritten(now, staff, edition):
    sheet = kept(catalogue({"Short name": "gp", "Summary": "New."}), now, SheetKind.CATALOGUE)
    shown = plan_import(sheet).digest
    Leaflet.objects.update(summary="A colleague's.")
    with pytest.raises(DataHasChanged):
        apply_import(sheet=sheet, shown=shown, again=False, by=staff, now=now)
    apply_import(sheet=sheet, shown=plan_import(sheet).digest, again=False, by=staff, now=now)
    assert Leaflet.objects.get().summary == "New."


def test_versions_that_change_places_are_refused_as_a_whole(now, staff, edition):
    _arabic, _urdu = (make_leaflet(name, version_of=edition.leaflet, language=name) for name in ("arabic", "urdu"))
    swap = catalogue({"Short name": "arabic", "Language": "Urdu"}, {"Short name": "urdu", "Language": "Arabic"})
    sheet = kept(swap, now, SheetKind.CATALOGUE)
    with pytest.raises(DomainError, match="We can’t save these rows together"):
        apply_import(sheet=sheet, shown=plan_import(sheet).digest, again=False, by=staff, now=now)
    assert (SheetImport.objects.get().state, Leaflet.objects.get(slug="arabic").language) == (ImportState.CHECKED, "arabic")


def test_reading_a_plan_takes_as_many_statements_for_one_row_as_for_many(now, edition):
    for many in (1, 50):
        rows = [{**TITLE, "Short name": f"t{n}", "Version of": "gp" if n else ""} for n in range(many)]
        sheet = kept(catalogue(*rows), now, SheetKind.CATALOGUE)
        assert len(statements(lambda sheet=sheet: plan_import(sheet))) == 2
    assert len(statements(lambda: imports.plan_stock([(n, {"slug": "gp"}) for n in range(50)]))) == 1
