-- The first start of the database's container: an ordinary role that owns the database and all in it,
-- and the roles of those who log in.
\getenv password DB_PASSWORD
\getenv api_password API_PASSWORD
\getenv listener_password LISTENER_PASSWORD
CREATE ROLE orders LOGIN PASSWORD :'password';
CREATE ROLE orders_api LOGIN PASSWORD :'api_password';
CREATE ROLE orders_listener LOGIN PASSWORD :'listener_password';
-- The owner may look after their sessions.
GRANT orders_api, orders_listener TO orders;
CREATE DATABASE orders OWNER orders;
\connect orders
SET ROLE orders;
\i /usr/local/share/orders/init.sql
