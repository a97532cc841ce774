-- Who came to each presentation and session that was: of two professions, and of those who had places two more.
INSERT INTO bookings_attendance (people, recorded_at, changed_at, revision, booking_id)
SELECT 12, ends_at, ends_at, 0, id FROM bookings_booking WHERE ical_uid LIKE 'bench-%%' AND state = 'delivered';
INSERT INTO bookings_attendance (people, recorded_at, changed_at, revision, session_id)
SELECT 10, ends_at, ends_at, 0, id FROM bookings_opensession WHERE ical_uid LIKE 'bench-session-%%' AND state = 'delivered';
INSERT INTO bookings_attendancecount (profession, people, attendance_id)
SELECT 'social-worker', 9, id FROM bookings_attendance WHERE people = 12 AND booking_id IS NOT NULL
UNION ALL SELECT 'teacher', 3, id FROM bookings_attendance WHERE people = 12 AND booking_id IS NOT NULL
UNION ALL SELECT 'health-visitor', 10, id FROM bookings_attendance WHERE people = 10 AND session_id IS NOT NULL;
