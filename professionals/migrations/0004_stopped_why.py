from django.db import migrations, models


class Migration(migrations.Migration):
    """Without "sent faster than anybody types"."""

    dependencies = [("professionals", "0003_reference_data")]

    operations = [
        migrations.AlterField(
            model_name="stopped",
            name="why",
            field=models.CharField(
                choices=[
                    ("throttle", "Too many tries"),
                    ("hidden-box", "Filled in the hidden box"),
                    ("too-old", "Open for more than a day"),
                    ("no-time", "Sent without our page"),
                ],
                max_length=10,
                verbose_name="why",
            ),
        )
    ]
