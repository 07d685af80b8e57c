import { expect, test } from "vitest";
import type { ChangeEvent } from "real-time-orders";
import { type Draft, Drafts } from "@/features/orders/model/drafts";

function typed(table: string, key: string, column: string, text = "new"): [string, Draft] {
  const of = { table, key, label: column };
  return [`${table}/${key}/${column}`, { text, initial: "old", seen: {}, error: null, ...of }];
}

const event = (operation: ChangeEvent["operation"], table: string, key: number): ChangeEvent => ({
  position: 1,
  table,
  operation,
  order_id: table === "orders" ? key : null,
  key: table === "orders" ? null : { id: key },
  row: null,
  changed: null,
  actor: null,
  changed_at: "2026-11-30T12:00:00Z",
});

function draftsOf(...all: readonly (readonly [string, Draft])[]): Drafts {
  const drafts = new Drafts();
  for (const [place, draft] of all) drafts.set(place, draft);
  return drafts;
}
const lost = (drafts: Drafts) => drafts.lost.get().map(({ table, key }) => `${table} ${key}`);

test("what was typed into a row that is deleted is kept apart; other texts stay in their places", () => {
  const drafts = draftsOf(
    typed("orders", "1", "name"),
    typed("orders", "1", "title", "old"),
    typed("orders", "11", "name"),
    typed("lines", "1", "sku"),
  );
  drafts.receive([event("UPDATE", "lines", 1), event("DELETE", "orders", 1)]);
  expect(lost(drafts)).toEqual(["orders 1"]);
  expect([...drafts.state.get().keys()]).toEqual(["orders/11/name", "lines/1/sku"]);
  drafts.receive([event("TRUNCATE", "lines", 0)]);
  expect(lost(drafts)).toEqual(["orders 1", "lines 1"]);
});

test("a row that is deleted and created again keeps what was typed into it", () => {
  const drafts = draftsOf(typed("orders", "1", "name"), typed("lines", "2", "sku"));
  drafts.receive([event("DELETE", "orders", 1), event("INSERT", "orders", 1)]);
  drafts.receive([event("TRUNCATE", "lines", 0), event("INSERT", "lines", 2)]);
  expect([lost(drafts), drafts.state.get().size]).toEqual([[], 2]);
});

test("where events were missed, each row is asked for", async () => {
  const drafts = draftsOf(typed("orders", "1", "name"), typed("orders", "2", "name"));
  await drafts.check((_, key) => Promise.resolve(key === "2"));
  expect(lost(drafts)).toEqual(["orders 2"]);
  expect([...drafts.state.get().keys()]).toEqual(["orders/1/name"]);
});
