from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("professionals", "0011_out_of_hours")]

    operations = [migrations.RunSQL(sql_file("professionals", "name_words"))]
