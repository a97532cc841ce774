from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0012_exports")]

    operations = [
        migrations.RenameField("order", "asked_because", "over_limit_reason"),
        migrations.RenameField("order", "brought_with", "visit_reference"),
        migrations.RenameField("order", "passed_forward_at", "prioritised_at"),
        migrations.RenameField("dispatch", "told_in", "notification"),
        migrations.RenameField("recallholder", "told_in", "notification"),
        migrations.RenameField("parcel", "fewer", "shortages"),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="order",
                    name="order_is_sent_or_brought",
                ),
                migrations.RemoveIndex(
                    model_name="order",
                    name="order_passed_forward",
                ),
                migrations.RemoveIndex(
                    model_name="order",
                    name="order_to_pack",
                ),
                migrations.AlterField(
                    model_name="orderevent",
                    name="kind",
                    field=models.CharField(
                        choices=[
                            ("placed", "Order received"),
                            ("requested", "Asked for more than the limit"),
                            ("over-limit", "Limit set aside by staff"),
                            ("approved", "Agreed to"),
                            ("declined", "Declined"),
                            ("stocked", "Copies came in for it"),
                            ("changed", "Changed"),
                            ("packing", "Packing started"),
                            ("put-back", "To be packed later"),
                            ("part-sent", "Part of it dispatched"),
                            ("dispatched", "Dispatched"),
                            ("missing", "Told us that a parcel never came"),
                            ("resent", "Sent again in a new order"),
                            ("not-resent", "Looked into and not sent again"),
                            ("replaces", "Placed to replace a lost parcel"),
                            ("taken-back", "Fewer copies in stock than we thought, so some will come later"),
                            ("prioritised", "Passed forward"),
                            ("in-line", "Back in its own place"),
                            ("recalled", "A leaflet in it was recalled"),
                            ("cancelled", "Cancelled"),
                            ("restored", "Cancellation taken back"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                migrations.AddIndex(
                    model_name="order",
                    index=models.Index(
                        condition=models.Q(("prioritised_at__isnull", False), ("state__in", ("received", "waiting", "packing"))),
                        fields=["created_at", "-id"],
                        name="order_passed_forward",
                    ),
                ),
                migrations.AddIndex(
                    model_name="order",
                    index=models.Index(
                        condition=models.Q(("state", "received"), ("visit_reference", "")),
                        fields=["prioritised_at", "created_at", "id"],
                        include=("postcode",),
                        name="order_to_pack",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="order",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            ("visit_reference", ""),
                            models.Q(("address_line_1", ""), ("address_line_2", ""), ("attention", ""), ("town", "")),
                            _connector="OR",
                        ),
                        name="order_is_sent_or_brought",
                    ),
                ),
            ]
        ),
    ]
