-- Another generation is another team link (Booking.team_url), and the one before opens nothing: a presenter who was replaced, or a guest
-- whose seat was taken back, may have been sent it.
CREATE OR REPLACE FUNCTION bookings_team_link_of_presenter() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.team_link_generation := OLD.team_link_generation + 1;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_team_link_of_presenter BEFORE UPDATE OF presenter_id ON bookings_booking FOR EACH ROW
WHEN (OLD.presenter_id IS DISTINCT FROM NEW.presenter_id AND OLD.presenter_id IS NOT NULL AND OLD.state <> 'requested')
EXECUTE FUNCTION bookings_team_link_of_presenter();

CREATE OR REPLACE FUNCTION bookings_team_link_of_guest() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE bookings_booking SET team_link_generation = team_link_generation + 1 WHERE id = NEW.booking_id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER bookings_team_link_of_guest AFTER UPDATE OF state ON bookings_seat FOR EACH ROW
WHEN (OLD.state = 'approved' AND NEW.state = 'declined')
EXECUTE FUNCTION bookings_team_link_of_guest();
