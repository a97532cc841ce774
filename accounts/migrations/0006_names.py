import django.db.models.functions.text
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_saved_filters")]

    operations = [
        migrations.RenameField("savedfilter", "of_list", "list_model"),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="savedfilter",
                    name="saved_filter_named_once_a_list",
                ),
                migrations.RemoveIndex(
                    model_name="savedfilter",
                    name="saved_filter_of_the_team",
                ),
                migrations.AddIndex(
                    model_name="savedfilter",
                    index=models.Index(
                        condition=models.Q(("for_team", True)), fields=["list_model", "name"], name="saved_filter_of_the_team"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="savedfilter",
                    constraint=models.UniqueConstraint(
                        models.F("owner"),
                        models.F("list_model"),
                        django.db.models.functions.text.Lower("name"),
                        name="saved_filter_named_once_a_list",
                    ),
                ),
            ]
        ),
    ]
