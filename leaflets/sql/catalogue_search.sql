-- The words by which the catalogue is searched, of each title in a table beside it; they serve whoever writes a title,
-- in whatever way (ADR 18). What stands on its card is in English, its text in its own language, of which only English
-- words are cut to their stems.
CREATE OR REPLACE FUNCTION leaflets_keep_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    stems regconfig := CASE NEW.language WHEN 'english' THEN 'english' ELSE 'simple' END;
    version text := concat_ws(' ', nullif(NEW.language, 'english'), nullif(NEW.format, 'standard'));
    about text := concat_ws(' ', NEW.for_whom, NEW.topics, version);
    inside text := concat_ws(' ', NEW.introduction, NEW.situations, NEW.signs, NEW.what_to_do);
    all_of_it text := concat_ws(' ', NEW.title, NEW.own_title, about, NEW.summary, inside);
    heading tsvector := setweight(to_tsvector('english', NEW.title), 'A')
        || setweight(to_tsvector('simple', NEW.own_title), 'A')
        || setweight(to_tsvector('english', about), 'B')
        || setweight(to_tsvector('english', NEW.summary), 'C');
    spelt text[] := ARRAY(
        SELECT lexeme FROM unnest(to_tsvector('simple', all_of_it))
        WHERE length(lexeme) BETWEEN 4 AND 60 AND lexeme !~ '[0-9@/.:_-]' ORDER BY lexeme
    );
BEGIN
    IF NEW.active THEN
        INSERT INTO leaflets_leafletwords AS kept (leaflet_id, words, heading, spelt)
            VALUES (NEW.id, heading || to_tsvector(stems, inside), heading, spelt)
            ON CONFLICT (leaflet_id) DO UPDATE
            SET words = excluded.words, heading = excluded.heading, spelt = excluded.spelt;
    ELSE
        DELETE FROM leaflets_leafletwords WHERE leaflet_id = NEW.id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER leaflets_keep_words AFTER INSERT OR UPDATE OF title, own_title, for_whom, topics, summary, introduction,
    situations, signs, what_to_do, language, format, active ON leaflets_leaflet
    FOR EACH ROW EXECUTE FUNCTION leaflets_keep_words();
ALTER TABLE leaflets_leaflet ENABLE ALWAYS TRIGGER leaflets_keep_words;

-- In how many titles each word is. One writer at a time, in one order, so that none waits in a circle; titles change
-- seldom.
CREATE OR REPLACE FUNCTION leaflets_count_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text[] := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE OLD.spelt END;
    after text[] := CASE WHEN TG_OP = 'DELETE' THEN '{}' ELSE NEW.spelt END;
BEGIN
    IF before = after THEN RETURN NULL; END IF;
    PERFORM pg_advisory_xact_lock(hashtext('leaflets_word'));
    UPDATE leaflets_word SET titles = titles - 1 WHERE word = ANY(before) AND word <> ALL(after);
    INSERT INTO leaflets_word AS kept (word, titles)
        SELECT word, 1 FROM unnest(after) AS word WHERE word <> ALL(before)
        ON CONFLICT (word) DO UPDATE SET titles = kept.titles + 1;
    DELETE FROM leaflets_word WHERE word = ANY(before) AND titles = 0;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER leaflets_count_words AFTER INSERT OR UPDATE OR DELETE ON leaflets_leafletwords
    FOR EACH ROW EXECUTE FUNCTION leaflets_count_words();
ALTER TABLE leaflets_leafletwords ENABLE ALWAYS TRIGGER leaflets_count_words;
