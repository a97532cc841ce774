from django.db import migrations, models

# What can be stopped is said by professionals.models.Where, a list that is in the state of that app alone, not in its table.
FORMS = [
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
    ("complaint", "Complaining about data"),
]


class Migration(migrations.Migration):
    dependencies = [("professionals", "0023_former_addresses")]

    operations = [
        migrations.AlterField(
            model_name="stopped", name="where", field=models.CharField(choices=FORMS, max_length=10, verbose_name="form")
        ),
    ]
