-- A database that was there before: names, types and triggers of its owner's own.
CREATE SCHEMA sales;
CREATE TYPE sales.state AS ENUM ('open', 'picked', 'sent', 'void');
CREATE TABLE sales.buyer (
    buyer_no integer PRIMARY KEY,
    name     text NOT NULL
);
CREATE TABLE sales.sales_order (
    sales_order_id serial PRIMARY KEY,
    order_no       varchar(20) NOT NULL UNIQUE,
    buyer_name     text NOT NULL,
    pieces         smallint NOT NULL DEFAULT 1,
    state          sales.state NOT NULL DEFAULT 'open',
    net            numeric(12,2),
    entered        timestamp NOT NULL DEFAULT now()
);
CREATE TABLE sales.sales_line (
    sales_order_id integer NOT NULL REFERENCES sales.sales_order ON DELETE CASCADE,
    line_no        smallint NOT NULL,
    article        text NOT NULL,
    pieces         integer NOT NULL,
    PRIMARY KEY (sales_order_id, line_no)
);
CREATE TABLE sales.audit (
    at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    who text NOT NULL DEFAULT session_user,
    what text NOT NULL
);
CREATE FUNCTION sales.audit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO sales.audit (what) VALUES (TG_OP || ' ' || coalesce(NEW.order_no, OLD.order_no));
    RETURN coalesce(NEW, OLD);
END
$$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON sales.sales_order
    FOR EACH ROW EXECUTE FUNCTION sales.audit();
CREATE FUNCTION sales.upper_no() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.order_no := upper(NEW.order_no);
    RETURN NEW;
END
$$;
CREATE TRIGGER upper_no BEFORE INSERT OR UPDATE ON sales.sales_order
    FOR EACH ROW EXECUTE FUNCTION sales.upper_no();
INSERT INTO sales.buyer SELECT n, 'Buyer ' || n FROM generate_series(1, 20) AS n;
INSERT INTO sales.sales_order (order_no, buyer_name, pieces, state, net)
SELECT 'so-' || n, 'Buyer ' || 1 + n % 20, 1 + n % 5,
       (enum_range(NULL::sales.state))[1 + n % 4], n * 3.25
  FROM generate_series(1, 40) AS n;
INSERT INTO sales.sales_line
SELECT sales_order_id, line_no, 'Article ' || line_no, line_no
  FROM sales.sales_order, generate_series(1, 3) AS line_no;
