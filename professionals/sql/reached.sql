-- The area that a row counts for in what we have reached: nation, and the code of the local authority. A full postcode says it; it
-- stays when the postcode is blanked or cut to its outward half, so that figures outlive whoever they were of.
--
-- ENABLE ALWAYS, as of the words that staff search (search.sql): no way of writing a postcode leaves its area behind.

-- As professionals/areas.py finds it (a test holds the two together): empty where nobody can say.
CREATE OR REPLACE FUNCTION professionals_area_of(postcode text, OUT nation text, OUT authority text) LANGUAGE plpgsql STABLE AS $$
DECLARE
    inward text := split_part(postcode, ' ', 2);
    around professionals_outwardcode;
BEGIN
    SELECT * INTO around FROM professionals_outwardcode WHERE code = split_part(postcode, ' ', 1);
    IF NOT FOUND THEN
        authority := '';
        -- What most of the postcode area has.
        nation := coalesce((
            SELECT near.nation FROM professionals_outwardcode near
            WHERE near.code ~ ('^' || substring(upper(postcode) FROM '^[A-Z]+') || '[0-9]')
            GROUP BY near.nation, near.zone ORDER BY count(*) DESC, min(near.code) LIMIT 1
        ), '');
        RETURN;
    END IF;
    authority := around.authority;
    IF around.others <> '' THEN
        SELECT split_part(other, ':', 1) INTO authority
            FROM unnest(string_to_array(around.others, ' ')) WITH ORDINALITY AS others (other, place),
                unnest(string_to_array(split_part(other, ':', 2), ',')) AS run
            WHERE inward COLLATE "C" BETWEEN split_part(run, '-', 1)
                AND coalesce(nullif(split_part(run, '-', 2), ''), split_part(run, '-', 1))
            ORDER BY place LIMIT 1;
        authority := coalesce(authority, around.authority);
    END IF;
    nation := CASE left(authority, 1)
        WHEN 'E' THEN 'england' WHEN 'S' THEN 'scotland' WHEN 'W' THEN 'wales' WHEN 'N' THEN 'northern-ireland'
        ELSE around.nation -- an island, which has no authorities
    END;
END $$;

-- Of a row with a postcode of its own: where a person works, where an order goes.
CREATE OR REPLACE FUNCTION professionals_reached() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.postcode NOT LIKE '_% _%' THEN
        IF TG_OP = 'UPDATE' AND NEW.reached_nation = '' THEN
            NEW.reached_nation := OLD.reached_nation;
            NEW.reached_authority := OLD.reached_authority;
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW.postcode = OLD.postcode AND OLD.reached_nation <> '' THEN
        NEW.reached_nation := OLD.reached_nation;
        NEW.reached_authority := OLD.reached_authority;
    ELSE
        SELECT nation, authority INTO NEW.reached_nation, NEW.reached_authority FROM professionals_area_of(NEW.postcode);
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE TRIGGER professionals_person_reached
    BEFORE INSERT OR UPDATE OF postcode, reached_nation, reached_authority ON professionals_person
    FOR EACH ROW EXECUTE FUNCTION professionals_reached();
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_person_reached;
