-- The area of a visit is where it is. Online it is where the host worked, and of a place where its person worked, when it was booked
-- or taken. professionals/sql/reached.sql says more.
CREATE OR REPLACE FUNCTION bookings_booking_reached() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    in_nation text;
    in_authority text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.reached_nation = '' THEN
        NEW.reached_nation := OLD.reached_nation;
        NEW.reached_authority := OLD.reached_authority;
    END IF;
    IF NEW.format = 'workplace' THEN
        IF NEW.nation <> '' THEN
            in_nation := NEW.nation;
            in_authority := NEW.local_authority;
        ELSIF NEW.postcode LIKE '_% _%' THEN
            SELECT nation, authority INTO in_nation, in_authority FROM professionals_area_of(NEW.postcode);
        ELSE
            RETURN NEW;
        END IF;
    ELSIF TG_OP = 'INSERT' OR NEW.reached_nation = '' OR NEW.format <> OLD.format
        -- Another host; what took place stays where it was, also when two records of a person become one.
        OR (NEW.person_id <> OLD.person_id AND NEW.state IN ('requested', 'confirmed')) THEN
        SELECT reached_nation, reached_authority INTO in_nation, in_authority
            FROM professionals_person WHERE id = NEW.person_id AND reached_nation <> '';
        IF NOT FOUND THEN
            RETURN NEW;
        END IF;
    ELSE
        RETURN NEW;
    END IF;
    NEW.reached_nation := in_nation;
    NEW.reached_authority := in_authority;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_booking_reached
    BEFORE INSERT OR UPDATE OF format, postcode, nation, local_authority, person_id, state, reached_nation, reached_authority
    ON bookings_booking FOR EACH ROW EXECUTE FUNCTION bookings_booking_reached();
ALTER TABLE bookings_booking ENABLE ALWAYS TRIGGER bookings_booking_reached;

CREATE OR REPLACE FUNCTION bookings_sessionplace_reached() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    in_nation text;
    in_authority text;
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.reached_nation = '' THEN
        NEW.reached_nation := OLD.reached_nation;
        NEW.reached_authority := OLD.reached_authority;
    END IF;
    IF TG_OP = 'INSERT' OR NEW.reached_nation = '' OR (NEW.state = 'taken' AND OLD.state <> 'taken') THEN
        SELECT reached_nation, reached_authority INTO in_nation, in_authority
            FROM professionals_person WHERE id = NEW.person_id AND reached_nation <> '';
        IF FOUND THEN
            NEW.reached_nation := in_nation;
            NEW.reached_authority := in_authority;
        END IF;
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_sessionplace_reached
    BEFORE INSERT OR UPDATE OF state, reached_nation, reached_authority ON bookings_sessionplace
    FOR EACH ROW EXECUTE FUNCTION bookings_sessionplace_reached();
ALTER TABLE bookings_sessionplace ENABLE ALWAYS TRIGGER bookings_sessionplace_reached;
