import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0019_data_actions"),
    ]

    operations = [
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                ("done", models.JSONField(default=dict, verbose_name="what was done")),
                ("left", models.PositiveIntegerField(default=0, verbose_name="left for another night")),
            ],
            options={
                "verbose_name": "run of the retention rules",
                "verbose_name_plural": "retention",
                "ordering": ["-started_at", "-pk"],
            },
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(condition=models.Q(("erased_at__isnull", True)), fields=["created_at"], name="person_kept"),
        ),
        migrations.AddField(
            model_name="retentionrun",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddIndex(
            model_name="retentionrun",
            index=models.Index(fields=["-started_at", "-id"], name="retention_run_newest"),
        ),
    ]
