from django.db import migrations

from ctac.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("professionals", "0010_imports")]

    operations = [migrations.RunSQL(sql_file("professionals", "name_words"))]
