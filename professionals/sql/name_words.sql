-- Each word of the names, streets and towns by which staff search, once for each table that has it: by these a search finds one
-- that is misspelt (ctac/staff/search.py). Whoever writes one, in whatever way, the words follow.
--
-- A word goes with the last row that has it, in the same transaction, so that an erasure leaves none behind. New words are
-- only added, never counted: two who save the same word at once don't wait for each other until they commit.
CREATE OR REPLACE FUNCTION professionals_name_words(name text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT DISTINCT found[1] FROM regexp_matches(lower(name), '[[:alpha:]]{4,60}', 'g') AS found ORDER BY 1)
$$;

-- The words in these columns, whose names have a space between them.
CREATE OR REPLACE FUNCTION professionals_name_words_of(record jsonb, columns text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT professionals_name_words(string_agg(record ->> name, ' ')) FROM string_to_table(columns, ' ') AS name
$$;

-- Takes out those of these words that no row of the table has any more: a table of many rows has an index of their words.
CREATE OR REPLACE FUNCTION professionals_drop_name_words(kind text, columns text, words text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone text;
    stays boolean;
BEGIN
    -- Of many rows with the same word, the first to go takes it out.
    FOR gone IN SELECT word FROM professionals_nameword WHERE source = kind AND word = ANY (words) LOOP
        -- With the word in it, so that the planner knows whether it is rare or common.
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %I WHERE professionals_name_words(%s) @> ARRAY[%L])',
            kind, replace(columns, ' ', ' || '' '' || '), gone
        ) INTO stays;
        IF NOT stays THEN
            DELETE FROM professionals_nameword WHERE source = kind AND word = gone;
        END IF;
    END LOOP;
END $$;

-- Its argument: the columns with the name.
CREATE OR REPLACE FUNCTION professionals_keep_name_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text[] := professionals_name_words_of(to_jsonb(OLD), TG_ARGV[0]);
    after text[] := professionals_name_words_of(to_jsonb(NEW), TG_ARGV[0]);
BEGIN
    INSERT INTO professionals_nameword (source, word)
        SELECT TG_TABLE_NAME, word FROM unnest(after) AS word WHERE word <> ALL(before) ORDER BY word
        ON CONFLICT DO NOTHING;
    PERFORM professionals_drop_name_words(
        TG_TABLE_NAME, TG_ARGV[0], ARRAY(SELECT word FROM unnest(before) AS word WHERE word <> ALL(after))
    );
    RETURN NULL;
END $$;

-- Once a statement: of many rows that go together, a word that they share is looked for once.
CREATE OR REPLACE FUNCTION professionals_forget_name_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM professionals_drop_name_words(TG_TABLE_NAME, TG_ARGV[0], ARRAY(
        SELECT DISTINCT word FROM removed, unnest(professionals_name_words_of(to_jsonb(removed), TG_ARGV[0])) AS word ORDER BY word
    ));
    RETURN NULL;
END $$;

CREATE INDEX IF NOT EXISTS person_name_words ON professionals_person USING gin (professionals_name_words(name))
    WITH (gin_pending_list_limit = 256);
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF name ON professionals_person
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('name');
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON professionals_person REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('name');
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_forget_name_words;
CREATE INDEX IF NOT EXISTS organisation_name_words ON professionals_organisation USING gin (professionals_name_words(name))
    WITH (gin_pending_list_limit = 256);
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF name ON professionals_organisation
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('name');
ALTER TABLE professionals_organisation ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON professionals_organisation REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('name');
ALTER TABLE professionals_organisation ENABLE ALWAYS TRIGGER professionals_forget_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT source, word FROM (
        SELECT 'professionals_person' AS source, name FROM professionals_person
        UNION ALL SELECT 'professionals_organisation', name FROM professionals_organisation
    ) AS named, unnest(professionals_name_words(name)) AS word
    ON CONFLICT DO NOTHING;
