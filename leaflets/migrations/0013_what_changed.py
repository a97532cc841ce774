from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("leaflets", "0012_brought_by_the_presenter")]

    operations = [
        migrations.AddField(
            model_name="orderevent",
            name="changes",
            field=models.JSONField(blank=True, null=True, verbose_name="what changed"),
        ),
    ]
