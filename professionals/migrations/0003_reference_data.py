"""Outward codes and local authorities, the first recognised domains, and the one row of a setting.

professionals/data/README.md says what to do when its files are made anew.
"""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from core.models import csv_rows

AREAS = {"OutwardCode": "outward_codes", "LocalAuthority": "local_authorities"}
# Their addresses are work addresses from the first day. Staff add others.
DOMAINS = ("nhs.net", "nhs.uk", "gov.uk", "police.uk", "sch.uk", "ac.uk")


def load_areas(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    for model_name, file in AREAS.items():
        model = apps.get_model("professionals", model_name)
        model.objects.bulk_create(model(**row) for row in csv_rows("professionals", file))


def add_settings(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    domain = apps.get_model("professionals", "RecognisedDomain")
    domain.objects.bulk_create(domain(domain=name) for name in DOMAINS)
    apps.get_model("professionals", "OutOfHours").objects.create()


class Migration(migrations.Migration):
    dependencies = [("professionals", "0002_sql")]

    operations = [migrations.RunPython(load_areas), migrations.RunPython(add_settings)]
