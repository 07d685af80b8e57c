import { expect, test } from "vitest";
import { sortFromText, sortToText } from "@/features/orders/model/order-sort";
import { SEED } from "../events";

test.each(SEED)("sorting by $name can be written to the address and read back", ({ name }) => {
  for (const descending of [true, false]) {
    const sort = { column: name, descending };
    expect(sortFromText(sortToText(sort))).toEqual(sort);
  }
});
