/** What a packing slip is made of: an order with its children, and the owner's template. */
import { type Id, isRow, readJson, type Row, type Schema } from "real-time-orders";
import { request, send } from "@/lib/http";
import { nullable, object, text } from "@/lib/shape";
import { words } from "@/words";
import { childrenOf } from "../model/slip-data";

const Template = object({ template: nullable(text) });

export async function getSlip(
  id: Id,
  schema: Schema,
  signal: AbortSignal,
): Promise<{ order: Row; template: string | null }> {
  const include = new URLSearchParams(childrenOf(schema).map(({ name }) => ["include", name]));
  const [response, { template }] = await Promise.all([
    send(`/api/orders/${id}?${include.toString()}`, { signal }),
    request(Template, "/api/templates/packing-slip", { signal }),
  ]);
  const order = await readJson(response);
  if (!isRow(order)) throw new Error(words.errors.notUnderstood);
  return { order, template };
}
