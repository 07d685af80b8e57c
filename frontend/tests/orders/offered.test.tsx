import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { Toasts } from "@/components/toasts";
import { EmptyOrders } from "@/features/orders/components/empty-orders";
import { OrderRow, type RowHandlers } from "@/features/orders/components/order-row";
import { OrdersContext } from "@/features/orders/components/orders-context";
import { TableHead } from "@/features/orders/components/table-head";
import { NEWEST_FIRST } from "@/features/orders/model/order-sort";
import { OrderWrites } from "@/features/orders/model/order-writes";
import { Selection } from "@/features/orders/model/selection";
import { rightsOf } from "@/lib/rights";
import type { Me } from "@/lib/protocol";
import { order } from "../events";

afterEach(() => vi.unstubAllGlobals());

const refuse = () => Promise.reject(new Error("nothing is written here"));
const nothing = () => undefined;
const HANDLERS: RowHandlers = {
  open: nothing,
  pick: nothing,
  setStatus: nothing,
  remove: nothing,
  showCustomer: nothing,
  menu: nothing,
};

function shownTo(role: Me["role"], view: ReactNode): string {
  const api = { changeStatus: refuse, deleteOrder: refuse };
  const value = {
    rights: rightsOf({ role }),
    writes: new OrderWrites(api, new Toasts()),
    selection: new Selection(),
    openOrder: nothing,
    showCustomer: nothing,
  };
  return renderToStaticMarkup(<OrdersContext value={value}>{view}</OrdersContext>);
}

const row = (
  <OrderRow
    order={order(7)}
    gone={false}
    row={0}
    top={0}
    height={48}
    now={0}
    touch={undefined}
    edit={undefined}
    leaving={false}
    picked={false}
    current={false}
    handlers={HANDLERS}
  />
);

test.each([
  ["viewer", { select: false, status: false, remove: false }],
  ["clerk", { select: true, status: true, remove: false }],
  ["admin", { select: true, status: true, remove: true }],
] as const)("a row offers a %s no more than they may do", (role, offered) => {
  const html = shownTo(role, row);
  expect(html).toContain("pending");
  expect(html).toContain("#7");
  expect({
    select: html.includes("Select order 7"),
    status: html.includes("Change status"),
    remove: html.includes("Delete order 7"),
  }).toEqual(offered);
});

test.each(["viewer", "clerk", "admin"] as const)(
  "the headings are as many as a row's cells, for a %s",
  (role) => {
    const head = shownTo(role, <TableHead sort={NEWEST_FIRST} onSort={nothing} />);
    const cells = shownTo(role, row).split('role="cell"').length;
    expect(head.split('role="columnheader"').length).toBe(cells);
  },
);

test("who may not write is not asked to create the first order", () => {
  vi.stubGlobal("location", { origin: "https://orders.example" });
  const view = <EmptyOrders onNewOrder={nothing} />;
  expect(shownTo("viewer", view)).not.toContain("<button");
  expect(shownTo("clerk", view)).toContain("Create the first order");
});
