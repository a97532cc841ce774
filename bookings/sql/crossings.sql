-- What the crossing to an island adds to a journey. The migration puts the rows of bookings/data/crossings.csv here,
-- which bookings/travel.py reads too; when that file changes, another migration runs this one again.
CREATE OR REPLACE FUNCTION bookings_crossing_minutes(zone text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE zone
        :crossings
        ELSE 0 END
$$;
