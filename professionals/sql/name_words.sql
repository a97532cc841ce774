-- Each word of the names by which staff search, once for each table that has it: by these a search finds a name that is
-- misspelt (staff/search.py). Whoever writes a name, in whatever way, the words follow.
--
-- A word goes with the last row that has it, in the same transaction, so that an erasure leaves none behind. New words are
-- only added, never counted: two who save the same word at once don't wait for each other until they commit.
CREATE OR REPLACE FUNCTION professionals_name_words(name text) RETURNS text[] LANGUAGE sql IMMUTABLE AS $$
    SELECT ARRAY(SELECT DISTINCT found[1] FROM regexp_matches(lower(name), '[[:alpha:]]{4,60}', 'g') AS found ORDER BY 1)
$$;

-- Takes out those of these words that no row of the table has any more. `name_column` has the name, and `searched` is the text, with
-- an index of its trigrams if there are many, by which other rows are found that may have a word: it may stand in an address of
-- theirs, and not in their name.
CREATE OR REPLACE FUNCTION professionals_drop_name_words(kind text, name_column text, searched text, words text[])
    RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gone text;
    stays boolean;
BEGIN
    FOREACH gone IN ARRAY words LOOP
        -- With the word in it, so that the planner knows whether it is rare or common.
        EXECUTE format(
            'SELECT EXISTS (SELECT FROM %1$I WHERE %2$s ~ %4$L AND lower(%3$I) ~ %4$L)',
            kind, searched, name_column, '\m' || gone || '\M'
        ) INTO stays;
        IF NOT stays THEN
            DELETE FROM professionals_nameword WHERE source = kind AND word = gone;
        END IF;
    END LOOP;
END $$;

-- Its arguments: the column with the name, and the text that is searched.
CREATE OR REPLACE FUNCTION professionals_keep_name_words() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    before text[] := CASE WHEN TG_OP = 'INSERT' THEN '{}' ELSE professionals_name_words(to_jsonb(OLD) ->> TG_ARGV[0]) END;
    after text[] := professionals_name_words(to_jsonb(NEW) ->> TG_ARGV[0]);
BEGIN
    INSERT INTO professionals_nameword (source, word)
        SELECT TG_TABLE_NAME, word FROM unnest(after) AS word WHERE word <> ALL(before) ORDER BY word
        ON CONFLICT DO NOTHING;
    PERFORM professionals_drop_name_words(
        TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1], ARRAY(SELECT word FROM unnest(before) AS word WHERE word <> ALL(after))
    );
    RETURN NULL;
END $$;

-- Once a statement: of many rows that go together, a word that they share is looked for once.
CREATE OR REPLACE FUNCTION professionals_forget_name_words() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM professionals_drop_name_words(TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1], ARRAY(
        SELECT DISTINCT word FROM removed, unnest(professionals_name_words(to_jsonb(removed) ->> TG_ARGV[0])) AS word ORDER BY word
    ));
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF name ON professionals_person
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('name', 'searched');
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON professionals_person REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('name', 'searched');
ALTER TABLE professionals_person ENABLE ALWAYS TRIGGER professionals_forget_name_words;
CREATE OR REPLACE TRIGGER professionals_keep_name_words AFTER INSERT OR UPDATE OF name ON professionals_organisation
    FOR EACH ROW EXECUTE FUNCTION professionals_keep_name_words('name', 'lower('' '' || coalesce(name, ''''))');
ALTER TABLE professionals_organisation ENABLE ALWAYS TRIGGER professionals_keep_name_words;
CREATE OR REPLACE TRIGGER professionals_forget_name_words AFTER DELETE ON professionals_organisation REFERENCING OLD TABLE AS removed
    FOR EACH STATEMENT EXECUTE FUNCTION professionals_forget_name_words('name', 'lower('' '' || coalesce(name, ''''))');
ALTER TABLE professionals_organisation ENABLE ALWAYS TRIGGER professionals_forget_name_words;
INSERT INTO professionals_nameword (source, word)
    SELECT DISTINCT source, word FROM (
        SELECT 'professionals_person' AS source, name FROM professionals_person
        UNION ALL SELECT 'professionals_organisation', name FROM professionals_organisation
    ) AS named, unnest(professionals_name_words(name)) AS word
    ON CONFLICT DO NOTHING;
