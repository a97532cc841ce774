"""Here the 124 postcode areas were loaded. Outward codes have taken their place, so nothing is left to load."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("bookings", "0002_guards")]

    operations: list[migrations.RunPython] = []
