import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="when")),
                (
                    "act",
                    models.CharField(
                        choices=[
                            ("viewed", "Looked at"),
                            ("sent", "Sent a form that changed nothing yet"),
                            ("added", "Added"),
                            ("changed", "Changed"),
                            ("deleted", "Deleted"),
                            ("exported", "Took out as a file"),
                            ("erased", "Erased a person"),
                            ("refused", "Was refused"),
                            ("limited", "Was stopped by a limit"),
                            ("signed-in", "Signed in"),
                            ("signed-out", "Signed out"),
                            ("not-let-in", "Wrong password or code"),
                            ("credentials", "Changed how they sign in"),
                            ("role-given", "Gave a role"),
                            ("role-taken", "Took a role away"),
                        ],
                        max_length=12,
                        verbose_name="act",
                    ),
                ),
                ("actor", models.BigIntegerField(blank=True, null=True, verbose_name="who")),
                ("kind", models.CharField(blank=True, default="", max_length=50, verbose_name="kind of thing")),
                ("key", models.CharField(blank=True, default="", max_length=36, verbose_name="key")),
                ("page", models.CharField(blank=True, default="", max_length=80, verbose_name="page")),
                ("what", models.CharField(blank=True, default="", max_length=200, verbose_name="details")),
                ("request", models.CharField(blank=True, default="", max_length=8, verbose_name="request")),
            ],
            options={
                "verbose_name": "act",
                "verbose_name_plural": "Who did what",
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
    ]
