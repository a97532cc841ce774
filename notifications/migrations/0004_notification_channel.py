from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("notifications", "0003_reference_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="notification",
            name="channel",
            field=models.CharField(
                choices=[("email", "Email"), ("sms", "Text message")],
                db_default="email",
                default="email",
                max_length=5,
                verbose_name="sent by",
            ),
        ),
    ]
