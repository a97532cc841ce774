"""The domains whose addresses are work addresses from the first day. Staff add others."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

DOMAINS = ["nhs.net", "nhs.uk", "gov.uk", "police.uk", "sch.uk", "ac.uk"]


def add(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    domain = apps.get_model("professionals", "RecognisedDomain")
    domain.objects.bulk_create([domain(domain=name) for name in DOMAINS], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("professionals", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
