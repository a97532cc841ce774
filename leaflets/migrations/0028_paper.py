from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0027_retention"),
    ]

    operations = [
        migrations.AddField(
            model_name="edition",
            name="paper",
            field=models.CharField(
                blank=True,
                choices=[
                    ("a3", "A3"),
                    ("a4", "A4"),
                    ("a5", "A5"),
                    ("a6", "A6"),
                    ("dl", "DL"),
                    ("a3-landscape", "A3 landscape"),
                    ("a4-landscape", "A4 landscape"),
                    ("a5-landscape", "A5 landscape"),
                    ("a6-landscape", "A6 landscape"),
                    ("dl-landscape", "DL landscape"),
                    ("other", "Another size"),
                ],
                db_default="",
                default="",
                editable=False,
                max_length=12,
                verbose_name="size of its pages",
            ),
        ),
    ]
