import type { Operation } from "real-time-orders";
import { request } from "@/lib/http";
import { ActivityPage } from "@/lib/protocol";

const PAGE = 100;
/** The server examines 100,000 changes for an answer. So many answers may have no group. */
const MOST_EMPTY = 10;

/** Groups of changes before a position (null: the newest), of some operations (none: of all). */
export async function listGroups(
  before: number | null,
  operations: readonly Operation[],
  signal?: AbortSignal,
): Promise<ActivityPage> {
  let page = await getPage(before, operations, signal);
  const { position } = page;
  for (let more = 1; more < MOST_EMPTY; more += 1) {
    if (page.groups.length > 0 || page.before === null) break;
    page = await getPage(page.before, operations, signal);
  }
  return { ...page, position };
}

function getPage(
  before: number | null,
  operations: readonly Operation[],
  signal?: AbortSignal,
): Promise<ActivityPage> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const operation of operations) query.append("operation", operation);
  if (before !== null) query.set("before", String(before));
  return request(ActivityPage, `/api/activity?${query.toString()}`, { ...(signal && { signal }) });
}
