"""What the tables of several apps share in the database: triggers, and how the words that staff search are kept."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import migrations
from django.db.models import TextField, Value
from django.db.models.functions import Concat, Lower

BASE_DIR = Path(__file__).resolve().parent.parent


def sql_file(app: str, name: str) -> str:
    """The text of `<app>/sql/<name>.sql`: what a migration runs that Django's operations can't say."""
    return (BASE_DIR / app / "sql" / f"{name}.sql").read_text()


def csv_rows(app: str, name: str) -> list[dict[str, str]]:
    """The rows of `<app>/data/<name>.csv`, each by the names of its columns."""
    with (BASE_DIR / app / "data" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def append_only(table: str, *, erasable: Sequence[str] = ()) -> migrations.RunSQL:
    """A trigger that refuses DELETE, and UPDATE of any column but the `erasable` ones.

    Rows tell what happened; only a free-text reason may be blanked when a person is erased (product.md, rule on audit).
    """
    name = f"{table}_append_only"
    keep = " - ".join(["to_jsonb({row})", *(f"'{column}'" for column in erasable)])
    same = f"({keep.format(row='NEW')}) = ({keep.format(row='OLD')})"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'UPDATE' AND {same} THEN RETURN NEW; END IF;
            RAISE EXCEPTION '{table} is append-only' USING ERRCODE = 'restrict_violation';
        END $$;
        CREATE TRIGGER {name} BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {name}();
        """,
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();",
    )


def words_of(reference: str, *columns: str, phone: str = "") -> str:
    """SQL for words to search: a reference in the ways it is typed, columns, a phone number as typed and as digits."""
    parts = [reference, *(f"replace({reference}, '-', '{between}')" for between in ("", " "))] if reference else []
    parts += columns
    if phone:
        parts += [phone, f"regexp_replace({phone}, '[^0-9]', '', 'g')"]
    return f"concat_ws(' ', {', '.join(parts)})"


def keeps_searched(table: str, words: str, *, columns: Sequence[str]) -> migrations.RunSQL:
    """The column `searched` follows the `columns`, whoever writes them: lower case, each word after a space.

    `words` is SQL over NEW. The trigger also runs while data is laid in with other triggers off (session_replication_role),
    so that no way of writing leaves words behind; and when `searched` itself is written, so that an old copy of a row can't
    bring erased words back.
    """
    name = f"{table}_searched"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            NEW.searched := ' ' || lower({words});
            RETURN NEW;
        END $$;
        CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OF {", ".join(columns)}, searched ON {table}
            FOR EACH ROW EXECUTE FUNCTION {name}();
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name};
        -- So that the planner tells a rare word from a common one: it tries the word on so many sampled rows.
        ALTER TABLE {table} ALTER COLUMN searched SET STATISTICS 1000;
        UPDATE {table} SET searched = '';
        """,  # noqa: S608 - names that a migration wrote
        f"DROP TRIGGER {name} ON {table}; DROP FUNCTION {name}();",
    )


def searched_follows(table: str, column: str, *, of: str, changed: str) -> migrations.RunSQL:
    """When `changed` of a row in the table `of` changes, `searched` of the rows that point to it by `column` is made anew."""
    name = f"{table}_follows_{of}"
    return migrations.RunSQL(
        f"""
        CREATE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE {table} SET searched = '' WHERE {column} = NEW.id;
            RETURN NULL;
        END $$;
        CREATE TRIGGER {name} AFTER UPDATE ON {of}
            FOR EACH ROW WHEN (OLD.{changed} IS DISTINCT FROM NEW.{changed}) EXECUTE FUNCTION {name}();
        ALTER TABLE {of} ENABLE ALWAYS TRIGGER {name};
        """,  # noqa: S608 - names that a migration wrote
        f"DROP TRIGGER {name} ON {of}; DROP FUNCTION {name}();",
    )


def samples_words(index: str) -> migrations.RunSQL:
    """As for a column that is searched: the planner tries a word on so many sampled rows of this index."""
    return migrations.RunSQL(f"ALTER INDEX {index} ALTER COLUMN 1 SET STATISTICS 1000", migrations.RunSQL.noop)


def words_in(*columns: Any) -> Lower:
    """The same text as an expression, for a table that has all its words itself."""
    parts = (part for column in columns for part in (Value(" "), column))
    return Lower(Concat(*parts, output_field=TextField()))


def words_index(name: str, words: Any = "searched", **options: Any) -> GinIndex:
    """Any three letters in a row are found through it; entries wait little, so that a search need not read many."""
    return GinIndex(OpClass(words, name="gin_trgm_ops"), name=name, gin_pending_list_limit=256, **options)
