import { expect, test } from "vitest";
import {
  draftOf,
  isChanged,
  prefer,
  restrict,
  rulesOf,
  toggle,
  unreached,
} from "@/features/settings/model/choice-draft";

const CHOICES = ["pending", "shipped", "lost"];
const SAVED = {
  table: "orders",
  column: "status",
  choices: CHOICES,
  next: { pending: ["shipped", "lost"], shipped: [] },
  waiting: { pending: { warn_seconds: 5400, late_seconds: 86_400 } },
  version: "v1",
};
const DRAFT = draftOf(SAVED);

test("what was loaded is sent back as it was, and is no change", () => {
  expect(rulesOf(DRAFT, CHOICES)).toEqual({
    next: { ...SAVED.next, lost: [] },
    waiting: SAVED.waiting,
  });
  expect(isChanged(DRAFT, SAVED)).toBe(false);
  expect(isChanged({ ...DRAFT, version: "v0" }, SAVED)).toBe(false);
});

test("a step that is allowed comes last, and the usual one first", () => {
  const other = toggle(DRAFT, "shipped", "lost");
  expect(rulesOf(other, CHOICES).next?.shipped).toEqual(["lost"]);
  const usual = prefer(DRAFT, "pending", "lost");
  expect(rulesOf(usual, CHOICES).next?.pending).toEqual(["lost", "shipped"]);
  expect(rulesOf(toggle(usual, "pending", "lost"), CHOICES).next?.pending).toEqual(["shipped"]);
  expect(isChanged(usual, SAVED)).toBe(true);
});

test("a choice that no step leads to is named, but for the first", () => {
  expect(unreached(DRAFT, CHOICES)).toEqual([]);
  expect(unreached(toggle(DRAFT, "pending", "lost"), CHOICES)).toEqual(["lost"]);
  expect(unreached(restrict(DRAFT, CHOICES, false), CHOICES)).toEqual([]);
});

test("any step may follow, or only some; these begin with all", () => {
  const free = restrict(DRAFT, CHOICES, false);
  expect(rulesOf(free, CHOICES).next).toBeNull();
  expect(restrict(free, CHOICES, true).next?.lost).toEqual(["pending", "shipped"]);
  expect(isChanged(free, SAVED)).toBe(true);
});

test("rules of a choice that is gone are left out", () => {
  expect(rulesOf(DRAFT, ["shipped", "pending"]).next).toEqual({
    pending: ["shipped"],
    shipped: [],
  });
});

test.each([
  [{ amount: "2", unit: "hours" }, { amount: "", unit: "hours" }, /both times/],
  [{ amount: "x", unit: "hours" }, { amount: "1", unit: "days" }, /a number above zero/],
  [{ amount: "0", unit: "hours" }, { amount: "1", unit: "days" }, /a number above zero/],
  [{ amount: "24", unit: "hours" }, { amount: "1", unit: "days" }, /before it is late/],
] as const)("times that cannot be: %o, %o", (warn, late, problem) => {
  const draft = { ...DRAFT, warn: { lost: warn }, late: { lost: late } };
  expect(() => rulesOf(draft, CHOICES)).toThrow(problem);
  expect(isChanged(draft, SAVED)).toBe(true);
});
