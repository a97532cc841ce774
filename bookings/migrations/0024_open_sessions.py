"""Open sessions: series, sessions, places, their history; who has a place is counted by the database."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import bookings.models.booking
import bookings.models.presenter
from ctac.db import append_only

# The figures of a session are counted here, whoever writes; CHECK (occupied <= capacity) then refuses a place too many. One UPDATE
# a session and statement, however many rows. Writers lock the session first, so that they take turns.
COUNT_PLACES = """
CREATE FUNCTION bookings_count_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE bookings_opensession AS s SET occupied = occupied - gone.occupying, waiting = waiting - gone.in_line
        FROM (
            SELECT session_id, count(*) FILTER (WHERE state IN ('taken', 'offered', 'attended')) AS occupying,
                count(*) FILTER (WHERE state = 'waiting') AS in_line
            FROM old_rows GROUP BY session_id
        ) AS gone
        WHERE s.id = gone.session_id AND (gone.occupying > 0 OR gone.in_line > 0);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE bookings_opensession AS s SET occupied = occupied + come.occupying, waiting = waiting + come.in_line
        FROM (
            SELECT session_id, count(*) FILTER (WHERE state IN ('taken', 'offered', 'attended')) AS occupying,
                count(*) FILTER (WHERE state = 'waiting') AS in_line
            FROM new_rows GROUP BY session_id
        ) AS come
        WHERE s.id = come.session_id AND (come.occupying > 0 OR come.in_line > 0);
    END IF;
    RETURN NULL;
END $$;

CREATE TRIGGER bookings_place_comes AFTER INSERT ON bookings_sessionplace
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();
CREATE TRIGGER bookings_place_changes AFTER UPDATE ON bookings_sessionplace
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();
CREATE TRIGGER bookings_place_goes AFTER DELETE ON bookings_sessionplace
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();
"""
FORGET_PLACES = """
DROP TRIGGER bookings_place_comes ON bookings_sessionplace;
DROP TRIGGER bookings_place_changes ON bookings_sessionplace;
DROP TRIGGER bookings_place_goes ON bookings_sessionplace;
DROP FUNCTION bookings_count_places();
"""
# Who comes gets the next position of that session: a row that is written with position 0.
GIVE_POSITION = """
CREATE FUNCTION bookings_give_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bookings_opensession SET last_position = last_position + 1 WHERE id = NEW.session_id
        RETURNING last_position INTO NEW.position;
    RETURN NEW;
END $$;
CREATE TRIGGER bookings_place_position BEFORE INSERT OR UPDATE ON bookings_sessionplace
    FOR EACH ROW WHEN (NEW.position = 0) EXECUTE FUNCTION bookings_give_position();
