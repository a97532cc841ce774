from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("professionals", "0020_retention_run")]

    operations = [
        migrations.AddField(
            model_name="dataaction",
            name="written_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="written to the file of erasures"),
        ),
        migrations.AddIndex(
            model_name="dataaction",
            index=models.Index(
                condition=models.Q(("done", "erased"), ("written_at__isnull", True)), fields=["id"], name="data_action_to_write"
            ),
        ),
    ]
