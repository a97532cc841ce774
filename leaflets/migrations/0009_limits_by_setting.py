import django.core.validators
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0008_find_by_contact_phone"),
    ]

    operations = [
        migrations.AlterField(
            model_name="leaflet",
            name="most_per_person",
            field=models.PositiveIntegerField(
                default=300,
                help_text="In all their orders together. The settings say how many days of orders count.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most copies for a person",
            ),
        ),
        migrations.AlterField(
            model_name="leaflet",
            name="most_per_workplace",
            field=models.PositiveIntegerField(
                default=600,
                help_text="A workplace is one organisation at one postcode. An NHS trust has many workplaces.",
                validators=[django.core.validators.MinValueValidator(1)],
                verbose_name="most copies for a workplace",
            ),
        ),
    ]
