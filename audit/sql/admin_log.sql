-- Django's own log of the admin would name in words what was changed, for ever. It takes no rows: the audit has them.
CREATE OR REPLACE FUNCTION django_admin_log_closed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'django_admin_log takes no rows: the audit has them' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER django_admin_log_closed BEFORE INSERT OR UPDATE ON django_admin_log
    FOR EACH ROW EXECUTE FUNCTION django_admin_log_closed();
