"""Sessions in a table of our own, which ends those of an account that is closed or gets other roles (ADR 64).

Everyone signs in once more. The table django_session stays, empty of use: the web workers of the release before still read it
until they are reloaded.
"""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

END_SESSIONS = """
CREATE FUNCTION professionals_end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM professionals_session WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE TRIGGER professionals_user_ends_sessions
    AFTER UPDATE OF is_active, is_staff, is_superuser ON professionals_user FOR EACH ROW
    WHEN (OLD.is_active <> NEW.is_active OR OLD.is_staff <> NEW.is_staff OR OLD.is_superuser <> NEW.is_superuser)
    EXECUTE FUNCTION professionals_end_sessions_of_user();

CREATE FUNCTION professionals_end_sessions_of_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM professionals_session WHERE user_id IN (OLD.user_id, NEW.user_id);
    RETURN NULL;
END $$;
CREATE TRIGGER professionals_user_groups_end_sessions
    AFTER INSERT OR UPDATE OR DELETE ON professionals_user_groups FOR EACH ROW
    EXECUTE FUNCTION professionals_end_sessions_of_member();
"""
LET_THEM_STAY = """
DROP TRIGGER professionals_user_groups_end_sessions ON professionals_user_groups;
DROP TRIGGER professionals_user_ends_sessions ON professionals_user;
DROP FUNCTION professionals_end_sessions_of_member();
DROP FUNCTION professionals_end_sessions_of_user();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("professionals", "0010_stopped_feedback"),
    ]

    operations = [
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
                    "public_id",
                    models.UUIDField(default=uuid.uuid4, editable=False, verbose_name="what addresses of pages call it"),
                ),
                ("of_staff", models.BooleanField(default=False, verbose_name="of staff")),
                ("device", models.CharField(blank=True, max_length=60, verbose_name="device")),
                ("started_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="signed in")),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="last used")),
                ("ends_at", models.DateTimeField(verbose_name="ends at the latest")),
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
            ],
            options={
                "verbose_name": "browser session",
                "verbose_name_plural": "browser sessions",
            },
        ),
        migrations.RunSQL(END_SESSIONS, LET_THEM_STAY),
    ]
