-- A note stays as it was written, until it goes whole: with its person, or when its time is over. Who wrote it, to whom it was
-- handed over, and whose it is once two people or two organisations have become one, may change.
CREATE OR REPLACE FUNCTION professionals_note_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    may_change CONSTANT text[] := ARRAY['by_id', 'to_id', 'person_id', 'organisation_id'];
BEGIN
    IF (to_jsonb(NEW) - may_change) = (to_jsonb(OLD) - may_change) THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'professionals_note is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER professionals_note_unchanged BEFORE UPDATE ON professionals_note
    FOR EACH ROW EXECUTE FUNCTION professionals_note_unchanged();
