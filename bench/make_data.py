"""A database as after years of use: `python -m bench.make_data --people 500000 --bookings 200000 --orders 1000000`.

For the database that DATABASE_URL names, migrated and filled with the sample data, on a role that may skip triggers. Everything is
made by generate_series, always the same, and every rule of the database holds afterwards: the constraints are checked as rows
go in, and the figures of the stock equal its ledger. Bookings of the past belong to presenters who have left; a team of three has
the next weeks' work, however long the history is.
"""

import argparse
import os
import sys
import time

import psycopg2

# Numbers become references by a walk through all of them that never meets the same one twice (ctac/references.py).
REFERENCE = """
CREATE FUNCTION pg_temp.reference(prefix text, number bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    WITH walk AS (SELECT (number * 400000009 + 7) %% (%(base)s::bigint ^ 6)::bigint AS at),
    signs AS (SELECT string_agg(substr(%(alphabet)s, 1 + (at / (%(base)s::bigint ^ place)::bigint %% %(base)s)::int, 1), '' ORDER BY place) AS six
        FROM walk, generate_series(0, 5) AS place)
    SELECT prefix || '-' || substr(six, 1, 4) || '-' || substr(six, 5) FROM signs $$
"""
PEOPLE = """
INSERT INTO professionals_organisation (name, created_at)
SELECT 'Organisation ' || n, now() - n * interval '1 hour' FROM generate_series(1, greatest(%(people)s / 50, 1)) n;
INSERT INTO professionals_user (password, is_superuser, email, is_staff, is_active, date_joined)
SELECT '!', false, 'person' || n || '@trust' || n %% 500 || '.nhs.uk', false, true, now() - n * interval '3 minutes'
FROM generate_series(1, %(people)s) n;
INSERT INTO account_emailaddress (email, verified, "primary", user_id)
SELECT email, true, true, id FROM professionals_user WHERE email LIKE 'person%%@trust%%';
INSERT INTO professionals_person (name, email, phone, profession, postcode, created_at, organisation_id, user_id)
SELECT (ARRAY['Asha', 'Ben', 'Carys', 'Dilip', 'Eilidh', 'Farah'])[1 + id %% 6] || ' ' ||
    (ARRAY['Rahman', 'Okafor', 'Evans', 'Nair', 'Fraser', 'Walsh'])[1 + id / 6 %% 6] || ' ' || id,
    email, '0113 496 0000', 'health-visitor', (ARRAY['LS1 4AP', 'M1 1AE', 'B1 1AA', 'CF10 1AA', 'EH1 1AA'])[1 + id %% 5],
    date_joined, (SELECT min(id) FROM professionals_organisation WHERE name LIKE 'Organisation %%') + id %% greatest(%(people)s / 50, 1), id
FROM professionals_user WHERE email LIKE 'person%%@trust%%';
"""
# 2 presentations on each of 1,000 days a presenter, long past; then 2 on each coming working day for who is here now.
BOOKINGS = """
INSERT INTO bookings_presenter
    (name, email, phone, base_postcode, base_latitude, base_longitude, nation, max_travel_minutes, joining_link, active)
SELECT 'Former presenter ' || n, 'former' || n || '@ctac.test', '', 'LS1 4AP', 53.8, -1.55, 'england', 120, '', false
FROM generate_series(0, (%(bookings)s - 1) / 2000) n;
CREATE TEMP TABLE past AS
SELECT n, first.id + (n / 2000) AS presenter, date_trunc('day', now()) - interval '30 days' - (n %% 2000 / 2) * interval '1 day'
    + CASE n %% 2 WHEN 0 THEN interval '10 hours' ELSE interval '14 hours' END AS starts, people.first + n %% people.many AS person
FROM generate_series(0, %(bookings)s - 1) n,
    (SELECT min(id) AS id FROM bookings_presenter WHERE NOT active) first,
    (SELECT min(id) AS first, count(*) AS many FROM professionals_person WHERE email LIKE 'person%%@trust%%') people;
INSERT INTO bookings_booking (reference, state, format, starts_at, ends_at, address_line_1, address_line_2, town, postcode, room,
    audience_size, audience_profession, contact_name, contact_phone, access_needs, notes, flagged_child_details, channel, sequence,
    ical_uid, submission_digest, closed_reason, created_at, person_id, presentation_id, presenter_id)
SELECT pg_temp.reference('BK', n), CASE n %% 10 WHEN 9 THEN 'cancelled' ELSE 'delivered' END, 'workplace', starts, starts + interval '90 minutes',
    '1 Park Row', '', 'Leeds', 'LS1 4AP', '', 12, '', 'Ruth Adeyemi', '07700 900123', '', '', false, 'web', 0,
    'bench-' || n || '@ctac.test', '', '', starts - interval '20 days', person, (SELECT min(id) FROM bookings_presentation),
    CASE n %% 10 WHEN 9 THEN NULL ELSE presenter END
FROM past;
INSERT INTO bookings_busytime (kind, busy, live, postcode, latitude, longitude, travel_reason, booking_id, presenter_id)
SELECT 'booking', tstzrange(starts_at, ends_at), true, postcode, 53.8, -1.55, '', id, presenter_id
FROM bookings_booking WHERE ical_uid LIKE 'bench-%%' AND presenter_id IS NOT NULL;
INSERT INTO bookings_bookingevent (at, kind, from_state, to_state, reason, booking_id)
SELECT created_at, 'booked', '', 'confirmed', '', id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%'
UNION ALL SELECT ends_at, 'delivered', 'confirmed', state, '', id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%';
"""
# The last 500 orders wait, and so do fewer where there are few.
ORDERS = """
CREATE TEMP TABLE editions AS SELECT row_number() OVER (ORDER BY id) - 1 AS place, id FROM leaflets_edition WHERE state = 'current';
INSERT INTO leaflets_order (reference, state, channel, name, attention, organisation_name, address_line_1, address_line_2, town, postcode,
    submission_token, submission_digest, created_at, person_id)
SELECT pg_temp.reference('LO', n), CASE WHEN n < least(500, %(orders)s / 10) THEN 'received' WHEN n %% 20 = 19 THEN 'cancelled' ELSE 'dispatched' END,
    'web', 'Asha Rahman', '', 'Leeds City Council', '110 Merrion Centre', '', 'Leeds', 'LS2 8BB', 'bench-' || n, '', now() - n * interval '2 minutes',
    people.first + n %% people.many
FROM generate_series(0, %(orders)s - 1) n,
    (SELECT min(id) AS first, count(*) AS many FROM professionals_person WHERE email LIKE 'person%%@trust%%') people;
INSERT INTO leaflets_orderline (copies, allocated, dispatched, cancelled, edition_id, order_id)
SELECT 10, CASE state WHEN 'received' THEN 10 ELSE 0 END, CASE state WHEN 'dispatched' THEN 10 ELSE 0 END,
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
UPDATE leaflets_edition e SET on_hand = ledger.on_hand, allocated = ledger.allocated
FROM (SELECT edition_id, sum(on_hand_change) AS on_hand, sum(allocated_change) AS allocated FROM leaflets_stockmovement GROUP BY 1) ledger
WHERE ledger.edition_id = e.id;
"""
MESSAGES = """
INSERT INTO notifications_notification (kind, about, reference, version, recipient, is_account_mail, state, created_at, due_at, attempts,
    last_error, message_id, sent_at, subject, text_body, html_body)
SELECT 'order-received', 'order:' || o.id, o.reference, 1, p.email, false, 'sent', o.created_at, o.created_at, 1, '', '<' || o.reference || '@ctac.test>',
    o.created_at, 'We have your order ' || o.reference, 'We have your order.', '<p>We have your order.</p>'
FROM leaflets_order o JOIN professionals_person p ON p.id = o.person_id WHERE o.submission_token LIKE 'bench-%%'
UNION ALL
SELECT 'booking-confirmed', 'booking:' || b.id, b.reference, 1, p.email, false, 'sent', b.created_at, b.created_at, 1, '', '<' || b.reference || '@ctac.test>',
    b.created_at, 'Your presentation is booked: ' || b.reference, 'Your presentation is booked.', '<p>Your presentation is booked.</p>'
FROM bookings_booking b JOIN professionals_person p ON p.id = b.person_id WHERE b.ical_uid LIKE 'bench-%%';
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    for name, usual in (("people", 500_000), ("bookings", 200_000), ("orders", 1_000_000)):
        parser.add_argument(f"--{name}", type=int, default=usual)
    wanted = vars(parser.parse_args())
    make(os.environ["DATABASE_URL"], **wanted)


def make(database: str, *, people: int, bookings: int, orders: int) -> None:
    from ctac.references import ALPHABET

    values = {"people": people, "bookings": bookings, "orders": orders, "alphabet": ALPHABET, "base": len(ALPHABET)}
    connection = psycopg2.connect(database)
    with connection, connection.cursor() as cursor:
        cursor.execute(
            "SET session_replication_role = replica"
        )  # neither append-only nor travel triggers: checked by construction
        for name, sql in {"": REFERENCE, "people": PEOPLE, "bookings": BOOKINGS, "orders": ORDERS, "messages": MESSAGES}.items():
            began = time.perf_counter()
            cursor.execute(sql, values)
            if name:
                sys.stdout.write(f"  {name}: {values.get(name, bookings + orders):,} in {time.perf_counter() - began:.0f} s\n")
                sys.stdout.flush()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")
    connection.close()


if __name__ == "__main__":
    main()
