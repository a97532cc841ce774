"""Imports of old records as staff and the worker do them, and what is in the database before and after."""

import csv
import hashlib
import io
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from django.apps import apps

from professionals.imports.registry import IMPORT_KINDS
from professionals.imports.services import choose_columns, create_import, process_import, run_import, suggest_mapping, undo_import
from professionals.models import DuplicateChoice, Import, ImportedObject, ImportState, RowState
from tests.factories import make_staff
from tests.security.payloads import LINES, STORED_AS_TYPED

# What an import keeps of itself, who may act and how they sign in, and what they did.
OWN_TABLES = {"professionals.import", "professionals.importmapping"}
OWN_APPS = {"accounts", "account", "auth", "audit", "mfa", "sessions", "contenttypes"}
ODD_CELLS = {
    "right to left": "\u202e\u2066Sam",
    "10,000 characters": "A" * 10_000,
    "emoji": "👩\u200d⚕️ Sam",
    "figures of others": "٣/٤/٢١",
    "too old": "1/1/1900",
    "far ahead": "1/1/2999",
    "an Excel day": "44289",
    "American": "4/13/2021",
    "short": "3/4/21",
    "spaces": "\u00a0\u2003 ",
}


def as_csv(headings: Sequence[str], *rows: Sequence[str]) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode("utf-8", "surrogatepass")


def headings_of(kind: str) -> list[str]:
    return [str(field.label) for field in IMPORT_KINDS[kind].fields]


def row_of(kind: str, **values: str) -> list[str]:
    """Its cells in the order of the fields."""
    return [values.get(field.name, "") for field in IMPORT_KINDS[kind].fields]


def checked(kind: str, content: bytes, now: datetime) -> Import:
    """Uploaded, with the columns that we suggest, and looked at by a worker."""
    import_job = create_import(kind=kind, content=content, by=None, now=now)
    choose_columns(import_job, mapping=suggest_mapping(import_job), by=make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def ran(import_job: Import, now: datetime) -> Import:
    run_import(import_job, by=make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def undone(import_job: Import, now: datetime) -> Import:
    undo_import(import_job, by=make_staff(), now=now)
    process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)


def problems(import_job: Import) -> dict[int, list[tuple[str, str]]]:
    found = import_job.rows.exclude(problems=[]).values_list("number", "problems")
    return {number: [(name, sentence) for name, sentence in each] for number, each in found}


def states(import_job: Import) -> dict[int, str]:
    return dict(import_job.rows.values_list("number", "state"))


def everything() -> dict[str, tuple[int, str]]:
    """Of every table how many rows it has, and a digest of all that is in them, running figures of the stock included."""
    return {
        model._meta.label: contents(model)
        for model in apps.get_models(include_auto_created=True)
        if model._meta.label_lower not in OWN_TABLES and model._meta.app_label not in OWN_APPS and model._meta.managed
    }


def contents(model: Any) -> tuple[int, str]:
    rows = list(model._base_manager.order_by("pk").values())
    return len(rows), hashlib.sha256(json.dumps(rows, default=str).encode()).hexdigest()


def example(path: str) -> bytes:
    return (Path(__file__).parent / path).read_bytes()


def assert_nothing_breaks(kind: str, right: Mapping[str, str], now: datetime) -> None:
    """Each odd cell in each field of a row that is right otherwise: refused in a sentence without its words, or brought in and
    undone without a trace."""
    odd = list((STORED_AS_TYPED | LINES | ODD_CELLS).values())
    places = [(name, cell) for name in right for cell in odd]
    rows = [row_of(kind, **({**right, "email": f"p{n}@leeds.example"} | {name: cell})) for n, (name, cell) in enumerate(places)]
    import_job, before = checked(kind, as_csv(headings_of(kind), *rows), now), everything()
    assert import_job.state == ImportState.CHECKED
    for number, found in problems(import_job).items():
        _name, cell = places[number - 2]
        for _where, sentence in found:
            assert sentence.endswith(".")
            assert len(cell.strip()) < 4 or cell.strip() not in sentence
    assert RowState.NEW in states(import_job).values()
    Import.objects.filter(pk=import_job.pk).update(choice=DuplicateChoice.MAKE)
    done = ran(import_job, now)
    assert done.state == ImportState.DONE
    undone(done, now)
    kept = list(ImportedObject.objects.values_list("model", "number", "kept"))
    assert not kept, kept
    after = everything()
    changed = {name: (before[name], after[name]) for name in without_import(before) if before[name] != after[name]}
    assert not changed, changed


def without_import(tables: Mapping[str, tuple[int, str]]) -> dict[str, tuple[int, str]]:
    """An undone import has no rows any more, one that waits to be run has."""
    return {name: rows for name, rows in tables.items() if not name.startswith("professionals.Import")}
