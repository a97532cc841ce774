import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("professionals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Breach",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=10, unique=True, verbose_name="reference")),
                ("what", models.TextField(verbose_name="what happened")),
                ("happened", models.CharField(max_length=200, verbose_name="when it happened")),
                ("aware_at", models.DateTimeField(verbose_name="when we became aware")),
                ("concerns", models.TextField(verbose_name="whom and what it concerns")),
                ("effects", models.TextField(verbose_name="what may come of it")),
                ("measures", models.TextField(verbose_name="what was done")),
                (
                    "commissioner",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not decided"), ("told", "Told"), ("need-not", "Need not be told")],
                        default="",
                        max_length=10,
                        verbose_name="Information Commissioner",
                    ),
                ),
                (
                    "commissioner_told_at",
                    models.DateTimeField(blank=True, null=True, verbose_name="Information Commissioner told"),
                ),
                (
                    "commissioner_reference",
                    models.CharField(blank=True, default="", max_length=60, verbose_name="their reference"),
                ),
                (
                    "people",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not decided"), ("told", "Told"), ("need-not", "Need not be told")],
                        default="",
                        max_length=10,
                        verbose_name="people concerned",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="entered")),
            ],
            options={
                "verbose_name": "breach",
                "verbose_name_plural": "breaches of data",
                "ordering": ["-aware_at", "-pk"],
                "indexes": [
                    models.Index(fields=["commissioner", "aware_at", "id"], name="breach_due"),
                    models.Index(fields=["people", "-aware_at", "-id"], name="breach_people"),
                    models.Index(fields=["-aware_at", "-id"], name="breach_newest"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("commissioner", "told"), ("commissioner_told_at__isnull", False)),
                            models.Q(models.Q(("commissioner", "told"), _negated=True), ("commissioner_told_at", None)),
                            _connector="OR",
                        ),
                        name="breach_told_has_its_time",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BreachEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "breach",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="dataprotection.breach",
                        verbose_name="breach",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("entered", "Entered"),
                            ("learnt", "Learnt since, or put right"),
                            ("commissioner", "Information Commissioner told"),
                            ("no-commissioner", "Information Commissioner need not be told"),
                            ("people", "People told"),
                            ("no-people", "People need not be told"),
                        ],
                        max_length=16,
                        verbose_name="what",
                    ),
                ),
                ("text", models.TextField(blank=True, default="", verbose_name="words")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                ("written_at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "verbose_name": "event of a breach",
                "verbose_name_plural": "events of breaches",
                "ordering": ["written_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="Complaint",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=10, unique=True, verbose_name="reference")),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="complaints",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                ("wrong", models.TextField(blank=True, verbose_name="what went wrong")),
                ("wanted", models.TextField(blank=True, verbose_name="what they would like us to do")),
                (
                    "came",
                    models.CharField(
                        choices=[
                            ("web", "Our form"),
                            ("phone", "Phone"),
                            ("letter", "Letter"),
                            ("email", "Email"),
                            ("other", "Another way"),
                        ],
                        max_length=10,
                        verbose_name="came by",
                    ),
                ),
                ("received_on", models.DateField(verbose_name="received")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("received", "Not acknowledged"),
                            ("acknowledged", "Looking into it"),
                            ("answered", "Outcome told"),
                            ("closed", "Closed"),
                        ],
                        default="received",
                        max_length=12,
                        verbose_name="state",
                    ),
                ),
                ("acknowledged_on", models.DateField(blank=True, null=True, verbose_name="acknowledged")),
                ("answered_on", models.DateField(blank=True, null=True, verbose_name="outcome told")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="closed")),
                ("submission_token", models.CharField(blank=True, editable=False, max_length=64, null=True, unique=True)),
                ("goes_when_closed", models.BooleanField(default=False, editable=False)),
                ("anonymised_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(verbose_name="entered")),
            ],
            options={
                "verbose_name": "complaint",
                "verbose_name_plural": "complaints about data",
                "ordering": ["received_on", "pk"],
                "indexes": [
                    models.Index(fields=["state", "received_on", "id"], name="complaint_due"),
                    models.Index(fields=["came", "received_on", "id"], name="complaint_came"),
                    models.Index(fields=["-received_on", "-id"], name="complaint_newest"),
                    models.Index(
                        condition=models.Q(("anonymised_at__isnull", True)), fields=["closed_at"], name="complaint_with_words"
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("acknowledged_on", None), ("state", "received")),
                            ("state", "closed"),
                            models.Q(("acknowledged_on__isnull", False), ("state__in", ["acknowledged", "answered"])),
                            _connector="OR",
                        ),
                        name="complaint_state_has_its_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("closed_at__isnull", False), ("state", "closed")),
                            models.Q(models.Q(("state", "closed"), _negated=True), ("closed_at", None)),
                            _connector="OR",
                        ),
                        name="complaint_closed_has_its_time",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ComplaintEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "complaint",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="dataprotection.complaint",
                        verbose_name="complaint",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("acknowledged", "Acknowledged"),
                            ("noted", "Note for colleagues"),
                            ("progress", "Told how it is going"),
                            ("answered", "Told the outcome"),
                            ("closed", "Closed"),
                        ],
                        max_length=12,
                        verbose_name="what",
                    ),
                ),
                (
                    "told",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("email", "By email, from here"),
                            ("phone", "By phone"),
                            ("letter", "By letter"),
                            ("other", "Another way"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="how",
                    ),
                ),
                ("on", models.DateField(verbose_name="day")),
                ("text", models.TextField(blank=True, default="", verbose_name="words")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="written")),
            ],
            options={
                "verbose_name": "event of a complaint",
                "verbose_name_plural": "events of complaints",
                "ordering": ["at", "pk"],
            },
        ),
    ]
