-- Who asked for visits near them, role mailboxes, and campaigns of the last years with who was invited: as many campaigns, however much
-- else there is, since each page reads one or the newest.
INSERT INTO notifications_mailchoice (topic, wanted, chosen_at, chosen_where, reader_id)
SELECT 'visits', true, created_at, 'page', id FROM notifications_mailreader WHERE id %% 200 = 7;
INSERT INTO reach_rolemailbox (organisation_id, address, digest, source, basis, postcode, nation, authority, token, added_at, objected_by)
SELECT id, 'team' || id || '@example.org', md5('digest' || id), 'https://example.org/team', 'published', 'LS1 4AP', 'england', 'E08000035',
    md5('mailbox' || id), now() - row_number() OVER (ORDER BY id) * interval '1 hour', ''
FROM professionals_organisation, (SELECT min(id) AS first FROM professionals_organisation WHERE name LIKE 'Organisation %%') ours
WHERE name LIKE 'Organisation %%' AND (id - first) %% 50 = 0;
INSERT INTO reach_campaign (kind, unit, areas, presentation_id, times, planned_at, token)
SELECT 'area', 'upper', '{E08000035}', (SELECT min(id) FROM bookings_presentation), '{}', now() - n * interval '9 days', md5('campaign' || n)::uuid
FROM generate_series(1, 120) n;
INSERT INTO reach_campaigninvite (campaign_id, person_id, address, lasts)
SELECT c.id, p.id, p.email, tstzrange(c.planned_at, c.planned_at + interval '90 days')
FROM (SELECT id, planned_at, row_number() OVER (ORDER BY id) AS n FROM reach_campaign) c
JOIN (SELECT id, email, row_number() OVER (ORDER BY id) AS n FROM professionals_person WHERE email LIKE 'person%%@trust%%') p ON p.n / 5 = c.n;
