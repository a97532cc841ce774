from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0002_sql"),
    ]

    operations = [
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
                    ("said-safe", "Said to be safe"),
                    ("link-set", "Joining link changed"),
                    ("attendance", "Attendance recorded"),
                    ("erased", "Personal details erased"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
    ]
