"""The 124 postcode areas; their centres were placed by hand on a map, good to some ten kilometres."""

import csv
from pathlib import Path

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

TABLE = Path(__file__).resolve().parent.parent / "data" / "postcode_areas.csv"


def load(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    area_model = apps.get_model("bookings", "PostcodeArea")
    with TABLE.open(newline="") as rows:
        area_model.objects.bulk_create(area_model(**row) for row in csv.DictReader(rows))


def clear(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("bookings", "PostcodeArea").objects.all().delete()


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_guards")]

    operations = [migrations.RunPython(load, clear)]
