import type { Column } from "real-time-orders";
import { expect, test } from "vitest";
import { durationOf, secondsOf } from "@/features/settings/model/duration";
import { conditionsOf, restricting, rowsOf } from "@/features/settings/model/restriction";
import {
  isSettings,
  offersSettings,
  sectionIn,
  sectionsFor,
} from "@/features/settings/model/sections";

const column = (name: string, kind: Column["kind"]) => ({ name, kind }) as Column;
const COLUMNS = [column("store", "text"), column("shop", "integer"), column("gift", "boolean")];

test("a restriction is edited line by line, with values of the column's kind", () => {
  const rows = { store: ["Berlin", "Köln, Süd"], shop: [7, 12], gift: [true] };
  expect(rowsOf(conditionsOf(rows), COLUMNS)).toEqual(rows);
  expect(rowsOf([], COLUMNS)).toBeNull();
  expect(rowsOf([{ column: "store", values: " Berlin \n\nBerlin" }], COLUMNS)).toEqual({
    store: ["Berlin"],
  });
});

test.each([
  [[{ column: "store", values: " \n" }], /at least one value of store/],
  [[{ column: "shop", values: "north" }], /north is no number/],
  [[{ column: "gift", values: "yes" }], /true or false/],
  [
    [
      { column: "store", values: "Berlin" },
      { column: "store", values: "Köln" },
    ],
    /there twice/,
  ],
])("a restriction that cannot be: %j", (conditions, problem) => {
  expect(() => rowsOf(conditions, COLUMNS)).toThrow(problem);
});

test("columns of any table restrict, but for those that the system maintains", () => {
  const tables = [
    { columns: [column("id", "integer"), column("version", "integer"), column("store", "text")] },
    { columns: [column("store", "text"), column("state", "choice")] },
  ];
  expect(restricting(tables).map(({ name }) => name)).toEqual(["state", "store", "id"]);
});

test.each([
  [60, "1", "minutes"],
  [90, "90", "seconds"],
  [7200, "2", "hours"],
  [172_800, "2", "days"],
] as const)("%i seconds are %s %s, and back", (seconds, amount, unit) => {
  expect(durationOf(seconds)).toEqual({ amount, unit });
  expect(secondsOf({ amount, unit })).toBe(seconds);
});

test.each([
  ["", null],
  ["1,5", 5400],
  ["-1", NaN],
  ["1e3", NaN],
])("%j hours are %s seconds", (amount, seconds) => {
  expect(secondsOf({ amount, unit: "hours" })).toBe(seconds);
});

test("in open mode there are no people to set, and no address shows them", () => {
  expect(sectionsFor({ mode: "open" })).toEqual(["statuses", "tables", "system"]);
  expect(sectionIn("/settings/users", { mode: "open" })).toBe("statuses");
  expect(sectionIn("/settings/sessions", { mode: "token" })).toBe("sessions");
  expect(sectionIn("/settings/nothing", { mode: "token" })).toBe("users");
});

test("settings are for admins who see all rows", () => {
  expect(offersSettings({ role: "admin", rows: null })).toBe(true);
  expect(offersSettings({ role: "admin", rows: { store: ["Berlin"] } })).toBe(false);
  expect(offersSettings({ role: "clerk", rows: null })).toBe(false);
  expect(offersSettings(null)).toBe(false);
  expect([
    isSettings("/settings"),
    isSettings("/settings/users"),
    isSettings("/settingsx"),
  ]).toEqual([true, true, false]);
});
