"""The role that serves the site: it can do all the work, and neither change tables nor history."""

import os
import subprocess
import sys

import psycopg2
import pytest
from psycopg2 import errors

from tests.deploy.conftest import PROGRAMS, ROOT

HISTORY = ["bookings_bookingevent", "leaflets_orderevent", "leaflets_stockmovement"]
APPEND_ONLY = """
    SELECT DISTINCT c.relname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgname = c.relname || '_append_only' ORDER BY 1
"""


def test_the_grants_name_every_table_that_the_migrations_make_append_only(server):
    assert [table for (table,) in server.query(APPEND_ONLY)] == HISTORY


def test_the_sample_data_that_this_role_loaded_is_there(server):
    [(bookings,)] = server.query("SELECT count(*) FROM professionals_person", role="ctac_app")
    assert bookings > 0
    assert server.manage("reconcile_stock", role="ctac_app") == "The stock ledger and the figures are equal.\n"


@pytest.mark.parametrize(
    "sql",
    [
        "DROP TABLE leaflets_order",
        "ALTER TABLE leaflets_order ADD COLUMN x int",
        "ALTER TABLE leaflets_stockmovement DISABLE TRIGGER ALL",
        "ALTER TABLE bookings_busytime DROP CONSTRAINT IF EXISTS x",
        "TRUNCATE leaflets_order CASCADE",
        "CREATE TABLE x ()",
        "CREATE TEMP TABLE x ()",
        "CREATE SCHEMA x",
        "DELETE FROM django_migrations",
        "SET session_replication_role = replica",
        "COPY (SELECT 1) TO PROGRAM 'true'",
        *(f"DELETE FROM {table}" for table in HISTORY),  # noqa: S608 - ours
        *(f"UPDATE {table} SET kind = 'x'" for table in HISTORY),  # noqa: S608 - ours
    ],
)
def test_it_can_not(server, sql):
    with pytest.raises(errors.InsufficientPrivilege):
        server.query(sql, role="ctac_app")


@pytest.mark.parametrize("table", HISTORY)
def test_it_can_blank_a_reason_when_a_person_is_erased(server, table):
    """No row: what counts is whether the statement is allowed at all."""
    server.query(f"UPDATE {table} SET reason = '' WHERE false", role="ctac_app")  # noqa: S608 - one of ours


def test_the_owner_is_refused_changed_history_too(server):
    with pytest.raises(psycopg2.errors.RestrictViolation):
        server.query("UPDATE leaflets_stockmovement SET copies = copies + 1", role="ctac_owner")


def test_both_files_may_run_again(server):
    server.psql("deploy/sql/roles.sql")
    server.psql("deploy/sql/grants.sql", role="ctac_owner")
    with pytest.raises(errors.InsufficientPrivilege):
        server.query("DELETE FROM leaflets_stockmovement", role="ctac_app")


WORK = [
    "tests/leaflets/test_ordering.py",
    "tests/leaflets/test_fulfilling.py",
    "tests/leaflets/test_privacy.py",
    "tests/bookings/test_flow.py",
    "tests/bookings/test_holding.py",
    "tests/bookings/test_placing.py",
    "tests/bookings/test_moving.py",
    "tests/bookings/test_privacy_and_sample.py",
    "tests/bookings/admin",
    "tests/professionals/test_sign_up.py",
    "tests/professionals/test_privacy.py",
    "tests/notifications/test_delivering.py",
]


def test_it_can_do_the_sites_work():
    """The tests of booking, ordering, dispatch, sign-up, mail and erasure, run again by a database that admits this role only."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("CTAC_", "DATABASE_URL", "PYTEST_"))}
    env["PATH"] = f"{PROGRAMS}{os.pathsep}{env['PATH']}"
    words = ["-m", "pytest", "-p", "tests.deploy.as_app_role", "-q", "-x", *WORK]
    done = subprocess.run([sys.executable, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]
    assert "ran as ctac_app" in done.stdout
