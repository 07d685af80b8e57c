"""What the tables hold in the screenshots of the documentation."""

_STATUSES = "ARRAY['pending','processing','shipped','delivered','delivered','cancelled']"


LIFE = f"""
    UPDATE orders SET created_at = now() - power(random(), 2) * interval '23 hours',
           status = ({_STATUSES})[1 + floor(random() * 6)];
    SELECT setval(pg_get_serial_sequence('orders', 'id'), (SELECT max(id) FROM orders));
    SET orders.actor = 'packing table';
    UPDATE orders SET status = 'processing' WHERE id IN
        (SELECT id FROM orders WHERE status = 'pending' ORDER BY id DESC LIMIT 3);
    SET orders.actor = 'support desk';
    INSERT INTO orders (customer_name, product_name, quantity) VALUES
        ('Königlich Essen', 'Gnocchi di nonna Alice', 12), ('Ernst Handel', 'Camembert Pierrot', 4);
    UPDATE orders SET quantity = 6 WHERE id = (SELECT max(id) FROM orders);
    UPDATE orders SET status = 'processing' WHERE id = (SELECT max(id) FROM orders);
"""


OWN_COLUMNS = """
    ALTER TABLE orders
        ADD COLUMN IF NOT EXISTS total numeric(12,2) NOT NULL DEFAULT 0,
        ADD COLUMN IF NOT EXISTS currency text NOT NULL DEFAULT 'EUR'
            CHECK (currency IN ('EUR', 'CHF', 'SEK')),
        ADD COLUMN IF NOT EXISTS external_number text CHECK (char_length(external_number) <= 40),
        ADD COLUMN IF NOT EXISTS due_at timestamptz,
        ADD COLUMN IF NOT EXISTS gift boolean,
        ADD COLUMN IF NOT EXISTS address jsonb;
    COMMENT ON COLUMN orders.external_number IS 'The number in the web shop.';
    UPDATE orders SET total = 9.9 * quantity, external_number = 'W-' || 10000 + id,
        due_at = date_trunc('hour', created_at) + interval '3 days',
        address = '{"city": "Tøndern", "zip": "6270"}'
     WHERE id > (SELECT max(id) - 40 FROM orders);
"""


LINES = """
    CREATE TABLE IF NOT EXISTS order_lines (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        order_id bigint NOT NULL REFERENCES orders ON DELETE CASCADE,
        sku text NOT NULL, description text, pieces integer NOT NULL DEFAULT 1);
    SELECT watch_table('order_lines');
    INSERT INTO order_lines (order_id, sku, description, pieces)
    SELECT id, sku, description, pieces FROM orders,
           (VALUES ('TOP-1', 'Table top, oak', 1), ('LEG-2', 'Leg, 72 cm', 4),
                   ('SCR-9', 'Screws', 16)) AS line (sku, description, pieces)
     WHERE id = (SELECT max(id) FROM orders)
"""
