"""Tries at feedback forms can be stopped."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0009_places_at_sessions"),
    ]

    operations = [
        migrations.AlterField(
            model_name="stopped",
            name="where",
            field=models.CharField(
                choices=[
                    ("sign-up", "Creating an account"),
                    ("sign-in", "Signing in"),
                    ("password", "Forgotten password"),
                    ("account", "Account pages"),
                    ("basket", "Adding to the basket"),
                    ("delivery", "Delivery address"),
                    ("order", "Placing an order"),
                    ("times", "Choosing a time"),
                    ("change", "Changing a booking"),
                    ("order-edit", "Changing an order"),
                    ("link", "Links in emails"),
                    ("calendar", "Calendar addresses"),
                    ("place", "Taking a place at a session"),
                    ("feedback", "Feedback and certificates"),
                ],
                max_length=10,
                verbose_name="form",
            ),
        ),
    ]
