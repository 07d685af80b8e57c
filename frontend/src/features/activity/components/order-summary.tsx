import { readOrder } from "@/lib/protocol";
import { shortened } from "@/lib/text";

/** One line about an order, from its row as an event carries it. */
export function OrderSummary({ row }: { row: unknown }) {
  const order = readOrder(row);
  if (!order) return null;
  const { customer_name, product_name, quantity } = order;
  return (
    <>
      {quantity > 1 && `${quantity} × `}
      {shortened(product_name)} for {shortened(customer_name)}
    </>
  );
}
