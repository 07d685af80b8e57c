import { expect, test } from "vitest";
import { checkDraft, EMPTY_DRAFT, orderOf } from "@/features/orders/model/order-draft";

const GOOD = { customer_name: " John Doe ", product_name: "Laptop", quantity: "2" };

test("a complete draft has no errors and becomes an order", () => {
  expect(checkDraft(GOOD)).toEqual({});
  expect(orderOf(GOOD)).toEqual({
    customer_name: "John Doe",
    product_name: "Laptop",
    quantity: 2,
  });
});

test("names that are missing or blank are asked for", () => {
  expect(Object.keys(checkDraft(EMPTY_DRAFT))).toEqual(["customer_name", "product_name"]);
  expect(checkDraft({ ...GOOD, customer_name: "  " })).toHaveProperty("customer_name");
});

test("a name has 200 characters at most, counted as the API counts them", () => {
  expect(checkDraft({ ...GOOD, product_name: "😀".repeat(200) })).toEqual({});
  expect(checkDraft({ ...GOOD, product_name: "x".repeat(201) })).toHaveProperty("product_name");
});

test.each(["", "0", "-1", "1.5", "many", "99999999999"])(
  "a quantity of %j is refused",
  (quantity) => {
    expect(checkDraft({ ...GOOD, quantity })).toHaveProperty("quantity");
  },
);
