-- A version is one of a title that stands on its own: two rows, so no constraint can say it.
CREATE OR REPLACE FUNCTION leaflets_version_of_a_title() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM FROM leaflets_leaflet WHERE id = NEW.version_of_id FOR UPDATE;
    IF EXISTS (SELECT FROM leaflets_leaflet WHERE id = NEW.version_of_id AND version_of_id IS NOT NULL)
        OR EXISTS (SELECT FROM leaflets_leaflet WHERE version_of_id = NEW.id) THEN
        RAISE EXCEPTION 'a version of a leaflet has no versions' USING ERRCODE = 'check_violation',
            CONSTRAINT = 'leaflet_version_of_a_title';
    END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER leaflets_version_of_a_title BEFORE INSERT OR UPDATE OF version_of_id ON leaflets_leaflet
    FOR EACH ROW WHEN (NEW.version_of_id IS NOT NULL) EXECUTE FUNCTION leaflets_version_of_a_title();
