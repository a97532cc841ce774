from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("leaflets", "0025_roles"),
        ("professionals", "0003_reference_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="order",
            name="anonymised_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(
                    models.Q(("state__in", ("requested", "received", "waiting", "packing")), _negated=True),
                    ("anonymised_at__isnull", True),
                ),
                fields=["created_at"],
                name="order_kept",
            ),
        ),
    ]
