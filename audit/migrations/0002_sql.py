from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("admin", "0003_logentry_add_action_flag_choices")]

    operations = [migrations.RunSQL(sql_file("audit", name)) for name in ("entries", "append_only", "months", "admin_log")]
