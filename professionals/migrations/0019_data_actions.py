from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.models.functions import Now

DONE = [("given", "A copy was given"), ("erased", "Erased")]
REASONS = [
    ("own", "They did it themselves"),
    ("asked", "They asked us"),
    ("over", "Kept long enough"),
    ("restored", "Once more, after a restore"),
]


def mark_who_is_erased(apps: Any, schema_editor: Any) -> None:
    """As own_data.py leaves them. When it was, nobody wrote down."""
    people = apps.get_model("professionals", "Person").objects.using(schema_editor.connection.alias)
    people.filter(name="Erased", email="", phone="", postcode="", user=None, organisation=None).update(erased_at=Now())


class Migration(migrations.Migration):
    dependencies = [("professionals", "0018_flagged")]

    operations = [
        migrations.AddField(
            model_name="person",
            name="erased_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased"),
        ),
        migrations.AlterModelOptions(
            name="person",
            options={
                "ordering": ["name", "pk"],
                "permissions": [
                    ("erase_person", "Can erase a person"),
                    ("give_person_data", "Can give a person a copy of all that is held about them"),
                ],
                "verbose_name": "person",
                "verbose_name_plural": "people",
            },
        ),
        migrations.CreateModel(
            name="DataAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("done", models.CharField(choices=DONE, max_length=10, verbose_name="what was done")),
                ("reason", models.CharField(choices=REASONS, max_length=10, verbose_name="why")),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="data_actions",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "erasure or copy",
                "verbose_name_plural": "erasures and copies",
                "ordering": ["-at", "-pk"],
                "indexes": [models.Index(fields=["-at", "-id"], name="data_action_newest")],
            },
        ),
        migrations.RunPython(mark_who_is_erased, migrations.RunPython.noop),
    ]
