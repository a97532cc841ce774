import django.contrib.postgres.indexes
import django.db.models.functions.text
from django.db import migrations, models

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0003_user_mobile"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="user",
            name="user_searched",
        ),
        migrations.AddField(
            model_name="user",
            name="name",
            field=models.CharField(blank=True, db_default="", default="", max_length=150, verbose_name="name"),
        ),
        migrations.AddIndex(
            model_name="user",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.indexes.OpClass(
                    django.db.models.functions.text.Lower(
                        django.db.models.functions.text.Concat(
                            models.Value(" "), "email", models.Value(" "), "name", output_field=models.TextField()
                        )
                    ),
                    name="gin_trgm_ops",
                ),
                gin_pending_list_limit=256,
                name="user_searched",
            ),
        ),
        migrations.RunSQL(sql_file("accounts", "search")),
    ]
