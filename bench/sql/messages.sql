INSERT INTO notifications_notification (kind, about, reference, version, recipient, is_account_mail, state, created_at, due_at, attempts,
    last_error, message_id, sent_at, subject, text_body, html_body)
SELECT 'order-received', 'order:' || o.id, o.reference, 1, p.email, false, 'sent', o.created_at, o.created_at, 1, '', '<' || o.reference || '@ctac.test>',
    o.created_at, 'We have your order ' || o.reference, 'We have your order.', '<p>We have your order.</p>'
FROM leaflets_order o JOIN professionals_person p ON p.id = o.person_id WHERE o.submission_token LIKE 'bench-%%'
UNION ALL
SELECT 'booking-confirmed', 'booking:' || b.id, b.reference, 1, p.email, false, 'sent', b.created_at, b.created_at, 1, '', '<' || b.reference || '@ctac.test>',
    b.created_at, 'Your presentation is booked: ' || b.reference, 'Your presentation is booked.', '<p>Your presentation is booked.</p>'
FROM bookings_booking b JOIN professionals_person p ON p.id = b.person_id WHERE b.ical_uid LIKE 'bench-%%';
