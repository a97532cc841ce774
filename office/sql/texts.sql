-- Wordings only grow: what was written and what became of it stays. Only who did it goes, with their account.
CREATE OR REPLACE FUNCTION office_text_unchanged() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    people CONSTANT text[] := ARRAY['author_id', 'by_id'];
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - people) = (to_jsonb(OLD) - people)
        AND coalesce(to_jsonb(NEW) -> 'author_id', 'null') IN (to_jsonb(OLD) -> 'author_id', 'null')
        AND coalesce(to_jsonb(NEW) -> 'by_id', 'null') IN (coalesce(to_jsonb(OLD) -> 'by_id', 'null'), 'null')
    THEN RETURN NEW; END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER office_textversion_unchanged BEFORE UPDATE OR DELETE ON office_textversion
    FOR EACH ROW EXECUTE FUNCTION office_text_unchanged();
CREATE OR REPLACE TRIGGER office_textstep_unchanged BEFORE UPDATE OR DELETE ON office_textstep
    FOR EACH ROW EXECUTE FUNCTION office_text_unchanged();

-- Key and author of a step are those of its version, whatever the caller says: the constraint that an author doesn't approve
-- compares the two people of one row. What goes live was approved before, and is a wording of the same sentence.
CREATE OR REPLACE FUNCTION office_textstep_of_its_version() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    SELECT key, author_id INTO NEW.key, NEW.author_id FROM office_textversion WHERE id = NEW.version_id;
    IF NEW.kind = 'approved' AND (NEW.by_id IS NULL OR NEW.author_id IS NULL) THEN
        RAISE EXCEPTION 'an approval needs an author and an approver' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.kind <> 'approved' AND NEW.live_id IS NOT NULL AND NOT EXISTS (
        SELECT 1 FROM office_textstep WHERE version_id = NEW.live_id AND key = NEW.key AND kind = 'approved'
    ) THEN
        RAISE EXCEPTION 'only an approved wording goes live' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER office_textstep_of_its_version BEFORE INSERT ON office_textstep
    FOR EACH ROW EXECUTE FUNCTION office_textstep_of_its_version();
