"""Pages of an import on the staff site, as a manager walks them without JavaScript."""

import csv
import io
from functools import partial

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from audit.models import Act, Entry
from professionals.imports import services
from professionals.imports.services import process_import
from professionals.models import Import, ImportState, Person
from tests.factories import make_person, make_staff, sign_in_staff
from tests.leaflets.statements import statements
from tests.professionals.test_imports import ASHA, BEN, HEADINGS, as_csv

pytestmark = pytest.mark.django_db

IMPORTS = "/staff/professionals/import/"
ADD = f"{IMPORTS}add/"
WRONG = ["", "nobody@leeds.example", "", "", "", "", ""]


@pytest.fixture
def manager(client: Client) -> Client:
    return sign_in_staff(client, make_staff(role="manager"))


def upload(client, *rows, headings=HEADINGS):
    file = SimpleUploadedFile("contacts.csv", as_csv(*rows, headings=headings))
    return client.post(ADD, {"kind": "contacts", "file": file}, follow=True)


def columns(response):
    return {name: field.initial for name, field in response.context["form"].fields.items()}


def page_of(import_job):
    return f"{IMPORTS}{import_job.pk}/change/"


def press(client, import_job, slug, **data):
    return client.post(f"{IMPORTS}{import_job.pk}/do/{slug}/", data, follow=True)


def checked(client, *rows):
    """Uploaded, with the columns as suggested, looked at by a worker."""
    response = upload(client, *rows)
    import_job = Import.objects.get()
    press(client, import_job, "columns", **columns(response))
    process_import(import_job.pk)
    return import_job


def text(response):
    return " ".join(response.content.decode().split())


def test_from_the_file_to_its_result_and_back(manager):
    response = upload(manager, ASHA, WRONG, headings=HEADINGS)
    assert columns(response) == {
        "column-0": "name",
        "column-1": "email",
        "column-2": "phone",
        "column-3": "profession",
        "column-4": "organisation_name",
        "column-5": "postcode",
        "column-6": "last_contact",
    }
    import_job = Import.objects.get()
    response = press(manager, import_job, "columns", **columns(response))
    assert response.redirect_chain[-1][0] == page_of(import_job)
    assert '<progress max="2" value="0"' in text(response)
    process_import(import_job.pk)
    page = text(manager.get(page_of(import_job)))
    assert "Nothing has come in yet" in page
    assert "Asha Patel, asha.patel@leeds.example" in page
    assert "<strong>Name:</strong> Fill this in." in page
    assert "nobody@leeds.example" not in page
    assert "Rows to correct are left out" in text(manager.get(f"{IMPORTS}{import_job.pk}/do/run/"))
    press(manager, import_job, "run")
    assert Import.objects.get().state == ImportState.RUNNING
    process_import(import_job.pk)
    page = text(manager.get(page_of(import_job)))
    asha = Person.objects.get()
    assert f'<a href="/staff/professionals/person/{asha.pk}/change/">Asha Patel, Leeds Trust, LS1 4AP</a>' in page
    assert "To correct (1)" in page
    assert "Possible until" in text(manager.get(f"{IMPORTS}{import_job.pk}/do/undo/"))
    press(manager, import_job, "undo")
    process_import(import_job.pk)
    assert "We have removed everything that this import added." in text(manager.get(page_of(import_job)))
    assert not Person.objects.exists()


def test_what_stays_is_listed_with_its_reason(manager):
    import_job = checked(manager, ASHA)
    press(manager, import_job, "run")
    process_import(import_job.pk)
    asha = Person.objects.get()
    Person.objects.update(name="Asha Rao")
    press(manager, import_job, "undo")
    process_import(import_job.pk)
    page = text(manager.get(page_of(import_job)))
    assert f'<a href="/staff/professionals/person/{asha.pk}/change/">Asha Rao, Leeds Trust, LS1 4AP</a>' in page
    assert "changed since" in page
    assert "People" in page  # why its organisation stays


def test_columns_of_notes_are_named_and_not_offered(manager):
    page = text(upload(manager, [*ASHA, "Her son is at risk"], headings=[*HEADINGS, "Case notes"]))
    assert "We never import columns of notes, as they may be about a child: Case notes." in page
    assert "column-7" not in page
    assert "at risk" not in page


def test_a_column_chosen_twice_is_refused_and_what_was_chosen_stays(manager):
    upload(manager, ASHA)
    import_job = Import.objects.get()
    response = press(manager, import_job, "columns", **{"column-0": "name", "column-1": "name"})
    assert "You have chosen this for two columns. Leave one of them out." in text(response)
    response = press(manager, import_job, "columns", **{"column-1": "email"})
    assert "Choose the column of: Name." in text(response)
    assert '<option value="email" selected>' in text(response)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"),
        (b"%PDF-1.7", "This is a PDF"),
        (b"PK\x03\x04nothing", "save it as"),
        (b"Name,Email\r\n", "nothing under the headings"),
        (b"a,b\r\n" * 25_002, "more than 25,000 rows"),
    ],
)
def test_files_that_are_refused(manager, content, why):
    response = manager.post(ADD, {"kind": "contacts", "file": SimpleUploadedFile("x.csv", content)})
    assert why in text(response)
    assert not Import.objects.exists()


