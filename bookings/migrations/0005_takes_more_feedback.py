from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0004_alarms_and_help"),
    ]

    operations = [
        migrations.AddField(
            model_name="afterwards",
            name="takes_more",
            field=models.BooleanField(
                db_default=False, default=False, verbose_name="answers are taken from any number of people"
            ),
        ),
        migrations.AlterField(
            model_name="bookingevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("booked", "Booked"),
                    ("requested", "Requested"),
                    ("confirmed", "Confirmed"),
                    ("declined", "Declined"),
                    ("cancelled", "Cancelled"),
                    ("delivered", "Delivered"),
                    ("presenter-freed", "Needs a presenter"),
                    ("reassigned", "Presenter changed"),
                    ("offered", "Times offered"),
                    ("others-asked", "Other times asked for"),
                    ("lapsed", "Dates no longer kept"),
                    ("rescheduled", "Moved to another time"),
                    ("details-changed", "Details changed"),
                    ("handed-over", "Handed over to a colleague"),
                    ("travel-set", "Travel minutes set"),
                    ("checked-in", "Presenter checked in"),
                    ("checked-out", "Presenter checked out"),
                    ("check-in-taken-back", "Check-in taken back"),
                    ("check-out-taken-back", "Check-out taken back"),
                    ("late", "Presenter runs late"),
                    ("help-asked", "Presenter asked for help"),
                    ("disclosed", "Duty person told of a disclosure"),
                    ("taken-on", "Alarm taken on"),
                    ("said-safe", "Said to be safe"),
                    ("link-set", "Joining link changed"),
                    ("attendance", "Attendance recorded"),
                    ("more-feedback", "More feedback is taken"),
                    ("erased", "Personal details erased"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
        migrations.AlterField(
            model_name="sessionevent",
            name="kind",
            field=models.CharField(
                choices=[
                    ("planned", "Planned"),
                    ("moved", "Moved to another time"),
                    ("capacity", "Number of places changed"),
                    ("link-set", "Joining details changed"),
                    ("details-sent", "Joining details sent"),
                    ("presenter-freed", "Needs a presenter"),
                    ("reassigned", "Presenter changed"),
                    ("cancelled", "Cancelled"),
                    ("delivered", "Delivered"),
                    ("taken", "Place taken"),
                    ("joined", "Joined the waiting list"),
                    ("offered", "Place offered"),
                    ("accepted", "Offer accepted"),
                    ("lapsed", "Offer ran out"),
                    ("given-up", "Place given up"),
                    ("bumped", "Moved back to the waiting list"),
                    ("attended", "Attended"),
                    ("attendance", "Attendance recorded"),
                    ("more-feedback", "More feedback is taken"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
