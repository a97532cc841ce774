"""Loading the tables of areas from the files in professionals/data/. New files need a migration that calls `load` again."""

import csv

from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from professionals.areas import DATA

TABLES = {"outward_codes.csv": "OutwardCode", "local_authorities.csv": "LocalAuthority"}


def load(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for name, model_name in TABLES.items():
        rows = apps.get_model("professionals", model_name).objects
        rows.all().delete()
        with (DATA / name).open(encoding="utf-8", newline="") as file:
            rows.bulk_create(rows.model(**row) for row in csv.DictReader(file))
