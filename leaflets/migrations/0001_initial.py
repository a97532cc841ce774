import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.math
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("notifications", "0001_initial"),
        ("professionals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Leaflet",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(unique=True, verbose_name="short name in the address")),
                (
                    "title",
                    models.CharField(
                        help_text="In English, as packing lists say it. Of a translation with its language: Know the signs (Arabic).",
                        max_length=200,
                        verbose_name="title",
                    ),
                ),
                (
                    "own_title",
                    models.CharField(
                        blank=True, help_text="Of a translation only.", max_length=200, verbose_name="title in its own language"
                    ),
                ),
                (
                    "language",
                    models.CharField(
                        choices=[
                            ("english", "English"),
                            ("welsh", "Welsh"),
                            ("albanian", "Albanian"),
                            ("amharic", "Amharic"),
                            ("arabic", "Arabic"),
                            ("bengali", "Bengali"),
                            ("chinese", "Chinese"),
                            ("dari", "Dari"),
                            ("farsi", "Farsi"),
                            ("french", "French"),
                            ("hindi", "Hindi"),
                            ("pashto", "Pashto"),
                            ("polish", "Polish"),
                            ("portuguese", "Portuguese"),
                            ("punjabi", "Punjabi"),
                            ("romanian", "Romanian"),
                            ("somali", "Somali"),
                            ("sorani", "Kurdish (Sorani)"),
                            ("spanish", "Spanish"),
                            ("tigrinya", "Tigrinya"),
                            ("turkish", "Turkish"),
                            ("ukrainian", "Ukrainian"),
                            ("urdu", "Urdu"),
                            ("vietnamese", "Vietnamese"),
                        ],
                        default="english",
                        max_length=20,
                        verbose_name="language",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[
                            ("standard", "Standard print"),
                            ("large-print", "Large print"),
                            ("easy-read", "Easy read"),
                            ("braille", "Braille"),
                        ],
                        default="standard",
                        max_length=20,
                        verbose_name="format",
                    ),
                ),
                (
                    "version_of",
                    models.ForeignKey(
                        blank=True,
                        help_text="The title that this is a translation of, or another form of print. Empty: it stands on its own.",
                        limit_choices_to={"version_of": None},
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="leaflets.leaflet",
                        verbose_name="version of",
                    ),
                ),
                (
                    "for_whom",
                    models.CharField(
                        help_text="As the catalogue says it, like: health visitors.", max_length=100, verbose_name="for whom"
                    ),
                ),
                (
                    "audience",
                    models.CharField(
                        blank=True,
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
                        help_text="Empty: for every professional.",
                        max_length=30,
                        verbose_name="audience",
                    ),
                ),
                (
                    "summary",
                    models.CharField(help_text="One or two sentences for the catalogue.", max_length=300, verbose_name="summary"),
                ),
                (
                    "topics",
                    models.CharField(
                        blank=True,
                        help_text="One topic a line, worded as other titles word it. The catalogue can be narrowed to one.",
                        max_length=400,
                        verbose_name="topics",
                    ),
                ),
                ("introduction", models.TextField(verbose_name="introduction")),
                (
                    "situations",
                    models.TextField(
                        help_text="Where this professional meets a trafficked child. One point a line.", verbose_name="situations"
                    ),
                ),
                ("signs", models.TextField(help_text="One point a line.", verbose_name="signs that a child may be at risk")),
                (
                    "what_to_do",
                    models.TextField(
                        help_text="One point a line, the most urgent first.", verbose_name="what to do with a concern"
                    ),
                ),
                (
                    "most_per_order",
                    models.PositiveIntegerField(
                        default=100,
                        help_text="Staff may go over it, with a reason. Whoever needs more can ask you.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="most copies an order",
                    ),
                ),
                (
                    "most_per_person",
                    models.PositiveIntegerField(
                        default=300,
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="most copies a person in 90 days",
                    ),
                ),
                (
                    "most_per_workplace",
                    models.PositiveIntegerField(
                        default=600,
                        help_text="A workplace is an organisation at one postcode: a trust has many.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="most copies a workplace in 90 days",
                    ),
                ),
                (
                    "reorder_level",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="You get an email when no more copies than this are free to give, or when they run out in six weeks. Empty: when fewer are left than one order may have.",
                        null=True,
                        verbose_name="reorder level",
                    ),
                ),
                (
                    "usual_copies",
                    models.PositiveIntegerField(
                        default=10,
                        help_text="Stands in the box at first, or fewer if there are fewer to have.",
                        validators=[django.core.validators.MinValueValidator(1)],
                        verbose_name="copies that a team usually takes",
                    ),
                ),
                (
                    "usual_words",
                    models.CharField(
                        blank=True,
                        help_text="One short sentence beside the box, like: A team of eight usually takes 10.",
                        max_length=80,
                        verbose_name="the same in words",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="in the catalogue")),
                ("position", models.PositiveSmallIntegerField(default=0, verbose_name="position in the catalogue")),
            ],
            options={
                "verbose_name": "leaflet",
                "verbose_name_plural": "leaflets",
                "ordering": ["position", "title", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("active", True)),
                        fields=["position", "title", "id"],
                        include=("slug", "version_of", "audience", "language", "format", "topics"),
                        name="leaflet_catalogue",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("most_per_order__gte", 1)), name="leaflet_order_of_at_least_one_allowed"
                    ),
                    models.CheckConstraint(condition=models.Q(("usual_copies__gte", 1)), name="leaflet_usually_at_least_one"),
                    models.CheckConstraint(
                        condition=models.Q(("version_of", models.F("id")), _negated=True), name="leaflet_version_of_another"
                    ),
                    models.UniqueConstraint(fields=("version_of", "language", "format"), name="leaflet_version_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("most_per_order__lte", models.F("most_per_person")),
                            ("most_per_person__lte", models.F("most_per_workplace")),
                        ),
                        name="leaflet_limits_widen",
                        violation_error_message="A person may order at least what one order may have, and a workplace at least what a person may.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Edition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "leaflet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="editions",
                        to="leaflets.leaflet",
                        verbose_name="leaflet",
                    ),
                ),
                (
                    "label",
                    models.CharField(help_text="As printed on it, like: March 2026.", max_length=60, verbose_name="edition"),
                ),
                ("published_on", models.DateField(verbose_name="published")),
                ("review_on", models.DateField(verbose_name="to be reviewed by")),
                ("pdf", models.FileField(upload_to="leaflets/", verbose_name="PDF")),
                (
                    "pages",
                    models.PositiveSmallIntegerField(
                        validators=[django.core.validators.MinValueValidator(1)], verbose_name="pages"
                    ),
                ),
                ("size", models.PositiveIntegerField(verbose_name="size of the PDF in bytes")),
                (
                    "paper",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("a3", "A3"),
                            ("a4", "A4"),
                            ("a5", "A5"),
                            ("a6", "A6"),
                            ("dl", "DL"),
                            ("a3-landscape", "A3 landscape"),
                            ("a4-landscape", "A4 landscape"),
                            ("a5-landscape", "A5 landscape"),
                            ("a6-landscape", "A6 landscape"),
                            ("dl-landscape", "DL landscape"),
                            ("other", "Another size"),
                        ],
                        db_default="",
                        default="",
                        editable=False,
                        max_length=12,
                        verbose_name="size of its pages",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("current", "Current"), ("superseded", "Superseded"), ("withdrawn", "Withdrawn")],
                        default="current",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "cover",
                    models.FileField(blank=True, editable=False, upload_to="leaflets/", verbose_name="picture of its first page"),
                ),
                (
                    "cover_width",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="width of the picture in pixels"),
                ),
                (
                    "cover_height",
                    models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="height of the picture in pixels"),
                ),
                ("reviewed_on", models.DateField(blank=True, editable=False, null=True, verbose_name="last reviewed")),
                (
                    "reviewed_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="reviewed by",
                    ),
                ),
                (
                    "added_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="when it became the current one"),
                ),
                ("withdrawn_on", models.DateField(blank=True, editable=False, null=True, verbose_name="withdrawn")),
                (
                    "withdrawn_why",
                    models.CharField(blank=True, editable=False, max_length=300, verbose_name="why it was withdrawn"),
                ),
                (
                    "use_instead",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to="leaflets.leaflet",
                        verbose_name="what to use instead",
                    ),
                ),
                ("on_hand", models.IntegerField(default=0, verbose_name="on hand")),
                ("allocated", models.IntegerField(default=0, verbose_name="allocated")),
            ],
            options={
                "verbose_name": "edition",
                "verbose_name_plural": "editions",
                "ordering": ["leaflet__position", "-published_on", "-pk"],
                "permissions": [("keep_stock", "Can receive, count and correct stock")],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("on_hand__gte", 0)), name="edition_on_hand_never_negative"),
                    models.CheckConstraint(
                        condition=models.Q(("allocated__gte", 0), ("allocated__lte", models.F("on_hand"))),
                        name="edition_allocated_within_on_hand",
                    ),
                    models.CheckConstraint(condition=models.Q(("pages__gte", 1)), name="edition_has_pages"),
                    models.CheckConstraint(
                        condition=models.Q(("review_on__gt", models.F("published_on"))),
                        name="edition_reviewed_after_it_is_published",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reviewed_on__isnull", True),
                            models.Q(("reviewed_on__gte", models.F("published_on")), ("reviewed_on__lt", models.F("review_on"))),
                            _connector="OR",
                        ),
                        name="edition_reviewed_between_its_dates",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "current")), fields=("leaflet",), name="edition_one_current_a_leaflet"
                    ),
                    models.UniqueConstraint(fields=("leaflet", "label"), name="edition_label_once_a_leaflet"),
                ],
            },
        ),
        migrations.CreateModel(
            name="KeptAddress",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="kept_addresses",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("attention", models.CharField(blank=True, max_length=150, verbose_name="for the attention of")),
                ("organisation_name", models.CharField(blank=True, max_length=200, verbose_name="organisation")),
                ("address_line_1", models.CharField(max_length=150, verbose_name="address line 1")),
                ("address_line_2", models.CharField(blank=True, max_length=150, verbose_name="address line 2")),
                ("town", models.CharField(max_length=100, verbose_name="town or city")),
                ("postcode", models.CharField(max_length=9, verbose_name="postcode")),
            ],
            options={
                "verbose_name": "kept address",
                "verbose_name_plural": "kept addresses",
                "ordering": ["-pk"],
                "constraints": [
                    models.UniqueConstraint(
                        models.F("person"),
                        django.db.models.functions.text.MD5(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    models.F("name"),
                                    models.Value("\n"),
                                    models.F("attention"),
                                    models.Value("\n"),
                                    models.F("organisation_name"),
                                    models.Value("\n"),
                                    models.F("address_line_1"),
                                    models.Value("\n"),
                                    models.F("address_line_2"),
                                    models.Value("\n"),
                                    models.F("town"),
                                    models.Value("\n"),
                                    models.F("postcode"),
                                    models.Value("\n"),
                                    output_field=models.TextField(),
                                )
                            )
                        ),
                        name="kept_address_once_a_person",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StockAlert",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock_alerts",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "leaflet",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="stock_alerts",
                        to="leaflets.leaflet",
                        verbose_name="leaflet",
                    ),
                ),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
            ],
            options={
                "verbose_name": "back-in-stock email",
                "verbose_name_plural": "back-in-stock emails",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("person", "leaflet"), name="stock_alert_once")],
            },
        ),
        migrations.CreateModel(
            name="StockTake",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Being counted"), ("confirmed", "Confirmed"), ("abandoned", "Given up")],
                        default="open",
                        max_length=9,
                        verbose_name="state",
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started")),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
                    ),
                ),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended")),
                (
                    "ended_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
            ],
            options={
                "verbose_name": "stock-take",
                "verbose_name_plural": "stock-takes",
                "ordering": ["-started_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("ended_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="stock_take_ended_says_when",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DownloadCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="download_counts",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("downloads", models.PositiveIntegerField(verbose_name="downloads")),
            ],
            options={
                "verbose_name": "downloads of a day",
                "verbose_name_plural": "downloads of days",
                "ordering": ["-day", "edition"],
                "constraints": [models.UniqueConstraint(fields=("edition", "day"), name="downloads_of_an_edition_once_a_day")],
            },
        ),
        migrations.CreateModel(
            name="OrderExport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField(verbose_name="when")),
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
                ("form", models.CharField(choices=[("csv", "CSV"), ("xlsx", "XLSX")], max_length=4, verbose_name="file")),
                ("orders", models.PositiveIntegerField(verbose_name="orders")),
                ("lines", models.PositiveIntegerField(verbose_name="lines")),
                ("narrowed", models.CharField(blank=True, max_length=300, verbose_name="filters")),
                ("searched", models.BooleanField(default=False, verbose_name="searched for something")),
                ("chosen", models.BooleanField(default=False, verbose_name="ticked one by one")),
            ],
            options={
                "verbose_name": "export of orders",
                "verbose_name_plural": "exports of orders",
                "ordering": ["-at", "-pk"],
                "permissions": [("export_orders", "Can export orders with names and addresses")],
                "default_permissions": ("view",),
                "indexes": [models.Index(fields=["-at", "-id"], name="order_export_newest")],
                "constraints": [models.CheckConstraint(condition=models.Q(("orders__gte", 1)), name="order_export_of_something")],
            },
        ),
        migrations.CreateModel(
            name="SheetImport",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[("stock", "Stock list"), ("catalogue", "Catalogue")], max_length=9, verbose_name="what"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("checked", "Checked"), ("applied", "Written")],
                        default="checked",
                        max_length=7,
                        verbose_name="state",
                    ),
                ),
                ("rows", models.JSONField(editable=False, verbose_name="rows")),
                (
                    "unknown",
                    models.JSONField(blank=True, default=list, editable=False, verbose_name="columns that were left out"),
                ),
                ("digest", models.CharField(editable=False, max_length=64, verbose_name="digest of the rows")),
                ("done", models.JSONField(blank=True, default=list, editable=False, verbose_name="what was done")),
                ("uploaded_at", models.DateTimeField(verbose_name="uploaded")),
                (
                    "uploaded_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="uploaded by",
                    ),
                ),
                ("applied_at", models.DateTimeField(blank=True, null=True, verbose_name="written")),
                (
                    "applied_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="written by",
                    ),
                ),
            ],
            options={
                "verbose_name": "import",
                "verbose_name_plural": "imports",
                "ordering": ["-uploaded_at", "-pk"],
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["-uploaded_at", "-id"], name="sheet_import_newest"),
                    models.Index(condition=models.Q(("state", "applied")), fields=["digest"], name="sheet_import_applied"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("applied_at__isnull", True), ("state", "checked")),
                            models.Q(("applied_at__isnull", False), ("state", "applied")),
                            _connector="OR",
                        ),
                        name="sheet_import_written_says_when",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DispatchCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="dispatch_counts",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                ("day", models.DateField(verbose_name="day")),
                ("copies", models.PositiveIntegerField(verbose_name="copies")),
            ],
            options={
                "verbose_name": "copies that left on a day",
                "verbose_name_plural": "copies that left on days",
                "ordering": ["-day", "edition"],
                "constraints": [
                    models.UniqueConstraint(fields=("edition", "day"), name="dispatch_count_once_a_day"),
                    models.CheckConstraint(condition=models.Q(("copies__gte", 1)), name="dispatch_count_of_something"),
                ],
            },
        ),
        migrations.CreateModel(
            name="LowStock",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "leaflet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="low_stock",
                        to="leaflets.leaflet",
                        verbose_name="leaflet",
                    ),
                ),
                ("told_at", models.DateTimeField(verbose_name="told")),
            ],
            options={
                "verbose_name": "title that is low in stock",
                "verbose_name_plural": "titles that are low in stock",
                "ordering": ["pk"],
            },
        ),
        migrations.CreateModel(
            name="PackingSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("dispatched", "Dispatched"), ("closed", "Closed without dispatch")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("brought", models.BooleanField(default=False, verbose_name="for presenters to bring")),
                (
                    "chosen",
                    models.CharField(
                        blank=True, help_text="The titles and the area, in words.", max_length=300, verbose_name="what was chosen"
                    ),
                ),
                ("started_at", models.DateTimeField(verbose_name="started")),
                (
                    "started_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="started by",
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "ended_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="ended by",
                    ),
                ),
            ],
            options={
                "verbose_name": "packing session",
                "verbose_name_plural": "packing",
                "ordering": ["-started_at", "-pk"],
                "indexes": [
                    models.Index(fields=["-started_at", "-id"], name="packing_newest"),
                    models.Index(fields=["state", "-started_at", "-id"], name="packing_by_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("ended_at__gte", models.F("started_at"))),
                            _connector="OR",
                        ),
                        name="packing_ended_says_when",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="PrintRecord",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="prints",
                        to="leaflets.packingsession",
                        verbose_name="session",
                    ),
                ),
                (
                    "what",
                    models.CharField(
                        choices=[
                            ("pick-list", "Pick list"),
                            ("slips", "Packing slips"),
                            ("labels", "Address labels"),
                            ("courier", "Courier’s list"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
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
                ("parcels", models.PositiveSmallIntegerField(verbose_name="parcels")),
                ("sheet", models.CharField(blank=True, max_length=20, verbose_name="sheet of labels")),
                ("start", models.PositiveSmallIntegerField(default=1, verbose_name="first label")),
            ],
            options={
                "verbose_name": "print",
                "verbose_name_plural": "prints",
                "ordering": ["-at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="Recall",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "edition",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recall",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                (
                    "advice",
                    models.CharField(
                        choices=[
                            ("recycle", "Stop using them, and recycle them"),
                            ("send-back", "Stop using them, and send them back to us"),
                            ("keep", "Keep using them, but tell people something"),
                        ],
                        max_length=9,
                        verbose_name="what people do with copies",
                    ),
                ),
                ("words", models.CharField(blank=True, max_length=500, verbose_name="more about that")),
                (
                    "instead",
                    models.CharField(
                        choices=[
                            ("same", "The current print of the same leaflet is sent instead"),
                            ("other", "Another leaflet is sent instead"),
                            ("wait", "They wait for the next print of this leaflet"),
                            ("cancel", "They are cancelled"),
                        ],
                        max_length=6,
                        verbose_name="what is sent instead",
                    ),
                ),
                (
                    "successor",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="succeeds",
                        to="leaflets.edition",
                        verbose_name="successor",
                    ),
                ),
                ("recalled_at", models.DateTimeField(verbose_name="recalled")),
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
                ("blocked", models.PositiveIntegerField(verbose_name="copies on the shelf that are blocked")),
                ("moved", models.PositiveIntegerField(verbose_name="copies promised from the successor")),
                ("to_come", models.PositiveIntegerField(verbose_name="copies that wait")),
                ("cancelled", models.PositiveIntegerField(verbose_name="copies cancelled")),
            ],
            options={
                "verbose_name": "recall",
                "verbose_name_plural": "recalls",
                "ordering": ["-recalled_at", "-pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("instead__in", ["same", "other"]), ("successor__isnull", False)),
                            models.Q(("instead__in", ["wait", "cancel"]), ("successor__isnull", True)),
                            _connector="OR",
                        ),
                        name="recall_has_the_successor_it_names",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("successor", models.F("edition")), _negated=True), name="recall_by_another_edition"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecallHolder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "recall",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="holders",
                        to="leaflets.recall",
                        verbose_name="recall",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recalls",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                ("received", models.PositiveIntegerField(verbose_name="copies received")),
                (
                    "told_in",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="recalls",
                        to="notifications.notification",
                        verbose_name="told in",
                    ),
                ),
                ("reached_at", models.DateTimeField(blank=True, null=True, verbose_name="reached by phone")),
                (
                    "reached_by",
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
                "verbose_name": "person of a recall",
                "verbose_name_plural": "people of a recall",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("recall", "person"), name="recall_holder_once")],
            },
        ),
        migrations.CreateModel(
            name="LeafletWords",
            fields=[
                (
                    "leaflet",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="words_of",
                        serialize=False,
                        to="leaflets.leaflet",
                        verbose_name="leaflet",
                    ),
                ),
                ("words", django.contrib.postgres.search.SearchVectorField(verbose_name="words")),
                ("heading", django.contrib.postgres.search.SearchVectorField(verbose_name="words of its card")),
                (
                    "spelt",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=60), size=None, verbose_name="words as they are spelt"
                    ),
                ),
            ],
            options={
                "verbose_name": "words of a leaflet",
                "verbose_name_plural": "words of leaflets",
                "indexes": [django.contrib.postgres.indexes.GinIndex(fields=["words"], name="leaflet_found_by_words")],
            },
        ),
        migrations.CreateModel(
            name="Word",
            fields=[
                ("word", models.CharField(max_length=60, primary_key=True, serialize=False, verbose_name="word")),
                ("titles", models.PositiveIntegerField(verbose_name="titles that have it")),
            ],
            options={
                "verbose_name": "word",
                "verbose_name_plural": "words",
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("word", name="gin_trgm_ops"), name="word_found_by_likeness"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=10, unique=True, verbose_name="reference")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("received", "Received"),
                            ("waiting", "Waiting for stock"),
                            ("packing", "Packing"),
                            ("dispatched", "Dispatched"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                        ],
                        default="received",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "channel",
                    models.CharField(
                        choices=[("web", "Web"), ("phone", "Phone"), ("email", "Email")],
                        default="web",
                        max_length=5,
                        verbose_name="channel",
                    ),
                ),
                (
                    "organisation",
                    models.ForeignKey(
                        blank=True,
                        help_text="When they ordered: with the postcode it is the workplace whose limit counts.",
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="leaflet_orders",
                        to="professionals.organisation",
                        verbose_name="where they work",
                    ),
                ),
                ("asked_because", models.CharField(blank=True, max_length=500, verbose_name="why more than the limit")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("attention", models.CharField(blank=True, max_length=150, verbose_name="for the attention of")),
                ("organisation_name", models.CharField(blank=True, max_length=200, verbose_name="organisation")),
                ("address_line_1", models.CharField(max_length=150, verbose_name="address line 1")),
                ("address_line_2", models.CharField(blank=True, max_length=150, verbose_name="address line 2")),
                ("town", models.CharField(max_length=100, verbose_name="town or city")),
                ("postcode", models.CharField(max_length=9, verbose_name="postcode")),
                (
                    "brought_with",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Its reference.",
                        max_length=10,
                        verbose_name="brought with booking",
                    ),
                ),
                (
                    "submission_token",
                    models.CharField(
                        blank=True,
                        editable=False,
                        max_length=43,
                        null=True,
                        unique=True,
                        verbose_name="one-time token of the form",
                    ),
                ),
                (
                    "submission_digest",
                    models.CharField(blank=True, editable=False, max_length=64, verbose_name="digest of the answers"),
                ),
                ("passed_forward_at", models.DateTimeField(editable=False, null=True, verbose_name="passed forward")),
                ("created_at", models.DateTimeField(verbose_name="day it was placed")),
                ("anonymised_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out")),
                ("searched", models.TextField(default="", editable=False, verbose_name="words that staff search")),
            ],
            options={
                "verbose_name": "order",
                "verbose_name_plural": "orders",
                "ordering": ["-created_at", "-pk"],
                "permissions": [("decide_order", "Can decide orders of more than the limit")],
                "indexes": [
                    models.Index(fields=["-created_at", "-id"], name="order_newest"),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "received", "waiting", "packing"))),
                        fields=["created_at", "-id"],
                        name="order_open_oldest",
                    ),
                    models.Index(fields=["person", "-created_at", "-id"], name="order_of_a_person"),
                    models.Index(fields=["organisation", "postcode", "created_at"], name="order_of_a_workplace"),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "received", "waiting", "packing"))),
                        fields=["person", "-created_at", "-id"],
                        name="order_open_of_a_person",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "received", "waiting", "packing")), _negated=True),
                        fields=["-created_at", "-id"],
                        name="order_closed",
                    ),
                    models.Index(
                        condition=models.Q(
                            models.Q(("state__in", ("requested", "received", "waiting", "packing")), _negated=True),
                            ("anonymised_at__isnull", True),
                        ),
                        fields=["created_at"],
                        name="order_kept",
                    ),
                    models.Index(fields=["state", "-created_at", "-id"], name="order_by_state"),
                    models.Index(fields=["channel", "-created_at", "-id"], name="order_by_channel"),
                    models.Index(fields=["postcode", "-created_at", "-id"], name="order_by_postcode"),
                    models.Index(
                        condition=models.Q(
                            ("passed_forward_at__isnull", False), ("state__in", ("received", "waiting", "packing"))
                        ),
                        fields=["created_at", "-id"],
                        name="order_passed_forward",
                    ),
                    models.Index(
                        condition=models.Q(("brought_with", ""), ("state", "received")),
                        fields=["passed_forward_at", "created_at", "id"],
                        include=("postcode",),
                        name="order_to_pack",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("searched", name="gin_trgm_ops"),
                        gin_pending_list_limit=256,
                        name="order_searched",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("brought_with", ""),
                            models.Q(("address_line_1", ""), ("address_line_2", ""), ("attention", ""), ("town", "")),
                            _connector="OR",
                        ),
                        name="order_is_sent_or_brought",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderLine",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="order_lines",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                ("copies", models.PositiveIntegerField(verbose_name="copies")),
                ("backordered", models.PositiveIntegerField(default=0, verbose_name="backordered")),
                ("allocated", models.PositiveIntegerField(default=0, verbose_name="allocated")),
                ("dispatched", models.PositiveIntegerField(default=0, verbose_name="dispatched")),
                ("cancelled", models.PositiveIntegerField(default=0, verbose_name="cancelled")),
            ],
            options={
                "verbose_name": "order line",
                "verbose_name_plural": "order lines",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(condition=models.Q(("backordered__gt", 0)), fields=["edition"], name="order_line_backordered"),
                    models.Index(
                        condition=models.Q(("allocated__gt", 0)),
                        fields=["order"],
                        include=("edition", "allocated"),
                        name="order_line_allocated",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("order", "edition"), name="order_line_one_an_edition"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("allocated__gte", 0),
                            ("backordered__gte", 0),
                            ("cancelled__gte", 0),
                            (
                                "copies",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("backordered"), "+", models.F("allocated")
                                        ),
                                        "+",
                                        models.F("dispatched"),
                                    ),
                                    "+",
                                    models.F("cancelled"),
                                ),
                            ),
                            ("dispatched__gte", 0),
                        ),
                        name="order_line_every_copy_accounted_for",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Dispatch",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="dispatches",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                ("dispatched_at", models.DateTimeField(verbose_name="dispatched")),
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
                ("tracking_number", models.CharField(blank=True, max_length=60, verbose_name="tracking number")),
                (
                    "told_in",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="parcels",
                        to="notifications.notification",
                        verbose_name="told in",
                    ),
                ),
            ],
            options={
                "verbose_name": "dispatch",
                "verbose_name_plural": "dispatches",
                "ordering": ["dispatched_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="StockMovement",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("received", "Received"),
                            ("allocated", "Allocated"),
                            ("released", "Released"),
                            ("dispatched", "Dispatched"),
                            ("corrected", "Corrected"),
                        ],
                        max_length=10,
                        verbose_name="what",
                    ),
                ),
                ("copies", models.PositiveIntegerField(verbose_name="copies")),
                ("on_hand_change", models.IntegerField(verbose_name="change on hand")),
                ("allocated_change", models.IntegerField(verbose_name="change allocated")),
                (
                    "order_line",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="movements",
                        to="leaflets.orderline",
                        verbose_name="order line",
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
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why")),
            ],
            options={
                "verbose_name": "stock movement",
                "verbose_name_plural": "stock movements",
                "ordering": ["-at", "-pk"],
                "indexes": [
                    models.Index(fields=["-at", "-id"], name="stock_movement_newest"),
                    models.Index(fields=["kind", "-at", "-id"], name="stock_movement_by_kind"),
                    models.Index(fields=["edition", "-at", "-id"], name="stock_movement_of_edition"),
                    models.Index(
                        condition=models.Q(("on_hand_change", 0), _negated=True),
                        fields=["edition", "-id"],
                        name="stock_movement_of_copies",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass(
                            django.db.models.functions.text.Lower(
                                django.db.models.functions.text.Concat(
                                    models.Value(" "), "reason", output_field=models.TextField()
                                )
                            ),
                            name="gin_trgm_ops",
                        ),
                        condition=models.Q(("reason", ""), _negated=True),
                        gin_pending_list_limit=256,
                        name="stock_movement_searched",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(condition=models.Q(("copies__gte", 1)), name="stock_movement_of_something"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("allocated_change", 0),
                                ("kind", "received"),
                                ("on_hand_change", models.F("copies")),
                                ("order_line__isnull", True),
                            ),
                            models.Q(
                                ("allocated_change", models.F("copies")),
                                ("kind", "allocated"),
                                ("on_hand_change", 0),
                                ("order_line__isnull", False),
                            ),
                            models.Q(
                                (
                                    "allocated_change",
                                    django.db.models.expressions.CombinedExpression(models.F("copies"), "*", models.Value(-1)),
                                ),
                                ("kind", "released"),
                                ("on_hand_change", 0),
                                ("order_line__isnull", False),
                            ),
                            models.Q(
                                (
                                    "allocated_change",
                                    django.db.models.expressions.CombinedExpression(models.F("copies"), "*", models.Value(-1)),
                                ),
                                ("kind", "dispatched"),
                                (
                                    "on_hand_change",
                                    django.db.models.expressions.CombinedExpression(models.F("copies"), "*", models.Value(-1)),
                                ),
                                ("order_line__isnull", False),
                            ),
                            models.Q(
                                ("allocated_change", 0),
                                ("copies", django.db.models.functions.math.Abs(models.F("on_hand_change"))),
                                ("kind", "corrected"),
                                ("order_line__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="stock_movement_changes_match_kind",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TitleCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "stock_take",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counts",
                        to="leaflets.stocktake",
                        verbose_name="stock-take",
                    ),
                ),
                (
                    "edition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="counts",
                        to="leaflets.edition",
                        verbose_name="edition",
                    ),
                ),
                ("counted", models.PositiveIntegerField(null=True, verbose_name="counted")),
                ("expected", models.PositiveIntegerField(null=True, verbose_name="expected")),
                ("position", models.BigIntegerField(null=True, verbose_name="last movement before it")),
                ("counted_at", models.DateTimeField(null=True, verbose_name="counted at")),
                (
                    "counted_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="counted by",
                    ),
                ),
                (
                    "correction",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="count_of",
                        to="leaflets.stockmovement",
                        verbose_name="correction",
                    ),
                ),
            ],
            options={
                "verbose_name": "count of a title",
                "verbose_name_plural": "counts of titles",
                "ordering": ["edition__leaflet__position", "-edition__published_on", "pk"],
                "constraints": [
                    models.UniqueConstraint(fields=("stock_take", "edition"), name="title_count_once_a_stock_take"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("counted__isnull", True),
                                ("counted_at__isnull", True),
                                ("expected__isnull", True),
                                ("position__isnull", True),
                            ),
                            models.Q(
                                ("counted__isnull", False),
                                ("counted_at__isnull", False),
                                ("expected__isnull", False),
                                ("position__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="title_count_with_its_moment",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OrderEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("placed", "Order received"),
                            ("requested", "Asked for more than the limit"),
                            ("over-limit", "Limit set aside by staff"),
                            ("approved", "Agreed"),
                            ("declined", "Declined"),
                            ("stocked", "Copies came in for it"),
                            ("changed", "Changed"),
                            ("packing", "Packing started"),
                            ("put-back", "To be packed later"),
                            ("part-sent", "Part of it dispatched"),
                            ("dispatched", "Dispatched"),
                            ("missing", "Told us that a parcel never came"),
                            ("resent", "Sent again in an order of its own"),
                            ("not-resent", "Looked into, and not sent again"),
                            ("replaces", "Made to send a lost parcel again"),
                            ("taken-back", "Fewer copies in stock than we thought, so some come later"),
                            ("forward", "Passed forward"),
                            ("in-line", "Back in its own place"),
                            ("recalled", "A leaflet in it was recalled"),
                            ("cancelled", "Cancelled"),
                        ],
                        max_length=12,
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
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why")),
                ("changes", models.JSONField(blank=True, null=True, verbose_name="what changed")),
            ],
            options={
                "verbose_name": "order event",
                "verbose_name_plural": "order events",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="MissingParcel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "parcel",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="missing",
                        to="leaflets.dispatch",
                        verbose_name="parcel",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("resent", "Sent again"), ("closed", "Closed")],
                        default="open",
                        max_length=6,
                        verbose_name="state",
                    ),
                ),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="what they wrote")),
                ("reported_at", models.DateTimeField(verbose_name="told us")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                (
                    "decided_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=300, verbose_name="why it is closed")),
            ],
            options={
                "verbose_name": "parcel that never came",
                "verbose_name_plural": "parcels that never came",
                "ordering": ["reported_at", "pk"],
                "indexes": [
                    models.Index(fields=["reported_at", "id"], name="missing_oldest"),
                    models.Index(fields=["state", "reported_at", "id"], name="missing_by_state"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("decided_at__isnull", True), ("reason", ""), ("state", "open")),
                            models.Q(models.Q(("state", "open"), _negated=True), ("decided_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="missing_decided_says_when",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("decided_at__isnull", True), ("decided_at__gte", models.F("reported_at")), _connector="OR"
                        ),
                        name="missing_decided_after_it_was_told",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Parcel",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parcels",
                        to="leaflets.packingsession",
                        verbose_name="session",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="packed_in",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(verbose_name="number")),
                (
                    "left_out",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("address", "The address is not clear"),
                            ("ask", "We must ask the person first"),
                            ("damaged", "The leaflets are damaged"),
                            ("time", "No time to pack it"),
                            ("other", "Another reason"),
                        ],
                        max_length=10,
                        verbose_name="left out because",
                    ),
                ),
                ("fewer", models.JSONField(blank=True, default=dict, verbose_name="fewer copies")),
                ("tracking_number", models.CharField(blank=True, max_length=60, verbose_name="tracking number")),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Being packed"),
                            ("sent", "Dispatched"),
                            ("left-out", "Left out"),
                            ("nothing", "Nothing to send"),
                            ("withdrawn", "Has a withdrawn edition"),
                            ("cancelled", "Cancelled meanwhile"),
                            ("elsewhere", "Dealt with on the order’s own page"),
                            ("taken-out", "Taken out"),
                            ("closed", "Session closed"),
                        ],
                        default="",
                        max_length=10,
                        verbose_name="what became of it",
                    ),
                ),
                ("copies", models.PositiveIntegerField(default=0, verbose_name="copies sent")),
                (
                    "dispatch",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parcel",
                        to="leaflets.dispatch",
                        verbose_name="dispatch",
                    ),
                ),
            ],
            options={
                "verbose_name": "parcel",
                "verbose_name_plural": "parcels",
                "ordering": ["number"],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "number"), name="parcel_numbered_once"),
                    models.UniqueConstraint(
                        condition=models.Q(("outcome", "")), fields=("order",), name="parcel_in_one_open_session"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("copies__gte", 1), ("dispatch__isnull", False), ("outcome", "sent")),
                            models.Q(models.Q(("outcome", "sent"), _negated=True), ("copies", 0), ("dispatch__isnull", True)),
                            _connector="OR",
                        ),
                        name="parcel_sent_has_left",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="RecallOrder",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "recall",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="orders",
                        to="leaflets.recall",
                        verbose_name="recall",
                    ),
                ),
                (
                    "order",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="recalls",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                ("moved", models.PositiveIntegerField(verbose_name="copies sent instead")),
                ("to_come", models.PositiveIntegerField(verbose_name="copies that wait")),
                ("cancelled", models.PositiveIntegerField(verbose_name="copies cancelled")),
                ("was_packing", models.BooleanField(verbose_name="was being packed")),
            ],
            options={
                "verbose_name": "order of a recall",
                "verbose_name_plural": "orders of a recall",
                "ordering": ["pk"],
                "constraints": [models.UniqueConstraint(fields=("recall", "order"), name="recall_order_once")],
            },
        ),
        migrations.AddField(
            model_name="order",
            name="replaces",
            field=models.OneToOneField(
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="replacement",
                to="leaflets.missingparcel",
                verbose_name="replaces",
            ),
        ),
    ]
