-- professionals/sql/name_words.sql says what these are for. Of the first two there are few rows, so that no index is needed.
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR DELETE OR UPDATE OF name ON bookings_presenter
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('name', 'lower(name)');
ALTER TABLE bookings_presenter ENABLE ALWAYS TRIGGER professionals_keep_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'bookings_presenter', word FROM bookings_presenter, unnest(professionals_name_words(name)) AS word
    ON CONFLICT DO NOTHING;
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR DELETE OR UPDATE OF title ON bookings_presentation
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('title', 'lower(title)');
ALTER TABLE bookings_presentation ENABLE ALWAYS TRIGGER professionals_keep_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'bookings_presentation', word FROM bookings_presentation, unnest(professionals_name_words(title)) AS word
    ON CONFLICT DO NOTHING;
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF address_line_1, address_line_2, town ON bookings_booking
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('address_line_1 address_line_2 town', 'searched');
ALTER TABLE bookings_booking ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON bookings_booking REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('address_line_1 address_line_2 town', 'searched');
ALTER TABLE bookings_booking ENABLE ALWAYS TRIGGER professionals_forget_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'bookings_booking', word FROM bookings_booking,
        unnest(professionals_name_words(concat_ws(' ', address_line_1, address_line_2, town))) AS word
    ON CONFLICT DO NOTHING;
