from django.db import migrations

from core.models import sql_file


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0007_orders_of_an_organisation"), ("professionals", "0007_name_words")]

    operations = [
        migrations.RunSQL(sql_file("leaflets", "search")),
        migrations.RunSQL(sql_file("leaflets", "search_by_phone")),
        migrations.RunSQL("UPDATE leaflets_order SET searched = '' WHERE contact_phone <> ''"),
    ]
