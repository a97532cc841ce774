import datetime

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.contrib.postgres.fields.ranges
import django.contrib.postgres.indexes
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.comparison
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import BtreeGistExtension
from django.db import migrations, models

import bookings.models.booking
import bookings.models.presenter


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("leaflets", "0001_initial"),
        ("professionals", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        BtreeGistExtension(),
        migrations.CreateModel(
            name="Presentation",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("slug", models.SlugField(max_length=60, unique=True, verbose_name="address on the site")),
                ("title", models.CharField(max_length=150, verbose_name="title")),
                ("summary", models.CharField(help_text="One sentence, shown in lists.", max_length=300, verbose_name="summary")),
                ("description", models.TextField(help_text="Blank lines start a new paragraph.", verbose_name="description")),
                ("audience", models.CharField(max_length=200, verbose_name="for whom")),
                ("length_minutes", models.PositiveSmallIntegerField(verbose_name="length in minutes")),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("workplace", "At your workplace"), ("online", "Online")], max_length=10
                        ),
                        size=None,
                        verbose_name="formats",
                    ),
                ),
                (
                    "active",
                    models.BooleanField(
                        default=True, help_text="Only presentations that are offered can be booked.", verbose_name="offered"
                    ),
                ),
            ],
            options={
                "verbose_name": "presentation",
                "verbose_name_plural": "presentations",
                "ordering": ["title"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("length_minutes__gte", 15), ("length_minutes__lte", 480)),
                        name="presentation_of_sensible_length",
                    ),
                    models.CheckConstraint(condition=models.Q(("formats__len__gte", 1)), name="presentation_has_a_format"),
                ],
            },
        ),
        migrations.CreateModel(
            name="JourneyTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("one", models.CharField(max_length=4, verbose_name="one area")),
                ("other", models.CharField(max_length=4, verbose_name="other area")),
                ("minutes", models.PositiveSmallIntegerField(verbose_name="minutes")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                (
                    "set_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="set by",
                    ),
                ),
                ("set_at", models.DateTimeField(editable=False, verbose_name="set")),
            ],
            options={
                "verbose_name": "journey time",
                "verbose_name_plural": "journey times",
                "ordering": ["one", "other"],
                "constraints": [
                    models.UniqueConstraint(
                        django.db.models.functions.comparison.Least("one", "other"),
                        django.db.models.functions.comparison.Greatest("one", "other"),
                        name="journeytime_once_a_pair",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("minutes__lte", 1440)),
                        name="journeytime_at_most_a_day",
                        violation_error_message="A journey takes a day (1,440 minutes) at most.",
                    ),
                    models.CheckConstraint(condition=models.Q(("reason", ""), _negated=True), name="journeytime_has_a_reason"),
                ],
            },
        ),
        migrations.CreateModel(
            name="Presenter",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=150, verbose_name="name")),
                ("email", models.EmailField(max_length=254, verbose_name="email address")),
                (
                    "user",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="presenter",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="sign-in",
                    ),
                ),
                ("phone", models.CharField(blank=True, max_length=30, verbose_name="phone")),
                ("base_postcode", models.CharField(max_length=9, verbose_name="base postcode")),
                ("base_latitude", models.FloatField(editable=False, verbose_name="base latitude")),
                ("base_longitude", models.FloatField(editable=False, verbose_name="base longitude")),
                ("base_zone", models.CharField(default="mainland", editable=False, max_length=20, verbose_name="base island")),
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
                        help_text="Its bank holidays are days off.",
                        max_length=20,
                        verbose_name="nation",
                    ),
                ),
                ("max_travel_minutes", models.PositiveSmallIntegerField(default=120, verbose_name="longest journey in minutes")),
                ("earliest_leaving", models.TimeField(default=datetime.time(7, 0), verbose_name="leaves the base from")),
                ("latest_return", models.TimeField(default=datetime.time(19, 0), verbose_name="is back at the base by")),
                (
                    "nations_covered",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
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
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="nations covered",
                    ),
                ),
                (
                    "areas_covered",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=2),
                        blank=True,
                        default=list,
                        help_text="The letters that postcodes start with, such as LS, BD, HD.",
                        size=None,
                        verbose_name="postcode areas covered",
                    ),
                ),
                (
                    "formats",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[("workplace", "At your workplace"), ("online", "Online")], max_length=10
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="formats",
                    ),
                ),
                (
                    "audiences",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("mixed", "A mix of professions"),
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
                        ),
                        blank=True,
                        default=list,
                        size=None,
                        verbose_name="audiences",
                    ),
                ),
                ("most_a_day", models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="most presentations a day")),
                (
                    "most_a_week",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="most presentations a week"),
                ),
                (
                    "notice_working_days",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="notice in working days"),
                ),
                (
                    "horizon_days",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="bookable how many days ahead"),
                ),
                (
                    "joining_link",
                    models.URLField(
                        blank=True,
                        validators=[bookings.models.presenter.validate_https],
                        verbose_name="joining link for online presentations",
                    ),
                ),
                ("active", models.BooleanField(default=True, verbose_name="gives presentations")),
                (
                    "presentations",
                    models.ManyToManyField(
                        blank=True, related_name="presenters", to="bookings.presentation", verbose_name="presentations"
                    ),
                ),
            ],
            options={
                "verbose_name": "presenter",
                "verbose_name_plural": "presenters",
                "ordering": ["name", "pk"],
                "permissions": [("give_presentations", "Can give presentations: own diary, visits, hours and leave")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("latest_return__gt", models.F("earliest_leaving"))),
                        name="presenter_returns_after_leaving",
                        violation_error_message="Being back at the base must come after leaving it.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("joining_link", ""), ("joining_link__startswith", "https://"), _connector="OR"),
                        name="presenter_joining_link_is_https",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Booking",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=10, unique=True, verbose_name="reference")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bookings",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "presentation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bookings",
                        to="bookings.presentation",
                        verbose_name="presentation",
                    ),
                ),
                (
                    "presenter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="bookings",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Requested"),
                            ("confirmed", "Confirmed"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("workplace", "At your workplace"), ("online", "Online")], max_length=10, verbose_name="format"
                    ),
                ),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="starts")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="ends")),
                ("address_line_1", models.CharField(blank=True, max_length=120, verbose_name="address line 1")),
                ("address_line_2", models.CharField(blank=True, max_length=120, verbose_name="address line 2")),
                ("town", models.CharField(blank=True, max_length=80, verbose_name="town or city")),
                ("postcode", models.CharField(blank=True, max_length=9, verbose_name="postcode")),
                (
                    "nation",
                    models.CharField(
                        blank=True,
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
                (
                    "local_authority",
                    models.CharField(
                        blank=True, help_text="Its code in statistics.", max_length=9, verbose_name="local authority"
                    ),
                ),
                ("room", models.CharField(blank=True, max_length=200, verbose_name="room, parking or entrance")),
                (
                    "own_joining_link",
                    models.URLField(
                        blank=True, validators=[bookings.models.presenter.validate_https], verbose_name="joining link of its own"
                    ),
                ),
                ("audience_size", models.PositiveSmallIntegerField(verbose_name="people coming")),
                (
                    "audience_profession",
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
                        max_length=30,
                        verbose_name="who is coming",
                    ),
                ),
                ("contact_name", models.CharField(max_length=150, verbose_name="contact on the day")),
                ("contact_phone", models.CharField(max_length=30, verbose_name="contact’s phone")),
                ("access_needs", models.TextField(blank=True, verbose_name="access needs")),
                ("notes", models.TextField(blank=True, verbose_name="anything else")),
                ("request_reason", models.TextField(blank=True, verbose_name="why none of our times suits")),
                ("flagged_child_details", models.BooleanField(default=False, verbose_name="looked like a child’s details")),
                (
                    "channel",
                    models.CharField(
                        choices=[("web", "Website"), ("phone", "Phone"), ("email", "Email")],
                        max_length=10,
                        verbose_name="came by",
                    ),
                ),
                ("sequence", models.PositiveIntegerField(default=0, editable=False, verbose_name="calendar sequence")),
                ("revision", models.PositiveIntegerField(default=0, verbose_name="changes to its details")),
                (
                    "ical_uid",
                    models.CharField(
                        default=bookings.models.booking.new_uid,
                        editable=False,
                        max_length=120,
                        unique=True,
                        verbose_name="calendar UID",
                    ),
                ),
                (
                    "visit_closed",
                    models.BooleanField(default=False, editable=False, verbose_name="nobody is waited for at its visit"),
                ),
                (
                    "submission_token",
                    models.CharField(blank=True, max_length=43, null=True, unique=True, verbose_name="one-time token"),
                ),
                ("submission_digest", models.CharField(blank=True, max_length=64, verbose_name="digest of the answers")),
                ("closed_reason", models.TextField(blank=True, verbose_name="why it was cancelled or declined")),
                ("created_at", models.DateTimeField(verbose_name="booked")),
                ("anonymised_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out")),
                ("searched", models.TextField(default="", editable=False, verbose_name="words that staff search")),
            ],
            options={
                "verbose_name": "booking",
                "verbose_name_plural": "bookings",
                "ordering": ["-starts_at", "-pk"],
                "permissions": [("hand_over_booking", "Can hand bookings over to a colleague of their owner")],
                "indexes": [
                    models.Index(fields=["person", "-starts_at", "-id"], name="booking_of_a_person"),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "confirmed"))),
                        fields=["person", "ends_at"],
                        name="booking_ahead_of_a_person",
                    ),
                    models.Index(fields=["state", "starts_at"], name="booking_by_state"),
                    models.Index(fields=["-starts_at", "-id"], name="booking_newest"),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "confirmed"))),
                        fields=["starts_at", "id"],
                        name="booking_open",
                    ),
                    models.Index(
                        condition=models.Q(("state__in", ("requested", "confirmed")), _negated=True),
                        fields=["-starts_at", "-id"],
                        name="booking_closed",
                    ),
                    models.Index(fields=["format", "-starts_at", "-id"], name="booking_by_format"),
                    models.Index(fields=["nation", "-starts_at", "-id"], name="booking_by_nation"),
                    models.Index(fields=["local_authority", "-starts_at", "-id"], name="booking_by_authority"),
                    models.Index(fields=["presenter", "-starts_at", "-id"], name="booking_of_a_presenter"),
                    models.Index(fields=["postcode", "-starts_at", "-id"], name="booking_by_postcode"),
                    models.Index(fields=["-created_at", "-id"], name="booking_last_asked"),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("searched", name="gin_trgm_ops"),
                        gin_pending_list_limit=256,
                        name="booking_searched",
                    ),
                    models.Index(
                        condition=models.Q(
                            ("format", "workplace"),
                            ("state__in", ["confirmed", "delivered", "cancelled"]),
                            ("visit_closed", False),
                        ),
                        fields=["starts_at", "id"],
                        name="booking_visit_open",
                    ),
                    models.Index(
                        django.db.models.functions.comparison.Coalesce("ends_at", "created_at"),
                        condition=models.Q(("anonymised_at__isnull", True)),
                        name="booking_kept",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="booking_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ends_at__isnull", False), ("starts_at__isnull", False)),
                            models.Q(
                                ("ends_at__isnull", True),
                                ("presenter__isnull", True),
                                ("starts_at__isnull", True),
                                ("state__in", ["requested", "cancelled", "declined"]),
                            ),
                            _connector="OR",
                        ),
                        name="booking_has_a_time_or_is_a_request",
                    ),
                    models.CheckConstraint(condition=models.Q(("audience_size__gte", 1)), name="booking_has_an_audience"),
                    models.CheckConstraint(
                        condition=models.Q(("format", "online"), models.Q(("postcode", ""), _negated=True), _connector="OR"),
                        name="booking_at_a_workplace_has_a_postcode",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("own_joining_link", ""),
                            models.Q(("format", "online"), ("own_joining_link__startswith", "https://")),
                            _connector="OR",
                        ),
                        name="booking_joining_link_is_https",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booked", "Booked"),
                            ("requested", "Requested"),
                            ("confirmed", "Confirmed"),
                            ("declined", "Declined"),
                            ("cancelled", "Cancelled"),
                            ("delivered", "Delivered"),
                            ("presenter-freed", "Needs a presenter"),
                            ("reassigned", "Presenter changed"),
                            ("offered", "Times offered"),
                            ("others-asked", "Other times asked for"),
                            ("lapsed", "Dates no longer kept"),
                            ("rescheduled", "Moved to another time"),
                            ("details-changed", "Details changed"),
                            ("handed-over", "Handed over to a colleague"),
                            ("travel-set", "Travel minutes set"),
                            ("checked-in", "Presenter checked in"),
                            ("checked-out", "Presenter checked out"),
                            ("said-safe", "Said to be safe"),
                            ("link-set", "Joining link changed"),
                            ("attendance", "Attendance recorded"),
                            ("erased", "Personal details erased"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                (
                    "from_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("requested", "Requested"),
                            ("confirmed", "Confirmed"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                        ],
                        max_length=10,
                        verbose_name="from",
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("requested", "Requested"),
                            ("confirmed", "Confirmed"),
                            ("delivered", "Delivered"),
                            ("cancelled", "Cancelled"),
                            ("declined", "Declined"),
                        ],
                        max_length=10,
                        verbose_name="to",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="why")),
                ("changes", models.JSONField(blank=True, default=dict, verbose_name="what changed")),
            ],
            options={
                "verbose_name": "event",
                "verbose_name_plural": "events",
                "ordering": ["at", "pk"],
                "indexes": [
                    models.Index(condition=models.Q(("kind", "handed-over")), fields=["booking"], name="booking_handed_over")
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionSeries",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(help_text="Only colleagues see it.", max_length=100, verbose_name="name")),
                ("created_at", models.DateTimeField(verbose_name="planned")),
            ],
            options={
                "verbose_name": "series",
                "verbose_name_plural": "series",
                "ordering": ["-created_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="OpenSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(editable=False, max_length=10, unique=True, verbose_name="reference")),
                (
                    "presentation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="open_sessions",
                        to="bookings.presentation",
                        verbose_name="presentation",
                    ),
                ),
                (
                    "presenter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="open_sessions",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                (
                    "series",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="sessions",
                        to="bookings.sessionseries",
                        verbose_name="series",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[("scheduled", "Scheduled"), ("delivered", "Delivered"), ("cancelled", "Cancelled")],
                        default="scheduled",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                ("capacity", models.PositiveSmallIntegerField(verbose_name="places")),
                ("occupied", models.PositiveSmallIntegerField(default=0, editable=False, verbose_name="places taken or offered")),
                ("waiting", models.PositiveIntegerField(default=0, editable=False, verbose_name="people waiting")),
                ("last_position", models.PositiveIntegerField(default=0, editable=False, verbose_name="last position given")),
                (
                    "own_joining_link",
                    models.URLField(
                        blank=True, validators=[bookings.models.presenter.validate_https], verbose_name="joining link of its own"
                    ),
                ),
                (
                    "joining_help",
                    models.CharField(blank=True, help_text="A meeting code, say.", max_length=300, verbose_name="how to join"),
                ),
                (
                    "details_sent_at",
                    models.DateTimeField(blank=True, editable=False, null=True, verbose_name="joining details sent"),
                ),
                ("sequence", models.PositiveIntegerField(default=0, editable=False, verbose_name="calendar sequence")),
                (
                    "ical_uid",
                    models.CharField(
                        default=bookings.models.booking.new_uid,
                        editable=False,
                        max_length=120,
                        unique=True,
                        verbose_name="calendar UID",
                    ),
                ),
                ("closed_reason", models.TextField(blank=True, verbose_name="why it was cancelled")),
                (
                    "plan_token",
                    models.CharField(
                        blank=True, editable=False, max_length=43, null=True, unique=True, verbose_name="one-time token"
                    ),
                ),
                ("created_at", models.DateTimeField(verbose_name="planned")),
                ("anonymised_at", models.DateTimeField(blank=True, editable=False, null=True, verbose_name="details taken out")),
            ],
            options={
                "verbose_name": "open session",
                "verbose_name_plural": "open sessions",
                "ordering": ["starts_at", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("state", "scheduled")), fields=["starts_at", "id"], name="session_scheduled"
                    ),
                    models.Index(condition=models.Q(("state", "scheduled")), fields=["ends_at", "id"], name="session_ending"),
                    models.Index(fields=["-starts_at", "-id"], name="session_newest"),
                    models.Index(condition=models.Q(("anonymised_at__isnull", True)), fields=["ends_at"], name="session_kept"),
                    models.Index(fields=["presenter", "starts_at", "id"], name="session_of_a_presenter"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="session_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("capacity__gte", 1), ("capacity__lte", 1000)), name="session_of_sensible_size"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("occupied__gte", 0), ("occupied__lte", models.F("capacity"))),
                        name="session_never_over_capacity",
                    ),
                    models.CheckConstraint(condition=models.Q(("waiting__gte", 0)), name="session_waiting_is_counted"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("own_joining_link", ""), ("own_joining_link__startswith", "https://"), _connector="OR"
                        ),
                        name="session_joining_link_is_https",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="places",
                        to="bookings.opensession",
                        verbose_name="session",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="session_places",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("taken", "Taken"),
                            ("waiting", "Waiting"),
                            ("offered", "Offered"),
                            ("given-up", "Given up"),
                            ("attended", "Attended"),
                        ],
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0, verbose_name="position")),
                ("offer_expires_at", models.DateTimeField(blank=True, null=True, verbose_name="offered until")),
                ("access_needs", models.TextField(blank=True, verbose_name="access needs")),
                ("flagged_child_details", models.BooleanField(default=False, verbose_name="looked like a child’s details")),
                (
                    "channel",
                    models.CharField(
                        choices=[("web", "Website"), ("phone", "Phone"), ("email", "Email")],
                        max_length=10,
                        verbose_name="came by",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=0, verbose_name="changes that its person was told of")),
                (
                    "submission_token",
                    models.CharField(blank=True, max_length=43, null=True, unique=True, verbose_name="one-time token"),
                ),
                ("created_at", models.DateTimeField(verbose_name="asked for")),
            ],
            options={
                "verbose_name": "place",
                "verbose_name_plural": "places",
                "ordering": ["session", "position"],
                "indexes": [
                    models.Index(fields=["person", "-id"], name="sessionplace_of_a_person"),
                    models.Index(fields=["session", "state", "position"], name="sessionplace_in_line"),
                    models.Index(
                        condition=models.Q(("state", "offered")), fields=["offer_expires_at"], name="sessionplace_offers"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("session", "person"), name="sessionplace_one_a_person"),
                    models.UniqueConstraint(fields=("session", "position"), name="sessionplace_one_a_position"),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("offer_expires_at__isnull", False), ("state", "offered")),
                            models.Q(models.Q(("state", "offered"), _negated=True), ("offer_expires_at", None)),
                            _connector="OR",
                        ),
                        name="sessionplace_only_offers_run_out",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SessionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "session",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="events",
                        to="bookings.opensession",
                        verbose_name="session",
                    ),
                ),
                (
                    "place",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="events",
                        to="bookings.sessionplace",
                        verbose_name="place",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="by",
                    ),
                ),
                ("at", models.DateTimeField(verbose_name="when")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("planned", "Planned"),
                            ("moved", "Moved to another time"),
                            ("capacity", "Number of places changed"),
                            ("link-set", "Joining details changed"),
                            ("details-sent", "Joining details sent"),
                            ("presenter-freed", "Needs a presenter"),
                            ("reassigned", "Presenter changed"),
                            ("cancelled", "Cancelled"),
                            ("delivered", "Delivered"),
                            ("taken", "Place taken"),
                            ("joined", "Joined the waiting list"),
                            ("offered", "Place offered"),
                            ("accepted", "Offer accepted"),
                            ("lapsed", "Offer ran out"),
                            ("given-up", "Place given up"),
                            ("bumped", "Moved back to the waiting list"),
                            ("attended", "Attended"),
                            ("attendance", "Attendance recorded"),
                        ],
                        max_length=20,
                        verbose_name="what",
                    ),
                ),
                ("reason", models.TextField(blank=True, verbose_name="why")),
                ("changes", models.JSONField(blank=True, default=dict, verbose_name="what changed")),
            ],
            options={
                "verbose_name": "event of a session",
                "verbose_name_plural": "events of sessions",
                "ordering": ["at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="PlaceLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="bookings.sessionplace",
                        verbose_name="place",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("see", "See it, and take what is offered"), ("leave", "Give it up")],
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True, verbose_name="hash of the token")),
                ("address_hash", models.CharField(max_length=64, verbose_name="hash of the address")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="expires")),
            ],
            options={
                "verbose_name": "link in an email about a place",
                "verbose_name_plural": "links in emails about places",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))), name="placelink_expires_after_it_is_made"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="placelink_keeps_a_hash_only"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Afterwards",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "session",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s",
                        to="bookings.opensession",
                        verbose_name="open session",
                    ),
                ),
                ("code", models.CharField(max_length=6, unique=True, verbose_name="code")),
                ("created_at", models.DateTimeField(verbose_name="made")),
            ],
            options={
                "verbose_name": "what people said",
                "verbose_name_plural": "what people said",
                "ordering": ["-pk"],
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("booking__isnull", False), ("session__isnull", True)),
                            models.Q(("booking__isnull", True), ("session__isnull", False)),
                            _connector="OR",
                        ),
                        name="afterwards_of_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[234679ACDEFGHJKMNPQRTWXYZ]{6}$")),
                        name="afterwards_code_can_be_typed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "afterwards",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="answers",
                        to="bookings.afterwards",
                        verbose_name="of which",
                    ),
                ),
                ("by_host", models.BooleanField(default=False, verbose_name="by the host")),
                (
                    "useful",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (5, "I agree strongly"),
                            (4, "I agree"),
                            (3, "I am not sure"),
                            (2, "I disagree"),
                            (1, "I disagree strongly"),
                        ],
                        verbose_name="The presentation was useful for my work.",
                    ),
                ),
                (
                    "clear",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (5, "I agree strongly"),
                            (4, "I agree"),
                            (3, "I am not sure"),
                            (2, "I disagree"),
                            (1, "I disagree strongly"),
                        ],
                        verbose_name="I understood it well.",
                    ),
                ),
                (
                    "ready",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (5, "I agree strongly"),
                            (4, "I agree"),
                            (3, "I am not sure"),
                            (2, "I disagree"),
                            (1, "I disagree strongly"),
                        ],
                        verbose_name="I know what to do now if I am worried about a child.",
                    ),
                ),
                (
                    "arranging",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        choices=[
                            (5, "I agree strongly"),
                            (4, "I agree"),
                            (3, "I am not sure"),
                            (2, "I disagree"),
                            (1, "I disagree strongly"),
                        ],
                        null=True,
                        verbose_name="It was easy to arrange.",
                    ),
                ),
                ("comment", models.TextField(blank=True, verbose_name="what could be better")),
                ("flagged_child_details", models.BooleanField(default=False, verbose_name="looked like a child’s details")),
                ("token", models.CharField(max_length=43, unique=True, verbose_name="one-time token")),
                ("received_on", models.DateField(verbose_name="received")),
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ["-pk"],
                "indexes": [models.Index(fields=["afterwards", "-id"], name="feedback_of_a_presentation")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("by_host", True)), fields=("afterwards",), name="feedback_of_a_host_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("clear__range", (1, 5)), ("ready__range", (1, 5)), ("useful__range", (1, 5))),
                        name="feedback_from_1_to_5",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("arranging__range", (1, 5)), ("by_host", True)),
                            models.Q(("arranging__isnull", True), ("by_host", False)),
                            _connector="OR",
                        ),
                        name="feedback_arranging_by_the_host",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="YearLater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="yearlater",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "place",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="yearlater",
                        to="bookings.sessionplace",
                        verbose_name="place",
                    ),
                ),
                ("wished_at", models.DateTimeField(verbose_name="wished")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("told_at", models.DateTimeField(blank=True, null=True, verbose_name="told")),
            ],
            options={
                "verbose_name": "reminder a year later",
                "verbose_name_plural": "reminders a year later",
                "indexes": [
                    models.Index(condition=models.Q(("told_at__isnull", True)), fields=["due_at", "id"], name="yearlater_due")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("booking__isnull", False), ("place__isnull", True)),
                            models.Q(("booking__isnull", True), ("place__isnull", False)),
                            _connector="OR",
                        ),
                        name="yearlater_of_one",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "session",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)s",
                        to="bookings.opensession",
                        verbose_name="open session",
                    ),
                ),
                ("people", models.PositiveSmallIntegerField(verbose_name="people who came")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
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
                ("revision", models.PositiveIntegerField(default=0, verbose_name="times put right")),
            ],
            options={
                "verbose_name": "attendance",
                "verbose_name_plural": "attendances",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("booking__isnull", False), ("session__isnull", True)),
                            models.Q(("booking__isnull", True), ("session__isnull", False)),
                            _connector="OR",
                        ),
                        name="attendance_of_one",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("people__gte", 1), ("people__lte", 1000)), name="attendance_of_somebody"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("changed_at__gte", models.F("recorded_at"))),
                        name="attendance_recorded_before_changed",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AttendanceCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "attendance",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="counts",
                        to="bookings.attendance",
                        verbose_name="attendance",
                    ),
                ),
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
                ("people", models.PositiveSmallIntegerField(verbose_name="people")),
            ],
            options={
                "verbose_name": "people of a profession",
                "verbose_name_plural": "people of a profession",
                "ordering": ["attendance", "-people", "profession"],
                "constraints": [
                    models.UniqueConstraint(fields=("attendance", "profession"), name="attendancecount_once_a_profession"),
                    models.CheckConstraint(condition=models.Q(("people__gte", 1)), name="attendancecount_of_somebody"),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "profession__in",
                                [
                                    "health-visitor",
                                    "social-worker",
                                    "emergency-care",
                                    "midwife",
                                    "school-nurse",
                                    "gp",
                                    "teacher",
                                    "police-officer",
                                    "immigration-officer",
                                    "foster-carer",
                                    "youth-worker",
                                    "other",
                                ],
                            )
                        ),
                        name="attendancecount_of_a_known_profession",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Availability",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "presenter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="availability",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                (
                    "weekday",
                    models.PositiveSmallIntegerField(
                        choices=[
                            (0, "Monday"),
                            (1, "Tuesday"),
                            (2, "Wednesday"),
                            (3, "Thursday"),
                            (4, "Friday"),
                            (5, "Saturday"),
                            (6, "Sunday"),
                        ],
                        verbose_name="weekday",
                    ),
                ),
                ("start", models.TimeField(verbose_name="from")),
                ("end", models.TimeField(verbose_name="to")),
                ("valid_from", models.DateField(verbose_name="first day")),
                (
                    "valid_until",
                    models.DateField(blank=True, help_text="Leave empty if it goes on.", null=True, verbose_name="last day"),
                ),
            ],
            options={
                "verbose_name": "availability",
                "verbose_name_plural": "availability",
                "ordering": ["weekday", "start"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("end__gt", models.F("start"))),
                        name="availability_ends_after_it_starts",
                        violation_error_message="It must end after it starts, on the same day.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("valid_until__isnull", True), ("valid_until__gte", models.F("valid_from")), _connector="OR"
                        ),
                        name="availability_dates_in_order",
                        violation_error_message="The last day must not come before the first.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AvailabilityException",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "presenter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="exceptions",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                ("first_day", models.DateField(verbose_name="first day")),
                ("last_day", models.DateField(verbose_name="last day")),
                ("start", models.TimeField(blank=True, null=True, verbose_name="from")),
                (
                    "end",
                    models.TimeField(
                        blank=True, help_text="Leave both times empty for no hours at all.", null=True, verbose_name="to"
                    ),
                ),
            ],
            options={
                "verbose_name": "exception",
                "verbose_name_plural": "exceptions",
                "ordering": ["first_day", "start", "pk"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("last_day__gte", models.F("first_day"))),
                        name="exception_dates_in_order",
                        violation_error_message="The last day must not come before the first.",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("end__isnull", True), ("start__isnull", True)),
                            models.Q(("end__gt", models.F("start")), ("end__isnull", False), ("start__isnull", False)),
                            _connector="OR",
                        ),
                        name="exception_has_hours_or_none",
                        violation_error_message="Enter both times, the end after the start, or leave both empty.",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Brought",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="brought",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "order",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="leaflets.order",
                        verbose_name="order",
                    ),
                ),
                ("missing", models.JSONField(default=list, verbose_name="what was not there")),
            ],
            options={
                "verbose_name": "leaflets brought to a visit",
                "verbose_name_plural": "leaflets brought to visits",
            },
        ),
        migrations.CreateModel(
            name="Leave",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "presenter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leave",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("holiday", "Annual leave"),
                            ("illness", "Illness"),
                            ("training", "Training or other work"),
                            ("other", "Other"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="note")),
                (
                    "state",
                    models.CharField(
                        choices=[("asked", "Asked for"), ("granted", "Granted"), ("refused", "Refused")],
                        default="granted",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                ("asked_by_presenter", models.BooleanField(default=False, verbose_name="asked for by the presenter")),
                ("answer", models.CharField(blank=True, max_length=300, verbose_name="why it was refused")),
                ("flagged_child_details", models.BooleanField(default=False, verbose_name="looked like a child’s details")),
                ("decided_at", models.DateTimeField(blank=True, null=True, verbose_name="decided")),
                ("created_at", models.DateTimeField(verbose_name="entered")),
            ],
            options={
                "verbose_name": "leave",
                "verbose_name_plural": "leave",
                "ordering": ["-starts_at", "pk"],
                "indexes": [
                    models.Index(
                        condition=models.Q(
                            models.Q(("reason", ""), _negated=True), models.Q(("answer", ""), _negated=True), _connector="OR"
                        ),
                        fields=["ends_at"],
                        name="leave_with_words",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="leave_ends_after_it_starts"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="DateOption",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="options",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[("preferred", "Asked for"), ("proposed", "Offered by us")], max_length=10, verbose_name="kind"
                    ),
                ),
                (
                    "precision",
                    models.CharField(
                        choices=[
                            ("time", "At a certain time"),
                            ("morning", "In the morning"),
                            ("afternoon", "In the afternoon"),
                            ("day", "At any time of the day"),
                            ("days", "On one of several days"),
                        ],
                        default="time",
                        max_length=10,
                        verbose_name="how exactly",
                    ),
                ),
                ("starts_at", models.DateTimeField(verbose_name="starts")),
                ("ends_at", models.DateTimeField(verbose_name="ends")),
                (
                    "state",
                    models.CharField(
                        choices=[("open", "Open"), ("taken", "Taken"), ("passed", "Passed over"), ("expired", "Lapsed")],
                        default="open",
                        max_length=10,
                        verbose_name="state",
                    ),
                ),
                (
                    "presenter",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="options",
                        to="bookings.presenter",
                        verbose_name="kept with",
                    ),
                ),
                ("kept_from", models.DateTimeField(blank=True, null=True, verbose_name="kept from")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="kept until")),
                (
                    "why_not",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("days", "Several days are not kept."),
                            ("over", "No time was left in it when it was asked for."),
                            ("enough", "As many dates as may be were kept for this person already."),
                            ("busy", "No presenter was free then when it was asked for, travel included."),
                            (
                                "outside",
                                "It was outside the hours, the area or another rule of each presenter who was free then.",
                            ),
                            ("beside", "Who was free then is kept for another of these dates."),
                            ("away", "The presenter with whom it was kept is away then."),
                        ],
                        db_default="",
                        default="",
                        max_length=10,
                        verbose_name="why it is not kept",
                    ),
                ),
            ],
            options={
                "verbose_name": "date",
                "verbose_name_plural": "dates",
                "ordering": ["pk"],
                "indexes": [
                    models.Index(condition=models.Q(("state", "open")), fields=["expires_at"], name="dateoption_lapsing")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="dateoption_ends_after_it_starts"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expires_at__isnull", True), ("kept_from__isnull", True), ("presenter__isnull", True)),
                            models.Q(("expires_at__isnull", False), ("kept_from__isnull", False), ("presenter__isnull", False)),
                            _connector="OR",
                        ),
                        name="dateoption_kept_whole_or_not",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kept_from__isnull", True),
                            models.Q(("kept_from", models.F("starts_at")), ("precision", "time")),
                            models.Q(
                                models.Q(("precision__in", ["time", "days"]), _negated=True),
                                ("kept_from__gte", models.F("starts_at")),
                                ("kept_from__lt", models.F("ends_at")),
                            ),
                            _connector="OR",
                        ),
                        name="dateoption_kept_within_itself",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("kind", "proposed"), _negated=True),
                            models.Q(("precision", "time"), ("presenter__isnull", False)),
                            _connector="OR",
                        ),
                        name="dateoption_offered_is_kept",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("why_not", ""),
                            models.Q(("kept_from__isnull", True), models.Q(("why_not", "away"), _negated=True)),
                            models.Q(("kept_from__isnull", False), ("why_not", "away")),
                            _connector="OR",
                        ),
                        name="dateoption_why_it_is_not_kept",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "taken")), fields=("booking",), name="dateoption_one_is_taken"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Hold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "draft",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="hold",
                        to="professionals.draft",
                        verbose_name="draft",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "presenter",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                (
                    "presentation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="holds",
                        to="bookings.presentation",
                        verbose_name="presentation",
                    ),
                ),
                (
                    "format",
                    models.CharField(
                        choices=[("workplace", "At your workplace"), ("online", "Online")], max_length=10, verbose_name="format"
                    ),
                ),
                ("postcode", models.CharField(blank=True, max_length=9, verbose_name="postcode")),
                ("start", models.DateTimeField(verbose_name="start")),
                ("held_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="kept since")),
                ("extended_at", models.DateTimeField(blank=True, null=True, verbose_name="extended")),
                ("expires_at", models.DateTimeField(verbose_name="expires")),
                ("client", models.CharField(blank=True, max_length=64, verbose_name="kept from")),
            ],
            options={
                "verbose_name": "hold",
                "verbose_name_plural": "holds",
                "indexes": [models.Index(fields=["client", "expires_at"], name="hold_client")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "expires_at__lte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("held_at"), "+", models.Value(datetime.timedelta(seconds=900))
                                ),
                            ),
                            models.Q(
                                (
                                    "expires_at__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("held_at"), "+", models.Value(datetime.timedelta(seconds=1800))
                                    ),
                                ),
                                ("extended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="hold_is_extended_once",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="BusyTime",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "presenter",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="busy_times",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("booking", "Booking"),
                            ("hold", "Hold"),
                            ("leave", "Leave"),
                            ("option", "Date kept for a request"),
                            ("session", "Open session"),
                        ],
                        max_length=10,
                        verbose_name="kind",
                    ),
                ),
                ("busy", django.contrib.postgres.fields.ranges.DateTimeRangeField(verbose_name="time")),
                ("live", models.BooleanField(default=True, verbose_name="live")),
                ("postcode", models.CharField(blank=True, max_length=9, verbose_name="postcode")),
                ("latitude", models.FloatField(blank=True, null=True, verbose_name="latitude")),
                ("longitude", models.FloatField(blank=True, null=True, verbose_name="longitude")),
                ("zone", models.CharField(blank=True, max_length=20, verbose_name="island")),
                (
                    "travel_minutes",
                    models.PositiveSmallIntegerField(blank=True, null=True, verbose_name="travel minutes set by staff"),
                ),
                ("travel_reason", models.CharField(blank=True, max_length=200, verbose_name="reason for the travel minutes")),
                ("expires_at", models.DateTimeField(blank=True, null=True, verbose_name="expires")),
                (
                    "booking",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_time",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "leave",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_time",
                        to="bookings.leave",
                        verbose_name="leave",
                    ),
                ),
                (
                    "hold",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_time",
                        to="bookings.hold",
                        verbose_name="hold",
                    ),
                ),
                (
                    "option",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_time",
                        to="bookings.dateoption",
                        verbose_name="date",
                    ),
                ),
                (
                    "session",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="busy_time",
                        to="bookings.opensession",
                        verbose_name="open session",
                    ),
                ),
            ],
            options={
                "verbose_name": "busy time",
                "verbose_name_plural": "busy time",
                "ordering": ["busy"],
                "indexes": [
                    models.Index(
                        models.F("presenter"),
                        models.Func(models.F("busy"), function="lower", output_field=models.DateTimeField()),
                        condition=models.Q(("latitude__isnull", False), ("live", True)),
                        name="busytime_visits_in_order",
                    ),
                    models.Index(
                        models.F("presenter"),
                        models.Func(models.F("busy"), function="upper", output_field=models.DateTimeField()),
                        condition=models.Q(("live", True)),
                        include=(
                            "busy",
                            "expires_at",
                            "postcode",
                            "latitude",
                            "longitude",
                            "zone",
                            "travel_minutes",
                            "kind",
                            "booking",
                            "hold",
                            "option",
                        ),
                        name="busytime_to_come",
                    ),
                    models.Index(
                        condition=models.Q(("expires_at__isnull", False)),
                        fields=["presenter", "expires_at"],
                        name="busytime_expiring",
                    ),
                    models.Index(
                        models.Func(models.F("busy"), function="upper", output_field=models.DateTimeField()),
                        name="busytime_by_end",
                    ),
                    models.Index(fields=["busy", "id"], name="busytime_in_order"),
                    models.Index(fields=["presenter", "busy", "id"], name="busytime_of_a_presenter"),
                    models.Index(fields=["kind", "busy", "id"], name="busytime_by_kind"),
                    models.Index(fields=["postcode", "busy", "id"], name="busytime_by_postcode"),
                ],
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("live", True)),
                        expressions=[("presenter", "="), ("busy", "&&")],
                        name="busytime_no_overlap",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("booking__isnull", False),
                                ("hold__isnull", True),
                                ("kind", "booking"),
                                ("leave__isnull", True),
                                ("option__isnull", True),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("booking__isnull", True),
                                ("hold__isnull", True),
                                ("kind", "leave"),
                                ("leave__isnull", False),
                                ("option__isnull", True),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("booking__isnull", True),
                                ("hold__isnull", False),
                                ("kind", "hold"),
                                ("leave__isnull", True),
                                ("option__isnull", True),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("booking__isnull", True),
                                ("hold__isnull", True),
                                ("kind", "option"),
                                ("leave__isnull", True),
                                ("option__isnull", False),
                                ("session__isnull", True),
                            ),
                            models.Q(
                                ("booking__isnull", True),
                                ("hold__isnull", True),
                                ("kind", "session"),
                                ("leave__isnull", True),
                                ("option__isnull", True),
                                ("session__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="busytime_belongs_to_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("busy__endswith__isnull", False), ("busy__isempty", False), ("busy__startswith__isnull", False)
                        ),
                        name="busytime_has_a_start_and_an_end",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("latitude__isnull", True), ("longitude__isnull", True), ("postcode", ""), ("zone", "")),
                            models.Q(
                                ("latitude__isnull", False),
                                ("longitude__isnull", False),
                                models.Q(("postcode", ""), _negated=True),
                                models.Q(("zone", ""), _negated=True),
                                models.Q(("kind", "leave"), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="busytime_place_is_whole_or_absent",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("expires_at__isnull", False), ("kind__in", ("hold", "option"))),
                            models.Q(models.Q(("kind__in", ("hold", "option")), _negated=True), ("expires_at__isnull", True)),
                            _connector="OR",
                        ),
                        name="busytime_only_holds_and_options_expire",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("travel_minutes__isnull", True), ("travel_minutes__lte", 1440), _connector="OR"),
                        name="busytime_travel_at_most_a_day",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CalendarFeed",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_feeds",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="made by",
                    ),
                ),
                (
                    "person",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_feed",
                        to="professionals.person",
                        verbose_name="person",
                    ),
                ),
                (
                    "presenter",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="calendar_feed",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                ("seed", models.CharField(max_length=43, unique=True, verbose_name="seed of the token")),
                ("token_hash", models.CharField(max_length=64, unique=True, verbose_name="hash of the token")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("digest", models.CharField(blank=True, max_length=64, verbose_name="digest of what was in it")),
                ("changed_at", models.DateTimeField(blank=True, null=True, verbose_name="changed")),
                ("read_at", models.DateTimeField(blank=True, null=True, verbose_name="read by a calendar")),
            ],
            options={
                "verbose_name": "calendar address",
                "verbose_name_plural": "calendar addresses",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("person__isnull", False), ("presenter__isnull", True)),
                            models.Q(("person__isnull", True), ("presenter__isnull", False)),
                            _connector="OR",
                        ),
                        name="calendarfeed_of_one_owner",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="calendarfeed_keeps_a_hash_only"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BookingLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="links",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "purpose",
                    models.CharField(
                        choices=[("change", "See it and change its time"), ("cancel", "Cancel it")],
                        max_length=10,
                        verbose_name="purpose",
                    ),
                ),
                ("token_hash", models.CharField(max_length=64, unique=True, verbose_name="hash of the token")),
                ("address_hash", models.CharField(max_length=64, verbose_name="hash of the address")),
                ("created_at", models.DateTimeField(verbose_name="made")),
                ("expires_at", models.DateTimeField(db_index=True, verbose_name="expires")),
            ],
            options={
                "verbose_name": "link in an email",
                "verbose_name_plural": "links in emails",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("created_at"))), name="link_expires_after_it_is_made"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="link_keeps_a_hash_only"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Visit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "booking",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="visit",
                        to="bookings.booking",
                        verbose_name="booking",
                    ),
                ),
                (
                    "presenter",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="visits",
                        to="bookings.presenter",
                        verbose_name="presenter",
                    ),
                ),
                ("checked_in_at", models.DateTimeField(blank=True, null=True, verbose_name="checked in")),
                ("checked_out_at", models.DateTimeField(blank=True, null=True, verbose_name="checked out")),
                ("safe_at", models.DateTimeField(blank=True, null=True, verbose_name="said to be safe")),
                ("sought_at", models.DateTimeField(blank=True, null=True, verbose_name="sought since")),
            ],
            options={
                "verbose_name": "visit",
                "verbose_name_plural": "visits",
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("checked_in_at__isnull", True),
                            ("checked_out_at__isnull", True),
                            ("checked_out_at__gte", models.F("checked_in_at")),
                            _connector="OR",
                        ),
                        name="visit_out_after_in",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("checked_in_at__isnull", True), ("checked_out_at__isnull", True)),
                            ("presenter__isnull", False),
                            _connector="OR",
                        ),
                        name="visit_says_who_went",
                    ),
                ],
            },
        ),
    ]
