"""The one row of a setting: until somebody changes it, each event has its email."""

from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps


def add_settings(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    apps.get_model("notifications", "TeamMail").objects.create()


class Migration(migrations.Migration):
    dependencies = [("notifications", "0002_sql")]

    operations = [migrations.RunPython(add_settings)]
