-- What staff find in lists that grow with use; of each more than a page, however few people there are.
-- Texts that may be about a child: the last sixty not read, all others read by the lead, who decided about nine of ten.
CREATE TEMP TABLE lead AS SELECT min(id) AS id FROM accounts_user WHERE is_superuser;
INSERT INTO professionals_flaggedtext (about, reference, flagged_at, read_at, decision)
SELECT 'booking:' || id, reference, now() - n * interval '20 minutes', CASE WHEN n > 60 THEN now() - n * interval '10 minutes' END,
    CASE WHEN n <= 60 OR n %% 10 = 0 THEN '' WHEN n %% 3 = 0 THEN 'no-child' ELSE 'cleared' END
FROM (SELECT id, reference, row_number() OVER (ORDER BY id DESC) AS n FROM bookings_booking WHERE ical_uid LIKE 'bench-%%') b
WHERE n <= 600 + %(bookings)s / 50 AND n <= %(bookings)s;
INSERT INTO professionals_flaggedevent (flagged_id, kind, by_id, at) SELECT f.id, 'read', lead.id, read_at FROM professionals_flaggedtext f, lead
WHERE read_at IS NOT NULL
UNION ALL SELECT f.id, decision, lead.id, read_at + interval '1 minute' FROM professionals_flaggedtext f, lead WHERE decision <> '';
-- People who are gone: erased, a row of each act; and who did nothing for four years, with and without a person, so that they are due.
INSERT INTO professionals_person (name, email, phone, profession, postcode, created_at, erased_at)
SELECT '', '', '', 'midwife', '', now() - interval '3 years' - n * interval '1 hour', now() - n * interval '1 hour'
FROM generate_series(1, 60 + %(people)s / 100) n;
INSERT INTO privacy_dataaction (person_id, done, reason, by_id, at, written_at)
SELECT id, 'erased', CASE id %% 3 WHEN 0 THEN 'own' ELSE 'over' END, NULL, erased_at, erased_at FROM professionals_person WHERE erased_at IS NOT NULL
UNION ALL SELECT p.id, 'given', 'asked', lead.id, now() - p.id %% 9000 * interval '2 hours', NULL FROM professionals_person p, lead
    WHERE email LIKE 'person%%@trust%%' AND p.id %% 50 = 7;
INSERT INTO accounts_user (password, is_superuser, email, is_staff, is_active, date_joined)
SELECT '!', false, 'gone' || n || '@example.org', false, true, now() - interval '4 years' - n * interval '3 minutes' FROM generate_series(1, %(people)s / 50) n;
INSERT INTO professionals_person (name, email, phone, profession, postcode, created_at, user_id)
SELECT 'Former colleague ' || id, email, '', 'midwife', 'LS2 8BB', date_joined, id FROM accounts_user
WHERE email LIKE 'gone%%@example.org' AND id %% 2 = 0;
INSERT INTO professionals_accountrecovery (user_id, by_id, at, old, new, called, number)
SELECT p.user_id, lead.id, now() - n * interval '5 hours', 'old' || n || '@example.org', p.email, 'Their manager, by the number on its site', '0113 496 0000'
FROM (SELECT user_id, email, row_number() OVER (ORDER BY id DESC) AS n FROM professionals_person WHERE email LIKE 'person%%@trust%%') p, lead
WHERE n <= 60 + %(people)s / 500;
INSERT INTO privacy_retentionrun (started_at, ended_at, done, "left")
SELECT at, at + interval '1 minute', '{"orders": 1300, "messages": 1700, "bookings": 280, "people": 12}', 0
FROM generate_series(1, least(1000, 60 + %(people)s / 100)) n, LATERAL (SELECT now() - n * interval '1 day' AS at) night;
-- What was stopped in the last 30 days; sixty that nobody has seen.
INSERT INTO professionals_blockedattempt (hour, "where", why, "by", key, about, person_id, times, last_at, seen_at)
SELECT date_trunc('hour', at), (ARRAY['order', 'sign-up', 'feedback'])[1 + n %% 3], 'throttle', 'account', md5('bench' || n), '', p.id, 1 + n %% 9,
    at, CASE WHEN n > 60 THEN at + interval '1 hour' END
FROM (SELECT id, row_number() OVER (ORDER BY id DESC) AS n FROM professionals_person WHERE email LIKE 'person%%@trust%%') p,
    LATERAL (SELECT now() - n %% 40000 * interval '1 minute' AS at) tried
WHERE n <= 300 + %(people)s / 20;
-- Notes about leave, of those who presented; and of the colleague whose pages are looked at, one that waits for an answer.
INSERT INTO bookings_leave (presenter_id, starts_at, ends_at, kind, reason, state, asked_by_presenter, answer, decided_at, created_at)
SELECT id, at, at + interval '1 day', 'holiday', 'A family event', 'refused', true, 'Nobody else is free', at - interval '9 days', at - interval '20 days'
FROM bookings_presenter, generate_series(1, 1 + %(bookings)s / 20000) n, LATERAL (SELECT now() - n * interval '30 days' AS at) day
WHERE email LIKE 'former%%@ctac.test'
UNION ALL SELECT p.id, now() + interval '300 days', now() + interval '301 days', 'holiday', '', 'asked', true, '', NULL, now()
FROM bookings_presenter p JOIN lead ON lead.id = p.user_id;
INSERT INTO bookings_availabilityexception (presenter_id, first_day, last_day)
SELECT p.id, current_date + 290, current_date + 290 FROM bookings_presenter p JOIN lead ON lead.id = p.user_id;
