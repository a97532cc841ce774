from django.db import migrations, models

import core.forms


class Migration(migrations.Migration):
    dependencies = [
        ("office", "0004_quiet_hours"),
    ]

    operations = [
        migrations.AddField(
            model_name="sitesettings",
            name="helpline_closes",
            field=models.TimeField(
                blank=True,
                help_text="A time in the UK, after midnight too. If it is open day and night, enter the same time twice.",
                null=True,
                verbose_name="when that helpline closes",
            ),
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="helpline_opens",
            field=models.TimeField(
                blank=True,
                help_text="Look it up on modernslaveryhelpline.org. A time in the UK, the same every day. If its days differ, or if you are not sure, leave this and the next box empty: pages then say that people should check its hours.",
                null=True,
                verbose_name="when that helpline opens",
            ),
        ),
        migrations.AddField(
            model_name="sitesettings",
            name="helpline_phone",
            field=models.CharField(
                blank=True,
                db_default="08000 121 700",
                default="08000 121 700",
                help_text="Pages give this number while the advice line is closed. Leave it empty if the helpline has ended.",
                max_length=30,
                validators=[core.forms.validate_phone],
                verbose_name="Modern Slavery & Exploitation Helpline",
            ),
        ),
    ]
