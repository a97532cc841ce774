-- Each goes to one of 20,000 streets. The last 500 orders wait, and so do fewer where there are few. The first, a tenth and at most 2,000,
-- are of one professional; of the others who ordered most did so twice, however many there are, so that their own pages can be compared.
CREATE TEMP TABLE editions AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM leaflets_edition WHERE state = 'current';
INSERT INTO leaflets_order (reference, state, channel, name, attention, organisation_name, address_line_1, address_line_2, town, postcode,
    submission_token, submission_digest, over_limit_reason, created_at, person_id, organisation_id)
SELECT pg_temp.reference('LO', n), CASE WHEN n < least(500, %(orders)s / 10) THEN 'received' WHEN n %% 10 = 9 THEN 'cancelled' ELSE 'dispatched' END,
    'web', 'Asha Rahman', '', 'Leeds City Council', '110 Merrion Centre', initcap(left(translate(md5((n %% 20000)::text), '0123456789', 'ghijklmnop'), 8)) || ' Street', 'Leeds', 'LS2 8BB', 'bench-' || n, '', '', now() - n * interval '2 minutes', person.id, person.organisation_id
FROM generate_series(0, %(orders)s - 1) n,
    (SELECT min(id) AS first, count(*) AS many FROM professionals_person WHERE email LIKE 'person%%@trust%%') people,
    professionals_person person
WHERE person.id = people.first + CASE WHEN n >= %(orders)s - least(2000, %(orders)s / 10) THEN 1 ELSE n %% least(people.many, greatest(%(orders)s / 2, 1)) END
ON CONFLICT DO NOTHING; -- the sample's own references are at random
INSERT INTO leaflets_orderline (copies, backordered, allocated, dispatched, cancelled, edition_id, order_id)
SELECT 10, 0, CASE state WHEN 'received' THEN 10 ELSE 0 END, CASE state WHEN 'dispatched' THEN 10 ELSE 0 END,
    CASE state WHEN 'cancelled' THEN 10 ELSE 0 END, editions.id, o.id
FROM leaflets_order o JOIN editions ON editions.place = o.id %% 4 OR (o.id %% 3 = 0 AND editions.place = (o.id + 1) %% 4)
WHERE submission_token LIKE 'bench-%%';
INSERT INTO leaflets_orderevent (kind, at, reason, order_id)
SELECT 'placed', created_at, '', id FROM leaflets_order WHERE submission_token LIKE 'bench-%%'
UNION ALL SELECT state, created_at + interval '1 day', '', id FROM leaflets_order
    WHERE submission_token LIKE 'bench-%%' AND state IN ('dispatched', 'cancelled');
INSERT INTO leaflets_dispatch (dispatched_at, tracking_number, order_id)
SELECT created_at + interval '1 day', '', id FROM leaflets_order WHERE submission_token LIKE 'bench-%%' AND state = 'dispatched';
INSERT INTO leaflets_stockmovement (kind, copies, on_hand_change, allocated_change, at, reason, edition_id)
SELECT 'received', 20 * %(orders)s, 20 * %(orders)s, 0, now() - interval '6 years', '', id FROM editions;
CREATE TEMP TABLE lines AS SELECT l.id, l.edition_id, o.state, o.created_at FROM leaflets_orderline l JOIN leaflets_order o ON o.id = l.order_id
    WHERE o.submission_token LIKE 'bench-%%';
INSERT INTO leaflets_stockmovement (kind, copies, on_hand_change, allocated_change, at, reason, edition_id, order_line_id)
SELECT 'allocated', 10, 0, 10, created_at, '', edition_id, id FROM lines
UNION ALL SELECT 'dispatched', 10, -10, -10, created_at + interval '1 day', '', edition_id, id FROM lines WHERE state = 'dispatched'
UNION ALL SELECT 'released', 10, 0, -10, created_at + interval '1 day', '', edition_id, id FROM lines WHERE state = 'cancelled';
INSERT INTO leaflets_dispatchcount (edition_id, day, copies)
SELECT edition_id, (at AT TIME ZONE 'Europe/London')::date, sum(copies) FROM leaflets_stockmovement WHERE kind = 'dispatched' GROUP BY 1, 2
ON CONFLICT (edition_id, day) DO UPDATE SET copies = excluded.copies;
UPDATE leaflets_edition e SET on_hand = ledger.on_hand, allocated = ledger.allocated
FROM (SELECT edition_id, sum(on_hand_change) AS on_hand, sum(allocated_change) AS allocated FROM leaflets_stockmovement GROUP BY 1) ledger
WHERE ledger.edition_id = e.id;
-- As the nightly tasks do.
INSERT INTO professionals_nameword (source, word)
SELECT DISTINCT source, word FROM (
    SELECT 'leaflets_order' AS source, address_line_1, address_line_2, town FROM leaflets_order
    UNION ALL SELECT 'bookings_booking', address_line_1, address_line_2, town FROM bookings_booking
) AS streets, unnest(professionals_name_words(concat_ws(' ', address_line_1, address_line_2, town))) AS word
ON CONFLICT DO NOTHING;
