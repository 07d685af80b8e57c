import { expect, test } from "vitest";
import { Selection } from "@/features/orders/model/selection";
import { deleted, order, updated } from "../events";

test("an order that somebody deletes is no longer selected, one that changes is", () => {
  const selection = new Selection();
  selection.add([order(1), order(2)]);
  selection.receive([updated(1, order(1), {}), deleted(2, order(2))]);
  expect([...selection.state.get().keys()]).toEqual([1]);
});
