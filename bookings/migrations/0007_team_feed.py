from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0006_words"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="calendarfeed",
            name="calendarfeed_of_one_owner",
        ),
        migrations.AddField(
            model_name="calendarfeed",
            name="team",
            field=models.BooleanField(db_default=False, default=False, verbose_name="of the team"),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("person__isnull", False), ("presenter__isnull", True), ("team", False)),
                    models.Q(("person__isnull", True), ("presenter__isnull", False), ("team", False)),
                    models.Q(("person__isnull", True), ("presenter__isnull", True), ("team", True)),
                    _connector="OR",
                ),
                name="calendarfeed_of_one_owner",
            ),
        ),
        migrations.AddConstraint(
            model_name="calendarfeed",
            constraint=models.UniqueConstraint(
                condition=models.Q(("team", True)), fields=("user",), name="calendarfeed_of_the_team_once"
            ),
        ),
    ]
