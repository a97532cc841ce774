-- The words that staff search. The column `searched` follows the columns that its words come from, whoever writes them:
-- lower case, each word after a space, a phone number as typed and as digits.
--
-- ENABLE ALWAYS: these triggers also run while data is laid in with other triggers off (session_replication_role), so
-- that no way of writing leaves words behind. And they run when `searched` itself is written, so that an old copy of a
-- row can't bring erased words back; to write anything there makes it anew.
--
-- STATISTICS: so that the planner tells a rare word from a common one. It tries the word on so many sampled rows.

-- What a booking or an order is found by that stands on its person (bookings/sql/search.sql, leaflets/sql/search.sql).
CREATE OR REPLACE FUNCTION professionals_words(person bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT concat_ws(' ', p.name, p.email, p.phone, regexp_replace(p.phone, '[^0-9]', '', 'g')) || coalesce(' ' || o.name, '')
    FROM professionals_person p LEFT JOIN professionals_organisation o ON o.id = p.organisation_id WHERE p.id = person
$$;

CREATE OR REPLACE FUNCTION professionals_person_searched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.searched := ' ' || lower(concat_ws(' ',
        NEW.name, NEW.email, NEW.postcode, (SELECT name FROM professionals_organisation WHERE id = NEW.organisation_id),
        NEW.phone, regexp_replace(NEW.phone, '[^0-9]', '', 'g')
    ));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER professionals_person_searched
    BEFORE INSERT OR UPDATE OF name, email, phone, postcode, organisation_id, searched ON professionals_person
    FOR EACH ROW EXECUTE FUNCTION professionals_person_searched();
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_person_searched;
ALTER TABLE professionals_person ALTER COLUMN searched SET STATISTICS 1000;

-- Another name of an organisation is another word of its people.
CREATE OR REPLACE FUNCTION professionals_person_follows_professionals_organisation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE professionals_person SET searched = '' WHERE organisation_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER professionals_person_follows_professionals_organisation AFTER UPDATE ON professionals_organisation
    FOR EACH ROW WHEN (OLD.name IS DISTINCT FROM NEW.name)
    EXECUTE FUNCTION professionals_person_follows_professionals_organisation();
ALTER TABLE professionals_organisation ENABLE ALWAYS TRIGGER professionals_person_follows_professionals_organisation;

-- Organisations have all their words themselves, in an index of an expression.
ALTER INDEX organisation_searched ALTER COLUMN 1 SET STATISTICS 1000;
