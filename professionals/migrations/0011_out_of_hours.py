"""The route out of hours is one of the settings of the site."""

from typing import Any

from django.db import migrations


def move_route(apps: Any, _schema_editor: Any) -> None:
    route = apps.get_model("professionals", "OutOfHours").objects.values_list("route", flat=True).first()
    if not route:  # then the first value holds
        return
    settings = apps.get_model("office", "SiteSettings")
    settings.objects.bulk_create([settings()], ignore_conflicts=True)
    settings.objects.update(out_of_hours_route=route)


class Migration(migrations.Migration):
    dependencies = [("office", "0001_initial"), ("professionals", "0010_imports")]

    operations = [
        migrations.RunPython(move_route, migrations.RunPython.noop),
        migrations.DeleteModel(name="OutOfHours"),
    ]
