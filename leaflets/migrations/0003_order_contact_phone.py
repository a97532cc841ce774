from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0002_sql"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="contact_phone",
            field=models.CharField(
                blank=True,
                db_default="",
                default="",
                help_text="If it is not the person’s own.",
                max_length=30,
                verbose_name="phone for this order",
            ),
        ),
    ]
