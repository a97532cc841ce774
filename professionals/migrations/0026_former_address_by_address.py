from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0025_stopped_lists"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="formeraddress",
            index=models.Index(fields=["address", "until"], name="former_address_by_address"),
        ),
    ]
