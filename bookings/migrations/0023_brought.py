"""Which order is brought to which visit, and what was not there."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0022_why_a_date_is_not_kept"),
        ("leaflets", "0002_sql"),
    ]

    operations = [
        migrations.CreateModel(
            name="Brought",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("missing", models.JSONField(default=list, verbose_name="what was not there")),
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brought",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
            ],
            options={
                "verbose_name": "leaflets brought to a visit",
                "verbose_name_plural": "leaflets brought to visits",
            },
        ),
    ]
