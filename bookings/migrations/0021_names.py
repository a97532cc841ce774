import django.db.models.deletion
import django.db.models.functions.comparison
from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("bookings", "0020_team_links")]

    operations = [
        migrations.RenameModel("Afterwards", "FollowUp"),
        migrations.RenameModel("YearLater", "AnniversaryPrompt"),
        migrations.RenameModel("ConfidenceLater", "ConfidenceFollowUp"),
        migrations.RenameModel("Brought", "VisitLeaflets"),
        migrations.RenameField("followup", "takes_more", "accepts_unlimited"),
        migrations.RenameField("feedback", "afterwards", "follow_up"),
        migrations.RenameField("confidencefollowup", "afterwards", "follow_up"),
        migrations.RenameField("threemonthson", "afterwards", "follow_up"),
        migrations.RenameField("heldtime", "around", "visit"),
        migrations.RenameField("visit", "sought_at", "presenter_needed_since"),
        migrations.RunSQL(migrations.RunSQL.noop, sql_file("bookings", "travel")),
        migrations.RenameField("journeytime", "one", "area_a"),
        migrations.RenameField("journeytime", "other", "area_b"),
        migrations.RunSQL(
            "ALTER TABLE bookings_followup RENAME CONSTRAINT afterwards_of_one TO followup_of_one",
            "ALTER TABLE bookings_followup RENAME CONSTRAINT followup_of_one TO afterwards_of_one",
        ),
        migrations.RunSQL(sql_file("bookings", "journey_areas"), migrations.RunSQL.noop),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.AlterModelOptions(
                    name="journeytime",
                    options={
                        "ordering": ["area_a", "area_b"],
                        "verbose_name": "journey time",
                        "verbose_name_plural": "journey times",
                    },
                ),
                migrations.RemoveConstraint(
                    model_name="confidencefollowup",
                    name="confidencelater_once",
                ),
                migrations.RemoveConstraint(
                    model_name="feedback",
                    name="feedback_of_a_host_once",
                ),
                migrations.RemoveConstraint(
                    model_name="followup",
                    name="afterwards_of_one",
                ),
                migrations.RemoveConstraint(
                    model_name="journeytime",
                    name="journeytime_once_a_pair",
                ),
                migrations.RemoveIndex(
                    model_name="confidencefollowup",
                    name="confidencelater_of_one",
                ),
                migrations.RemoveIndex(
                    model_name="feedback",
                    name="feedback_of_a_presentation",
                ),
                migrations.AlterField(
                    model_name="anniversaryprompt",
                    name="booking",
                    field=models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="anniversary_prompt",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                migrations.AlterField(
                    model_name="anniversaryprompt",
                    name="place",
                    field=models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="anniversary_prompt",
                        to="bookings.sessionplace",
                        verbose_name="place",
                    ),
                ),
                migrations.AddIndex(
                    model_name="confidencefollowup",
                    index=models.Index(fields=["follow_up"], name="confidencelater_of_one"),
                ),
                migrations.AddIndex(
                    model_name="feedback",
                    index=models.Index(fields=["follow_up", "-id"], name="feedback_of_a_presentation"),
                ),
                migrations.AddConstraint(
                    model_name="confidencefollowup",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("address", ""), _negated=True),
                        fields=("follow_up", "address"),
                        name="confidencelater_once",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="feedback",
                    constraint=models.UniqueConstraint(
                        condition=models.Q(("by_host", True)), fields=("follow_up",), name="feedback_of_a_host_once"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="followup",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("booking__isnull", False), ("session__isnull", True)),
                            models.Q(("booking__isnull", True), ("session__isnull", False)),
                            _connector="OR",
                        ),
                        name="followup_of_one",
                    ),
                ),
                migrations.AddConstraint(
                    model_name="journeytime",
                    constraint=models.UniqueConstraint(
                        django.db.models.functions.comparison.Least("area_a", "area_b"),
                        django.db.models.functions.comparison.Greatest("area_a", "area_b"),
                        name="journeytime_once_a_pair",
                    ),
                ),
                migrations.AlterField(
                    model_name="followup",
                    name="booking",
                    field=models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follow_up",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                migrations.AlterField(
                    model_name="followup",
                    name="session",
                    field=models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="follow_up",
                        to="bookings.opensession",
                        verbose_name="open session",
                    ),
                ),
            ]
        ),
    ]
