from django.db import migrations

from ctac.db import append_only


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0001_initial")]

    operations = [
        append_only("leaflets_stockmovement", erasable=("reason", "by_id")),
        append_only("leaflets_orderevent", erasable=("reason", "by_id")),
    ]
