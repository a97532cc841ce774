-- One open session for eight bookings, in the evenings of the past, of those who presented then, with eight places each; and a dozen
-- to come, as many with few as with many. Nobody whose own pages are looked at (the first three hundred people) has a place.
CREATE TEMP TABLE evenings AS
SELECT n, first.id + n %% 100 AS presenter, date_trunc('day', now()) - interval '30 days' - (n / 100) * interval '1 day' + interval '18 hours' AS starts
FROM generate_series(0, %(bookings)s / 8 - 1) n, (SELECT min(id) AS id FROM bookings_presenter WHERE NOT active AND email LIKE 'former%%') first
UNION ALL SELECT -n, NULL, date_trunc('day', now()) + n * interval '3 days' + interval '18 hours' FROM generate_series(1, 12) n;
INSERT INTO bookings_opensession (reference, state, starts_at, ends_at, capacity, occupied, waiting, last_position, own_joining_link, joining_help,
    sequence, ical_uid, closed_reason, created_at, presentation_id, presenter_id)
SELECT pg_temp.reference('OS', 100000000 + n), CASE WHEN n < 0 THEN 'scheduled' WHEN n %% 20 = 19 THEN 'cancelled' ELSE 'delivered' END,
    starts, starts + interval '1 hour', 40, 8, 0, 8, '', '', 0, 'bench-session-' || n || '@ctac.test', '', starts - interval '40 days',
    (SELECT min(id) FROM bookings_presentation), CASE WHEN n %% 20 = 19 THEN NULL ELSE presenter END
FROM evenings;
INSERT INTO bookings_busytime (kind, busy, live, postcode, zone, travel_reason, session_id, presenter_id)
SELECT 'session', tstzrange(starts_at, ends_at), true, '', '', '', id, presenter_id
FROM bookings_opensession WHERE ical_uid LIKE 'bench-session-%%' AND presenter_id IS NOT NULL;
INSERT INTO bookings_sessionplace (state, position, access_needs, flagged_child_details, channel, version, created_at, person_id, session_id)
SELECT CASE WHEN s.state = 'delivered' THEN 'attended' ELSE 'taken' END, place, '', false, 'web', 0, s.created_at + place * interval '1 hour',
    people.first + 300 + (s.id * 8 + place) %% greatest(people.many - 300, 8), s.id
FROM bookings_opensession s, generate_series(1, 8) place,
    (SELECT min(id) AS first, count(*) AS many FROM professionals_person WHERE email LIKE 'person%%@trust%%') people
WHERE s.ical_uid LIKE 'bench-session-%%';
-- What people said: of each session that was, and of every fourth presentation, three answers.
INSERT INTO bookings_followup (code, created_at, session_id)
SELECT replace(substr(reference, 4), '-', ''), starts_at, id FROM bookings_opensession WHERE ical_uid LIKE 'bench-session-%%' AND state = 'delivered';
INSERT INTO bookings_followup (code, created_at, booking_id)
SELECT replace(substr(reference, 4), '-', ''), starts_at, id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%' AND state = 'delivered' AND id %% 4 = 0;
INSERT INTO bookings_feedback (by_host, useful, clear, ready, comment, flagged_child_details, token, received_on, follow_up_id)
SELECT false, 1 + (a.id + n) %% 5, 3 + n %% 3, 5, CASE n WHEN 1 THEN 'More about what to write down, please.' ELSE '' END, false,
    'bench-' || a.id || '-' || n, a.created_at::date, a.id
FROM bookings_followup a, generate_series(1, 3) n;
