from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0005_words"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="came_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="came"),
        ),
    ]
