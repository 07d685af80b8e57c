import { expect, test } from "vitest";
import { rightsOf } from "@/lib/rights";

test.each([
  ["viewer", { write: false, remove: false }],
  ["clerk", { write: true, remove: false }],
  ["admin", { write: true, remove: true }],
] as const)("a %s is offered what the API lets them do", (role, rights) => {
  expect(rightsOf({ role })).toEqual(rights);
});

test("while nobody could say who it is, the API is asked rather than anything hidden", () => {
  expect(rightsOf(null)).toEqual({ write: true, remove: true });
});
