-- A hundred who presented in the past, 2 a day each: as many presenters with few bookings as with many, so that their list is as long.
-- The last of the bookings, a tenth and at most 500, are of one professional: the one with the most.
-- Each is a copy of one of the team in all that is not named here.
INSERT INTO bookings_presenter
SELECT made.* FROM generate_series(0, 99) n JOIN bookings_presenter one ON one.id = (SELECT min(id) FROM bookings_presenter),
    LATERAL jsonb_populate_record(one, jsonb_build_object('id', nextval(pg_get_serial_sequence('bookings_presenter', 'id')), 'user_id', NULL,
        'name', 'Former presenter ' || n, 'email', 'former' || n || '@ctac.test', 'phone', '', 'active', false)) made;
CREATE TEMP TABLE past AS
SELECT n, first.id + n %% 100 AS presenter, date_trunc('day', now()) - interval '30 days' - (n / 200) * interval '1 day'
    + CASE n / 100 %% 2 WHEN 0 THEN interval '10 hours' ELSE interval '14 hours' END AS starts,
    people.first + CASE WHEN n >= %(bookings)s - least(500, %(bookings)s / 10) THEN 1 ELSE n %% people.many END AS person
FROM generate_series(0, %(bookings)s - 1) n,
    (SELECT min(id) AS id FROM bookings_presenter WHERE NOT active) first,
    (SELECT min(id) AS first, count(*) AS many FROM professionals_person WHERE email LIKE 'person%%@trust%%') people;
INSERT INTO bookings_booking (reference, state, format, starts_at, ends_at, address_line_1, address_line_2, town, postcode, nation,
    local_authority, room,
    audience_size, audience_profession, contact_name, contact_phone, access_needs, notes, flagged_child_details, channel, sequence,
    ical_uid, submission_digest, closed_reason, visit_closed, created_at, person_id, presentation_id, presenter_id)
SELECT pg_temp.reference('BK', n), CASE n %% 10 WHEN 9 THEN 'cancelled' ELSE 'delivered' END, 'workplace', starts, starts + interval '90 minutes',
    '1 Park Row', initcap(left(translate(md5((n %% 20000)::text), '0123456789', 'ghijklmnop'), 8)) || ' Street', 'Leeds', 'LS1 4AP', 'england', CASE n %% 3 WHEN 0 THEN 'E06000014' ELSE 'E08000035' END, '', 12, '', 'Ruth Adeyemi', '07700 900123', '', '', false, 'web', 0,
    'bench-' || n || '@ctac.test', '', '', true, starts - interval '20 days', person, (SELECT min(id) FROM bookings_presentation),
    CASE n %% 10 WHEN 9 THEN NULL ELSE presenter END
FROM past
ON CONFLICT DO NOTHING; -- the sample's own references are at random
INSERT INTO bookings_busytime (kind, busy, live, postcode, zone, latitude, longitude, travel_reason, booking_id, presenter_id)
SELECT 'booking', tstzrange(starts_at, ends_at), true, postcode, 'mainland', 53.8, -1.55, '', id, presenter_id
FROM bookings_booking WHERE ical_uid LIKE 'bench-%%' AND presenter_id IS NOT NULL;
INSERT INTO bookings_bookingevent (at, kind, from_state, to_state, reason, booking_id)
SELECT created_at, 'booked', '', 'confirmed', '', id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%'
UNION ALL SELECT ends_at, 'delivered', 'confirmed', state, '', id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%';
