"""Pages of times read the claims to come from an index, and nothing else of the table."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0020_areas_in_staff_lists"),
    ]

    operations = [
        migrations.AlterField(
            model_name="busytime",
            name="presenter",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="busy_times",
                to="bookings.presenter",
                verbose_name="presenter",
            ),
        ),
        migrations.AddIndex(
            model_name="busytime",
            index=models.Index(
                models.F("presenter"),
                models.Func(models.F("busy"), function="upper", output_field=models.DateTimeField()),
                condition=models.Q(("live", True)),
                include=(
                    "busy",
                    "expires_at",
                    "postcode",
                    "latitude",
                    "longitude",
                    "zone",
                    "travel_minutes",
                    "kind",
                    "booking",
                    "hold",
                    "option",
                ),
                name="busytime_to_come",
            ),
        ),
    ]
