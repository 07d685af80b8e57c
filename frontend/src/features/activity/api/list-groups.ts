import { request } from "@/lib/http";
import { ActivityPage, ActorList, BurstPage } from "@/lib/protocol";
import type { Wanted } from "../model/activity-filter";

const PAGE = 100;
/**
 * How many pages without a group may follow each other. The server examines 100,000 changes per page.
 */
const MOST_EMPTY = 10;

/** Returns groups of the wanted changes that come before a position (null: the newest). */
export async function listGroups(
  before: number | null,
  wanted: Wanted,
  signal?: AbortSignal,
): Promise<ActivityPage> {
  let page = await getPage(before, wanted, signal);
  const { position } = page;
  for (let more = 1; more < MOST_EMPTY; more += 1) {
    if (page.groups.length > 0 || page.before === null) break;
    page = await getPage(page.before, wanted, signal);
  }
  return { ...page, position };
}

function getPage(
  before: number | null,
  { operations, actor, after, since, until }: Wanted,
  signal?: AbortSignal,
): Promise<ActivityPage> {
  const query = new URLSearchParams({ limit: String(PAGE) });
  for (const operation of operations) query.append("operation", operation);
  if (actor !== null) query.set("actor", actor);
  if (after > 0) query.set("after", String(after));
  if (since !== null) query.set("since", new Date(since).toISOString());
  if (until !== null) query.set("until", new Date(until).toISOString());
  if (before !== null) query.set("before", String(before));
  return request(ActivityPage, `/api/activity?${query.toString()}`, { ...(signal && { signal }) });
}

const BURST_PAGE = 50;

/** Returns events of a group that come before a position (null: the newest). */
export function listBurst(
  group: { readonly first: number; readonly last: number },
  before: number | null,
  signal: AbortSignal,
): Promise<BurstPage> {
  const { first, last } = group;
  const from = before === null ? "" : `&before=${before}`;
  const path = `/api/activity/events?first=${first}&last=${last}&limit=${BURST_PAGE}${from}`;
  return request(BurstPage, path, { signal });
}

/** Returns who made changes, the latest first. */
export const listActors = async (signal: AbortSignal): Promise<readonly string[]> =>
  (await request(ActorList, "/api/activity/actors", { signal })).map(({ name }) => name);
