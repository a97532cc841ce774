-- What staff have set between the areas of two postcodes: the most exact pair, then the longer. NULL if nothing.
CREATE OR REPLACE FUNCTION bookings_minutes_set(postcode_a text, postcode_b text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT minutes::integer FROM bookings_journeytime
        WHERE (area_a = ANY(bookings_area_keys(postcode_a)) AND area_b = ANY(bookings_area_keys(postcode_b)))
        OR (area_a = ANY(bookings_area_keys(postcode_b)) AND area_b = ANY(bookings_area_keys(postcode_a)))
        ORDER BY (area_a ~ '[0-9]')::integer + (area_b ~ '[0-9]')::integer DESC, minutes DESC LIMIT 1
$$;
