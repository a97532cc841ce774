"""The file of translations: up to date, whole, and in production only what a reader has approved as it is now."""

import ast
import gettext
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polib
import pytest
from django.conf import settings
from django.core.management import call_command

from bench.figures import PACKAGES
from ctac import welsh

NOT_LAZY = {"gettext", "ngettext", "npgettext", "pgettext"}
CODE = sorted(path for app in PACKAGES for path in (settings.BASE_DIR / app).rglob("*.py"))


@pytest.fixture
def po(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> polib.POFile:
    """A file of three strings, of which nobody has approved any; what is compiled lies in a folder of the test's."""
    found = polib.POFile()
    found.metadata = welsh.read_po_file().metadata
    for msgid, msgstr, file in (("Yes", "Ie", "a.py"), ("No", "Na", "b/c.html"), ("Perhaps", "", "a.py")):
        found.append(polib.POEntry(msgid=msgid, msgstr=msgstr, occurrences=[(file, "")]))
    monkeypatch.setattr(welsh, "PO_FILE", tmp_path / "django.po")
    monkeypatch.setattr(welsh, "APPROVED_FILE", tmp_path / "approved.csv")
    welsh.APPROVED_FILE.write_text(",".join(welsh.COLUMNS) + "\n")
    found.save(str(welsh.PO_FILE))
    settings.LOCALE_PATHS = [tmp_path]
    return found


def in_catalogue() -> dict[str, str]:
    if not welsh.compiled_file().exists():
        return {}
    with welsh.compiled_file().open("rb") as file:
        words = gettext.GNUTranslations(file)
    return {msgid: words.gettext(msgid) for msgid in ("Yes", "No", "Perhaps")}


def test_production_has_what_is_approved_as_it_is_now(po: polib.POFile, settings: Any) -> None:
    settings.PRODUCTION = True
    call_command("compile_welsh", verbosity=0)
    assert in_catalogue() == {}
    call_command("approve_welsh", reader="Eleri Rhys", file=["a.py"])
    call_command("compile_welsh")
    assert in_catalogue() == {"Yes": "Ie", "No": "No", "Perhaps": "Perhaps"}
    po.find("Yes").msgstr = "Iawn"
    po.save(str(welsh.PO_FILE))
    call_command("compile_welsh")
    assert in_catalogue() == {}


def test_what_a_reader_is_unsure_of_is_not_shown_in_production(po: polib.POFile, settings: Any) -> None:
    settings.PRODUCTION = True
    welsh.record_approval(welsh.entries_to_approve(po), reader="Eleri Rhys", on=date(2027, 1, 12))
    po.find("No").flags = ["fuzzy"]
    po.save(str(welsh.PO_FILE))
    assert welsh.compile_catalogue() == 1
    assert in_catalogue()["No"] == "No"


def test_development_has_all_that_is_translated(po: polib.POFile) -> None:
    po.find("No").flags = ["fuzzy"]
    po.save(str(welsh.PO_FILE))
    welsh.compile_if_older()
    assert in_catalogue() == {"Yes": "Ie", "No": "Na", "Perhaps": "Perhaps"}


def test_the_file_of_approvals_says_who_and_when(po: polib.POFile, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("approve_welsh")
    assert "2 strings to read" in capsys.readouterr().out
    call_command("approve_welsh", reader="Eleri Rhys", file=["b/"])
    rows = welsh.APPROVED_FILE.read_text().splitlines()
    assert [row.partition(",")[2] for row in rows[1:]] == ["Eleri Rhys,2027-01-12"]
    assert [entry.msgid for entry in welsh.entries_to_approve(po)] == ["Yes"]


@pytest.mark.xdist_group("sources")
@pytest.mark.skipif(not shutil.which("xgettext"), reason="GNU gettext is not here")
def test_the_file_has_the_strings_of_the_sources(tmp_path: Path) -> None:
    before = welsh.PO_FILE.read_text()
    try:
        call_command("makemessages")
        found = welsh.PO_FILE.read_text()
    finally:
        welsh.PO_FILE.write_text(before)
    assert found == before, "run make messages, and translate what is new"


def test_every_string_has_its_welsh() -> None:
    """It may be marked as fuzzy, which says that nobody has read it yet."""
    missing = [entry.msgid for entry in welsh.read_po_file() if not (entry.msgstr or all(entry.msgstr_plural.values() or [""]))]
    assert missing == []


def test_welsh_names_what_the_english_names() -> None:
    """%(name)s, tags and addresses."""
    for entry in welsh.read_po_file():
        for msgstr in filter(None, (entry.msgstr, *entry.msgstr_plural.values())):
            for english in filter(None, (entry.msgid if not entry.msgid_plural else "", entry.msgid_plural)):
                assert names(msgstr) <= names(f"{entry.msgid} {english}"), entry.msgid
                assert entry.msgid_plural or names(msgstr) >= names(english), entry.msgid


def names(text: str) -> set[str]:
    return {part.partition(")")[0] for part in text.split("%(")[1:]}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(settings.BASE_DIR)))
def test_nothing_is_translated_when_a_module_is_imported(path: Path) -> None:
    """It would stay in the language of that moment."""
    tree = ast.parse(path.read_text())
    eager, lazy = set(), set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation":
            for alias in node.names:
                names_of_kind = eager if alias.name in NOT_LAZY else lazy if alias.name.endswith("_lazy") else set()
                names_of_kind.add(alias.asname or alias.name)
    found = [
        node.lineno
        for node in at_import(tree)
        if (isinstance(node, ast.Call) and called(node) in eager)
        or (isinstance(node, ast.JoinedStr) and any(called(each) in lazy for each in ast.walk(node)))
    ]
    assert found == []


def at_import(node: ast.AST) -> Iterator[ast.AST]:
    """What runs when the module is imported: not what stands within functions."""
    yield node
    for field, value in ast.iter_fields(node):
        if field == "body" and isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            continue
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, ast.AST):
                yield from at_import(each)


def called(node: ast.AST) -> str:
    return node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
