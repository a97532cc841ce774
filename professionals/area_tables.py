"""Loading the tables of areas from the files in professionals/data/. New files need a migration that calls `load` again."""

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from professionals.areas import DATA

# File → how its table is filled anew; in the named columns nothing means an empty text.
TABLES = {
    "outward_codes.csv": (
        "DELETE FROM professionals_outwardcode",
        "COPY professionals_outwardcode FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL (authority, others))",
    ),
    "local_authorities.csv": (
        "DELETE FROM professionals_localauthority",
        "COPY professionals_localauthority FROM STDIN (FORMAT csv, HEADER, FORCE_NOT_NULL (region))",
    ),
}


def load(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    with schema_editor.connection.cursor() as cursor:
        for name, (empty, copy) in TABLES.items():
            cursor.execute(empty)
            with (DATA / name).open() as rows:
                cursor.copy_expert(copy, rows)
