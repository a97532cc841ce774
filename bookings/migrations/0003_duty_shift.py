import django.contrib.postgres.constraints
import django.contrib.postgres.fields.ranges
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0002_sql"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="DutyShift",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("duty_phone", models.CharField(blank=True, max_length=30, verbose_name="duty person’s phone")),
                ("deputy_phone", models.CharField(blank=True, max_length=30, verbose_name="deputy’s phone")),
                (
                    "deputy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="deputy_shifts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="deputy",
                    ),
                ),
                (
                    "duty_person",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="duty_shifts",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="duty person",
                    ),
                ),
            ],
            options={
                "verbose_name": "duty shift",
                "verbose_name_plural": "duty shifts",
                "ordering": ["-first_day"],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        expressions=[
                            (
                                models.Func(
                                    models.F("first_day"),
                                    models.F("last_day"),
                                    models.Value("[]"),
                                    function="daterange",
                                    output_field=django.contrib.postgres.fields.ranges.DateRangeField(),
                                ),
                                "&&",
                            )
                        ],
                        name="dutyshift_no_overlap",
                        violation_error_message="Another shift has one of these days already. Change that one, or choose other days.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))), name="dutyshift_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("duty_person", models.F("deputy")), _negated=True),
                        name="dutyshift_of_two_people",
                        violation_error_message="Choose somebody else as deputy: one alone may not hear the alarm.",
                    ),
                ],
            },
        ),
    ]
