-- The logs of complaints and breaches are neither changed nor deleted. Only who wrote, and what names the person who
-- complained, can be blanked, when a person is erased.
CREATE OR REPLACE FUNCTION privacy_complaintevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'text' - 'by_id') = (to_jsonb(OLD) - 'text' - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'privacy_complaintevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER privacy_complaintevent_append_only BEFORE UPDATE OR DELETE ON privacy_complaintevent
    FOR EACH ROW EXECUTE FUNCTION privacy_complaintevent_append_only();

CREATE OR REPLACE FUNCTION privacy_breachevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'privacy_breachevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER privacy_breachevent_append_only BEFORE UPDATE OR DELETE ON privacy_breachevent
    FOR EACH ROW EXECUTE FUNCTION privacy_breachevent_append_only();

-- What was written of a breach stays; what was decided of it comes later.
CREATE OR REPLACE FUNCTION privacy_breach_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE'
        AND (to_jsonb(NEW) - 'commissioner' - 'commissioner_told_at' - 'commissioner_reference' - 'people')
        = (to_jsonb(OLD) - 'commissioner' - 'commissioner_told_at' - 'commissioner_reference' - 'people')
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'privacy_breach is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER privacy_breach_append_only BEFORE UPDATE OR DELETE ON privacy_breach
    FOR EACH ROW EXECUTE FUNCTION privacy_breach_append_only();
