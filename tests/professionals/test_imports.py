"""Contacts that staff import from a spreadsheet: checked row by row, run by a worker, undone as a whole."""

import csv
import io
from datetime import UTC, datetime, timedelta

import pytest
from django.apps import apps
from django.db import DatabaseError

from ctac.errors import DomainError
from notifications.models import Notification
from professionals.imports import services
from professionals.imports.services import (
    abandon_import,
    choose,
    choose_columns,
    create_import,
    delete_old_files,
    forget_rows,
    is_refused,
    resume_import,
    run_import,
    suggest_mapping,
    undo_import,
    work_on,
)
from professionals.models import (
    Choice,
    Import,
    ImportedCount,
    ImportedObject,
    ImportRow,
    ImportState,
    Organisation,
    Person,
    RowState,
)
from professionals.services import add_note
from tests.bookings.rows import NOW
from tests.factories import make_person, make_staff

pytestmark = pytest.mark.django_db

HEADINGS = ["Name", "Email", "Telephone", "Job", "Employer", "Post code", "Last contact"]
ASHA = ["Asha Patel", "asha.patel@leeds.example", "0113 496 0001", "Health visitor", "Leeds Trust", "ls1 4ap", ""]
BEN = ["Ben Okoro", "ben@york.example", "01904 960 002", "GP", "York Surgery", "YO1 7HH", ""]


def as_csv(*rows, headings=HEADINGS):
    written = io.StringIO()
    csv.writer(written).writerows([headings, *rows])
    return written.getvalue().encode()


def checked(*rows, headings=HEADINGS, by=None, now=NOW, kind="contacts"):
    """Uploaded, its columns as suggested, and looked at by a worker."""
    imported = create_import(kind=kind, content=as_csv(*rows, headings=headings), by=by, now=now)
    choose_columns(imported, mapping=suggest_mapping(imported), by=by or make_staff(), now=now)
    work_on(imported.pk)
    return Import.objects.get(pk=imported.pk)


def ran(imported, *, by=None, now=NOW):
    run_import(imported, by=by or make_staff(), now=now)
    work_on(imported.pk)
    return Import.objects.get(pk=imported.pk)


def undone(imported, *, now=NOW):
    undo_import(imported, by=make_staff(), now=now)
    work_on(imported.pk)
    return Import.objects.get(pk=imported.pk)


def states(imported):
    return dict(imported.rows.values_list("number", "state"))


def problems(imported):
    return [(number, *problem) for number, each in imported.rows.values_list("number", "problems") for problem in each]


def counts():
    """Of every table but what the import keeps of itself, the audit and the accounts of staff that the tests make."""
    left_out = {"professionals.import", "professionals.importmapping", "accounts.user", "account.emailaddress", "auth.group"}
    return {
        model._meta.label: model._base_manager.count()
        for model in apps.get_models()
        if model._meta.label_lower not in left_out and model._meta.app_label not in {"audit", "mfa"}
    }


def test_contacts_come_in_with_their_organisation():
    imported = checked(ASHA, BEN)
    assert imported.state == ImportState.CHECKED
    assert states(imported) == {2: RowState.NEW, 3: RowState.NEW}
    assert not Person.objects.exists()
    done = ran(imported)
    assert done.state == ImportState.DONE
    asha = Person.objects.get(name="Asha Patel")
    assert (asha.email, asha.phone, asha.profession, asha.postcode) == (
        "asha.patel@leeds.example",
        "0113 496 0001",
        "health-visitor",
        "LS1 4AP",
    )
    assert asha.organisation.name == "Leeds Trust"
    assert asha.user is None
    assert states(done) == {2: RowState.MADE, 3: RowState.MADE}


def test_nothing_that_was_typed_is_left_and_nobody_gets_mail():
    done = ran(checked(ASHA, BEN))
    assert done.file is None
    assert (done.headings, done.file_deleted_at is not None) == ([], True)
    assert list(done.rows.values_list("cells", "matches", "identity").distinct()) == [({}, [], "")]
    assert not Notification.objects.exists()
