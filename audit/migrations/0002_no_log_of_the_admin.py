"""Django's own log of the admin names in words what was changed, for ever. It is emptied and takes no more: the audit has it."""

from django.db import migrations

CLOSE = """
DELETE FROM django_admin_log;
CREATE FUNCTION django_admin_log_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'django_admin_log takes no rows: the audit has them' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER django_admin_log_closed BEFORE INSERT OR UPDATE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION django_admin_log_closed();
"""
OPEN = "DROP TRIGGER django_admin_log_closed ON django_admin_log; DROP FUNCTION django_admin_log_closed();"


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_initial"), ("admin", "0003_logentry_add_action_flag_choices")]

    operations = [migrations.RunSQL(CLOSE, OPEN)]
