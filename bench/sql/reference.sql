-- Numbers become references by a walk through all of them that never meets the same one twice (core/models.py).
CREATE FUNCTION pg_temp.reference(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    WITH walk AS (SELECT (number * 400000009 + 7) %% (%(base)s::bigint ^ 6)::bigint AS at),
    signs AS (SELECT string_agg(substr(%(alphabet)s, 1 + (at / (%(base)s::bigint ^ place)::bigint %% %(base)s)::int, 1), '' ORDER BY place) AS six
        FROM walk, generate_series(0, 5) AS place)
    SELECT prefix || '-' || substr(six, 1, 4) || '-' || substr(six, 5) FROM signs $$
