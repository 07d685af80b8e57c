import { Order } from "@/lib/protocol";
import { shortened } from "@/lib/text";

/** One line about an order, from its row as an event carries it. */
export function OrderSummary({ row }: { row: unknown }) {
  const order = Order.safeParse(row);
  if (!order.success) return null;
  const { customer_name, product_name, quantity } = order.data;
  return (
    <>
      {quantity > 1 && `${quantity} × `}
      {shortened(product_name)} for {shortened(customer_name)}
    </>
  );
}
