-- The seats that a host has given are counted here, whoever writes; CHECK (seats_taken <= seats_offered) then refuses one too many.
CREATE OR REPLACE FUNCTION bookings_count_seats() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.state = 'approved' THEN
        UPDATE bookings_booking SET seats_taken = seats_taken - 1 WHERE id = OLD.booking_id;
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.state = 'approved' THEN
        UPDATE bookings_booking SET seats_taken = seats_taken + 1 WHERE id = NEW.booking_id;
    END IF;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER bookings_seat_comes AFTER INSERT OR DELETE ON bookings_seat
    FOR EACH ROW EXECUTE FUNCTION bookings_count_seats();
CREATE OR REPLACE TRIGGER bookings_seat_changes AFTER UPDATE OF state, booking_id ON bookings_seat
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state OR OLD.booking_id IS DISTINCT FROM NEW.booking_id)
    EXECUTE FUNCTION bookings_count_seats();
