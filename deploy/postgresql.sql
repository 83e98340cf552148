-- Run once as the owner of the server: psql --file postgresql.sql
-- The role signs in by the socket as the user of the same name (peer), so it has no password.
CREATE ROLE rearm LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE rearm OWNER rearm ENCODING 'UTF8' TEMPLATE template0;
REVOKE ALL ON DATABASE rearm FROM PUBLIC;
-- Nobody else's program waits for hours inside a transaction, or holds a lock.
ALTER ROLE rearm SET idle_in_transaction_session_timeout = '5min';
-- A statement that fails must not bring values of patients into the server's log.
ALTER DATABASE rearm SET log_statement = 'none';
ALTER DATABASE rearm SET log_min_error_statement = 'panic';
ALTER DATABASE rearm SET log_error_verbosity = 'terse';
