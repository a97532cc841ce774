"""An import and the people in it: exported, erased, and nothing of what a file brings does harm."""

import csv
import io

import pytest

from privacy.services import erase_person, export_person
from professionals.imports import services
from professionals.models import DuplicateChoice, ImportedObject, ImportState, Organisation, Person, RowState
from staff.spreadsheets import InvalidSheetError
from tests.bookings.rows import NOW
from tests.factories import make_person, make_staff, sign_in_staff
from tests.professionals.test_imports import ASHA, BEN, checked, chosen, ran, states, undone

pytestmark = pytest.mark.django_db


def test_a_copy_of_their_data_says_that_a_list_brought_them():
    done = ran(checked(ASHA))
    asha = Person.objects.get()
    lists = export_person(asha)["person"]["came_from_lists"]
    assert [each["added"] for each in lists] == [True]
    undone(done)


def test_whoever_is_erased_is_in_no_import_any_more():
    ben = make_person(name="Ben Okoro", email=BEN[1], with_user=False)
    done = ran(chosen(checked(ASHA, BEN)))
    waiting = chosen(checked(BEN, ["Cara Lund", "cara@hull.example", "", "", "", "", "1/1/2026"]))
    for person in Person.objects.all():
        erase_person(person, by=make_staff(), now=NOW, reason="asked")
    assert list(ImportedObject.objects.values_list("model", flat=True).distinct()) == ["professionals.organisation"]
    row = waiting.rows.get(number=2)
    assert (row.state, row.cells, row.matches) == (RowState.WRONG, {}, [])
    assert states(ran(waiting)) == {2: RowState.WRONG, 3: RowState.MADE}
    undone(done)
    assert Person.objects.filter(erased_at__isnull=False).count() == 2
    assert Person.objects.get(pk=ben.pk).email == ""


PAYLOADS = [
    '=HYPERLINK("http://evil.example","Click")',
    "+1+cmd|' /C calc'!A0",
    "@SUM(1+1)*cmd",
    "-2+3",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "Robert'); DROP TABLE professionals_person;--",
    "{{ 7*7 }}{% load x %}",
    "Asha\u202eletaP\u200b",
    "%s%(name)s{0}",
    "\ud7ff\U0001f469\u200d\U0001f4bb",
    "../../etc/passwd",
    "x" * 10_000,
]


@pytest.mark.parametrize("payload", PAYLOADS, ids=range(len(PAYLOADS)))
def test_what_a_cell_says_is_words_and_nothing_else(client, payload):
    """In each column at once, and in each by itself."""
    rows = [[payload if place in {column, -1 - column} else cell for place, cell in enumerate(ASHA)] for column in range(7)]
    for number, row in enumerate(rows):
        row[1] = payload if number == 1 else f"p{number}@leeds.example"
    import_job = chosen(checked([payload] * 7, *rows, BEN), DuplicateChoice.MAKE)
    assert import_job.state == ImportState.CHECKED
    staff = sign_in_staff(client, make_staff())
    address = f"/staff/professionals/import/{import_job.pk}/"
    for page in (f"{address}change/", f"{address}do/run/"):
        text = staff.get(page).content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
        assert "\u202e" not in text
    done = ran(import_job)
    assert done.state == ImportState.DONE
    assert states(done)[2] == RowState.WRONG
    for person in Person.objects.select_related("organisation"):
        for text in (person.name, person.organisation.name if person.organisation else ""):
            assert text.isprintable()
            assert len(text) <= 200
    text = staff.get(f"{address}change/").content.decode()
    assert "<script>alert" not in text
    problems = b"".join(staff.get(f"{address}problems/").streaming_content).decode("utf-8-sig")
    found = list(csv.reader(io.StringIO(problems)))
    assert all(payload[:50] not in cell for row in found[1:] for cell in row if len(payload) > 4)
    assert not any(cell.startswith(("=", "+", "@")) for row in found for cell in row)
    undone(done)
    assert not Person.objects.exists()
    assert not Organisation.objects.exists()


def test_a_heading_is_words_too(client):
    staff = sign_in_staff(client, make_staff())
    headings = ["Name", "Email", "<script>alert(1)</script>", "=1+1"]
    import_job = services.create_import(
        kind="contacts", content=",".join(headings).encode() + b"\r\nAsha,asha@leeds.example,x,y", by=None, now=NOW
    )
    text = staff.get(f"/staff/professionals/import/{import_job.pk}/do/columns/").content.decode()
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text


def test_a_character_that_no_text_has_refuses_the_file_or_goes():
    with pytest.raises(InvalidSheetError):
        checked(["A\x00sha", "asha@leeds.example", "", "", "", "", ""])
    many = [[f"Person {number}", f"p{number}@leeds.example", "", "", "", "", ""] for number in range(200)]
    ran(checked(*many, ["A\x00sha", "asha@leeds.example", "", "", "", "", ""]))
    assert Person.objects.get(email="asha@leeds.example").name == "Asha"
