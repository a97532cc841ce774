"""An order that a presenter brings has no address; it names the booking."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0011_changing_orders"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="brought_with",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="Its reference.",
                max_length=10,
                verbose_name="brought with booking",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("brought_with", ""),
                    models.Q(("address_line_1", ""), ("address_line_2", ""), ("attention", ""), ("town", "")),
                    _connector="OR",
                ),
                name="order_is_sent_or_brought",
            ),
        ),
    ]
