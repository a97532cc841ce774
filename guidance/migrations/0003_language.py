"""Every page in Welsh too; none of these is approved yet."""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def add_welsh_pages(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    page = apps.get_model("guidance", "GuidancePage")
    english = page.objects.filter(language="en-gb").order_by("pk").values_list("audience", "nation")
    page.objects.bulk_create([page(audience=audience, nation=nation, language="cy") for audience, nation in english])


def remove_welsh_pages(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Without the field each page would be there twice."""
    apps.get_model("guidance", "GuidancePage").objects.filter(language="cy").delete()


class Migration(migrations.Migration):
    dependencies = [
        ("guidance", "0002_contacts"),
    ]

    operations = [
        migrations.AddField(
            model_name="guidancepage",
            name="language",
            field=models.CharField(
                choices=[("en-gb", "English"), ("cy", "Cymraeg")], default="en-gb", max_length=5, verbose_name="language"
            ),
        ),
        migrations.RemoveConstraint(model_name="guidancepage", name="guidance_page_once"),
        migrations.AddConstraint(
            model_name="guidancepage",
            constraint=models.UniqueConstraint(fields=("audience", "nation", "language"), name="guidance_page_once"),
        ),
        migrations.RunPython(add_welsh_pages, remove_welsh_pages),
    ]