"""
FORGET_POSITION = "DROP TRIGGER bookings_place_position ON bookings_sessionplace; DROP FUNCTION bookings_give_position();"


class Migration(migrations.Migration):
    dependencies = [
        ("bookings", "0023_brought"),
        ("professionals", "0003_reference_data"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OpenSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", models.CharField(max_length=10, unique=True, verbose_name="reference")),
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
                ("created_at", models.DateTimeField(verbose_name="planned")),
            ],
            options={
                "verbose_name": "open session",
                "verbose_name_plural": "open sessions",
                "ordering": ["starts_at", "pk"],
            },
        ),
        migrations.CreateModel(
            name="PlaceLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            },
        ),
        migrations.CreateModel(
            name="SessionEvent",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
            name="SessionPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
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
        migrations.RemoveConstraint(
            model_name="busytime",
            name="busytime_belongs_to_one_thing",
        ),
        migrations.AlterField(
            model_name="busytime",
            name="kind",
            field=models.CharField(
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
        migrations.AddField(
            model_name="opensession",
            name="presentation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="open_sessions",
                to="bookings.presentation",
                verbose_name="presentation",
            ),
        ),
        migrations.AddField(
            model_name="opensession",
            name="presenter",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="open_sessions",
                to="bookings.presenter",
                verbose_name="presenter",
            ),
        ),
        migrations.AddField(
            model_name="busytime",
            name="session",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="busy_time",
                to="bookings.opensession",
                verbose_name="open session",
            ),
        ),
        migrations.AddConstraint(
            model_name="busytime",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddField(
            model_name="sessionevent",
            name="by",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="by",
            ),
        ),
        migrations.AddField(
            model_name="sessionevent",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="events",
                to="bookings.opensession",
                verbose_name="session",
            ),
        ),
        migrations.AddField(
            model_name="sessionplace",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="session_places",
                to="professionals.person",
                verbose_name="person",
            ),
        ),
        migrations.AddField(
            model_name="sessionplace",
            name="session",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="places",
                to="bookings.opensession",
                verbose_name="session",
            ),
        ),
        migrations.AddField(
            model_name="sessionevent",
            name="place",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="events",
                to="bookings.sessionplace",
                verbose_name="place",
            ),
        ),
        migrations.AddField(
            model_name="placelink",
            name="place",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.CASCADE,
                related_name="links",
                to="bookings.sessionplace",
                verbose_name="place",
            ),
        ),
        migrations.AddField(
            model_name="opensession",
            name="series",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sessions",
                to="bookings.sessionseries",
                verbose_name="series",
            ),
        ),
        migrations.AddIndex(
            model_name="sessionplace",
            index=models.Index(fields=["person", "-id"], name="sessionplace_of_a_person"),
        ),
        migrations.AddIndex(
            model_name="sessionplace",
            index=models.Index(fields=["session", "state", "position"], name="sessionplace_in_line"),
        ),
        migrations.AddIndex(
            model_name="sessionplace",
            index=models.Index(condition=models.Q(("state", "offered")), fields=["offer_expires_at"], name="sessionplace_offers"),
        ),
        migrations.AddConstraint(
            model_name="sessionplace",
            constraint=models.UniqueConstraint(fields=("session", "person"), name="sessionplace_one_a_person"),
        ),
        migrations.AddConstraint(
            model_name="sessionplace",
            constraint=models.UniqueConstraint(fields=("session", "position"), name="sessionplace_one_a_position"),
        ),
        migrations.AddConstraint(
            model_name="sessionplace",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("offer_expires_at__isnull", False), ("state", "offered")),
                    models.Q(models.Q(("state", "offered"), _negated=True), ("offer_expires_at", None)),
                    _connector="OR",
                ),
                name="sessionplace_only_offers_run_out",
            ),
        ),
        migrations.AddConstraint(
            model_name="placelink",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("created_at"))), name="placelink_expires_after_it_is_made"
            ),
        ),
        migrations.AddConstraint(
            model_name="placelink",
            constraint=models.CheckConstraint(
                condition=models.Q(("token_hash__regex", "^[0-9a-f]{64}$")), name="placelink_keeps_a_hash_only"
            ),
        ),
        migrations.AddIndex(
            model_name="opensession",
            index=models.Index(condition=models.Q(("state", "scheduled")), fields=["starts_at", "id"], name="session_scheduled"),
        ),
        migrations.AddIndex(
            model_name="opensession",
            index=models.Index(condition=models.Q(("state", "scheduled")), fields=["ends_at", "id"], name="session_ending"),
        ),
        migrations.AddIndex(
            model_name="opensession",
            index=models.Index(fields=["-starts_at", "-id"], name="session_newest"),
        ),
        migrations.AddIndex(
            model_name="opensession",
            index=models.Index(fields=["presenter", "starts_at", "id"], name="session_of_a_presenter"),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))), name="session_ends_after_it_starts"
            ),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(
                condition=models.Q(("capacity__gte", 1), ("capacity__lte", 1000)), name="session_of_sensible_size"
            ),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(
                condition=models.Q(("occupied__gte", 0), ("occupied__lte", models.F("capacity"))),
                name="session_never_over_capacity",
            ),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(condition=models.Q(("waiting__gte", 0)), name="session_waiting_is_counted"),
        ),
        migrations.AddConstraint(
            model_name="opensession",
            constraint=models.CheckConstraint(
                condition=models.Q(("own_joining_link", ""), ("own_joining_link__startswith", "https://"), _connector="OR"),
                name="session_joining_link_is_https",
            ),
        ),
        migrations.RunSQL(COUNT_PLACES, FORGET_PLACES),
        migrations.RunSQL(GIVE_POSITION, FORGET_POSITION),
        append_only("bookings_sessionevent", erasable=("reason",)),
    ]
