-- professionals/sql/name_words.sql says what these are for. There are few rows here, so that no index is needed.
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR DELETE OR UPDATE OF title ON leaflets_leaflet
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('title', 'lower(title)');
ALTER TABLE leaflets_leaflet ENABLE ALWAYS TRIGGER professionals_keep_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'leaflets_leaflet', word FROM leaflets_leaflet, unnest(professionals_name_words(title)) AS word
    ON CONFLICT DO NOTHING;
