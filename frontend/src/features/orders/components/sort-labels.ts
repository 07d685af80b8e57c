import type { SortColumn } from "../model/order-sort";

export const SORT_LABELS: Readonly<Record<SortColumn, string>> = {
  id: "Order",
  customer_name: "Customer",
  product_name: "Product",
  quantity: "Quantity",
  status: "Status",
  updated_at: "Changed",
};
