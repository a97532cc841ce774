import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("professionals", "0016_progressed_at")]

    operations = [
        migrations.RenameModel("Stopped", "BlockedAttempt"),
        migrations.RenameModel("Absorbed", "MergedRecord"),
        migrations.RenameField("merge", "stays", "kept_values"),
        migrations.RenameField("merge", "person_said_at", "person_confirmed_at"),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterField(
                    model_name="blockedattempt",
                    name="organisation",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="blocked_attempts",
                        to="professionals.organisation",
                        verbose_name="organisation",
                    ),
                ),
                migrations.AlterField(
                    model_name="blockedattempt",
                    name="person",
                    field=models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="blocked_attempts",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                migrations.AlterField(
                    model_name="mergedrecord",
                    name="person",
                    field=models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="merged_records",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
            ]
        ),
    ]
