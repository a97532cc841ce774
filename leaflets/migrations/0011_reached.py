"""The area that an order counts for, also of those that are here already."""

from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0010_imported"),
        ("professionals", "0013_reached"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="reached_authority",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=9, verbose_name="local authority it counts for"
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="reached_nation",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=20, verbose_name="nation it counts for"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["reached_authority"], name="order_reached"),
        ),
        migrations.RunSQL(sql_file("leaflets", "reached")),
        migrations.RunSQL("UPDATE leaflets_order SET reached_nation = ''"),  # the trigger finds it
        # Of a postcode that was cut it is known where the whole outward code lies in one authority.
        migrations.RunSQL(
            "UPDATE leaflets_order SET reached_nation = nation, reached_authority = authority"
            " FROM professionals_outwardcode WHERE code = postcode AND others = ''"
        ),
    ]
