-- What happened to bookings and sessions is neither changed nor deleted. Only the reason, which is free text, can be
-- blanked, when a person is erased.
CREATE OR REPLACE FUNCTION bookings_bookingevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'reason') = (to_jsonb(OLD) - 'reason') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'bookings_bookingevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER bookings_bookingevent_append_only BEFORE UPDATE OR DELETE ON bookings_bookingevent
    FOR EACH ROW EXECUTE FUNCTION bookings_bookingevent_append_only();

CREATE OR REPLACE FUNCTION bookings_sessionevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'reason') = (to_jsonb(OLD) - 'reason') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'bookings_sessionevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER bookings_sessionevent_append_only BEFORE UPDATE OR DELETE ON bookings_sessionevent
    FOR EACH ROW EXECUTE FUNCTION bookings_sessionevent_append_only();
