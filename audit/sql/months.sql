-- Two functions for the owner's work, which the site's role may ask for (ADR 21). They run as their owner, because the
-- role that serves the site can neither make nor drop a table; so each refuses what a hole in the site could ask of it.
-- Nobody waits long for the lock that either takes: it gives up after two seconds, until the next day. The months ahead
-- are made after each migrate (audit/services.py).
CREATE OR REPLACE FUNCTION audit_month(month date) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT 'audit_entry_' || to_char(month, 'YYYY_MM')
$$;

CREATE OR REPLACE FUNCTION audit_add_month(month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := public.audit_month(starts);
    reader regrole;
BEGIN
    IF starts NOT BETWEEN now() - interval '10 years' AND now() + interval '3 years' THEN
        RAISE EXCEPTION 'no audit of %', starts USING ERRCODE = 'invalid_parameter_value';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('audit_months'));  -- two beats ask in the same moment
    IF to_regclass('public.' || name) IS NOT NULL THEN RETURN false; END IF;
    EXECUTE format(
        'CREATE TABLE public.%I PARTITION OF public.audit_entry FOR VALUES FROM (%L) TO (%L)',
        name, starts::timestamptz, (starts + interval '1 month')::timestamptz
    );
    EXECUTE format(
        'CREATE TRIGGER audit_entry_not_emptied BEFORE TRUNCATE ON public.%I
            FOR EACH STATEMENT EXECUTE FUNCTION public.audit_entry_append_only()', name
    );
    -- A backup reads each month by itself: whoever may read the whole may read it.
    FOR reader IN
        SELECT DISTINCT grantee::regrole FROM pg_class, aclexplode(relacl)
        WHERE pg_class.oid = 'public.audit_entry'::regclass AND privilege_type = 'SELECT' AND grantee NOT IN (0, relowner)
    LOOP
        EXECUTE format('GRANT SELECT ON public.%I TO %s', name, reader);
    END LOOP;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION audit_drop_month(month date) RETURNS boolean LANGUAGE plpgsql SECURITY DEFINER
    SET search_path = pg_catalog, public, pg_temp SET lock_timeout = '2s' SET timezone = 'UTC' AS $$
DECLARE
    starts date := date_trunc('month', month);
    name text := public.audit_month(starts);
BEGIN
    IF starts + interval '7 months' > now() THEN
        RAISE EXCEPTION 'the audit of % is kept: it ended less than six months ago', starts USING ERRCODE = 'restrict_violation';
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('audit_months'));
    IF to_regclass('public.' || name) IS NULL THEN RETURN false; END IF;
    EXECUTE format('DROP TABLE public.%I', name);
    RETURN true;
END $$;

REVOKE EXECUTE ON FUNCTION audit_add_month(date), audit_drop_month(date) FROM PUBLIC;
