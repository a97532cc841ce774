"""The table only grows: the site's role may add to it and no more, and its owner's own statements are refused by a trigger."""

from datetime import UTC, date, datetime

import pytest
from django.db import DatabaseError, IntegrityError, ProgrammingError, connection, transaction

from audit.models import Act, Entry
from audit.services import AuditSubject, existing_months, first_of_month, rotate_month_tables, write_audit_entry
from core.dates import add_months
from tests.factories import make_person

pytestmark = pytest.mark.django_db
TABLES = ["audit_entry", "audit_entry_of_this_month"]


def run(sql: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        this = first_of_month(datetime.now(UTC))
        cursor.execute(sql.replace("audit_entry_of_this_month", f"audit_entry_{this:%Y_%m}"))


@pytest.fixture
def as_app(app_role: None, db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL ROLE ctac_app")


CHANGES = ["UPDATE {} SET act = 'viewed'", "DELETE FROM {}", "TRUNCATE {}"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", CHANGES)
def test_the_owner_is_refused_by_the_trigger(change: str, table: str) -> None:
    write_audit_entry(Act.VIEWED, by=1)
    with pytest.raises(IntegrityError, match="audit_entry is append-only"):
        run(change.format(table))
    assert Entry.objects.count() == 1


OTHERS = ["DROP TABLE {}", "ALTER TABLE {} DISABLE TRIGGER ALL", "ALTER TABLE {} ADD x int"]


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("change", [*CHANGES, *OTHERS])
def test_the_role_that_serves_the_site_may_not(as_app: None, change: str, table: str) -> None:
    write_audit_entry(Act.VIEWED, by=1)
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(change.format(table))
    assert Entry.objects.count() == 1


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO audit_entry (act, at) VALUES ('viewed', '2026-01-01')",  # in the past
        "INSERT INTO audit_entry (act, id) VALUES ('viewed', 1)",
        "INSERT INTO audit_entry_of_this_month (act) VALUES ('viewed')",
        "ALTER TABLE audit_entry DETACH PARTITION audit_entry_of_this_month",
        "INSERT INTO django_admin_log (object_repr, action_flag, change_message, user_id) VALUES ('Nadia', 1, '', 1)",
    ],
)
def test_nor_give_a_row_a_time_or_go_round_the_table(as_app: None, sql: str) -> None:
    with pytest.raises(ProgrammingError, match=r"permission denied|must be owner"):
        run(sql)


def test_it_adds_rows_and_reads_them_and_the_time_is_the_databases(as_app: None) -> None:
    person = make_person()
    write_audit_entry(Act.VIEWED, by=7, about=AuditSubject.of(person), page="professionals_person_change")
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp()")
        now = cursor.fetchone()[0]
    entry = Entry.objects.newest_first().first()
    assert (entry.actor, entry.kind, entry.key) == (7, "professionals.person", str(person.pk))
    assert 0 <= (now - entry.at).total_seconds() < 5


def test_months_come_ahead_and_go_whole_when_they_were_kept_long_enough(as_app: None) -> None:
    """The clock of whoever asks goes on month by month, from two years ago; the role is the one that serves the site."""
    start = add_months(first_of_month(datetime.now(UTC)), -24)
    rows = {}
    for ahead in range(9):
        month = add_months(start, ahead)
        kept = rotate_month_tables(now=datetime(month.year, month.month, 3, tzinfo=UTC), months=6)
        lay_in(month)
        rows[month] = 3
        assert kept.added == ((*(add_months(month, each) for each in range(13)),) if ahead == 0 else kept.added)
        for gone in kept.dropped:
            rows.pop(gone)
        assert counted(start) == rows
    assert min(rows) == add_months(start, 2)


def lay_in(month: date) -> None:
    """As the owner: the site's role can't say when."""
    with connection.cursor() as cursor:
        cursor.execute("RESET ROLE")
        for day in (1, 15, 28):
            cursor.execute("INSERT INTO audit_entry (act, at) VALUES ('viewed', %s)", [month.replace(day=day)])
        cursor.execute("SET LOCAL ROLE ctac_app")


def counted(since: date) -> dict[date, int]:
    found = Entry.objects.filter(at__gte=datetime(since.year, since.month, 1, tzinfo=UTC)).values_list("at", flat=True)
    months = [first_of_month(at) for at in found]
    return {month: months.count(month) for month in sorted(set(months))}


@pytest.mark.parametrize("months", [0, 1, 5])
def test_the_database_drops_no_month_that_ended_within_half_a_year(as_app: None, months: int) -> None:
    """However far ahead the clock of the asking process is, and whatever the setting says."""
    before = existing_months()
    with pytest.raises(DatabaseError, match="is kept"), transaction.atomic():
        rotate_month_tables(now=datetime.now(UTC).replace(year=datetime.now(UTC).year + 2, day=1), months=months)
    assert existing_months() == before


def test_a_month_of_another_age_is_not_made(as_app: None) -> None:
    for month in ("1999-01-01", "2099-01-01"):
        with pytest.raises(DatabaseError, match="no audit of"):
            run(f"SELECT audit_add_month('{month}')")


def test_a_new_months_table_is_closed_too(as_app: None) -> None:
    month = add_months(first_of_month(datetime.now(UTC)), -20)
    run(f"SELECT audit_add_month('{month}')")
    table = f"audit_entry_{month:%Y_%m}"
    run(f"SELECT * FROM {table}")  # noqa: S608 - a backup does
    with pytest.raises(ProgrammingError, match="permission denied"):
        run(f"DELETE FROM {table}")  # noqa: S608 - a month
    run("RESET ROLE")
    with pytest.raises(IntegrityError, match="append-only"):
        run(f"TRUNCATE {table}")


@pytest.mark.parametrize(
    "values",
    [
        {"key": "Nadia Rahman"},
        {"key": "nadia@leeds.nhs.uk"},
        {"kind": "Nadia"},
        {"page": "/staff/?q=nadia"},
        {"what": "LS1 4AP"},
        {"what": "nadia@leeds.nhs.uk"},
        {"request": "Nadia"},
    ],
)
def test_the_database_takes_no_words_but_ours(values: dict[str, str]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Entry.objects.create(act="viewed", **values)


def test_what_is_typed_into_an_address_is_left_out() -> None:
    write_audit_entry(
        Act.REFUSED, by=1, about=AuditSubject("bookings.booking", ("Nadia Rahman", "17", "BK-7Q4M-2F")), whats=["404"]
    )
    assert sorted(Entry.objects.values_list("key", flat=True)) == ["17", "BK-7Q4M-2F"]
