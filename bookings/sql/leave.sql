-- Only granted leave claims its presenter's time: the two directions of one rule, each kept where it could be broken.
-- The claim's own trigger locks the leave, so that it can't be refused or moved to somebody else in the same moment.
CREATE OR REPLACE FUNCTION bookings_claim_is_of_granted_leave() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM 1 FROM bookings_leave
        WHERE id = NEW.leave_id AND state = 'granted' AND presenter_id = NEW.presenter_id FOR SHARE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'leave % is not granted to presenter %', NEW.leave_id, NEW.presenter_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'busytime_leave_is_granted', TABLE = 'bookings_busytime';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_claim_is_of_granted_leave
    BEFORE INSERT OR UPDATE OF kind, live, leave_id, presenter_id ON bookings_busytime
    FOR EACH ROW WHEN (NEW.kind = 'leave' AND NEW.live) EXECUTE FUNCTION bookings_claim_is_of_granted_leave();

CREATE OR REPLACE FUNCTION bookings_leave_stays_granted() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM bookings_busytime WHERE leave_id = OLD.id AND live) THEN
        RAISE EXCEPTION 'leave % claims time', OLD.id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'busytime_leave_is_granted', TABLE = 'bookings_leave';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER bookings_leave_stays_granted BEFORE UPDATE OF state, presenter_id ON bookings_leave
    FOR EACH ROW WHEN (OLD.state = 'granted' AND (NEW.state <> 'granted' OR NEW.presenter_id <> OLD.presenter_id))
    EXECUTE FUNCTION bookings_leave_stays_granted();
