-- A catalogue of many titles, each as long as a real one, from a vocabulary of made-up words. For bench/search.py and its test.
-- How many: the value titles.
INSERT INTO leaflets_leaflet (slug, title, own_title, for_whom, audience, language, format, topics, summary, introduction,
    situations, signs, what_to_do, most_per_order, most_per_person, most_per_workplace, usual_copies, usual_words, active, position)
SELECT
    'title-' || n,
    'Child trafficking and ' || word(n, 1) || ' ' || word(n, 2) || ': advice for ' || word(n, 3),
    '',
    (ARRAY['health visitors', 'social workers', 'midwives', 'teachers', 'police officers'])[1 + n %% 5],
    (ARRAY['health-visitor', 'social-worker', 'midwife', 'teacher', ''])[1 + n %% 5],
    (ARRAY['english', 'english', 'english', 'welsh', 'arabic'])[1 + n / 7 %% 5],
    (ARRAY['standard', 'standard', 'large-print', 'easy-read'])[1 + n / 11 %% 4],
    'Topic ' || n %% 12 || E'\nTopic ' || n %% 17,
    'What a trafficked child may meet, and how ' || word(n, 4) || ' and ' || word(n, 5) || ' keep it safe.',
    said(n, 10), said(n, 20), said(n, 30), said(n, 40), 100, 300, 600, 10, '', TRUE, 100
FROM generate_series(1, %(titles)s) AS n;
