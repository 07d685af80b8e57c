import type { Me } from "./protocol";

/**
 * The actions that the page offers to the user. The API decides; the page hides what the API would
 * refuse.
 */
export interface Rights {
  /** May create and change orders. */
  readonly write: boolean;
  readonly remove: boolean;
}

/**
 * Returns the rights of a role: viewers read, clerks also write, admins also delete. While the role is
 * not known, everything is offered.
 */
export function rightsOf(me: Pick<Me, "role"> | null): Rights {
  const role = me?.role ?? "admin";
  return { write: role !== "viewer", remove: role === "admin" };
}
