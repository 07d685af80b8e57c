import type { ComponentProps } from "react";
import type { Id } from "real-time-orders";
import { inPage } from "@/lib/in-page";

interface OrderLinkProps extends ComponentProps<"a"> {
  order: Id;
  onOpen: (order: Id) => void;
}

export const OrderLink = ({ order, onOpen, ...props }: OrderLinkProps) => (
  <a {...props} href={`/orders/${order}`} onClick={inPage(() => onOpen(order))}>
    #{String(order)}
  </a>
);
