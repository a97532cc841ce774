import django.contrib.postgres.indexes
from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("professionals", "0006_words")]

    operations = [
        migrations.CreateModel(
            name="NameWord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("source", models.CharField(max_length=40, verbose_name="table")),
                ("word", models.CharField(max_length=60, verbose_name="word")),
            ],
            options={
                "verbose_name": "word of a name",
                "verbose_name_plural": "words of names",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("word", name="gin_trgm_ops"), name="name_word_found_by_likeness"
                    )
                ],
                "constraints": [models.UniqueConstraint(fields=("source", "word"), name="name_word_once_a_table")],
            },
        ),
        migrations.RunSQL(sql_file("professionals", "name_words")),
    ]
