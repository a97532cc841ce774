"""Dump, erase, restore, replay: whoever was erased after the backup is gone from the restored database too."""

from pathlib import Path

import pytest

from tests.deploy.conftest import Server
from tests.deploy.test_backup import backup, empty, folder, make, restore

__all__ = ["backup", "empty", "folder"]

PLANT = """
from datetime import timedelta
from django.utils import timezone
from tests.bookings.rows import make_booking, make_presenter
from tests.factories import make_person
from tests.leaflets.factories import make_order
now = timezone.now()
person = make_person(name="Quillfinch Zanderby", email="quillfinch@leeds.nhs.uk")
make_booking(make_presenter(), now + timedelta(days=40), person=person, notes="Ask for Quillfinch", contact_name="Quillfinch")
make_order(person, now)
"""
ERASE = """
from django.utils import timezone
from professionals.models import Person
from privacy.services import erase_person
erase_person(Person.objects.get(name="Quillfinch Zanderby"), by=None, now=timezone.now())
"""


def tables_with(server: Server, database: str) -> set[str]:
    """Those with a row that has the canary in any column, as text."""
    tables = server.query("SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'")
    rows = "SELECT count(*) FROM {} t WHERE t::text ILIKE '%quillfinch%'"
    return {name for (name,) in tables if server.query(rows.format(name), database=database)[0][0]}


@pytest.mark.slow
def test_whoever_was_erased_after_the_backup_is_gone_from_what_was_restored(
    server: Server, folder: Path, empty: str, tmp_path: Path
) -> None:
    file = tmp_path / "erasures.jsonl"
    server.lay_out(PLANT)
    assert make(server, folder).returncode == 0
    [made] = folder.glob("ctac-*")
    server.manage("shell", "--no-imports", "-c", ERASE, role="ctac_app", ERASURES_FILE=str(file))
    assert tables_with(server, "ctac") == set()
    assert "quillfinch" not in file.read_text().lower()

    done = restore(server, made, empty, tmp_path / "media")
    assert "manage.py replay_erasures" in done.stdout
    assert {"professionals_person", "bookings_booking", "leaflets_order"} <= tables_with(server, "restored")

    replayed = server.python("manage.py", "replay_erasures", DATABASE_URL=empty, ERASURES_FILE=str(file))
    assert (replayed.returncode, "Erased again: 1." in replayed.stdout) == (0, True), replayed.stderr
    assert tables_with(server, "restored") == set()
