-- Columns of a shop, added to orders while the system runs:
--
--     orders psql -f examples/shop.sql
--
-- API, stream, dashboard and clients follow within seconds, without a restart. Run it again at will.

BEGIN;

ALTER TABLE orders
    ADD COLUMN IF NOT EXISTS external_number text,
    ADD COLUMN IF NOT EXISTS price numeric(12, 2),
    ADD COLUMN IF NOT EXISTS currency text NOT NULL DEFAULT 'EUR',
    ADD COLUMN IF NOT EXISTS address jsonb,
    ADD COLUMN IF NOT EXISTS due_at timestamptz;

ALTER TABLE orders
    DROP CONSTRAINT IF EXISTS orders_external_number_key,
    ADD CONSTRAINT orders_external_number_key UNIQUE (external_number),
    DROP CONSTRAINT IF EXISTS orders_price_check,
    ADD CONSTRAINT orders_price_check CHECK (price >= 0),
    DROP CONSTRAINT IF EXISTS orders_currency_check,
    ADD CONSTRAINT orders_currency_check CHECK (currency IN ('EUR', 'USD', 'GBP')),
    DROP CONSTRAINT IF EXISTS orders_address_check,
    ADD CONSTRAINT orders_address_check CHECK (jsonb_typeof(address) = 'object');

COMMENT ON COLUMN orders.external_number IS 'The shop''s own number of the order';
COMMENT ON COLUMN orders.price IS 'Of one piece';
COMMENT ON COLUMN orders.address IS 'Where to: {"street", "zip", "city", "country"}';
COMMENT ON COLUMN orders.due_at IS 'When it must arrive';

COMMIT;
