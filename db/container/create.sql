-- The first start of the database's container: an ordinary role that owns the database and all in it,
-- and the roles that log in.
CREATE ROLE orders;
\i /usr/local/share/orders/roles.sql
CREATE DATABASE orders OWNER orders;
\connect orders
SET ROLE orders;
\i /usr/local/share/orders/init.sql
