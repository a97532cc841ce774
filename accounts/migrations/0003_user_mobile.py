from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0002_sql"),
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="mobile",
            field=models.CharField(blank=True, db_default="", default="", max_length=16, verbose_name="mobile"),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(
                condition=models.Q(("mobile", ""), ("mobile__regex", "^\\+447[1-9][0-9]{8}$"), _connector="OR"),
                name="user_mobile_is_of_the_uk",
            ),
        ),
    ]
