-- Two roles: ctac_owner owns the tables and runs migrations and restores; ctac_app works with them and can change none.
-- Once, by a superuser, before the first migration (a second time does no harm):
--
--     psql --set ON_ERROR_STOP=1 --dbname ctac --file deploy/sql/roles.sql
--
-- then give each a password with psql's \password, and run grants.sql after each migration.

SELECT format('CREATE ROLE %I LOGIN', role)
FROM unnest(ARRAY['ctac_owner', 'ctac_app']) AS role
WHERE NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role)
\gexec

ALTER ROLE ctac_owner NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS;
ALTER ROLE ctac_app NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS NOINHERIT CONNECTION LIMIT 100;
-- A page that waits longer than this helps nobody; a transaction that its process forgot must not hold locks.
ALTER ROLE ctac_app SET statement_timeout = '30s';
ALTER ROLE ctac_app SET idle_in_transaction_session_timeout = '60s';
-- A search that stops when it has enough begins at the start of its table, and so finds the same each time (ADR 6).
ALTER ROLE ctac_app SET synchronize_seqscans = off;

SELECT format('ALTER DATABASE %I OWNER TO ctac_owner', current_database())
\gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', current_database())
\gexec
SELECT format('GRANT CONNECT ON DATABASE %I TO ctac_app', current_database())
\gexec
ALTER SCHEMA public OWNER TO ctac_owner;
REVOKE ALL ON SCHEMA public FROM PUBLIC;
GRANT USAGE ON SCHEMA public TO ctac_app;
