-- That a list was taken out of the system is neither changed nor deleted. Only who did it can be blanked, when their account goes.
CREATE OR REPLACE FUNCTION audit_export_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'audit_export is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER audit_export_append_only BEFORE UPDATE OR DELETE ON audit_export
    FOR EACH ROW EXECUTE FUNCTION audit_export_append_only();
