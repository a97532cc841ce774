from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("notifications", "0001_initial")]

    operations = [migrations.RunSQL(sql_file("notifications", "search"))]
