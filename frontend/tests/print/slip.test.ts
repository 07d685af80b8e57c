import { expect, test } from "vitest";
import { slipData } from "@/features/print/model/slip-data";
import { filled } from "@/features/print/model/template";
import defaultTemplate from "@/features/print/packing-slip.html?raw";
import { nameIn } from "@/lib/download";
import { exportPath } from "@/lib/printing";
import { column, order, SEED } from "../events";

const LINES = {
  name: "order_lines",
  key: ["id"],
  parent: { table: "orders", column: "order_id" },
  columns: [
    column("id", { kind: "integer" }),
    column("order_id", { kind: "integer" }),
    column("sku", {}),
    column("pieces", { kind: "integer" }),
    column("note", { nullable: true }),
  ],
};
const ORDERS = { name: "orders", key: ["id"], parent: null, columns: [...SEED, column("<b>", {})] };
const PAYMENTS = {
  name: "payments",
  key: ["id"],
  parent: LINES.parent,
  columns: [
    column("id", { kind: "integer" }),
    column("order_id", { kind: "integer" }),
    column("amount", { kind: "number" }),
  ],
};
const schema = { version: "1", tables: [ORDERS, LINES, PAYMENTS] };
const row = {
  ...order(12_345, { customer_name: "A & <b>B</b>", quantity: 1_000 }),
  "<b>": "x",
  order_lines: [
    { id: 1, order_id: 12_345, sku: "TOP-1", pieces: 2_500, note: null },
    { id: 2, order_id: 12_345, sku: '"><script>', pieces: 4, note: null },
  ],
  "order_lines.more": true,
  payments: [{ id: 1, order_id: 12_345, amount: 5 }],
};

test("the default slip has the order's own columns and its lines, not its payments, as text", () => {
  const html = filled(defaultTemplate, slipData(row, schema, "today"));
  expect(html).toContain("Order #12345");
  expect(html).toContain("A &amp; &lt;b&gt;B&lt;&#x2F;b&gt;");
  expect(html).toContain("&lt;b&gt;</dt>");
  expect(html).toContain("<h2>Order lines</h2>");
  expect(html).toContain(">2,500</td>");
  expect(html).not.toContain("Payments");
  expect(filled("{{#children}}{{label}}.{{/children}}", slipData(row, schema, ""))).toBe(
    "Order lines.Payments.",
  );
  expect(html).toContain("&quot;&gt;&lt;script&gt;");
  expect(html).toContain("There are more");
  expect(html).not.toContain("Note"); // no line has one
  expect(html).not.toContain("<script");
});

test("a template names columns and children; no value becomes markup", () => {
  const data = slipData(row, schema, "today");
  const own = "{{order.id}}:{{{customer}}}{{&customer}}{{#order_lines}}[{{sku}}]{{/order_lines}}";
  expect(filled(own, data)).toBe(
    `12345:${"A &amp; &lt;b&gt;B&lt;&#x2F;b&gt;".repeat(2)}[TOP-1][&quot;&gt;&lt;script&gt;]`,
  );
  expect(() => filled("{{#open}}", data)).toThrow(/Unclosed section/);
});

test("an export has the list's filter, order and columns", () => {
  const columns = [{ name: "größe, 1", label: "", column: undefined }];
  const query = new URLSearchParams({ "total.gte": "5", sort: "-total" });
  expect(exportPath({ table: "a/b", title: "", query, filters: [], columns })).toBe(
    "/api/export/a%2Fb?total.gte=5&sort=-total&columns=gr%C3%B6%C3%9Fe%2C+1&bom=true",
  );
  expect(nameIn("attachment; filename*=UTF-8''Gr%C3%B6%C3%9Fe-2026.csv")).toBe("Größe-2026.csv");
});
