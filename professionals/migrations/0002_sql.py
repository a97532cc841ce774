from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("professionals", "0001_initial")]

    operations = [migrations.RunSQL(sql_file("professionals", name)) for name in ("areas", "search", "append_only")]
