from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("notifications", "0007_visits_near_me")]

    operations = [
        migrations.RenameField("notification", "kicked_at", "queued_at"),
        migrations.RenameField("notification", "came_at", "received_at"),
        migrations.RenameField("notification", "told_in", "digest"),
        migrations.RenameField("maildomain", "line_until", "queue_ends_at"),
        # The database's own indexes and constraints follow the columns.
        migrations.SeparateDatabaseAndState(
            state_operations=[
                migrations.RemoveConstraint(
                    model_name="notification",
                    name="notification_gathered_says_in_what",
                ),
                migrations.RemoveIndex(
                    model_name="notification",
                    name="notification_told_in",
                ),
                migrations.AddIndex(
                    model_name="notification",
                    index=models.Index(
                        condition=models.Q(("digest__isnull", False)), fields=["digest"], name="notification_told_in"
                    ),
                ),
                migrations.AddConstraint(
                    model_name="notification",
                    constraint=models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("digest__isnull", False), ("state", "gathered")),
                            models.Q(models.Q(("state", "gathered"), _negated=True), ("digest__isnull", True)),
                            _connector="OR",
                        ),
                        name="notification_gathered_says_in_what",
                    ),
                ),
            ]
        ),
    ]
