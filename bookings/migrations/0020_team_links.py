from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0019_language"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="team_link_generation",
            field=models.PositiveIntegerField(db_default=1, default=1, editable=False, verbose_name="team links made"),
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
                    ("team-link-replaced", "New link for the team"),
                    ("attendance", "Attendance recorded"),
                    ("more-feedback", "More feedback is taken"),
                    ("erased", "Personal details erased"),
                    ("restored", "Cancellation taken back"),
                    ("undelivered", "No longer marked as delivered"),
                    ("seats-offered", "Spare seats offered"),
                    ("seats-closed", "Spare seats no longer offered"),
                    ("seat-asked", "Seat asked for"),
                    ("seat-approved", "Seat given"),
                    ("seat-declined", "Seat declined"),
                    ("seat-given-up", "Seat given up"),
                ],
                max_length=20,
                verbose_name="what",
            ),
        ),
        migrations.RunSQL(
            sql_file("bookings", "team_links"),
            "DROP FUNCTION bookings_team_link_of_presenter, bookings_team_link_of_guest CASCADE",
        ),
    ]
