import { expect, test } from "vitest";
import { rightsOf } from "@/lib/rights";

test.each([
  ["viewer", { write: false, remove: false }],
  ["clerk", { write: true, remove: false }],
  ["admin", { write: true, remove: true }],
] as const)("a %s is offered what the API lets them do", (role, rights) => {
  expect(rightsOf({ role })).toEqual(rights);
});

test("while the role is unknown, everything is offered and the API decides", () => {
  expect(rightsOf(null)).toEqual({ write: true, remove: true });
});
