-- The figures of a session are counted here, whoever writes; CHECK (occupied <= capacity) then refuses a place too
-- many. One UPDATE a session and statement, however many rows. Writers lock the session first, so that they take turns.
CREATE OR REPLACE FUNCTION bookings_count_places() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        UPDATE bookings_opensession AS s SET occupied = occupied - gone.occupying, waiting = waiting - gone.in_line
        FROM (
            SELECT session_id, count(*) FILTER (WHERE state IN ('taken', 'offered', 'attended')) AS occupying,
                count(*) FILTER (WHERE state = 'waiting') AS in_line
            FROM old_rows GROUP BY session_id
        ) AS gone
        WHERE s.id = gone.session_id AND (gone.occupying > 0 OR gone.in_line > 0);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        UPDATE bookings_opensession AS s SET occupied = occupied + come.occupying, waiting = waiting + come.in_line
        FROM (
            SELECT session_id, count(*) FILTER (WHERE state IN ('taken', 'offered', 'attended')) AS occupying,
                count(*) FILTER (WHERE state = 'waiting') AS in_line
            FROM new_rows GROUP BY session_id
        ) AS come
        WHERE s.id = come.session_id AND (come.occupying > 0 OR come.in_line > 0);
    END IF;
    RETURN NULL;
END $$;

CREATE OR REPLACE TRIGGER bookings_place_comes AFTER INSERT ON bookings_sessionplace
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();
CREATE OR REPLACE TRIGGER bookings_place_changes AFTER UPDATE ON bookings_sessionplace
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();
CREATE OR REPLACE TRIGGER bookings_place_goes AFTER DELETE ON bookings_sessionplace
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION bookings_count_places();

-- Who comes gets the next position of that session: a row that is written with position 0.
CREATE OR REPLACE FUNCTION bookings_give_position() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bookings_opensession SET last_position = last_position + 1 WHERE id = NEW.session_id
        RETURNING last_position INTO NEW.position;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_place_position BEFORE INSERT OR UPDATE ON bookings_sessionplace
    FOR EACH ROW WHEN (NEW.position = 0) EXECUTE FUNCTION bookings_give_position();
