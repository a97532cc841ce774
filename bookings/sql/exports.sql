-- That bookings were taken out of the system is neither changed nor deleted. Only who did it can be blanked, when their account
-- goes.
CREATE OR REPLACE FUNCTION bookings_bookingexport_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'by_id') = (to_jsonb(OLD) - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'bookings_bookingexport is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER bookings_bookingexport_append_only BEFORE UPDATE OR DELETE ON bookings_bookingexport
    FOR EACH ROW EXECUTE FUNCTION bookings_bookingexport_append_only();
