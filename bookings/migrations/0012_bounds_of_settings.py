import datetime

import django.db.models.expressions
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0011_undo_sessions")]

    operations = [
        migrations.RemoveConstraint(
            model_name="attendance",
            name="attendance_of_somebody",
        ),
        migrations.RemoveConstraint(
            model_name="hold",
            name="hold_is_extended_once",
        ),
        migrations.RemoveConstraint(
            model_name="opensession",
            name="session_of_sensible_size",
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.CheckConstraint(
                condition=models.Q(("people__gte", 1), ("people__lte", 5000)), name="attendance_of_somebody"
            ),
        ),
        migrations.AddConstraint(
            model_name="hold",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("held_at"), "+", models.Value(datetime.timedelta(seconds=3600))
                        ),
                    ),
                    models.Q(
                        (
                            "expires_at__lte",
                            django.db.models.expressions.CombinedExpression(
                                models.F("held_at"), "+", models.Value(datetime.timedelta(seconds=7200))
                            ),
                        ),
                        ("extended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="hold_is_extended_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__gte", 1), ("capacity__lte", 5000)), name="session_of_sensible_size"
            ),
        ),
    ]
