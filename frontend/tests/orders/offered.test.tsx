import type { ReactNode } from "react";
import { renderToStaticMarkup } from "react-dom/server";
import { afterEach, expect, test, vi } from "vitest";
import { Observable } from "real-time-orders";
import { Toasts, ToastsContext } from "@/components/toasts";
import { EmptyOrders } from "@/features/orders/components/blank";
import { OrderRow, type RowHandlers } from "@/features/orders/components/order-row";
import { OrdersContext } from "@/features/orders/components/orders-context";
import { TableHead } from "@/features/orders/components/table-head";
import { NEWEST_FIRST } from "@/features/orders/model/order-sort";
import { OrderWrites } from "@/features/orders/model/order-writes";
import { LazyRuns } from "@/features/orders/model/lazy-runs";
import { Selection } from "@/features/orders/model/selection";
import { PageLook } from "@/features/orders/model/page-look";
import { shownColumns } from "@/features/orders/model/table-columns";
import { ColumnChoice, TableLayout, USUAL_LAYOUT } from "@/features/orders/model/table-layout";
import { Preferences } from "@/lib/preferences";
import { rightsOf } from "@/lib/rights";
import type { Me } from "@/lib/protocol";
import type { OrderSchema } from "@/lib/schema";
import { SchemaContext } from "@/lib/use-schema";
import { eachBy, column, order, SCHEMA, schemaOf, SEED } from "../events";

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

function shownTo(role: Me["role"], view: ReactNode, schema = SCHEMA): string {
  const preferences = new Preferences();
  const one = { changeRow: refuse, deleteRow: refuse };
  const api = { ...one, writeRows: eachBy(one) };
  const toasts = new Toasts();
  const writes = new OrderWrites(api, toasts, () => schema);
  const value = {
    rights: rightsOf({ role }),
    writes,
    runs: new LazyRuns(writes, toasts, () => schema),
    selection: new Selection(),
    columns: new ColumnChoice(preferences.of("table.orders", TableLayout)),
    look: new PageLook(preferences),
    attention: new Observable<number | null>(null),
    openOrder: nothing,
    showCustomer: nothing,
  };
  return renderToStaticMarkup(
    <SchemaContext value={schema}>
      <ToastsContext value={new Toasts()}>
        <OrdersContext value={value}>{view}</OrdersContext>
      </ToastsContext>
    </SchemaContext>,
  );
}

const rowOf = (shown = order(7), schema: OrderSchema = SCHEMA, chosen: string[] = []) => (
  <OrderRow
    columns={shownColumns(schema, { ...USUAL_LAYOUT, differing: chosen })}
    order={shown}
    gone={false}
    row={0}
    cell={null}
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
] as const)("a row offers a %s only what the role allows", (role, offered) => {
  const html = shownTo(role, rowOf());
  expect(html).toContain("pending");
  expect(html).toContain("#7");
  expect({
    select: html.includes("Select order 7"),
    status: html.includes("Change status"),
    remove: html.includes("Delete order 7"),
  }).toEqual(offered);
});

test.each(["viewer", "clerk", "admin"] as const)(
  "a %s sees as many headings as cells in a row",
  (role) => {
    const head = shownTo(
      role,
      <TableHead
        columns={shownColumns(SCHEMA)}
        sort={NEWEST_FIRST}
        picks={role !== "viewer"}
        onSort={nothing}
      />,
    );
    const cells = shownTo(role, rowOf()).split('role="gridcell"').length;
    expect(head.split('role="columnheader"').length).toBe(cells);
  },
);

test("only users who may write are offered to create the first order", () => {
  vi.stubGlobal("location", { origin: "https://orders.example" });
  const view = <EmptyOrders onNewOrder={nothing} />;
  expect(shownTo("viewer", view)).not.toContain("<button");
  expect(shownTo("clerk", view)).toContain("Create the first order");
});

const ODD = schemaOf([
  ...SEED,
  column("total", { type: "numeric(12,2)", kind: "number" }),
  column("address", { type: "jsonb", kind: "json" }),
  column("due_at", { type: "timestamp with time zone", kind: "timestamp" }),
]);

test("I10: columns of the owner's own are shown when they are chosen", () => {
  const row = { ...order(7), total: 12.5, address: { city: "Łódź" }, due_at: "infinity" };
  const html = shownTo("clerk", rowOf(row, ODD, ["total", "address", "due_at"]), ODD);
  for (const text of ["12.50", "Łódź", "infinity"]) expect(html).toContain(text);
  expect(shownTo("clerk", rowOf(row, ODD), ODD)).not.toContain("Łódź");
});

test("I11: no value that a database can hold breaks a row", () => {
  const odd = [null, "", "\u200b", "infinity", "20000-01-01T00:00:00+00:00", 1e300, 2n ** 80n];
  const values = [...odd, true, [], [[1]], { a: { b: null } }, "0044-03-15 BC", "\ud800", NaN];
  for (const value of values) {
    const row = Object.fromEntries(SEED.map(({ name }) => [name, value]));
    const html = shownTo("admin", rowOf({ ...row, id: 9007199254740993n } as never));
    expect(html).toContain("#9007199254740993");
  }
});

test("I10: a status that the schema does not declare is shown as it is", () => {
  expect(shownTo("clerk", rowOf(order(7, { status: "on_hold" })))).toContain("on_hold");
});
