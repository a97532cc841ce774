"""An import as its pages need it, checked or run."""

from django.utils import timezone

from accounts.models import User
from professionals.imports.services import choose_columns, create_import, process_import, run_import, suggest_mapping
from professionals.models import Import
from tests import factories

ADDRESS = "imports@ctac.example"
CONTACTS = b"Name,Email\r\nAsha Patel,asha.patel@leeds.example\r\n,nobody@leeds.example\r\n"


def make_import(*, run: bool = False) -> Import:
    now = timezone.now()
    by = User.objects.filter(email=ADDRESS).first() or factories.make_staff(ADDRESS)
    import_job = create_import(kind="contacts", content=CONTACTS, by=by, now=now)
    choose_columns(import_job, mapping=suggest_mapping(import_job), by=by, now=now)
    process_import(import_job.pk)
    if run:
        run_import(import_job, by=by, now=now)
        process_import(import_job.pk)
    return Import.objects.get(pk=import_job.pk)
