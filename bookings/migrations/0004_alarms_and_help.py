import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0003_duty_shift"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="visit",
            name="help_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="asked for help"),
        ),
        migrations.AddField(
            model_name="visit",
            name="late_until",
            field=models.DateTimeField(blank=True, null=True, verbose_name="begins late, at"),
        ),
        migrations.AddField(
            model_name="visit",
            name="seeks_help",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="bookings.presenter",
                verbose_name="who asked for help",
            ),
        ),
        migrations.AddField(
            model_name="visit",
            name="taken_on_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="alarm taken on"),
        ),
        migrations.AddField(
            model_name="visit",
            name="taken_on_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.SET_NULL,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="who is on it",
            ),
        ),
        migrations.AddConstraint(
            model_name="visit",
            constraint=models.CheckConstraint(
                condition=models.Q(("help_at__isnull", True), ("seeks_help__isnull", False), _connector="OR"),
                name="visit_says_who_asked_for_help",
            ),
        ),
    ]
