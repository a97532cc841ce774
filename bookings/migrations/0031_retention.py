import django.db.models.functions.comparison
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0029_handing_over"),
        ("professionals", "0003_reference_data"),
    ]

    operations = [
        migrations.AddField(
            model_name="booking",
            name="anonymised_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out"),
        ),
        migrations.AddField(
            model_name="opensession",
            name="anonymised_at",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out"),
        ),
        migrations.AddIndex(
            model_name="booking",
            index=models.Index(
                django.db.models.functions.comparison.Coalesce("ends_at", "created_at"),
                condition=models.Q(("anonymised_at__isnull", True)),
                name="booking_kept",
            ),
        ),
        migrations.AddIndex(
            model_name="leave",
            index=models.Index(
                condition=models.Q(
                    models.Q(("reason", ""), _negated=True), models.Q(("answer", ""), _negated=True), _connector="OR"
                ),
                fields=["ends_at"],
                name="leave_with_words",
            ),
        ),
        migrations.AddIndex(
            model_name="opensession",
            index=models.Index(condition=models.Q(("anonymised_at__isnull", True)), fields=["ends_at"], name="session_kept"),
        ),
    ]
