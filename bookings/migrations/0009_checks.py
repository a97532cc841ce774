from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0008_undo"),
    ]

    operations = [
        migrations.AddField(
            model_name="presenter",
            name="checked_until",
            field=models.DateField(blank=True, null=True, verbose_name="DBS check ends"),
        ),
        migrations.AddField(
            model_name="presenter",
            name="trained_until",
            field=models.DateField(blank=True, null=True, verbose_name="training ends"),
        ),
    ]
