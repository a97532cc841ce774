"""What was kept though it looked like a child's details (ADR 72). Of what was kept before, the outbox tells: those are unread."""

from typing import Any

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from ctac.db import append_only


def begin(apps: Any, schema_editor: Any) -> None:
    apps.get_model("professionals", "OutOfHours").objects.get_or_create(pk=1)
    kept = apps.get_model("professionals", "FlaggedText").objects
    for told in apps.get_model("notifications", "Notification").objects.filter(kind="safeguarding-flag").order_by("pk"):
        kept.get_or_create(about=told.about, defaults={"reference": told.reference, "flagged_at": told.created_at})


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0015_recoveries"),
        ("notifications", "0010_working_days"),
    ]

    operations = [
        migrations.CreateModel(
            name="FlaggedText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(max_length=100, unique=True, verbose_name="about")),
                ("reference", models.CharField(max_length=60, verbose_name="reference")),
                ("flagged_at", models.DateTimeField(verbose_name="written")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="first read")),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not decided"), ("cleared", "Words cleared"), ("no-child", "Not about a child")],
                        default="",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
            ],
            options={
                "verbose_name": "text to read",
                "verbose_name_plural": "texts that may be about a child",
                "ordering": ["-flagged_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-flagged_at", "-id"], name="flagged_newest"),
                    models.Index(fields=["decision", "-flagged_at", "-id"], name="flagged_by_decision"),
                    models.Index(
                        condition=models.Q(("decision", ""), ("read_at__isnull", True)), fields=["id"], name="flagged_unread"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutOfHours",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "route",
                    models.CharField(
                        blank=True,
                        help_text="It goes on from “Until then:”. For example: call the duty team of your local council, or the police on 101",
                        max_length=200,
                        verbose_name="Where to turn while the advice line is closed",
                    ),
                ),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "When the advice line is closed",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="outofhours_is_one")],
            },
        ),
        migrations.CreateModel(
            name="FlaggedEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("read", "Read"), ("cleared", "Words cleared"), ("no-child", "Said not to be about a child")],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
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
                    "flagged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="professionals.flaggedtext",
                        verbose_name="text",
                    ),
                ),
            ],
            options={
                "verbose_name": "event of a text",
                "verbose_name_plural": "events of texts",
                "ordering": ["at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "read")), fields=("flagged", "by"), name="flagged_read_once_by_each"
                    )
                ],
            },
        ),
        append_only("professionals_flaggedevent", erasable=("by_id",)),
        migrations.RunPython(begin, migrations.RunPython.noop),
    ]
