INSERT INTO professionals_organisation (name, created_at)
SELECT 'Organisation ' || n, now() - n * interval '1 hour' FROM generate_series(1, greatest(%(people)s / 50, 1)) n;
INSERT INTO accounts_user (password, is_superuser, email, is_staff, is_active, date_joined)
SELECT '!', false, 'person' || n || '@trust' || n %% 500 || '.nhs.uk', false, true, now() - n * interval '3 minutes'
FROM generate_series(1, %(people)s) n;
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM accounts_user WHERE email LIKE 'person%%@trust%%';
INSERT INTO professionals_person (name, email, phone, profession, postcode, created_at, organisation_id, user_id)
SELECT (ARRAY['Asha', 'Ben', 'Carys', 'Dilip', 'Eilidh', 'Farah'])[1 + id %% 6] || ' ' ||
    (ARRAY['Rahman', 'Okafor', 'Evans', 'Nair', 'Fraser', 'Walsh'])[1 + id / 6 %% 6] || ' ' || id,
    email, '0113 496 0000', 'health-visitor', (ARRAY['LS1 4AP', 'M1 1AE', 'B1 1AA', 'CF10 1AA', 'EH1 1AA'])[1 + id %% 5],
    date_joined, (SELECT min(id) FROM professionals_organisation WHERE name LIKE 'Organisation %%') + id %% greatest(%(people)s / 50, 1), id
FROM accounts_user WHERE email LIKE 'person%%@trust%%'
ORDER BY id; -- so that the professional with the most (bookings.sql, orders.sql) is the same, however many there are
