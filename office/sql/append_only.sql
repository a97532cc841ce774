-- What was set, by whom and when, stays written; who it was can be blanked, when that colleague's account goes.
CREATE OR REPLACE FUNCTION office_settingchange_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'office_settingchange is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER office_settingchange_append_only BEFORE UPDATE OR DELETE ON office_settingchange
    FOR EACH ROW EXECUTE FUNCTION office_settingchange_append_only();
