from django.db import migrations, models

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
]


class Migration(migrations.Migration):
    dependencies = [("professionals", "0006_stopped")]

    operations = [
        migrations.AlterField(
            model_name="stopped",
            name="where",
            field=models.CharField(choices=FORMS, max_length=10, verbose_name="form"),
        ),
    ]
