import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

# What is there already keeps to the new rules: wider limits are at least as wide, and an order is of the workplace of its person.
WIDEN = """
    UPDATE leaflets_leaflet SET most_per_person = GREATEST(most_per_person, most_per_order * 3),
        most_per_workplace = GREATEST(most_per_workplace, most_per_order * 6)
"""
WORKPLACES = """
    UPDATE leaflets_order SET organisation_id = person.organisation_id FROM professionals_person person
    WHERE person.id = leaflets_order.person_id AND person.organisation_id IS NOT NULL
"""


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0007_versions_and_search"),
        ("professionals", "0003_reference_data"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="orderline",
            name="order_line_every_copy_accounted_for",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_closed",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_open_oldest",
        ),
        migrations.RemoveIndex(
            model_name="order",
            name="order_open_of_a_person",
        ),
        migrations.AddField(
            model_name="leaflet",
            name="most_per_person",
            field=models.PositiveIntegerField(
                default=300,
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most copies a person in 90 days",
            ),
        ),
        migrations.AddField(
            model_name="leaflet",
            name="most_per_workplace",
            field=models.PositiveIntegerField(
                default=600,
                help_text="A workplace is an organisation at one postcode: a trust has many.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most copies a workplace in 90 days",
            ),
        ),
        migrations.AddField(
            model_name="order",
            name="asked_because",
            field=models.CharField(blank=True, max_length=500, verbose_name="why more than the limit"),
        ),
        migrations.AddField(
            model_name="order",
            name="organisation",
            field=models.ForeignKey(
                blank=True,
                help_text="When they ordered: with the postcode it is the workplace whose limit counts.",
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="leaflet_orders",
                to="professionals.organisation",
                verbose_name="where they work",
            ),
        ),
        migrations.AddField(
            model_name="orderline",
            name="backordered",
            field=models.PositiveIntegerField(default=0, verbose_name="backordered"),
        ),
        migrations.RunSQL(WIDEN, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="leaflet",
            name="most_per_order",
            field=models.PositiveIntegerField(
                default=100,
                help_text="Staff may go over it, with a reason. Whoever needs more can ask you.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most copies an order",
            ),
        ),
        migrations.AlterField(
            model_name="order",
            name="state",
            field=models.CharField(
                choices=[
                    ("requested", "Requested"),
                    ("received", "Received"),
                    ("waiting", "Waiting for stock"),
                    ("packing", "Packing"),
                    ("dispatched", "Dispatched"),
                    ("cancelled", "Cancelled"),
                    ("declined", "Declined"),
                ],
                default="received",
                max_length=10,
                verbose_name="state",
            ),
        ),
        migrations.AlterField(
            model_name="orderevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("placed", "Order received"),
                    ("requested", "Asked for more than the limit"),
                    ("over-limit", "Limit set aside by staff"),
                    ("approved", "Agreed"),
                    ("declined", "Declined"),
                    ("stocked", "Copies came in for it"),
                    ("packing", "Packing started"),
                    ("part-sent", "First part dispatched"),
                    ("dispatched", "Dispatched"),
                    ("cancelled", "Cancelled"),
                ],
                max_length=12,
                verbose_name="what",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ("requested", "received", "waiting", "packing"))),
                fields=["created_at", "-id"],
                name="order_open_oldest",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ("requested", "received", "waiting", "packing"))),
                fields=["person", "-created_at", "-id"],
                name="order_open_of_a_person",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("state__in", ("requested", "received", "waiting", "packing")), _negated=True),
                fields=["-created_at", "-id"],
                name="order_closed",
            ),
        ),
        migrations.AddIndex(
            model_name="orderline",
            index=models.Index(condition=models.Q(("backordered__gt", 0)), fields=["edition"], name="order_line_backordered"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["organisation", "postcode", "created_at"], name="order_of_a_workplace"),
        ),
        migrations.AddConstraint(
            model_name="leaflet",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("most_per_order__lte", models.F("most_per_person")), ("most_per_person__lte", models.F("most_per_workplace"))
                ),
                name="leaflet_limits_widen",
                violation_error_message="A person may order at least what one order may have, and a workplace at least what a person may.",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("allocated__gte", 0),
                    ("backordered__gte", 0),
                    ("cancelled__gte", 0),
                    (
                        "copies",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("backordered"), "+", models.F("allocated")
                                ),
                                "+",
                                models.F("dispatched"),
                            ),
                            "+",
                            models.F("cancelled"),
                        ),
                    ),
                    ("dispatched__gte", 0),
                ),
                name="order_line_every_copy_accounted_for",
            ),
        ),
        migrations.RunSQL(WORKPLACES, migrations.RunSQL.noop),
    ]
