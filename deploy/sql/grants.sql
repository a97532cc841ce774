-- What ctac_app may do: read, insert, update and delete rows; nothing about the tables themselves. Rows that tell what happened
-- stay as they are: only what names a person can be blanked in them, when that person is erased.
-- As ctac_owner, after each migration and after a restore; a second time does no harm:
--
--     psql --set ON_ERROR_STOP=1 --single-transaction --dbname postgres://ctac_owner@localhost/ctac --file deploy/sql/grants.sql

REVOKE ALL ON ALL TABLES IN SCHEMA public FROM ctac_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO ctac_app;
GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO ctac_app;

-- Which migrations ran is the owner's to write.
REVOKE INSERT, UPDATE, DELETE ON django_migrations FROM ctac_app;

-- History. The triggers of these tables refuse the same; a role that doesn't own a table can't switch its triggers off.
REVOKE UPDATE, DELETE ON bookings_bookingevent, bookings_sessionevent, leaflets_orderevent, leaflets_stockmovement,
    audit_export, professionals_flaggedevent, privacy_complaintevent, privacy_breachevent,
    privacy_breach, office_settingchange FROM ctac_app;
GRANT UPDATE (reason) ON bookings_bookingevent, bookings_sessionevent TO ctac_app;
GRANT UPDATE (by_id) ON audit_export, professionals_flaggedevent, privacy_breachevent,
    office_settingchange TO ctac_app;
GRANT UPDATE (text, by_id) ON privacy_complaintevent TO ctac_app;
GRANT UPDATE (commissioner, commissioner_told_at, commissioner_reference, people) ON privacy_breach TO ctac_app;
-- When and how a complaint came, from which its 30 days run, and which copies and erasures there were and when.
REVOKE UPDATE, DELETE ON privacy_complaint FROM ctac_app;
GRANT UPDATE (state, acknowledged_on, answered_on, closed_at, person_id, name, email, phone, description, wanted, submission_token,
    goes_when_closed, anonymised_at) ON privacy_complaint TO ctac_app;
REVOKE UPDATE ON privacy_dataaction FROM ctac_app;
GRANT UPDATE (written_at, person_id, by_id) ON privacy_dataaction TO ctac_app;
GRANT UPDATE (reason, by_id) ON leaflets_orderevent, leaflets_stockmovement TO ctac_app;
-- A note goes whole.
REVOKE UPDATE ON professionals_note FROM ctac_app;
GRANT UPDATE (by_id, to_id, person_id, organisation_id) ON professionals_note TO ctac_app;

-- Wordings of our texts, and what became of each: only who did it goes, with their account.
REVOKE UPDATE, DELETE ON office_textversion, office_textstep FROM ctac_app;
GRANT UPDATE (author_id) ON office_textversion TO ctac_app;
GRANT UPDATE (by_id, author_id) ON office_textstep TO ctac_app;

-- The audit. Rows come in through the whole table, without their time and their key, which the database gives; its months are made
-- and dropped by functions that refuse to drop what is kept (ADR 21). Django's own log of the admin stays empty.
SELECT format('REVOKE INSERT, UPDATE, DELETE ON %s FROM ctac_app', inhrelid::regclass) FROM pg_inherits WHERE inhparent = 'audit_entry'::regclass
\gexec
REVOKE INSERT, UPDATE, DELETE ON audit_entry FROM ctac_app;
GRANT INSERT (act, actor, kind, key, page, what, request) ON audit_entry TO ctac_app;
GRANT EXECUTE ON FUNCTION audit_add_month(date), audit_drop_month(date) TO ctac_app;
REVOKE INSERT, UPDATE ON django_admin_log FROM ctac_app;
