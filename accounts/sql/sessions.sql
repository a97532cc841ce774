-- An account that is closed or gets other roles has no sessions from then on, whoever writes (ADR 9).
CREATE OR REPLACE FUNCTION accounts_end_sessions_of_user() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_session WHERE user_id = NEW.id;
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER accounts_user_ends_sessions
    AFTER UPDATE OF is_active, is_staff, is_superuser ON accounts_user FOR EACH ROW
    WHEN (OLD.is_active <> NEW.is_active OR OLD.is_staff <> NEW.is_staff OR OLD.is_superuser <> NEW.is_superuser)
    EXECUTE FUNCTION accounts_end_sessions_of_user();

CREATE OR REPLACE FUNCTION professionals_end_sessions_of_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM accounts_session WHERE user_id IN (OLD.user_id, NEW.user_id);
    RETURN NULL;
END $$;
CREATE OR REPLACE TRIGGER accounts_user_groups_end_sessions
    AFTER INSERT OR UPDATE OR DELETE ON accounts_user_groups FOR EACH ROW
    EXECUTE FUNCTION professionals_end_sessions_of_member();
