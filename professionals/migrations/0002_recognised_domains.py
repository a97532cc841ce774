"""The domains whose addresses are work addresses from the first day. Staff add others."""

from django.db import migrations

DOMAINS = ["nhs.net", "nhs.uk", "gov.uk", "police.uk", "sch.uk", "ac.uk"]


def add(apps, schema_editor):
    domain = apps.get_model("professionals", "RecognisedDomain")
    domain.objects.bulk_create([domain(domain=name) for name in DOMAINS], ignore_conflicts=True)


class Migration(migrations.Migration):
    dependencies = [("professionals", "0001_initial")]
    operations = [migrations.RunPython(add, migrations.RunPython.noop)]
