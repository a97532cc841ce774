from django.db import migrations, models

KINDS = [
    ("placed", "Order received"),
    ("requested", "Asked for more than the limit"),
    ("over-limit", "Limit set aside by staff"),
    ("approved", "Agreed"),
    ("declined", "Declined"),
    ("stocked", "Copies came in for it"),
    ("changed", "Changed"),
    ("packing", "Packing started"),
    ("part-sent", "First part dispatched"),
    ("dispatched", "Dispatched"),
    ("cancelled", "Cancelled"),
]


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0010_address_book")]

    operations = [
        migrations.RemoveConstraint(model_name="orderline", name="order_line_at_least_one_copy"),
        migrations.AlterField(
            model_name="orderline",
            name="copies",
            field=models.PositiveIntegerField(verbose_name="copies"),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="kind",
            field=models.CharField(choices=KINDS, max_length=12, verbose_name="what"),
        ),
    ]
