import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("professionals", "0014_address_changes")]

    operations = [
        migrations.AlterModelOptions(
            name="user",
            options={
                "permissions": [("recover_user", "Can move an account to a new address")],
                "verbose_name": "user",
                "verbose_name_plural": "users",
            },
        ),
        migrations.CreateModel(
            name="AccountRecovery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
                ("old", models.EmailField(max_length=254, verbose_name="old address")),
                ("new", models.EmailField(max_length=254, verbose_name="new address")),
                ("called", models.CharField(max_length=200, verbose_name="who was called")),
                ("number", models.CharField(max_length=40, verbose_name="on which number")),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recoveries",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
            ],
            options={"verbose_name": "recovery of an account", "verbose_name_plural": "recoveries of accounts"},
        ),
    ]
