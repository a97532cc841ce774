from django.db import migrations

from core.models import csv_rows, sql_file

CROSSINGS = " ".join(f"WHEN '{row['zone']}' THEN {row['minutes']}" for row in csv_rows("bookings", "crossings"))
REST = ("travel", "leave", "visits", "sessions", "attendance", "append_only", "search")


class Migration(migrations.Migration):
    dependencies = [("bookings", "0001_initial"), ("professionals", "0002_sql")]

    operations = [
        migrations.RunSQL(sql_file("bookings", "crossings").replace(":crossings", CROSSINGS)),
        *(migrations.RunSQL(sql_file("bookings", name)) for name in REST),
    ]
