from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("privacy", "0003_words")]

    operations = [
        migrations.RenameField("complaint", "wrong", "description"),
        migrations.RenameField("complaint", "came", "channel"),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveIndex(
                    model_name="complaint",
                    name="complaint_came",
                ),
                migrations.AddIndex(
                    model_name="complaint",
                    index=models.Index(fields=["channel", "received_on", "id"], name="complaint_came"),
                ),
            ]
        ),
    ]
