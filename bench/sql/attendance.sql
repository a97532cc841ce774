-- Who came to each presentation and session that was: of two professions, and of those who had places two more.
INSERT INTO bookings_attendance (people, recorded_at, changed_at, revision, booking_id)
SELECT 12, ends_at, ends_at, 0, id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%' AND state = 'delivered';
INSERT INTO bookings_attendance (people, recorded_at, changed_at, revision, session_id)
SELECT 10, ends_at, ends_at, 0, id FROM bookings_opensession WHERE ical_uid LIKE 'bench-session-%%' AND state = 'delivered';
INSERT INTO bookings_attendancecount (profession, people, attendance_id)
SELECT came.profession, came.people, a.id FROM bookings_attendance a JOIN bookings_booking b ON b.id = a.booking_id,
    (VALUES ('social-worker', 9), ('teacher', 3)) came (profession, people) WHERE b.ical_uid LIKE 'bench-%%'
UNION ALL SELECT 'health-visitor', a.people, a.id FROM bookings_attendance a JOIN bookings_opensession s ON s.id = a.session_id
    WHERE s.ical_uid LIKE 'bench-session-%%';
