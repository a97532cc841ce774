-- Five acts of staff for each order and booking, over the 24 months that they are kept. Most look; each sort of act is on more than a
-- page of the list, however few there are. One in a hundred is about one leaflet: looked at, never changed.
SELECT audit_add_month((date_trunc('month', now() AT TIME ZONE 'UTC') - make_interval(months => back))::date) FROM generate_series(0, 24) back;
INSERT INTO audit_entry (at, act, actor, kind, key, page, what, request)
SELECT now() - interval '700 days' * ((acts.many - n)::float8 / acts.many),
    CASE WHEN n %% 100 = 50 THEN 'viewed' ELSE coalesce(
        (ARRAY['deleted', 'erased', 'role-given', 'role-taken', 'credentials', 'not-let-in', 'limited', 'signed-out'])[n %% 150],
        (ARRAY['viewed', 'viewed', 'viewed', 'sent', 'viewed', 'viewed', 'changed', 'viewed', 'viewed', 'added', 'viewed', 'viewed', 'viewed',
            'viewed', 'exported', 'signed-in', 'changed', 'viewed', 'refused', 'changed'])[1 + n %% 20]) END,
    staff.keys[1 + n %% array_length(staff.keys, 1)],
    CASE WHEN n %% 100 = 50 THEN 'leaflets.leaflet'
        ELSE (ARRAY['leaflets.order', 'bookings.booking', 'professionals.person', 'leaflets.order'])[1 + n %% 4] END,
    coalesce(CASE WHEN n %% 100 = 50 THEN first.leaflet ELSE CASE n %% 4 WHEN 0 THEN first."order" + n / 5 %% %(orders)s
        WHEN 1 THEN first.booking + n / 5 %% %(bookings)s WHEN 2 THEN first.person + n %% %(people)s END END::text, ''),
    CASE WHEN n %% 100 = 50 THEN 'leaflets_leaflet_change' ELSE (ARRAY['leaflets_order_change', 'bookings_booking_change',
        'professionals_person_change', 'leaflets_order_changelist'])[1 + n %% 4] END,
    CASE WHEN n %% 20 = 6 THEN 'cancel' ELSE '' END, upper(substr(md5(n::text), 1, 8))
FROM (SELECT 5 * (%(orders)s + %(bookings)s) AS many) acts, LATERAL generate_series(1, acts.many) n,
    (SELECT array_agg(id ORDER BY id) AS keys FROM accounts_user WHERE is_staff) staff,
    (SELECT (SELECT max(id) FROM leaflets_leaflet) AS leaflet,
        (SELECT min(id) FROM leaflets_order WHERE submission_token LIKE 'bench-%%') AS "order",
        (SELECT min(id) FROM bookings_booking WHERE ical_uid LIKE 'bench-%%') AS booking,
        (SELECT min(id) FROM professionals_person WHERE email LIKE 'person%%@trust%%') AS person) first;
