from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0006_find_by_street"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["organisation", "-created_at", "-id"], name="order_of_an_organisation"),
        ),
    ]
