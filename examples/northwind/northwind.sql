-- Northwind's orders and order_details, as a database of somebody else: with names and keys of its own, in a
-- schema of its own, made without a thought of this system.
--
--     psql postgresql://... -f examples/northwind/northwind.sql
--
-- Run it from the root of the repository: it reads data/northwind_orders.csv.

BEGIN;

CREATE SCHEMA northwind;

CREATE TABLE northwind.orders (
    order_number integer     NOT NULL PRIMARY KEY,
    company      varchar(40) NOT NULL,
    ship_country varchar(15),
    ordered_on   date        NOT NULL,
    shipped_on   date,
    state        varchar(10) NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'shipped', 'returned'))
);

CREATE TABLE northwind.order_details (
    order_number integer     NOT NULL REFERENCES northwind.orders ON DELETE CASCADE,
    product      varchar(40) NOT NULL,
    quantity     smallint    NOT NULL CHECK (quantity > 0),

    PRIMARY KEY (order_number, product)
);

CREATE TEMPORARY TABLE lines (
    invoice integer, customer_name text, product_name text, quantity smallint, ordered_on date, shipped_on date, country text
) ON COMMIT DROP;
\copy lines FROM 'data/northwind_orders.csv' WITH (FORMAT csv, HEADER)

INSERT INTO northwind.orders
SELECT DISTINCT invoice, customer_name, country, ordered_on, shipped_on,
       CASE WHEN shipped_on IS NULL THEN 'open' ELSE 'shipped' END
  FROM lines;

INSERT INTO northwind.order_details SELECT invoice, product_name, quantity FROM lines;

COMMIT;
