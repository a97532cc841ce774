"""The areas that bookings and places count for, also of those that are here already."""

from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0013_imported"),
        ("professionals", "0013_reached"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="reached_authority",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=9, verbose_name="local authority it counts for"
            ),
        ),
        migrations.AddField(
            model_name="booking",
            name="reached_nation",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=20, verbose_name="nation it counts for"
            ),
        ),
        migrations.AddField(
            model_name="sessionplace",
            name="reached_authority",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=9, verbose_name="local authority it counts for"
            ),
        ),
        migrations.AddField(
            model_name="sessionplace",
            name="reached_nation",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=20, verbose_name="nation it counts for"
            ),
        ),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                condition=models.Q(("state", "delivered")),
                fields=["reached_authority", "-starts_at", "-id"],
                name="booking_reached",
            ),
        ),
        migrations.AddIndex(
            model_name="sessionplace",
            index=models.Index(
                condition=models.Q(("state__in", ["taken", "attended"])),
                fields=["reached_authority"],
                name="sessionplace_reached",
            ),
        ),
        migrations.RunSQL(sql_file("bookings", "reached")),
        migrations.RunSQL("UPDATE bookings_booking SET reached_nation = ''"),  # the trigger finds it
        migrations.RunSQL("UPDATE bookings_sessionplace SET reached_nation = ''"),
    ]
