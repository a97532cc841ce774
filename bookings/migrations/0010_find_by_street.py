from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("bookings", "0009_checks"), ("professionals", "0007_name_words")]

    operations = [
        migrations.RunSQL(sql_file("bookings", "search")),
        migrations.RunSQL("UPDATE bookings_booking SET searched = ''"),
        migrations.RunSQL(sql_file("bookings", "name_words")),
    ]
