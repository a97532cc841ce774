"""Each box that takes words takes an attack as words, kept and shown as it was typed; what no text can hold is refused."""

import csv
import importlib
import io
import pkgutil
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

import openpyxl
import pytest
from django import forms
from django.apps import apps
from django.core.exceptions import ValidationError
from django.db import transaction
from django.test import Client

from bench.figures import PACKAGES
from staff.spreadsheets import Heading, csv_chunks, xlsx_chunks
from tests.factories import make_person, sign_in
from tests.matrix.asking import ASKED, address
from tests.matrix.people import fresh_browsers, lay_out
from tests.security.payloads import FORMULAS, MARKUP, NO_TEXT, STORED_AS_TYPED
from tests.security.typing_in import everybody_attacks, leave_nothing_empty

# Whose words are looked up and not kept, or are of a shape of their own.
SHAPED = (forms.EmailField, forms.URLField, forms.RegexField, forms.UUIDField, forms.SlugField, forms.GenericIPAddressField)


def form_classes() -> Iterator[type[forms.BaseForm]]:
    """Every form of ours, wherever it stands."""
    for app in PACKAGES:
        package = importlib.import_module(app)
        for found in pkgutil.walk_packages(package.__path__, f"{app}."):
            if "migrations" not in found.name and ".local" not in found.name and not found.name.endswith("first_page"):
                importlib.import_module(found.name)
    waiting, seen = [forms.BaseForm], set()
    while waiting:
        for each in waiting.pop().__subclasses__():
            if each not in seen:
                seen.add(each)
                waiting.append(each)
    yield from sorted((each for each in seen if each.__module__.split(".")[0] in PACKAGES), key=lambda each: each.__qualname__)


def text_boxes() -> list[tuple[str, forms.CharField]]:
    """Those that its class names; a form that is asked for with arguments is found all the same."""
    named = ((f"{form.__qualname__}.{name}", field) for form in form_classes() for name, field in form.base_fields.items())  # type: ignore[attr-defined]
    return [(name, field) for name, field in named if isinstance(field, forms.CharField) and not isinstance(field, SHAPED)]


def refused(field: forms.CharField, words: str) -> bool:
    try:
        field.clean(words)
    except ValidationError:
        return True
    return False


def test_many_boxes_are_found() -> None:
    assert len(text_boxes()) > 60


def test_a_nul_is_refused_by_every_box() -> None:
    assert [name for name, field in text_boxes() if not refused(field, NO_TEXT["nul"])] == []


@pytest.mark.django_db
def test_every_box_keeps_an_attack_as_it_was_typed_or_refuses_it() -> None:
    """A postcode, a phone number or a token refuses; nothing changes the words on the way."""
    changed = [
        (name, words)
        for name, field in text_boxes()
        for words in STORED_AS_TYPED.values()
        if not refused(field, words) and " ".join(str(field.clean(words)).split()) != " ".join(words.split())
    ]
    assert changed == []


@pytest.mark.django_db
@pytest.mark.parametrize("sign", ["%ED%A0%80", "%C0%AF", "%FF", "%F0%28%8C%28", "%00", "%EF%BF%BE"])
def test_bytes_that_are_no_text_break_no_form(sign: str) -> None:
    """A lone surrogate, an overlong slash, half a sign, a NUL: by the form and by the address."""
    person = make_person()
    browser = sign_in(Client(), person)
    kind = "application/x-www-form-urlencoded"
    body = f"name=Sam{sign}&profession=health-visitor&organisation_name=x{sign}&phone=01134960000&postcode=LS14AP"
    paths = [
        ("/account/details/", body),
        ("/account/login/", f"login=a{sign}@x.uk"),
        ("/account/login/password/", f"login={sign}&password={sign}"),
    ]
    answers = [browser.post(path, sent, content_type=kind).status_code for path, sent in paths]
    answers += [
        browser.get(f"{path}{sign}").status_code for path in ("/leaflets/?q=", "/presentations/", "/orders/", "/links/", "/f/")
    ]
    assert max(answers) < 500
    person.refresh_from_db()
    assert "\0" not in person.name


WORDS = "{{ 7*7 }} <script>alert(1)</script> \"' onmouseover=x() %s '; --"
RUNS = ("<script>alert", "<svg onload", '" onmouseover', "' onmouseover")


@pytest.mark.slow
@pytest.mark.django_db
def test_every_page_shows_an_attack_as_words() -> None:
    """What is stored in each field of each row, on every page of its owner, of its presenter and of staff, forms included."""
    with everybody_attacks(WORDS, stored=True):
        world = lay_out()
    leave_nothing_empty(WORDS)
    texts: dict[str, str] = {}
    for asked in ASKED:
        for person in ("staff",) if asked.startswith("staff:") else ("owner", "own presenter", "signed out"):
            with transaction.atomic():
                page = fresh_browsers(world)[person].get(address(asked, world))
                text = page.getvalue().decode(errors="replace")  # of a file too, which that closes
                if page.status_code == 200 and page.headers["Content-Type"].startswith("text/html"):
                    texts[f"{person}: {asked}"] = text
                transaction.set_rollback(True)
    assert {
        page: [sign for sign in RUNS if sign in text] for page, text in texts.items() if any(sign in text for sign in RUNS)
    } == {}
    shown = [page for page, text in texts.items() if "{{ 7*7 }}" in text and escape(MARKUP["script"]) in text]
    assert len(texts) > 300
    assert len(shown) > 120


def test_no_column_of_any_sheet_is_a_formula() -> None:
    """Every text of every row goes through these two writers; no other writes a file for a spreadsheet."""
    rows = [[words, f" {words}", f"\t{words}", f"\r\n{words}", f"\ufeff{words}"] for words in FORMULAS.values()]
    headings = [Heading(str(number)) for number in range(5)]
    written = b"".join(csv_chunks(headings, rows)).decode("utf-8-sig")
    cells = [cell for row in list(csv.reader(io.StringIO(written, newline="")))[1:] for cell in row]
    sheet = openpyxl.load_workbook(io.BytesIO(b"".join(xlsx_chunks(headings, rows, name="x")))).active
    cells += [cell.value for row in sheet.iter_rows(min_row=2) for cell in row]
    assert len(cells) == 2 * 5 * len(FORMULAS)
    assert [cell for cell in cells if not cell.startswith("'")] == []


def test_no_other_module_writes_a_sheet() -> None:
    files = [path for app in PACKAGES for path in Path(apps.get_app_config(app).path).rglob("*.py")]
    writing = {path.name for path in files if re.search(r"csv\.(Dict)?[wW]riter|Workbook\(", path.read_text())}
    # The second by `harmless` too, the last two for us.
    assert writing == {"spreadsheets.py", "prints.py", "write_outward_codes.py", "welsh.py"}
