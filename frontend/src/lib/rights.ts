import type { Me } from "./protocol";

/**
 * What the page offers. The API decides; but it is of no use to offer what will be refused.
 */
export interface Rights {
  /** Create and change orders. */
  readonly write: boolean;
  readonly remove: boolean;
}

/** Viewers read, clerks write, admins delete. Of one whom nobody could name the API will tell. */
export function rightsOf(me: Pick<Me, "role"> | null): Rights {
  const role = me?.role ?? "admin";
  return { write: role !== "viewer", remove: role === "admin" };
}
