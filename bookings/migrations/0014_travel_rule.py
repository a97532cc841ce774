"""The database learns the rule of bookings/travel.py: crossings to islands, and what staff have set between two areas.

Claims and bases that exist get the coordinates of their outward code. The guard sleeps meanwhile: what was agreed stays agreed,
even where the new figures are longer.
"""

from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.migrations.state import StateApps

from professionals.areas import authority_of, nation_of

TRAVEL_MINUTES = """
CREATE FUNCTION bookings_crossing_minutes(zone text) RETURNS integer LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE zone
        WHEN 'isle-of-wight' THEN 75 WHEN 'scilly' THEN 180 WHEN 'arran' THEN 75 WHEN 'bute' THEN 45 WHEN 'cumbrae' THEN 30
        WHEN 'gigha' THEN 40 WHEN 'islay-and-jura' THEN 150 WHEN 'colonsay' THEN 180 WHEN 'mull' THEN 75 WHEN 'iona' THEN 120
        WHEN 'coll' THEN 210 WHEN 'tiree' THEN 240 WHEN 'small-isles' THEN 150 WHEN 'lewis-and-harris' THEN 180
        WHEN 'uists' THEN 180 WHEN 'barra' THEN 270 WHEN 'orkney' THEN 120 WHEN 'shetland' THEN 240
        WHEN 'northern-ireland' THEN 150 WHEN 'isle-of-man' THEN 210 WHEN 'guernsey' THEN 240 WHEN 'jersey' THEN 240
        WHEN 'alderney' THEN 240 WHEN 'sark' THEN 270
        ELSE 0 END
$$;

CREATE FUNCTION bookings_area_keys(postcode text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT ARRAY[split_part(postcode, ' ', 1), substring(postcode from '^[A-Z]+')]
$$;

-- What staff have set between the areas of two postcodes: the most exact pair, then the longer. NULL if nothing.
CREATE FUNCTION bookings_minutes_set(postcode_a text, postcode_b text) RETURNS integer LANGUAGE sql STABLE AS $$
    SELECT minutes::integer FROM bookings_journeytime
        WHERE (one = ANY(bookings_area_keys(postcode_a)) AND other = ANY(bookings_area_keys(postcode_b)))
        OR (one = ANY(bookings_area_keys(postcode_b)) AND other = ANY(bookings_area_keys(postcode_a)))
        ORDER BY (one ~ '[0-9]')::integer + (other ~ '[0-9]')::integer DESC, minutes DESC LIMIT 1
$$;

CREATE FUNCTION bookings_travel_minutes(
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
"""

REQUIRE_TRAVEL = """
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

DROP FUNCTION bookings_travel_minutes(text, double precision, double precision, text, double precision, double precision);
"""

MOVE_PLACES = """
ALTER TABLE bookings_busytime DISABLE TRIGGER bookings_busytime_travel;
UPDATE bookings_busytime SET zone = 'mainland' WHERE latitude IS NOT NULL;
UPDATE bookings_busytime SET latitude = o.latitude, longitude = o.longitude, zone = o.zone
    FROM professionals_outwardcode o WHERE o.code = split_part(postcode, ' ', 1);
-- A row that is updated twice waits for its foreign keys to be looked at, and a table with such rows can't be altered.
SET CONSTRAINTS ALL IMMEDIATE;
SET CONSTRAINTS ALL DEFERRED;
ALTER TABLE bookings_busytime ENABLE TRIGGER bookings_busytime_travel;
UPDATE bookings_presenter SET base_latitude = o.latitude, base_longitude = o.longitude, base_zone = o.zone
    FROM professionals_outwardcode o WHERE o.code = split_part(base_postcode, ' ', 1);
"""


def fill_areas(apps: StateApps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Nation and local authority of the bookings that there are."""
    booking = apps.get_model("bookings", "Booking")
    outward_codes = apps.get_model("professionals", "OutwardCode").objects.in_bulk()
    for postcode in set(booking.objects.exclude(postcode="").values_list("postcode", flat=True)):
        outward, _space, inward = postcode.partition(" ")
        row = outward_codes.get(outward)
        if row is not None:
            authority = authority_of(row, inward)
            booking.objects.filter(postcode=postcode).update(nation=nation_of(authority, outward), local_authority=authority)


class Migration(migrations.Migration):
    dependencies = [("bookings", "0013_places")]

    operations = [
        migrations.RunSQL(TRAVEL_MINUTES),
        migrations.RunSQL(REQUIRE_TRAVEL),
        migrations.RunSQL(MOVE_PLACES),
        migrations.RunPython(fill_areas, migrations.RunPython.noop),
        migrations.RemoveConstraint(model_name="busytime", name="busytime_place_is_whole_or_absent"),
        migrations.AddConstraint(
            model_name="busytime",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("latitude__isnull", True), ("longitude__isnull", True), ("postcode", ""), ("zone", "")),
                    models.Q(
                        ("latitude__isnull", False),
                        ("longitude__isnull", False),
                        models.Q(("postcode", ""), _negated=True),
                        models.Q(("zone", ""), _negated=True),
                        models.Q(("kind", "leave"), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="busytime_place_is_whole_or_absent",
            ),
        ),
    ]
