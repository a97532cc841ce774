"""The area that a person counts for, also of those who are here already."""

from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0012_name_words_of_names"),
    ]

    operations = [
        migrations.AddField(
            model_name="person",
            name="reached_authority",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=9, verbose_name="local authority it counts for"
            ),
        ),
        migrations.AddField(
            model_name="person",
            name="reached_nation",
            field=models.CharField(
                blank=True, db_default="", default="", editable=False, max_length=20, verbose_name="nation it counts for"
            ),
        ),
        migrations.AddIndex(
            model_name="person",
            index=models.Index(fields=["reached_authority"], name="person_reached"),
        ),
        migrations.RunSQL(sql_file("professionals", "reached")),
        migrations.RunSQL("UPDATE professionals_person SET reached_nation = ''"),  # the trigger finds it
    ]
