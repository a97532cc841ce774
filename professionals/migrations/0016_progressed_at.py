from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("professionals", "0015_stand_in_for_lead")]

    operations = [migrations.RenameField("import", "went_on_at", "progressed_at")]
