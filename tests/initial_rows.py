"""What a test without a transaction of its own leaves is emptied, and the rows of the migrations are put back, both by SQL.

Django would save each of some 3,500 rows by itself, and truncate each table with all its indexes: a second for each such test.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from django.db import connection, transaction

SCHEMA = "initial_rows"
OWN_COLUMNS = """SELECT string_agg(quote_ident(column_name), ', ') FROM information_schema.columns
    WHERE table_schema = %s AND table_name = %s AND is_generated = 'NEVER'"""


def use() -> None:
    """In place of what Django does in this process's test database. Its login must be a superuser."""
    connection.creation.serialize_db_to_string = keep
    connection.creation.deserialize_db_from_string = put_back
    connection.ops.sql_flush = empty


def keep() -> str:
    """Called when the database has just been made; what it gives back is only handed on to `put_back`."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA {SCHEMA}")
        for table in filled(connection.introspection.django_table_names(only_existing=True)):
            cursor.execute(OWN_COLUMNS, ["public", table])
            cursor.execute(f'CREATE TABLE {SCHEMA}."{table}" AS SELECT {cursor.fetchone()[0]} FROM public."{table}"')
    return SCHEMA


def put_back(schema: str) -> None:
    """Rows that are there stay."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no triggers: the rows are as they were
        cursor.execute("SELECT table_name FROM information_schema.tables WHERE table_schema = %s", [schema])
        for (table,) in cursor.fetchall():
            cursor.execute(OWN_COLUMNS, [schema, table])
            columns = cursor.fetchone()[0]
            rows = f'SELECT {columns} FROM {schema}."{table}"'
            cursor.execute(f'INSERT INTO public."{table}" ({columns}) OVERRIDING SYSTEM VALUE {rows} ON CONFLICT DO NOTHING')


def empty(style: Any, tables: Sequence[str], **options: Any) -> list[str]:
    """As Django's `sql_flush`, for the tables that have rows; sequences go on, as they do there."""
    return ["SET LOCAL session_replication_role = replica", *(f'DELETE FROM "{table}"' for table in filled(tables))]


def filled(tables: Sequence[str]) -> Iterator[str]:
    questions = [f"SELECT '{table}' WHERE EXISTS (SELECT FROM \"{table}\")" for table in tables]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(questions))
        return (table for (table,) in cursor.fetchall())
