-- What people chose to get, and every second address that mail came back from; not of those whose own pages are looked at.
INSERT INTO notifications_mailreader (address, token, created_at)
SELECT lower(email), 'bench-' || id, created_at FROM professionals_person WHERE email LIKE 'person%%@trust%%';
INSERT INTO notifications_mailchoice (topic, wanted, chosen_at, chosen_where, reader_id)
SELECT topic, id %% 3 > 0, created_at, 'page', id FROM notifications_mailreader, unnest(ARRAY['editions', 'invitations']) topic
WHERE token LIKE 'bench-%%';
CREATE TEMP TABLE came_back AS
SELECT lower(email) AS address, id, (ARRAY['hard', 'soft', 'complaint'])[1 + id / 2 %% 3] AS sort, now() - id * interval '1 minute' AS at
FROM professionals_person WHERE email LIKE 'person%%@trust%%' AND id %% 2 = 0
    AND id >= 300 + (SELECT min(id) FROM professionals_person WHERE email LIKE 'person%%@trust%%');
INSERT INTO notifications_returnedmail (key, address, sort, source, said, went_at, received_at)
SELECT 'bench-' || id || '-' || n, address, sort, 'server', '550 5.1.1 No such user', at - interval '1 minute', at
FROM came_back, generate_series(1, 2) n;
INSERT INTO notifications_markedaddress (address, sort, said, marked_at, last_at, cleared, cleared_at)
SELECT address, sort, '550 5.1.1 No such user', CASE WHEN id / 6 %% 3 > 0 THEN at END, at, CASE WHEN id / 6 %% 3 = 0 THEN 'staff' ELSE '' END,
    CASE WHEN id / 6 %% 3 = 0 THEN now() END
FROM came_back;
