-- A live claim may not leave a presenter less time between two visits than the journey takes. bookings/travel.py says
-- the rule in words; tests/bookings/schedule/test_travel.py proves the two equal.
CREATE OR REPLACE FUNCTION bookings_area_keys(postcode text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY[split_part(postcode, ' ', 1), substring(postcode from '^[A-Z]+')]
$$;

-- What staff have set between the areas of two postcodes: the most exact pair, then the longer. NULL if nothing.
CREATE OR REPLACE FUNCTION bookings_minutes_set(postcode_a text, postcode_b text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT minutes::integer FROM bookings_journeytime
        WHERE (one = ANY(bookings_area_keys(postcode_a)) AND other = ANY(bookings_area_keys(postcode_b)))
        OR (one = ANY(bookings_area_keys(postcode_b)) AND other = ANY(bookings_area_keys(postcode_a)))
        ORDER BY (one ~ '[0-9]')::integer + (other ~ '[0-9]')::integer DESC, minutes DESC LIMIT 1
$$;

CREATE OR REPLACE FUNCTION bookings_travel_minutes(
    postcode_a text, latitude_a double precision, longitude_a double precision, zone_a text,
    postcode_b text, latitude_b double precision, longitude_b double precision, zone_b text
) RETURNS integer LANGUAGE plpgsql STABLE STRICT AS $$
DECLARE
    radians constant double precision := 0.017453292519943295;
    half_latitude double precision := sin((latitude_b - latitude_a) * radians / 2);
    half_longitude double precision := sin((longitude_b - longitude_a) * radians / 2);
    chord double precision := half_latitude * half_latitude
        + cos(latitude_a * radians) * cos(latitude_b * radians) * half_longitude * half_longitude;
    kilometres double precision := 2 * 6371.0::double precision * asin(sqrt(least(1.0::double precision, chord)));
    crossing integer := 0;
BEGIN
    IF postcode_a = postcode_b THEN RETURN 0; END IF;
    IF zone_a <> zone_b THEN
        crossing := bookings_crossing_minutes(zone_a) + bookings_crossing_minutes(zone_b);
    END IF;
    RETURN coalesce(
        bookings_minutes_set(postcode_a, postcode_b),
        greatest(30, ceil(15 + kilometres * 1.3::double precision / 70 * 60)::integer) + crossing
    );
END $$;

-- The second guard, beside the exclusion constraint. It locks the presenter before it looks, so that even writers who
-- forgot to lock can't pass each other (each would look before the other has committed). It is deferred, so that a
-- service may take and give back in any order and hears the answer at SET CONSTRAINTS ALL IMMEDIATE. Giving time back
-- is never refused.
CREATE OR REPLACE FUNCTION bookings_require_travel(earlier bookings_busytime, later bookings_busytime)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    gap interval := lower(later.busy) - upper(earlier.busy);
    without_place interval;
    minutes integer;
BEGIN
    IF earlier.id IS NULL OR later.id IS NULL OR gap >= interval '48 hours' THEN RETURN; END IF;
    SELECT coalesce(sum(upper(busy) - lower(busy)), interval '0') INTO without_place FROM bookings_busytime
        WHERE presenter_id = earlier.presenter_id AND live AND latitude IS NULL
        AND busy && tstzrange(upper(earlier.busy), lower(later.busy));
    -- greatest() ignores NULL: what staff set for either visit comes first.
    minutes := coalesce(
        greatest(earlier.travel_minutes, later.travel_minutes)::integer,
        bookings_travel_minutes(
            earlier.postcode, earlier.latitude, earlier.longitude, earlier.zone,
            later.postcode, later.latitude, later.longitude, later.zone
        )
    );
    IF gap - without_place < make_interval(mins => minutes) THEN
        RAISE EXCEPTION 'presenter % needs % minutes of travel between two visits and has %',
            earlier.presenter_id, minutes, gap - without_place
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'busytime_travel', TABLE = 'bookings_busytime';
    END IF;
END $$;

CREATE OR REPLACE FUNCTION bookings_check_travel() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    claim bookings_busytime;
    earlier bookings_busytime;
    later bookings_busytime;
BEGIN
    PERFORM 1 FROM bookings_presenter WHERE id = NEW.presenter_id FOR NO KEY UPDATE;
    -- The row as it is now: this trigger is deferred, and the same transaction may have moved or ended the claim since.
    SELECT * INTO claim FROM bookings_busytime WHERE id = NEW.id AND live;
    IF NOT FOUND THEN RETURN NULL; END IF;
    SELECT * INTO earlier FROM bookings_busytime
        WHERE presenter_id = claim.presenter_id AND live AND latitude IS NOT NULL AND lower(busy) < lower(claim.busy)
        ORDER BY lower(busy) DESC LIMIT 1;
    SELECT * INTO later FROM bookings_busytime
        WHERE presenter_id = claim.presenter_id AND live AND latitude IS NOT NULL AND lower(busy) > lower(claim.busy)
        ORDER BY lower(busy) LIMIT 1;
    IF claim.latitude IS NULL THEN
        -- A claim without a place takes time from the journey round it.
        PERFORM bookings_require_travel(earlier, later);
    ELSE
        PERFORM bookings_require_travel(earlier, claim);
        PERFORM bookings_require_travel(claim, later);
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS bookings_busytime_travel ON bookings_busytime;
CREATE CONSTRAINT TRIGGER bookings_busytime_travel AFTER INSERT OR UPDATE ON bookings_busytime
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.live) EXECUTE FUNCTION bookings_check_travel();
