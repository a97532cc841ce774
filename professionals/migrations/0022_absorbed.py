import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("professionals", "0021_erasures_written_down")]

    operations = [
        migrations.CreateModel(
            name="Absorbed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.BigIntegerField(verbose_name="number of the row that went")),
                ("since", models.DateTimeField(verbose_name="when that row was made")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absorbed",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
            ],
            options={
                "verbose_name": "row of a person that became another's",
                "verbose_name_plural": "rows of people that became another's",
            },
        ),
    ]
