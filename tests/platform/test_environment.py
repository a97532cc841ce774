"""The ground that every test stands on."""

import socket

import pytest
from django.conf import settings
from django.contrib.auth.models import Permission
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from professionals.models import OutwardCode, Person
from tests import ready
from tests.factories import make_person


@pytest.mark.django_db
def test_tests_run_on_postgresql():
    assert connection.vendor == "postgresql"


@pytest.mark.django_db
def test_a_search_that_stops_early_finds_the_same_each_time():
    """Else PostgreSQL begins to read a large table where it last left off, so that a second page is of other rows."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW synchronize_seqscans")
        assert cursor.fetchone() == ("off",)


def test_a_test_can_not_reach_the_internet():
    with pytest.raises(AssertionError, match="only this machine"), socket.socket() as sock:
        sock.connect(("192.0.2.1", 80))


def test_files_go_to_a_folder_of_this_run():
    assert (settings.ENVIRONMENT, "ctac-test-" in str(settings.VAR_DIR)) == ("test", True)


@pytest.mark.parametrize("name", ["migrations/0001_initial.py", "sql/search.sql", "data/crossings.csv"])
def test_a_changed_migration_makes_other_data_ready(tmp_path, monkeypatch, name):
    migration = tmp_path / "leaflets" / name
    migration.parent.mkdir(parents=True)
    monkeypatch.setattr(ready, "BASE_DIR", tmp_path)
    found = set()
    for text in ("operations = []", "operations = [1]", "operations = []"):
        migration.write_text(text)
        found.add(ready.fingerprint())
    assert len(found) == 2


@pytest.mark.django_db
def test_the_copy_that_a_test_gets_is_migrated_and_has_the_places_of_postcodes():
    recorder = MigrationRecorder(connection)
    assert set(recorder.applied_migrations()) >= set(MigrationLoader(connection).disk_migrations)
    assert OutwardCode.objects.count() > 2_900


@pytest.mark.parametrize("turn", [1, 2])
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_each_test_without_a_transaction_begins_with_the_rows_of_the_migrations_and_no_other(turn):
    """In a worker that runs both, the second finds what the first has changed as it was."""
    view, add = (Permission.objects.get(codename=f"{verb}_person") for verb in ("view", "add"))
    assert (view.name, Person.objects.count()) == ("Can view person", 0)
    assert Permission.objects.filter(pk=view.pk).update(name="Changed") == 1
    add.delete()
    make_person()
