"""After a presentation: attendance whose numbers add up, the short link, the answers, a reminder a year later."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

# A total that its counts don't come to is refused at the end of the transaction, whoever wrote either of them.
ADDS_UP = """
CREATE FUNCTION bookings_attendance_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which bigint;
BEGIN
    IF TG_TABLE_NAME = 'bookings_attendance' THEN
        which := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        which := OLD.attendance_id;
    ELSE
        which := NEW.attendance_id;
    END IF;
    IF EXISTS (
        SELECT FROM bookings_attendance AS a WHERE a.id = which
            AND a.people <> (SELECT COALESCE(sum(c.people), 0) FROM bookings_attendancecount AS c WHERE c.attendance_id = a.id)
    ) THEN
        RAISE EXCEPTION 'the numbers of attendance % do not add up', which
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_adds_up';
    END IF;
    RETURN NULL;
END $$;

CREATE CONSTRAINT TRIGGER attendance_adds_up AFTER INSERT OR UPDATE ON bookings_attendance
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_attendance_adds_up();
CREATE CONSTRAINT TRIGGER attendancecount_adds_up AFTER INSERT OR UPDATE OR DELETE ON bookings_attendancecount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_attendance_adds_up();
"""
FORGET_ADDS_UP = """
DROP TRIGGER attendance_adds_up ON bookings_attendance;
DROP TRIGGER attendancecount_adds_up ON bookings_attendancecount;
DROP FUNCTION bookings_attendance_adds_up();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0026_session_plan_token"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AlterField(
            model_name="bookingevent",
            name="kind",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="sessionevent",
            name="kind",
            field=models.CharField(
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
        migrations.CreateModel(
            name="Afterwards",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("code", models.CharField(max_length=6, unique=True, verbose_name="code")),
                ("created_at", models.DateTimeField(verbose_name="made")),
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
            ],
            options={
                "verbose_name": "what people said",
                "verbose_name_plural": "what people said",
                "ordering": ["-pk"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Attendance",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("people", models.PositiveSmallIntegerField(verbose_name="people who came")),
                ("recorded_at", models.DateTimeField(verbose_name="recorded")),
                ("changed_at", models.DateTimeField(verbose_name="last changed")),
                ("revision", models.PositiveIntegerField(default=0, verbose_name="times put right")),
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
            ],
            options={
                "verbose_name": "attendance",
                "verbose_name_plural": "attendances",
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="AttendanceCount",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
            options={
                "verbose_name": "people of a profession",
                "verbose_name_plural": "people of a profession",
                "ordering": ["attendance", "-people", "profession"],
            },
        ),
        migrations.CreateModel(
            name="Feedback",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            ],
            options={
                "verbose_name": "answer",
                "verbose_name_plural": "answers",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="YearLater",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("wished_at", models.DateTimeField(verbose_name="wished")),
                ("due_at", models.DateTimeField(verbose_name="due")),
                ("told_at", models.DateTimeField(blank=True, null=True, verbose_name="told")),
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
            ],
            options={
                "verbose_name": "reminder a year later",
                "verbose_name_plural": "reminders a year later",
            },
        ),
        migrations.AddConstraint(
            model_name="afterwards",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("session__isnull", True)),
                    models.Q(("booking__isnull", True), ("session__isnull", False)),
                    _connector="OR",
                ),
                name="afterwards_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="afterwards",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[234679ACDEFGHJKMNPQRTWXYZ]{6}$")), name="afterwards_code_can_be_typed"
            ),
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("session__isnull", True)),
                    models.Q(("booking__isnull", True), ("session__isnull", False)),
                    _connector="OR",
                ),
                name="attendance_of_one",
            ),
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.CheckConstraint(
                condition=models.Q(("people__gte", 1), ("people__lte", 1000)), name="attendance_of_somebody"
            ),
        ),
        migrations.AddConstraint(
            model_name="attendance",
            constraint=models.CheckConstraint(
                condition=models.Q(("changed_at__gte", models.F("recorded_at"))), name="attendance_recorded_before_changed"
            ),
        ),
        migrations.AddConstraint(
            model_name="attendancecount",
            constraint=models.UniqueConstraint(fields=("attendance", "profession"), name="attendancecount_once_a_profession"),
        ),
        migrations.AddConstraint(
            model_name="attendancecount",
            constraint=models.CheckConstraint(condition=models.Q(("people__gte", 1)), name="attendancecount_of_somebody"),
        ),
        migrations.AddConstraint(
            model_name="attendancecount",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddIndex(
            model_name="feedback",
            index=models.Index(fields=["afterwards", "-id"], name="feedback_of_a_presentation"),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.UniqueConstraint(
                condition=models.Q(("by_host", True)), fields=("afterwards",), name="feedback_of_a_host_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(("clear__range", (1, 5)), ("ready__range", (1, 5)), ("useful__range", (1, 5))),
                name="feedback_from_1_to_5",
            ),
        ),
        migrations.AddConstraint(
            model_name="feedback",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("arranging__range", (1, 5)), ("by_host", True)),
                    models.Q(("arranging__isnull", True), ("by_host", False)),
                    _connector="OR",
                ),
                name="feedback_arranging_by_the_host",
            ),
        ),
        migrations.AddIndex(
            model_name="yearlater",
            index=models.Index(condition=models.Q(("told_at__isnull", True)), fields=["due_at", "id"], name="yearlater_due"),
        ),
        migrations.AddConstraint(
            model_name="yearlater",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("booking__isnull", False), ("place__isnull", True)),
                    models.Q(("booking__isnull", True), ("place__isnull", False)),
                    _connector="OR",
                ),
                name="yearlater_of_one",
            ),
        ),
        migrations.RunSQL(ADDS_UP, FORGET_ADDS_UP),
    ]
