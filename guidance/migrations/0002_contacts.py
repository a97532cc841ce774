import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from core.models import csv_rows


def add_contacts(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Without numbers: staff enter those that they have checked."""
    contact = apps.get_model("guidance", "AreaContact")
    contact.objects.bulk_create(contact(**row) for row in csv_rows("guidance", "contacts"))


class Migration(migrations.Migration):
    dependencies = [
        ("guidance", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="AreaContact",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("children", "Children’s services"), ("police", "Police"), ("guardian", "Guardian service")],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("code", models.CharField(max_length=20, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "nation",
                    models.CharField(
                        choices=[
                            ("england", "England"),
                            ("scotland", "Scotland"),
                            ("wales", "Wales"),
                            ("northern-ireland", "Northern Ireland"),
                            ("guernsey", "Guernsey"),
                            ("jersey", "Jersey"),
                            ("isle-of-man", "Isle of Man"),
                        ],
                        max_length=20,
                        verbose_name="nation",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                ("out_of_hours_phone", models.CharField(blank=True, max_length=30, verbose_name="phone out of hours")),
                ("web_page", models.URLField(blank=True, verbose_name="web page")),
                ("checked_on", models.DateField(blank=True, editable=False, null=True, verbose_name="checked on")),
                (
                    "checked_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="checked by",
                    ),
                ),
            ],
            options={
                "verbose_name": "contact of an area",
                "verbose_name_plural": "who to tell in each area",
                "ordering": ["name", "pk"],
                "constraints": [models.UniqueConstraint(fields=("kind", "code"), name="area_contact_once")],
            },
        ),
        migrations.RunPython(add_contacts, migrations.RunPython.noop),
    ]
