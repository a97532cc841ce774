from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("bookings", "0031_retention")]

    operations = [
        migrations.AddIndex(
            model_name="bookingevent",
            index=models.Index(condition=models.Q(("kind", "handed-over")), fields=["booking"], name="booking_handed_over"),
        ),
    ]
