"""Every audience’s page in every nation; none is approved yet."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

AUDIENCES = (
    "health-visitors",
    "social-workers",
    "emergency-care",
    "teachers",
    "police",
    "foster-carers",
    "all-professionals",
)
NATIONS = ("england", "wales", "scotland", "northern-ireland")


def add_pages(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    page = apps.get_model("guidance", "GuidancePage")
    page.objects.bulk_create(page(audience=audience, nation=nation) for audience in AUDIENCES for nation in NATIONS)


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="GuidancePage",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "audience",
                    models.CharField(
                        choices=[
                            ("health-visitors", "Health visitors"),
                            ("social-workers", "Social workers"),
                            ("emergency-care", "A&E and walk-in clinics"),
                            ("teachers", "Teachers"),
                            ("police", "Police"),
                            ("foster-carers", "Foster carers"),
                            ("all-professionals", "Every professional"),
                        ],
                        max_length=20,
                        verbose_name="audience",
                    ),
                ),
                (
                    "nation",
                    models.CharField(
                        choices=[
                            ("england", "England"),
                            ("wales", "Wales"),
                            ("scotland", "Scotland"),
                            ("northern-ireland", "Northern Ireland"),
                        ],
                        max_length=20,
                        verbose_name="nation",
                    ),
                ),
                ("digest", models.CharField(blank=True, editable=False, max_length=64)),
                ("approved_at", models.DateTimeField(blank=True, null=True, verbose_name="approved")),
                ("review_on", models.DateField(blank=True, null=True, verbose_name="to be reviewed by")),
                ("is_sample", models.BooleanField(default=False, editable=False, verbose_name="approved for trying out only")),
                (
                    "approver",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="approver",
                    ),
                ),
                (
                    "author",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="author",
                    ),
                ),
            ],
            options={
                "verbose_name": "guidance page",
                "verbose_name_plural": "guidance pages",
                "ordering": ["pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("audience", "nation"), name="guidance_page_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("author", None),
                            ("approver", None),
                            models.Q(("author", models.F("approver")), _negated=True),
                            _connector="OR",
                        ),
                        name="guidance_author_does_not_approve",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("approved_at", None), ("approver", None), ("author", None), ("digest", ""), ("review_on", None)
                            ),
                            models.Q(
                                models.Q(("digest", ""), _negated=True),
                                ("approved_at__isnull", False),
                                ("review_on__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="guidance_approval_is_whole",
                    ),
                ],
            },
        ),
        migrations.RunPython(add_pages, migrations.RunPython.noop),
    ]
