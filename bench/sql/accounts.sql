-- What is found by one key alone: browsers, drafts, limits, passkeys, changes of address, address books. Nobody whose own pages are
-- looked at (the first three hundred people) has any of it, but for the address book, of which all have one entry.
CREATE TEMP TABLE others AS SELECT p.id AS person, p.user_id AS "user", p.email FROM professionals_person p
WHERE p.email LIKE 'person%%@trust%%' AND p.id >= 300 + (SELECT min(id) FROM professionals_person WHERE email LIKE 'person%%@trust%%');
INSERT INTO accounts_session (session_key, session_data, expire_date, user_id, public_id, of_staff, device, started_at, seen_at, ends_at)
SELECT encode(sha256(('bench' || person)::bytea), 'hex'), 'bench', now() + interval '9 days', "user", gen_random_uuid(), false, 'Firefox on Windows',
    now() - interval '5 days', now() - interval '1 day', now() + interval '25 days'
FROM others WHERE person %% 4 = 0;
INSERT INTO professionals_draft (kind, key_hash, person_id, answers, token, expires_at)
SELECT 'order', md5('bench' || person), person, '{}', 'bench-' || person, now() + person %% 48 * interval '1 hour' FROM others WHERE person %% 10 = 0;
INSERT INTO accounts_ratelimit (key, hits, resets_at, lifted)
SELECT encode(sha256(('bench' || person)::bytea), 'hex'), 3, now() + interval '1 hour', false FROM others WHERE person %% 10 = 1;
INSERT INTO professionals_addresschange (user_id, old, new, changed_at, until, token_hash)
SELECT "user", 'old-' || email, email, now() - person %% 7 * interval '1 day', now() + (7 - person %% 7) * interval '1 day', md5('bench' || person)
FROM others WHERE person %% 100 = 2;
INSERT INTO mfa_authenticator (user_id, type, data, created_at)
SELECT "user", 'webauthn', '{"name": "Phone", "credential": {}}', now() - interval '90 days' FROM others WHERE person %% 10 = 3;
INSERT INTO leaflets_keptaddress (person_id, name, attention, organisation_name, address_line_1, address_line_2, town, postcode)
SELECT id, name, '', 'Leeds City Council', '110 Merrion Centre', '', 'Leeds', 'LS2 8BB' FROM professionals_person WHERE email LIKE 'person%%@trust%%';
