-- A visit is waited for until somebody has spoken for it. At another time, or by another presenter, it is another
-- visit.
CREATE OR REPLACE FUNCTION bookings_visit_opens_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.visit_closed := false;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_visit_opens_again BEFORE UPDATE OF starts_at, presenter_id ON bookings_booking FOR EACH ROW
WHEN (OLD.starts_at IS DISTINCT FROM NEW.starts_at OR OLD.presenter_id IS DISTINCT FROM NEW.presenter_id)
EXECUTE FUNCTION bookings_visit_opens_again();
