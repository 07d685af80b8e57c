import fc from "fast-check";
import { expect, test } from "vitest";
import { countEvents, openCounts } from "@/features/orders/model/order-counts";
import { EVERYTHING, matchesText, type OrderFilter } from "@/features/orders/model/order-filter";
import { type Order, type OrderEvent, STATUSES } from "@/lib/protocol";
import { deleted, inserted, order, truncated, updated } from "../events";

const NONE = { pending: 0, processing: 0, shipped: 0, delivered: 0, cancelled: 0 };
const step = fc.record({
  id: fc.integer({ min: 1, max: 6 }),
  status: fc.constantFrom(...STATUSES),
  customer_name: fc.constantFrom("Ann", "Bob"),
  fate: fc.constantFrom("write", "write", "write", "delete", "truncate"),
});
const filters = fc.constantFrom<OrderFilter>(
  EVERYTHING,
  { ...EVERYTHING, customer: "Ann" },
  { ...EVERYTHING, search: "bo" },
);

test("counting on with events gives what counting rows would", () => {
  fc.assert(
    fc.property(fc.array(step), filters, (steps, filter) => {
      const rows = new Map<number, Order>();
      const events = steps.flatMap(({ id, status, customer_name, fate }, at): OrderEvent[] => {
        const before = rows.get(id);
        if (fate === "truncate") {
          rows.clear();
          return [truncated(at + 1)];
        }
        if (fate === "delete") {
          rows.delete(id);
          return before ? [deleted(at + 1, before)] : [];
        }
        const after = order(id, { status, customer_name, version: (before?.version ?? 0) + 1 });
        rows.set(id, after);
        if (!before) return [inserted(at + 1, after)];
        const { status: was, customer_name: name } = before;
        return [updated(at + 1, after, { status: was, customer_name: name })];
      });
      const expected: Record<string, number> = { ...NONE };
      for (const row of rows.values()) {
        if (matchesText(filter, row)) expected[row.status] = (expected[row.status] ?? 0) + 1;
      }
      const opened = openCounts({ stream: "s", position: 0, time: "", counts: NONE });
      expect(countEvents(opened, events, filter)).toEqual(expected);
    }),
  );
});
