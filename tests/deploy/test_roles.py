"""The role that serves the site: it can do all the work, and neither change tables nor history."""

import psycopg2
import pytest
from django.db import connection
from psycopg2 import errors

from tests.deploy.as_app_role import WORK
from tests.deploy.conftest import ROOT

HISTORY = [
    *("audit_entry", "audit_export"),
    *("bookings_bookingevent", "bookings_sessionevent"),
    *("leaflets_orderevent", "leaflets_stockmovement"),
    "office_settingchange",
    *("privacy_breach", "privacy_breachevent", "privacy_complaintevent"),
    "professionals_flaggedevent",
]
# Only who it was can be blanked, or the words; of a breach it can be written what was decided.
WITHOUT_REASON = {
    **dict.fromkeys(
        ("audit_export", "office_settingchange", "professionals_flaggedevent", "privacy_breachevent"), "by_id = NULL"
    ),
    "privacy_complaintevent": "text = ''",
    "privacy_breach": "commissioner = 'told'",
}
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
        "DELETE FROM privacy_complaint",
        "UPDATE privacy_complaint SET received_on = received_on - 1",
        "UPDATE privacy_dataaction SET at = now()",
        *(f"DELETE FROM {table}" for table in HISTORY),  # noqa: S608 - ours
        *(f"UPDATE {table} SET id = 0" for table in HISTORY),  # noqa: S608 - ours
    ],
)
def test_it_can_not(server, sql):
    with pytest.raises(errors.InsufficientPrivilege):
        server.query(sql, role="ctac_app")


@pytest.mark.parametrize("table", HISTORY[1:])  # the audit names nobody, so nothing in it is ever blanked
def test_it_can_blank_a_reason_when_a_person_is_erased(server, table):
    """No row: what counts is whether the statement is allowed at all."""
    blank = WITHOUT_REASON.get(table, "reason = ''")
    server.query(f"UPDATE {table} SET {blank} WHERE false", role="ctac_app")  # noqa: S608 - one of ours


def test_the_owner_is_refused_changed_history_too(server):
    with pytest.raises(psycopg2.errors.RestrictViolation):
        server.query("UPDATE leaflets_stockmovement SET copies = copies + 1", role="ctac_owner")


def test_a_migration_gives_up_waiting_before_pages_do_and_a_page_its_statement(server):
    """What both have from their sign-in on; the tests take these roles on later."""
    limits = dict(server.query("SELECT rolname, array_to_string(rolconfig, ' ') FROM pg_roles WHERE rolname LIKE 'ctac%'"))
    assert "lock_timeout=3s" in limits["ctac_owner"]
    assert "statement_timeout=30s" in limits["ctac_app"]


def test_both_files_may_run_again(server):
    server.psql("deploy/sql/roles.sql")
    server.psql("deploy/sql/grants.sql", role="ctac_owner")
    with pytest.raises(errors.InsufficientPrivilege):
        server.query("DELETE FROM leaflets_stockmovement", role="ctac_app")


def test_the_sites_work_is_tested_as_this_role(db):
    """The tests of booking, ordering, dispatch, sign-up, mail and erasure: wherever they run."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_user")
        assert cursor.fetchone() == ("ctac_app",)
    assert [path for path in WORK if not (ROOT / path.split("::")[0]).exists()] == []
