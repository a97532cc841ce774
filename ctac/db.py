"""Database operations that migrations of several apps share."""

from collections.abc import Sequence

from django.db import migrations


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
