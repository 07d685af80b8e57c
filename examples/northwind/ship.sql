-- Ship the oldest open order, and send one piece more of each of its products. Run it again for the next one.

BEGIN;

UPDATE northwind.order_details SET quantity = quantity + 1
 WHERE order_number = (SELECT min(order_number) FROM northwind.orders WHERE state = 'open');

UPDATE northwind.orders SET state = 'shipped', shipped_on = current_date
 WHERE order_number = (SELECT min(order_number) FROM northwind.orders WHERE state = 'open');

COMMIT;
