import type { NewOrder } from "../api/create-order";

/** A new order as it is being typed. */
export interface OrderDraft {
  readonly customer_name: string;
  readonly product_name: string;
  readonly quantity: string;
}
export type DraftField = keyof OrderDraft;
export type DraftErrors = Partial<Record<DraftField, string>>;

export const DRAFT_FIELDS: readonly DraftField[] = ["customer_name", "product_name", "quantity"];
export const EMPTY_DRAFT: OrderDraft = { customer_name: "", product_name: "", quantity: "1" };

const LONGEST_NAME = 200;
const LARGEST_QUANTITY = 2_147_483_647;

export function checkDraft(draft: OrderDraft): DraftErrors {
  const errors: DraftErrors = {};
  const customer = checkName(draft.customer_name, "Who is the order for?");
  const product = checkName(draft.product_name, "What is being ordered?");
  const quantity = checkQuantity(draft.quantity);
  if (customer !== null) errors.customer_name = customer;
  if (product !== null) errors.product_name = product;
  if (quantity !== null) errors.quantity = quantity;
  return errors;
}

export function orderOf(draft: OrderDraft): NewOrder {
  return {
    customer_name: draft.customer_name.trim(),
    product_name: draft.product_name.trim(),
    quantity: Number(draft.quantity),
  };
}

function checkName(name: string, missing: string): string | null {
  // Code points, as the API counts them.
  const length = Array.from(name.trim()).length;
  if (length === 0) return missing;
  return length > LONGEST_NAME ? `At most ${LONGEST_NAME} characters; these are ${length}.` : null;
}

function checkQuantity(text: string): string | null {
  const quantity = Number(text);
  if (text.trim() === "" || !Number.isInteger(quantity) || quantity < 1) {
    return "A whole number, 1 or more.";
  }
  return quantity > LARGEST_QUANTITY ? "That is more than can be ordered." : null;
}
