-- The words by which staff search orders; professionals/sql/search.sql says how `searched` is kept.
CREATE OR REPLACE FUNCTION leaflets_order_searched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.searched := ' ' || lower(concat_ws(' ',
        NEW.reference, replace(NEW.reference, '-', ''), replace(NEW.reference, '-', ' '),
        NEW.name, NEW.organisation_name, NEW.address_line_1, NEW.address_line_2, NEW.town, NEW.postcode,
        professionals_words(NEW.person_id), NEW.contact_phone, regexp_replace(NEW.contact_phone, '[^0-9]', '', 'g')
    ));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER leaflets_order_searched
    BEFORE INSERT OR UPDATE OF reference, name, organisation_name, address_line_1, address_line_2, town, postcode, person_id, searched
    ON leaflets_order
    FOR EACH ROW EXECUTE FUNCTION leaflets_order_searched();
ALTER TABLE leaflets_order ENABLE ALWAYS TRIGGER leaflets_order_searched;
ALTER TABLE leaflets_order ALTER COLUMN searched SET STATISTICS 1000;

-- Another word of a person is another word of their orders.
CREATE OR REPLACE FUNCTION leaflets_order_follows_professionals_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE leaflets_order SET searched = '' WHERE person_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER leaflets_order_follows_professionals_person AFTER UPDATE ON professionals_person
    FOR EACH ROW WHEN (OLD.searched IS DISTINCT FROM NEW.searched)
    EXECUTE FUNCTION leaflets_order_follows_professionals_person();
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER leaflets_order_follows_professionals_person;
