-- professionals/sql/name_words.sql says what these are for. There are few rows here, so that no index is needed.
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
