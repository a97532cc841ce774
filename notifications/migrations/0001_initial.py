import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import notifications.models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="MarkedAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254, unique=True, verbose_name="address")),
                (
                    "sort",
                    models.CharField(
                        choices=[
                            ("hard", "There is no such mailbox"),
                            ("soft", "Not taken this time"),
                            ("complaint", "Called unwanted by its reader"),
                        ],
                        max_length=10,
                        verbose_name="what it means",
                    ),
                ),
                ("said", models.CharField(blank=True, max_length=300, verbose_name="in the server’s words")),
                ("marked_at", models.DateTimeField(blank=True, null=True, verbose_name="marked")),
                ("last_at", models.DateTimeField(verbose_name="last came back")),
                ("tried_at", models.DateTimeField(blank=True, null=True, verbose_name="last tried")),
                ("tried_with", models.BigIntegerField(blank=True, null=True, verbose_name="last tried with")),
                ("complained_at", models.DateTimeField(blank=True, null=True, verbose_name="called unwanted")),
                ("cleared_at", models.DateTimeField(blank=True, null=True, verbose_name="put right")),
                (
                    "cleared",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("code", "A code sent there was used"),
                            ("owner", "Its owner says that it is right"),
                            ("staff", "Staff say that it is right"),
                            ("delivered", "A later message was taken"),
                            ("changed", "Its owner has another one now"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="put right by",
                    ),
                ),
                (
                    "cleared_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
            ],
            options={
                "verbose_name": "address that mail came back from",
                "verbose_name_plural": "addresses that mail came back from",
                "ordering": ["-last_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-last_at", "-id"], name="marked_newest"),
                    models.Index(condition=models.Q(("marked_at__isnull", False)), fields=["-last_at", "-id"], name="marked_now"),
                    models.Index(fields=["sort", "-last_at", "-id"], name="marked_by_sort"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    models.Value(" "), "address", output_field=models.TextField()
                                )
                            ),
                            name="gin_trgm_ops",
                        ),
                        gin_pending_list_limit=256,
                        name="marked_searched",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("address", django.db.models.functions.text.Lower("address"))),
                        name="marked_in_lower_case",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MailboxRead",
            fields=[
                ("name", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="mailbox")),
                ("validity", models.BigIntegerField(default=0, verbose_name="validity")),
                ("last_number", models.BigIntegerField(default=0, verbose_name="last number")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="last read")),
                ("trouble", models.CharField(blank=True, max_length=200, verbose_name="trouble")),
            ],
            options={
                "verbose_name": "mailbox that was read",
                "verbose_name_plural": "mailboxes that were read",
            },
        ),
        migrations.CreateModel(
            name="MailReader",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("address", models.EmailField(max_length=254, unique=True, verbose_name="address")),
                (
                    "token",
                    models.CharField(default=notifications.models.new_token, max_length=43, unique=True, verbose_name="token"),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
            ],
            options={
                "verbose_name": "reader of mail",
                "verbose_name_plural": "readers of mail",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("address", django.db.models.functions.text.Lower("address")),
                            models.Q(("address", ""), _negated=True),
                        ),
                        name="mailreader_in_small_letters",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MailChoice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "reader",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="choices",
                        to="notifications.mailreader",
                        verbose_name="reader",
                    ),
                ),
                (
                    "topic",
                    models.CharField(
                        choices=[
                            ("reminders", "Reminders of presentations that I take part in"),
                            ("editions", "News when a leaflet that I ordered has a new edition"),
                            ("invitations", "Invitations to open sessions"),
                        ],
                        max_length=20,
                        verbose_name="topic",
                    ),
                ),
                ("wanted", models.BooleanField(verbose_name="wanted")),
                ("chosen_at", models.DateTimeField(verbose_name="chosen")),
                (
                    "chosen_where",
                    models.CharField(
                        choices=[
                            ("page", "The page of choices"),
                            ("one-click", "One press in their mail program"),
                            ("sign-up", "At sign-up"),
                            ("order", "After an order"),
                            ("phone", "On the phone to us"),
                            ("complaint", "By calling our mail unwanted in their mail program"),
                        ],
                        max_length=20,
                        verbose_name="where it was said",
                    ),
                ),
            ],
            options={
                "verbose_name": "choice of mail",
                "verbose_name_plural": "choices of mail",
                "constraints": [models.UniqueConstraint(fields=("reader", "topic"), name="mailchoice_once_a_topic")],
            },
        ),
        migrations.CreateModel(
            name="Notification",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=50, verbose_name="kind")),
                ("about", models.CharField(max_length=60, verbose_name="about")),
                ("reference", models.CharField(blank=True, max_length=200, verbose_name="reference")),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("recipient", models.EmailField(blank=True, max_length=254, verbose_name="recipient")),
                ("is_account_mail", models.BooleanField(default=False, verbose_name="account mail")),
                (
                    "resend_of",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="resends",
                        to="notifications.notification",
                        verbose_name="resend of",
                    ),
                ),
                (
                    "resent_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="resent by",
                    ),
                ),
                (
                    "told_in",
                    models.ForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="tells_of",
                        to="notifications.notification",
                        verbose_name="told in",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("sending", "Sending"),
                            ("sent", "Sent"),
                            ("failed", "Failed"),
                            ("expired", "Expired"),
                            ("gathered", "In a digest"),
                        ],
                        default="pending",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="created")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                ("kicked_at", models.DateTimeField(blank=True, null=True, verbose_name="queued")),
                ("lease_until", models.DateTimeField(blank=True, null=True, verbose_name="lease ends")),
                ("lease_token", models.UUIDField(blank=True, null=True, verbose_name="lease")),
                ("attempts", models.PositiveSmallIntegerField(default=0, verbose_name="attempts")),
                ("first_tried_at", models.DateTimeField(blank=True, null=True, verbose_name="first tried")),
                ("last_error", models.CharField(blank=True, max_length=300, verbose_name="last error")),
                ("message_id", models.CharField(max_length=120, unique=True, verbose_name="Message-ID")),
                ("sent_at", models.DateTimeField(blank=True, null=True, verbose_name="sent")),
                ("subject", models.CharField(blank=True, max_length=200, verbose_name="subject")),
                ("text_body", models.TextField(blank=True, verbose_name="text")),
                ("html_body", models.TextField(blank=True, verbose_name="HTML")),
                ("sealed_body", models.BinaryField(blank=True, null=True, verbose_name="encrypted body")),
                ("erased_at", models.DateTimeField(blank=True, null=True, verbose_name="words erased")),
            ],
            options={
                "verbose_name": "message",
                "verbose_name_plural": "messages",
                "ordering": ["-created_at", "-pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state__in", ["pending", "sending"])),
                        fields=["due_at"],
                        name="notification_unsent_by_due",
                    ),
                    models.Index(condition=models.Q(("told_in__isnull", False)), fields=["told_in"], name="notification_told_in"),
                    models.Index(condition=models.Q(("state", "failed")), fields=["created_at"], name="notification_failed"),
                    models.Index(
                        condition=models.Q(("recipient", ""), _negated=True), fields=["created_at"], name="notification_kept"
                    ),
                    models.Index(fields=["-created_at", "-id"], name="notification_newest"),
                    models.Index(fields=["reference"], name="notification_by_reference"),
                    models.Index(fields=["about"], name="notification_by_about"),
                    models.Index(django.db.models.functions.text.Lower("recipient"), name="notification_by_recipient"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    models.Value(" "),
                                    "recipient",
                                    models.Value(" "),
                                    "reference",
                                    models.Value(" "),
                                    django.db.models.functions.text.Replace("reference", models.Value("-"), models.Value("")),
                                    models.Value(" "),
                                    django.db.models.functions.text.Replace("reference", models.Value("-"), models.Value(" ")),
                                    output_field=models.TextField(),
                                )
                            ),
                            name="gin_trgm_ops",
                        ),
                        gin_pending_list_limit=256,
                        name="notification_searched",
                    ),
                    models.Index(fields=["kind", "-created_at", "-id"], name="notification_by_kind"),
                    models.Index(
                        condition=models.Q(("state", "sent"), _negated=True),
                        fields=["state", "-created_at", "-id"],
                        name="notification_by_state",
                    ),
                    models.Index(
                        condition=models.Q(("is_account_mail", True)),
                        fields=["-created_at", "-id"],
                        name="notification_of_accounts",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("kind"),
                        models.F("about"),
                        models.F("version"),
                        django.db.models.functions.text.Lower("recipient"),
                        condition=models.Q(("resend_of__isnull", True), models.Q(("recipient", ""), _negated=True)),
                        name="notification_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("lease_token__isnull", False), ("lease_until__isnull", False), ("state", "sending")),
                            models.Q(
                                models.Q(("state", "sending"), _negated=True),
                                ("lease_token__isnull", True),
                                ("lease_until__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="notification_leased_only_while_sending",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "sending"]), ("sealed_body__isnull", True), _connector="OR"),
                        name="notification_sealed_body_wiped_when_done",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "gathered"), ("told_in__isnull", False)),
                            models.Q(models.Q(("state", "gathered"), _negated=True), ("told_in__isnull", True)),
                            _connector="OR",
                        ),
                        name="notification_gathered_says_in_what",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "sent"), _negated=True), ("sent_at__isnull", False), _connector="OR"
                        ),
                        name="notification_sent_says_when",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReturnedMail",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64, unique=True, verbose_name="key")),
                ("address", models.EmailField(max_length=254, verbose_name="address")),
                (
                    "sort",
                    models.CharField(
                        choices=[
                            ("hard", "There is no such mailbox"),
                            ("soft", "Not taken this time"),
                            ("complaint", "Called unwanted by its reader"),
                        ],
                        max_length=10,
                        verbose_name="what it means",
                    ),
                ),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("server", "Our mail server, at once"),
                            ("mailbox", "A report by email"),
                            ("provider", "The mail provider"),
                        ],
                        max_length=10,
                        verbose_name="told by",
                    ),
                ),
                (
                    "notification",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="notifications.notification",
                        verbose_name="message",
                    ),
                ),
                ("said", models.CharField(blank=True, max_length=300, verbose_name="in the server’s words")),
                ("went_at", models.DateTimeField(verbose_name="went")),
                ("received_at", models.DateTimeField(verbose_name="came back")),
            ],
            options={
                "verbose_name": "returned message",
                "verbose_name_plural": "returned messages",
                "ordering": ["-received_at", "-pk"],
                "indexes": [
                    models.Index(fields=["address", "-received_at", "-id"], name="returned_by_address"),
                    models.Index(fields=["received_at"], name="returned_by_age"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("address", django.db.models.functions.text.Lower("address"))),
                        name="returned_to_lower_case",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MailServer",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=300, unique=True, verbose_name="server and port")),
                ("failures", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("down_since", models.DateTimeField(blank=True, null=True, verbose_name="down since")),
                ("next_try_at", models.DateTimeField(verbose_name="next try")),
            ],
            options={
                "verbose_name": "mail server",
                "verbose_name_plural": "mail servers",
            },
        ),
        migrations.CreateModel(
            name="MailDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=254, unique=True, verbose_name="domain")),
                ("minute", models.DateTimeField(verbose_name="minute")),
                ("taken", models.PositiveIntegerField(default=0, verbose_name="messages in this minute")),
                ("line_until", models.DateTimeField(verbose_name="line until")),
            ],
            options={
                "verbose_name": "domain of addresses",
                "verbose_name_plural": "domains of addresses",
            },
        ),
        migrations.CreateModel(
            name="TeamMail",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "rhythm",
                    models.CharField(
                        choices=[
                            ("at-once", "One email for each thing that happens, at once"),
                            ("daily", "One email each working day, at 8am"),
                            ("twice", "Two emails each working day, at 8am and at 1pm"),
                        ],
                        default="at-once",
                        max_length=10,
                        verbose_name="what can wait comes as",
                    ),
                ),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "How the team gets its mail",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="teammail_is_one")],
            },
        ),
    ]
