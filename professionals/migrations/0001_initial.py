import uuid

import django.contrib.postgres.indexes
import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="OutwardCode",
            fields=[
                ("code", models.CharField(max_length=4, primary_key=True, serialize=False, verbose_name="code")),
                ("latitude", models.FloatField(verbose_name="latitude")),
                ("longitude", models.FloatField(verbose_name="longitude")),
                (
                    "nation",
                    models.CharField(
                        choices=[
                            ("england", "England"),
                            ("scotland", "Scotland"),
                            ("wales", "Wales"),
                            ("northern-ireland", "Northern Ireland"),
                            ("guernsey", "Guernsey"),
                            ("jersey", "Jersey"),
                            ("isle-of-man", "Isle of Man"),
                        ],
                        max_length=20,
                        verbose_name="nation",
                    ),
                ),
                ("zone", models.CharField(max_length=20, verbose_name="island")),
                ("authority", models.CharField(blank=True, max_length=9, verbose_name="local authority")),
                ("others", models.TextField(blank=True, verbose_name="other local authorities")),
            ],
            options={
                "verbose_name": "outward code",
                "verbose_name_plural": "outward codes",
                "ordering": ["code"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="LocalAuthority",
            fields=[
                ("code", models.CharField(max_length=9, primary_key=True, serialize=False, verbose_name="code")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("region", models.CharField(blank=True, max_length=30, verbose_name="region")),
                (
                    "nation",
                    models.CharField(
                        choices=[
                            ("england", "England"),
                            ("scotland", "Scotland"),
                            ("wales", "Wales"),
                            ("northern-ireland", "Northern Ireland"),
                            ("guernsey", "Guernsey"),
                            ("jersey", "Jersey"),
                            ("isle-of-man", "Isle of Man"),
                        ],
                        max_length=20,
                        verbose_name="nation",
                    ),
                ),
            ],
            options={
                "verbose_name": "local authority",
                "verbose_name_plural": "local authorities",
                "ordering": ["name"],
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="FlaggedText",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("about", models.CharField(max_length=100, unique=True, verbose_name="about")),
                ("reference", models.CharField(max_length=60, verbose_name="reference")),
                ("flagged_at", models.DateTimeField(verbose_name="written")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="first read")),
                (
                    "decision",
                    models.CharField(
                        blank=True,
                        choices=[("", "Not decided"), ("cleared", "Words cleared"), ("no-child", "Not about a child")],
                        default="",
                        max_length=10,
                        verbose_name="decision",
                    ),
                ),
            ],
            options={
                "verbose_name": "text to read",
                "verbose_name_plural": "texts that may be about a child",
                "ordering": ["-flagged_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-flagged_at", "-id"], name="flagged_newest"),
                    models.Index(fields=["decision", "-flagged_at", "-id"], name="flagged_by_decision"),
                    models.Index(
                        condition=models.Q(("decision", ""), ("read_at__isnull", True)), fields=["id"], name="flagged_unread"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutOfHours",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, editable=False, primary_key=True, serialize=False)),
                (
                    "route",
                    models.CharField(
                        blank=True,
                        help_text="It goes on from “Until then:”. For example: call the duty team of your local council, or the police on 101",
                        max_length=200,
                        verbose_name="Where to turn while the advice line is closed",
                    ),
                ),
            ],
            options={
                "verbose_name": "setting",
                "verbose_name_plural": "When the advice line is closed",
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="outofhours_is_one")],
            },
        ),
        migrations.CreateModel(
            name="RateLimit",
            fields=[
                ("key", models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="key")),
                ("hits", models.PositiveIntegerField(verbose_name="hits")),
                ("resets_at", models.DateTimeField(db_index=True, verbose_name="resets")),
                ("lifted", models.BooleanField(db_default=False, default=False, verbose_name="lifted")),
            ],
            options={
                "verbose_name": "rate limit",
                "verbose_name_plural": "rate limits",
            },
        ),
        migrations.CreateModel(
            name="Organisation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=200, verbose_name="name")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
            ],
            options={
                "verbose_name": "organisation",
                "verbose_name_plural": "organisations",
                "ordering": ["name"],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(models.Value(" "), "name", output_field=models.TextField())
                            ),
                            name="gin_trgm_ops",
                        ),
                        gin_pending_list_limit=256,
                        name="organisation_searched",
                    ),
                    models.Index(fields=["name", "id"], name="organisation_by_name"),
                    models.Index(fields=["-created_at", "-id"], name="organisation_newest"),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("name"), name="organisation_name_unique_in_any_case"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="RecognisedDomain",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("domain", models.CharField(max_length=253, unique=True, verbose_name="domain")),
            ],
            options={
                "verbose_name": "recognised domain",
                "verbose_name_plural": "recognised domains",
                "ordering": ["domain"],
            },
        ),
        migrations.CreateModel(
            name="User",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                ("email", models.EmailField(max_length=254, unique=True, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False, help_text="May sign in to the staff site, with a second factor.", verbose_name="staff"
                    ),
                ),
                ("is_active", models.BooleanField(default=True, verbose_name="active")),
                ("date_joined", models.DateTimeField(default=django.utils.timezone.now, verbose_name="joined")),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "permissions": [("recover_user", "Can move an account to a new address")],
                "indexes": [
                    models.Index(django.db.models.functions.text.Upper("email"), name="user_email_in_any_case"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    models.Value(" "), "email", output_field=models.TextField()
                                )
                            ),
                            name="gin_trgm_ops",
                        ),
                        gin_pending_list_limit=256,
                        name="user_searched",
                    ),
                    models.Index(condition=models.Q(("is_staff", True)), fields=["-id"], name="user_staff"),
                    models.Index(condition=models.Q(("is_active", False)), fields=["-id"], name="user_closed"),
                ],
                "constraints": [
                    models.UniqueConstraint(django.db.models.functions.text.Lower("email"), name="user_email_unique_in_any_case")
                ],
            },
        ),
        migrations.CreateModel(
            name="AddressChange",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="address_changes",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                ("old", models.EmailField(max_length=254, verbose_name="old address")),
                ("new", models.EmailField(max_length=254, verbose_name="new address")),
                ("changed_at", models.DateTimeField(verbose_name="changed")),
                ("until", models.DateTimeField(db_index=True, verbose_name="can be put back until")),
                ("token_hash", models.CharField(max_length=64, unique=True, verbose_name="hash of the token")),
                ("objected_at", models.DateTimeField(null=True, verbose_name="put back")),
            ],
            options={
                "verbose_name": "change of address",
                "verbose_name_plural": "changes of address",
            },
        ),
        migrations.CreateModel(
            name="FlaggedEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "flagged",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="professionals.flaggedtext",
                        verbose_name="text",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("read", "Read"), ("cleared", "Words cleared"), ("no-child", "Said not to be about a child")],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
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
            ],
            options={
                "verbose_name": "event of a text",
                "verbose_name_plural": "events of texts",
                "ordering": ["at", "pk"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("kind", "read")), fields=("flagged", "by"), name="flagged_read_once_by_each"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="person",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                (
                    "profession",
                    models.CharField(
                        choices=[
                            ("health-visitor", "Health visitor"),
                            ("social-worker", "Social worker"),
                            ("emergency-care", "A&E or walk-in clinic staff"),
                            ("midwife", "Midwife"),
                            ("school-nurse", "School nurse"),
                            ("gp", "GP"),
                            ("teacher", "Teacher"),
                            ("police-officer", "Police officer"),
                            ("immigration-officer", "Immigration officer"),
                            ("foster-carer", "Foster carer"),
                            ("youth-worker", "Youth worker"),
                            ("other", "Other"),
                        ],
                        max_length=30,
                        verbose_name="profession",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="people",
                        to="professionals.organisation",
                        verbose_name="organisation",
                    ),
                ),
                ("postcode", models.CharField(blank=True, max_length=9, verbose_name="work postcode")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="created")),
                ("erased_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="erased")),
                ("searched", models.TextField(default="", editable=False, verbose_name="words that staff search")),
            ],
            options={
                "verbose_name": "person",
                "verbose_name_plural": "people",
                "ordering": ["name", "pk"],
                "permissions": [
                    ("erase_person", "Can erase a person"),
                    ("give_person_data", "Can give a person a copy of all that is held about them"),
                ],
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("searched", name="gin_trgm_ops"),
                        gin_pending_list_limit=256,
                        name="person_searched",
                    ),
                    models.Index(fields=["name", "id"], name="person_by_name"),
                    models.Index(condition=models.Q(("erased_at__isnull", True)), fields=["created_at"], name="person_kept"),
                    models.Index(fields=["profession", "name", "id"], name="person_by_profession"),
                    models.Index(
                        condition=models.Q(("user__isnull", True)), fields=["name", "id"], name="person_entered_by_staff"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.text.Lower("email"),
                        condition=models.Q(("email", ""), _negated=True),
                        name="person_email_unique_in_any_case",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Absorbed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="absorbed",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                ("key", models.BigIntegerField(verbose_name="number of the row that went")),
                ("since", models.DateTimeField(verbose_name="when that row was made")),
            ],
            options={
                "verbose_name": "row of a person that became another's",
                "verbose_name_plural": "rows of people that became another's",
            },
        ),
        migrations.CreateModel(
            name="DataAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="data_actions",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "done",
                    models.CharField(
                        choices=[("given", "A copy was given"), ("erased", "Erased")], max_length=10, verbose_name="what was done"
                    ),
                ),
                (
                    "reason",
                    models.CharField(
                        choices=[
                            ("own", "They did it themselves"),
                            ("asked", "They asked us"),
                            ("over", "Kept long enough"),
                            ("restored", "Once more, after a restore"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
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
                (
                    "written_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="written to the file of erasures"),
                ),
            ],
            options={
                "verbose_name": "erasure or copy",
                "verbose_name_plural": "erasures and copies",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="data_action_newest"),
                    models.Index(
                        condition=models.Q(("done", "erased"), ("written_at__isnull", True)),
                        fields=["id"],
                        name="data_action_to_write",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Draft",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking", "Booking"),
                            ("order", "Order"),
                            ("change", "Change of a booking"),
                            ("place", "Place at a session"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("key_hash", models.CharField(max_length=64, verbose_name="hash of the cookie")),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="drafts",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "answers",
                    models.JSONField(
                        blank=True, default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder, verbose_name="answers"
                    ),
                ),
                ("token", models.CharField(max_length=43, unique=True, verbose_name="one-time token")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="expires")),
            ],
            options={
                "verbose_name": "draft",
                "verbose_name_plural": "drafts",
                "constraints": [
                    models.UniqueConstraint(fields=("key_hash", "kind"), name="draft_one_a_cookie_and_kind"),
                    models.UniqueConstraint(fields=("person", "kind"), name="draft_one_a_person_and_kind"),
                ],
            },
        ),
        migrations.CreateModel(
            name="FormerAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="former_addresses",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                ("address", models.EmailField(max_length=254, verbose_name="address")),
                ("until", models.DateTimeField(verbose_name="until")),
            ],
            options={
                "verbose_name": "former address",
                "verbose_name_plural": "former addresses",
                "indexes": [models.Index(fields=["address", "until"], name="former_address_by_address")],
                "constraints": [
                    models.UniqueConstraint(fields=("person", "address"), name="former_address_once_a_person"),
                    models.CheckConstraint(
                        condition=models.Q(("address", django.db.models.functions.text.Lower("address"))),
                        name="former_address_in_small_letters",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountRecovery",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="recoveries",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                ("old", models.EmailField(max_length=254, verbose_name="old address")),
                ("new", models.EmailField(max_length=254, verbose_name="new address")),
                ("called", models.CharField(max_length=200, verbose_name="who was called")),
                ("number", models.CharField(max_length=40, verbose_name="on which number")),
            ],
            options={
                "verbose_name": "recovery of an account",
                "verbose_name_plural": "recoveries of accounts",
            },
        ),
        migrations.CreateModel(
            name="RetentionRun",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("started_at", models.DateTimeField(verbose_name="started")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
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
                ("done", models.JSONField(default=dict, verbose_name="what was done")),
                ("left", models.PositiveIntegerField(default=0, verbose_name="left for another night")),
            ],
            options={
                "verbose_name": "run of the retention rules",
                "verbose_name_plural": "retention",
                "ordering": ["-started_at", "-pk"],
                "indexes": [models.Index(fields=["-started_at", "-id"], name="retention_run_newest")],
            },
        ),
        migrations.CreateModel(
            name="Session",
            fields=[
                ("session_data", models.TextField(verbose_name="session data")),
                ("expire_date", models.DateTimeField(db_index=True, verbose_name="expire date")),
                (
                    "session_key",
                    models.CharField(max_length=64, primary_key=True, serialize=False, verbose_name="hash of the cookie"),
                ),
                (
                    "user",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="sessions",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="account",
                    ),
                ),
                (
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="what addresses of pages call it"),
                ),
                ("of_staff", models.BooleanField(default=False, verbose_name="of staff")),
                ("device", models.CharField(blank=True, max_length=60, verbose_name="device")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="signed in")),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="last used")),
                ("ends_at", models.DateTimeField(verbose_name="ends at the latest")),
            ],
            options={
                "verbose_name": "browser session",
                "verbose_name_plural": "browser sessions",
            },
        ),
        migrations.CreateModel(
            name="Stopped",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                (
                    "where",
                    models.CharField(
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
                            ("complaint", "Complaining about data"),
                        ],
                        max_length=10,
                        verbose_name="form",
                    ),
                ),
                (
                    "why",
                    models.CharField(
                        choices=[
                            ("throttle", "Too many tries"),
                            ("hidden-box", "Filled in the hidden box"),
                            ("too-fast", "Sent faster than anybody types"),
                            ("too-old", "Open for more than a day"),
                            ("no-time", "Sent without our page"),
                        ],
                        max_length=10,
                        verbose_name="why",
                    ),
                ),
                (
                    "by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Nobody"),
                            ("network", "Network address"),
                            ("account", "Account"),
                            ("organisation", "Organisation"),
                            ("postcode", "Delivery postcode"),
                            ("title", "Leaflet"),
                            ("mailbox", "Email address"),
                            ("booking", "Booking"),
                        ],
                        default="",
                        max_length=12,
                        verbose_name="counted by",
                    ),
                ),
                ("key", models.CharField(blank=True, default="", max_length=64, verbose_name="key")),
                ("about", models.CharField(blank=True, default="", max_length=100, verbose_name="about")),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stopped",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="stopped",
                        to="professionals.organisation",
                        verbose_name="organisation",
                    ),
                ),
                ("times", models.PositiveIntegerField(verbose_name="times")),
                ("last_at", models.DateTimeField(verbose_name="last")),
                ("seen_at", models.DateTimeField(blank=True, null=True, verbose_name="seen")),
                ("let_through_at", models.DateTimeField(blank=True, null=True, verbose_name="let through")),
                (
                    "by_staff",
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
                "verbose_name": "what was stopped",
                "verbose_name_plural": "what was stopped",
                "ordering": ["-last_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-last_at", "-id"], name="stopped_newest"),
                    models.Index(fields=["where", "-last_at", "-id"], name="stopped_where"),
                    models.Index(fields=["why", "-last_at", "-id"], name="stopped_why"),
                    models.Index(fields=["by", "-last_at", "-id"], name="stopped_by"),
                    models.Index(condition=models.Q(("seen_at__isnull", True)), fields=["id"], name="stopped_unseen"),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("hour", "where", "why", "by", "key"), name="stopped_once_an_hour_and_key")
                ],
            },
        ),
    ]
