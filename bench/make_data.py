"""A database as after years of use: `python -m bench.make_data --people 500000 --bookings 200000 --orders 1000000`.

For the database that DATABASE_URL names, migrated and filled with the sample data, on a role that may skip triggers. All of it is
made by generate_series (bench/sql/), always the same, and every rule of the database holds afterwards: the constraints are
checked as rows go in, and the figures of the stock equal its ledger. Bookings of the past belong to presenters who have left; a
team of three has the next weeks' work, however long the history is.
"""

import argparse
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import django
import psycopg2

SQL = Path(__file__).parent / "sql"
NOTHING = {
    **dict.fromkeys(("character varying", "text"), "''"),
    **dict.fromkeys(("integer", "smallint", "double precision"), "0"),
    "boolean": "false",
    "timestamp with time zone": "now()",
    "date": "current_date",
    "time without time zone": "'09:00'",
    "ARRAY": "'{}'",
    "jsonb": "'{}'",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, usual in (("people", 500_000), ("bookings", 200_000), ("orders", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    wanted = vars(parser.parse_args())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ctac.settings")
    django.setup()
    make(os.environ["DATABASE_URL"], **wanted)


def make(database: str, **wanted: int) -> None:
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        lay_in(cursor, **wanted)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


def lay_in(cursor: Any, *, people: int, bookings: int, orders: int) -> None:
    """In the transaction of this cursor."""
    from core.models import REFERENCE_ALPHABET

    values = {
        "people": people,
        "bookings": bookings,
        "orders": orders,
        "alphabet": REFERENCE_ALPHABET,
        "base": len(REFERENCE_ALPHABET),
    }
    # Neither append-only nor travel triggers: what they keep holds by construction. Those that keep what is searched run.
    cursor.execute("SET session_replication_role = replica")
    lent = lend_defaults(cursor)
    cursor.execute((SQL / "reference.sql").read_text(), values)
    with indexes_made_afterwards(cursor):
        files = {"people": people, "bookings": bookings, "sessions": bookings // 8, "attendance": bookings, "orders": orders}
        files |= {"messages": bookings + orders, "addresses": people // 2}
        files |= {"accounts": people // 2, "audit": 5 * (bookings + orders), "records": people // 50}
        files |= {"complaints": people // 100, "reach": people // 200}
        for name, many in files.items():
            began = time.perf_counter()
            cursor.execute((SQL / f"{name}.sql").read_text(), values)
            said(f"{name}: {many:,}", began)
    for table, column in lent:
        cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" DROP DEFAULT')


def said(what: str, began: float) -> None:
    sys.stdout.write(f"  {what} in {time.perf_counter() - began:.0f} s\n")
    sys.stdout.flush()


@contextmanager
def indexes_made_afterwards(cursor: Any) -> Iterator[None]:
    """Making an index of many rows at once takes a fraction of what a row at a time does. Those that keep a rule stay."""
    cursor.execute((SQL / "indexes.sql").read_text())
    found = cursor.fetchall()
    for name, _definition, _statistics in found:
        cursor.execute(f'DROP INDEX "{name}"')
    yield
    began = time.perf_counter()
    cursor.execute("SET maintenance_work_mem = '512MB'")
    for name, definition, statistics in found:
        cursor.execute(definition)
        for column, target in statistics:  # on how many rows the planner tries a word (core/models.py)
            cursor.execute(f'ALTER INDEX "{name}" ALTER COLUMN {column} SET STATISTICS {target}')
    cursor.execute("RESET maintenance_work_mem")
    said(f"indexes: {len(found)}", began)


def lend_defaults(cursor: Any) -> list[tuple[str, str]]:
    """So that a column that came after the files in bench/sql stops none of them: nothing, nought, no, now. Which ones."""
    cursor.execute(
        "SELECT table_name, column_name, data_type FROM information_schema.columns WHERE table_schema = 'public'"
        " AND is_nullable = 'NO' AND column_default IS NULL AND is_identity = 'NO' AND is_generated = 'NEVER'"
    )
    lent = [(table, column, NOTHING[kind]) for table, column, kind in cursor.fetchall() if kind in NOTHING]
    for table, column, nothing in lent:
        cursor.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET DEFAULT {nothing}')
    return [(table, column) for table, column, _nothing in lent]


if __name__ == "__main__":
    main()
