-- The first start of the database's container: an ordinary role that owns the database and all in it.
\getenv password DB_PASSWORD
CREATE ROLE orders LOGIN PASSWORD :'password';
CREATE DATABASE orders OWNER orders;
\connect orders
SET ROLE orders;
\i /usr/local/share/orders/init.sql
