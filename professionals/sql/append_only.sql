-- What became of a text that may be about a child stays written; who did it can be blanked, when that colleague is
-- erased.
CREATE OR REPLACE FUNCTION professionals_flaggedevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'professionals_flaggedevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER professionals_flaggedevent_append_only BEFORE UPDATE OR DELETE ON professionals_flaggedevent
    FOR EACH ROW EXECUTE FUNCTION professionals_flaggedevent_append_only();
