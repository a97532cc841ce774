from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0014_exports"),
    ]

    operations = [
        migrations.AlterModelOptions(
            name="flaggedtext",
            options={
                "ordering": ["-flagged_at", "-pk"],
                "permissions": [("stand_in_for_lead", "Can read them while nobody is safeguarding lead")],
                "verbose_name": "text to read",
                "verbose_name_plural": "texts that may be about a child",
            },
        ),
    ]
