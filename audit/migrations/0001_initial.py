"""The audit: one table a month, which only grows; two functions for its owner's work, which the site's role may ask for (ADR 73)."""

from typing import Any

from django.db import migrations, models
from django.db.models.functions import Now

TABLE = """
CREATE TABLE audit_entry (
    id bigint GENERATED ALWAYS AS IDENTITY,
    at timestamp with time zone NOT NULL DEFAULT statement_timestamp(),
    act varchar(12) NOT NULL,
    actor bigint,
    kind varchar(50) NOT NULL DEFAULT '',
    key varchar(36) NOT NULL DEFAULT '',
    page varchar(80) NOT NULL DEFAULT '',
    what varchar(200) NOT NULL DEFAULT '',
    request varchar(8) NOT NULL DEFAULT '',
    PRIMARY KEY (at, id),
    -- Only shapes that no name, address or sentence has: words of the code, keys, references.
    CONSTRAINT audit_entry_act CHECK (act ~ '^[a-z-]+$'),
    CONSTRAINT audit_entry_kind CHECK (kind ~ '^([a-z]+[.][a-z]+)?$'),
    CONSTRAINT audit_entry_key
        CHECK (key ~ '^([0-9]{1,19}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[A-Z]{2}-[0-9A-Z]{4}-[0-9A-Z]{2})?$'),
    CONSTRAINT audit_entry_page CHECK (page ~ '^[a-z0-9_:-]*$'),
    CONSTRAINT audit_entry_what CHECK (what ~ '^[a-z0-9_, -]*$'),
    CONSTRAINT audit_entry_request CHECK (request ~ '^[0-9A-F]*$')
) PARTITION BY RANGE (at);
CREATE INDEX audit_entry_by_actor ON audit_entry (actor, at DESC, id DESC);
CREATE INDEX audit_entry_by_act ON audit_entry (act, at DESC, id DESC);
CREATE INDEX audit_entry_by_kind ON audit_entry (kind, at DESC, id DESC);
CREATE INDEX audit_entry_by_object ON audit_entry (key, at DESC, id DESC);
"""

# Rows: the trigger of the table is that of each month too. TRUNCATE asks each table that it empties, so each month gets its own.
ONLY_GROWS = """
CREATE FUNCTION audit_entry_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'audit_entry is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER audit_entry_append_only BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_entry_append_only();
CREATE TRIGGER audit_entry_not_emptied BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_entry_append_only();
"""

# They run as their owner, because the role that serves the site can neither make nor drop a table; so each refuses what a hole in
# the site could ask of it. Nobody waits long for the lock that either takes: it gives up after two seconds, until the next day.
MONTHS = """
CREATE FUNCTION audit_month(month date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'audit_entry_' || to_char(month, 'YYYY_MM')
$$;

CREATE FUNCTION audit_add_month(month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := public.audit_month(starts);
BEGIN
    IF starts NOT BETWEEN now() - interval '10 years' AND now() + interval '3 years' THEN
        RAISE EXCEPTION 'no audit of %', starts USING ERRCODE = 'invalid_parameter_value';
    END IF;
    IF to_regclass('public.' || name) IS NOT NULL THEN RETURN false; END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.audit_entry FOR VALUES FROM (%L) TO (%L)',
        name, starts::timestamptz, (starts + interval '1 month')::timestamptz
    );
    EXECUTE format(
        'CREATE TRIGGER audit_entry_not_emptied BEFORE TRUNCATE ON public.%I
            FOR EACH STATEMENT EXECUTE FUNCTION public.audit_entry_append_only()', name
    );
    RETURN true;
END $$;

CREATE FUNCTION audit_drop_month(month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := public.audit_month(starts);
BEGIN
    IF starts + interval '7 months' > now() THEN
        RAISE EXCEPTION 'the audit of % is kept: it ended less than six months ago', starts USING ERRCODE = 'restrict_violation';
    END IF;
    IF to_regclass('public.' || name) IS NULL THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE public.%I', name);
    RETURN true;
END $$;

REVOKE EXECUTE ON FUNCTION audit_add_month(date), audit_drop_month(date) FROM PUBLIC;
SELECT audit_add_month((date_trunc('month', now() AT TIME ZONE 'UTC') + make_interval(months => ahead))::date)
FROM generate_series(0, 12) AS ahead;
"""

UNDO = """
DROP TABLE audit_entry;
DROP FUNCTION audit_entry_append_only, audit_add_month, audit_drop_month, audit_month;
"""


ACTS = [
    ("viewed", "Looked at"),
    ("sent", "Sent a form that changed nothing yet"),
    ("added", "Added"),
    ("changed", "Changed"),
    ("deleted", "Deleted"),
    ("exported", "Took out as a file"),
    ("erased", "Erased a person"),
    ("refused", "Was refused"),
    ("limited", "Was stopped by a limit"),
    ("signed-in", "Signed in"),
    ("signed-out", "Signed out"),
    ("not-let-in", "Wrong password or code"),
    ("credentials", "Changed how they sign in"),
    ("role-given", "Gave a role"),
    ("role-taken", "Took a role away"),
]


def words(name: str, length: int) -> "models.CharField[Any, Any]":
    return models.CharField(blank=True, default="", max_length=length, verbose_name=name)


class Migration(migrations.Migration):
    initial = True

    operations = [
        migrations.RunSQL(TABLE + ONLY_GROWS + MONTHS, UNDO),
        migrations.CreateModel(
            name="Entry",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("at", models.DateTimeField(db_default=Now(), verbose_name="when")),
                ("act", models.CharField(choices=ACTS, max_length=12, verbose_name="act")),
                ("actor", models.BigIntegerField(blank=True, null=True, verbose_name="who")),
                ("kind", words("kind of thing", 50)),
                ("key", words("key", 36)),
                ("page", words("page", 80)),
                ("what", words("details", 200)),
                ("request", words("request", 8)),
            ],
            options={
                "verbose_name": "act",
                "verbose_name_plural": "Who did what",
                "managed": False,
                "default_permissions": ("view",),
            },
        ),
    ]
