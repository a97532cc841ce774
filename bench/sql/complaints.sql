-- Complaints and breaches: of each state, and each way in which they came, more than a page, however few there are; most are done with.
-- `lead` is from records.sql. One in three complaints is of somebody with an account.
INSERT INTO privacy_complaint (reference, person_id, name, email, phone, description, wanted, channel, received_on, state, acknowledged_on,
    answered_on, closed_at, submission_token, goes_when_closed, created_at)
SELECT pg_temp.reference('DP', n), CASE WHEN n %% 3 = 0 THEN p.id END, 'Maria Okoro', coalesce(p.email, 'maria' || n || '@example.org'), '',
    'A letter for me went to somebody else.', 'Tell me what happened.', (ARRAY['web', 'phone', 'letter', 'email', 'other'])[1 + n %% 5], came,
    state, CASE WHEN state <> 'received' THEN came + 5 END, CASE WHEN state IN ('answered', 'closed') THEN came + 20 END,
    CASE WHEN state = 'closed' THEN came + interval '21 days' END, md5('complaint' || n), false, came
FROM generate_series(1, 300 + %(people)s / 100) n
JOIN (SELECT id, email, row_number() OVER (ORDER BY id DESC) AS place FROM professionals_person WHERE email LIKE 'person%%@trust%%') p
    ON p.place = 1 + n %% %(people)s,
LATERAL (SELECT CASE WHEN n <= 60 THEN current_date - n %% 25 WHEN n <= 240 THEN current_date - 31 - n %% 25
        ELSE current_date - 60 - n %% 1500 END AS came,
    CASE WHEN n <= 120 THEN 'received' WHEN n <= 180 THEN 'acknowledged' WHEN n <= 240 THEN 'answered' ELSE 'closed' END AS state) how;
INSERT INTO privacy_complaintevent (complaint_id, kind, told, "on", text, by_id, at)
SELECT c.id, 'received', '', received_on, '', NULL, created_at FROM privacy_complaint c
UNION ALL SELECT c.id, 'acknowledged', 'email', acknowledged_on, 'We look into it.', lead.id, acknowledged_on FROM privacy_complaint c, lead
    WHERE acknowledged_on IS NOT NULL
UNION ALL SELECT c.id, 'answered', 'email', answered_on, 'We found the letter.', lead.id, answered_on FROM privacy_complaint c, lead
    WHERE answered_on IS NOT NULL
UNION ALL SELECT c.id, 'closed', '', received_on + 21, '', lead.id, closed_at FROM privacy_complaint c, lead WHERE closed_at IS NOT NULL;
INSERT INTO privacy_breach (reference, what, happened, aware_at, concerns, effects, measures, commissioner, commissioner_told_at,
    commissioner_reference, people, created_at)
SELECT pg_temp.reference('DB', n), 'A letter went to the wrong address.', 'The day before', aware, 'One name and one address', 'None that we know',
    'We asked for the letter back.', decided, CASE WHEN decided = 'told' THEN aware + interval '20 hours' END, '',
    CASE WHEN n <= 60 THEN '' ELSE (ARRAY['told', 'need-not'])[1 + n / 2 %% 2] END, aware + interval '1 hour'
FROM generate_series(1, 300 + %(people)s / 200) n, LATERAL (SELECT now() - CASE WHEN n <= 60 THEN n * interval '1 hour'
        WHEN n <= 120 THEN n * interval '2 hours' ELSE n * interval '13 hours' END AS aware,
    CASE WHEN n <= 120 THEN '' ELSE (ARRAY['told', 'need-not'])[1 + n %% 2] END AS decided) how;
INSERT INTO privacy_breachevent (breach_id, kind, text, by_id, at, written_at)
SELECT b.id, 'entered', '', lead.id, created_at, created_at FROM privacy_breach b, lead
UNION ALL SELECT b.id, CASE commissioner WHEN 'told' THEN 'commissioner' ELSE 'no-commissioner' END, 'Decided together.', lead.id,
    aware_at + interval '20 hours', aware_at + interval '20 hours' FROM privacy_breach b, lead WHERE commissioner <> ''
