from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0001_initial"), ("professionals", "0002_sql")]

    operations = [
        migrations.RunSQL(sql_file("leaflets", name)) for name in ("append_only", "search", "catalogue_search", "versions")
    ]
