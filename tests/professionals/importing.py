"""An import as its pages need it, checked or run."""

from django.utils import timezone

from professionals.imports.services import choose_columns, create_import, run_import, suggest_mapping, work_on
from professionals.models import Import
from tests import factories

CONTACTS = b"Name,Email\r\nAsha Patel,asha.patel@leeds.example\r\n,nobody@leeds.example\r\n"


def make_import(*, run: bool = False) -> Import:
    by, now = factories.make_staff(), timezone.now()
    imported = create_import(kind="contacts", content=CONTACTS, by=by, now=now)
    choose_columns(imported, mapping=suggest_mapping(imported), by=by, now=now)
    work_on(imported.pk)
    if run:
        run_import(imported, by=by, now=now)
        work_on(imported.pk)
    return Import.objects.get(pk=imported.pk)
