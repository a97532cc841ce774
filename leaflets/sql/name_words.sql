-- professionals/sql/name_words.sql says what these are for. Of the first there are few rows, so that no index is needed.
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR DELETE OR UPDATE OF title ON leaflets_leaflet
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('title', 'lower(title)');
ALTER TABLE leaflets_leaflet ENABLE ALWAYS TRIGGER professionals_keep_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'leaflets_leaflet', word FROM leaflets_leaflet, unnest(professionals_name_words(title)) AS word
    ON CONFLICT DO NOTHING;
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF address_line_1, address_line_2, town ON leaflets_order
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('address_line_1 address_line_2 town', 'searched');
ALTER TABLE leaflets_order ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON leaflets_order REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('address_line_1 address_line_2 town', 'searched');
ALTER TABLE leaflets_order ENABLE ALWAYS TRIGGER professionals_forget_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT 'leaflets_order', word FROM leaflets_order,
        unnest(professionals_name_words(concat_ws(' ', address_line_1, address_line_2, town))) AS word
    ON CONFLICT DO NOTHING;
