from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]

    operations = [migrations.RunSQL(sql_file("accounts", name)) for name in ("search", "sessions")]
