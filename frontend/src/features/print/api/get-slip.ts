/** Loads the data of a packing slip: an order with its children, and the owner's template. */
import type { Id, Row, Schema } from "real-time-orders";
import { request } from "@/lib/http";
import { nullable, object, row, text } from "@/lib/shape";
import { childrenOf } from "../model/slip-data";

const Template = object({ template: nullable(text) });

export async function getSlip(
  id: Id,
  schema: Schema,
  signal: AbortSignal,
): Promise<{ order: Row; template: string | null }> {
  const include = new URLSearchParams(childrenOf(schema).map(({ name }) => ["include", name]));
  const [order, { template }] = await Promise.all([
    request(row, `/api/orders/${id}?${include.toString()}`, { signal }),
    request(Template, "/api/templates/packing-slip", { signal }),
  ]);
  return { order, template };
}
