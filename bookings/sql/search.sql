-- The words by which staff search bookings; professionals/sql/search.sql says how `searched` is kept.
CREATE OR REPLACE FUNCTION bookings_booking_searched() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.searched := ' ' || lower(concat_ws(' ',
        NEW.reference, replace(NEW.reference, '-', ''), replace(NEW.reference, '-', ' '),
        NEW.address_line_1, NEW.address_line_2, NEW.town, NEW.postcode, NEW.contact_name, professionals_words(NEW.person_id),
        NEW.contact_phone, regexp_replace(NEW.contact_phone, '[^0-9]', '', 'g')
    ));
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_booking_searched
    BEFORE INSERT OR UPDATE OF reference, address_line_1, address_line_2, town, postcode, contact_name, contact_phone, person_id,
        searched ON bookings_booking
    FOR EACH ROW EXECUTE FUNCTION bookings_booking_searched();
ALTER TABLE bookings_booking ENABLE ALWAYS TRIGGER bookings_booking_searched;
ALTER TABLE bookings_booking ALTER COLUMN searched SET STATISTICS 1000;

-- Another word of a person is another word of their bookings.
CREATE OR REPLACE FUNCTION bookings_booking_follows_professionals_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bookings_booking SET searched = '' WHERE person_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER bookings_booking_follows_professionals_person AFTER UPDATE ON professionals_person
    FOR EACH ROW WHEN (OLD.searched IS DISTINCT FROM NEW.searched)
    EXECUTE FUNCTION bookings_booking_follows_professionals_person();
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER bookings_booking_follows_professionals_person;