def test_duplicates_are_chosen_for_all_and_by_row(manager):
    make_person(name="Asha P", email=ASHA[1], with_user=False)
    ben = make_person(name="B Okoro", email="", phone=BEN[2], with_user=False)
    import_job = checked(manager, ASHA, BEN)
    assert "/do/run/" not in text(manager.get(page_of(import_job)))
    page = text(manager.get(f"{IMPORTS}{import_job.pk}/do/choices/"))
    assert f"Use B Okoro, {ben.organisation.name}, LS1 4AP. Same phone number." in page
    assert "Row 2: Asha Patel" in page
    press(manager, import_job, "choices", **{"choice": "", "row-2": "", "row-3": "make"})
    assert "/do/run/" not in text(manager.get(page_of(import_job)))
    press(manager, import_job, "choices", **{"choice": "link", "row-2": "", "row-3": "make"})
    press(manager, import_job, "run")
    process_import(import_job.pk)
    assert sorted(Person.objects.values_list("name", flat=True)) == ["Asha P", "B Okoro", "Ben Okoro"]


def test_what_is_certain_can_not_be_added(manager):
    make_person(email=ASHA[1], with_user=False)
    import_job = checked(manager, ASHA)
    response = press(manager, import_job, "choices", **{"choice": "", "row-2": "make"})
    assert "Select a valid choice" in text(response)


def test_problems_as_a_list_without_what_was_typed(manager):
    import_job = checked(manager, WRONG, ["A", "no address", "call me", "", "", "", ""])
    response = manager.get(f"{IMPORTS}{import_job.pk}/problems/")
    rows = list(csv.reader(io.StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert rows == [
        ["Row", "Column", "Problem"],
        ["2", "Name", "Fill this in."],
        ["3", "Email address", "This is not an email address. Correct it, or leave it empty."],
        ["3", "Phone", "Enter a phone number, like 0113 496 0000."],
    ]


def test_lists_to_take_away_are_only_read(manager):
    import_job = checked(manager, WRONG)
    for address in (f"{IMPORTS}{import_job.pk}/problems/", f"{IMPORTS}example/contacts/"):
        assert manager.get(address).status_code == 200
        assert manager.post(address).status_code == 405


def test_today_says_what_waits(manager, monkeypatch):
    import_job = checked(manager, ASHA)
    assert "import to go on with" in text(manager.get("/staff/"))
    monkeypatch.setattr(services, "run_batch", lambda *args: 1 / 0)
    press(manager, import_job, "run")
    assert "import to go on with" not in text(manager.get("/staff/"))
    process_import(import_job.pk)
    assert "import to go on with" in text(manager.get("/staff/"))
    page = text(manager.get(page_of(import_job)))
    assert "A fault stopped this import. What came in before is complete." in page
    assert "Go on with this import" in page


def test_a_file_that_is_deleted(manager):
    import_job = checked(manager, ASHA)
    press(manager, import_job, "abandon")
    assert "We have deleted the file before anything came in." in text(manager.get(page_of(import_job)))
    assert Import.objects.get().file is None


def test_a_step_that_somebody_else_was_quicker_with_is_refused(manager):
    import_job = checked(manager, ASHA)
    press(manager, import_job, "run")
    assert "no longer possible" in text(press(manager, import_job, "run"))
    process_import(import_job.pk)
    assert Person.objects.count() == 1


@pytest.mark.parametrize("role", ["coordinator", "presenter", "fulfilment", "read-only"])
def test_only_managers_import(client, role):
    import_job = Import.objects.create(kind="contacts", uploaded_at="2027-01-12T10:00Z", progressed_at="2027-01-12T10:00Z")
    staff = sign_in_staff(client, make_staff(role=role))
    for address in (
        IMPORTS,
        ADD,
        page_of(import_job),
        f"{IMPORTS}{import_job.pk}/problems/",
        f"{IMPORTS}{import_job.pk}/do/columns/",
    ):
        assert staff.get(address).status_code == 403


def test_each_step_is_in_the_audit_without_a_name(manager):
    import_job = checked(manager, ASHA)
    press(manager, import_job, "run")
    process_import(import_job.pk)
    press(manager, import_job, "undo")
    process_import(import_job.pk)
    acts = Entry.objects.filter(act__in=[Act.ADDED, Act.CHANGED], kind="professionals.import", key=str(import_job.pk)).order_by(
        "at", "pk"
    )
    assert [entry.what for entry in acts] == ["", "columns", "run", "imported", "undo", "undone"]


def test_pages_take_few_statements_however_many_rows(manager):
    rows = [[f"Person {n}", f"p{n}@leeds.example", "01904 960 002", "", f"Firm {n}", "", ""] for n in range(60)]
    make_person(name="Ben Okoro", phone="01904 960 002", with_user=False)
    import_job = checked(manager, *rows)
    for address in (
        page_of(import_job),
        f"{IMPORTS}{import_job.pk}/do/choices/",
        IMPORTS,
        ADD,
        f"{IMPORTS}{import_job.pk}/do/columns/",
    ):
        assert len(statements(partial(manager.get, address))) <= 20, address
    services.save_duplicate_choices(import_job, choice="make", rows={}, by=make_staff(), now=import_job.uploaded_at)
    press(manager, import_job, "run")
    process_import(import_job.pk)
    assert len(statements(partial(manager.get, page_of(import_job)))) <= 20
