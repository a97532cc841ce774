-- Movements of stock and what happened to orders are neither changed nor deleted. Only the reason, which is free text, and who did it can be blanked, when a person is erased.
CREATE OR REPLACE FUNCTION leaflets_stockmovement_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'reason' - 'by_id') = (to_jsonb(OLD) - 'reason' - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'leaflets_stockmovement is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER leaflets_stockmovement_append_only BEFORE UPDATE OR DELETE ON leaflets_stockmovement
    FOR EACH ROW EXECUTE FUNCTION leaflets_stockmovement_append_only();

CREATE OR REPLACE FUNCTION leaflets_orderevent_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (to_jsonb(NEW) - 'reason' - 'by_id') = (to_jsonb(OLD) - 'reason' - 'by_id') THEN RETURN NEW; END IF;
    RAISE EXCEPTION 'leaflets_orderevent is append-only' USING ERRCODE = 'restrict_violation';
END $$;
CREATE OR REPLACE TRIGGER leaflets_orderevent_append_only BEFORE UPDATE OR DELETE ON leaflets_orderevent
    FOR EACH ROW EXECUTE FUNCTION leaflets_orderevent_append_only();
