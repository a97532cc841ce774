from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_exports"), ("bookings", "0018_exports"), ("leaflets", "0012_exports")]

    operations = [
        migrations.RenameField("export", "narrowed", "filters"),
    ]
