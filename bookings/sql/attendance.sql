-- A total that its counts don't come to is refused at the end of the transaction, whoever wrote either of them.
CREATE OR REPLACE FUNCTION bookings_attendance_adds_up() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    which bigint;
BEGIN
    IF TG_TABLE_NAME = 'bookings_attendance' THEN
        which := NEW.id;
    ELSIF TG_OP = 'DELETE' THEN
        which := OLD.attendance_id;
    ELSE
        which := NEW.attendance_id;
    END IF;
    IF EXISTS (
        SELECT FROM bookings_attendance AS a WHERE a.id = which
            AND a.people <> (SELECT COALESCE(sum(c.people), 0) FROM bookings_attendancecount AS c WHERE c.attendance_id = a.id)
    ) THEN
        RAISE EXCEPTION 'the numbers of attendance % do not add up', which
            USING ERRCODE = 'check_violation', CONSTRAINT = 'attendance_adds_up';
    END IF;
    RETURN NULL;
END $$;

DROP TRIGGER IF EXISTS attendance_adds_up ON bookings_attendance;
CREATE CONSTRAINT TRIGGER attendance_adds_up AFTER INSERT OR UPDATE ON bookings_attendance
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_attendance_adds_up();
DROP TRIGGER IF EXISTS attendancecount_adds_up ON bookings_attendancecount;
CREATE CONSTRAINT TRIGGER attendancecount_adds_up AFTER INSERT OR UPDATE OR DELETE ON bookings_attendancecount
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION bookings_attendance_adds_up();
