"""Places come from outward codes: islands beside coordinates, areas on bookings, and what staff set between two areas."""

import django.db.models.deletion
import django.db.models.functions.comparison
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0012_changing"),
        ("professionals", "0003_reference_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="JourneyTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("one", models.CharField(max_length=4, verbose_name="one area")),
                ("other", models.CharField(max_length=4, verbose_name="other area")),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="minutes")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("set_at", models.DateTimeField(editable=False, verbose_name="set")),
            ],
            options={
                "verbose_name": "journey time",
                "verbose_name_plural": "journey times",
                "ordering": ["one", "other"],
            },
        ),
        migrations.DeleteModel(
            name="PostcodeArea",
        ),
        migrations.AddField(
            model_name="booking",
            name="local_authority",
            field=models.CharField(blank=True, help_text="Its code in statistics.", max_length=9, verbose_name="local authority"),
        ),
        migrations.AddField(
            model_name="booking",
            name="nation",
            field=models.CharField(
                blank=True,
                choices=[
                    ("england", "England"),
                    ("scotland", "Scotland"),
                    ("wales", "Wales"),
                    ("northern-ireland", "Northern Ireland"),
                    ("guernsey", "Guernsey"),
                    ("jersey", "Jersey"),
                    ("isle-of-man", "Isle of Man"),
                ],
                max_length=20,
                verbose_name="nation",
            ),
        ),
        migrations.AddField(
            model_name="busytime",
            name="zone",
            field=models.CharField(blank=True, max_length=20, verbose_name="island"),
        ),
        migrations.AddField(
            model_name="presenter",
            name="base_zone",
            field=models.CharField(default="mainland", editable=False, max_length=20, verbose_name="base island"),
        ),
        migrations.AddField(
            model_name="journeytime",
            name="set_by",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="set by",
            ),
        ),
        migrations.AddConstraint(
            model_name="journeytime",
            constraint=models.UniqueConstraint(
                django.db.models.functions.comparison.Least("one", "other"),
                django.db.models.functions.comparison.Greatest("one", "other"),
                name="journeytime_once_a_pair",
            ),
        ),
        migrations.AddConstraint(
            model_name="journeytime",
            constraint=models.CheckConstraint(
                condition=models.Q(("minutes__lte", 1440)),
                name="journeytime_at_most_a_day",
                violation_error_message="A journey takes a day (1,440 minutes) at most.",
            ),
        ),
        migrations.AddConstraint(
            model_name="journeytime",
            constraint=models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="journeytime_has_a_reason"),
        ),
    ]
