-- The roles that log in, with the passwords from their volumes; may run any number of times.
SET client_min_messages = warning;    -- "already granted" is no news
\getenv password DB_PASSWORD
\getenv api_password API_PASSWORD
\getenv listener_password LISTENER_PASSWORD
SELECT format('CREATE ROLE %I', name)
  FROM unnest(ARRAY['orders_api', 'orders_listener']) AS name WHERE to_regrole(name) IS NULL \gexec
ALTER ROLE orders LOGIN PASSWORD :'password';
ALTER ROLE orders_api LOGIN PASSWORD :'api_password';
ALTER ROLE orders_listener LOGIN PASSWORD :'listener_password';
-- The owner may look after their sessions.
GRANT orders_api, orders_listener TO orders;
