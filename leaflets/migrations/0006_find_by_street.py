from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0005_undo"), ("professionals", "0007_name_words")]

    operations = [
        migrations.RunSQL(sql_file("leaflets", "search")),
        migrations.RunSQL("UPDATE leaflets_order SET searched = ''"),
        migrations.RunSQL(sql_file("leaflets", "name_words")),
    ]
