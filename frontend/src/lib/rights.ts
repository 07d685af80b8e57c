import type { Me } from "./protocol";

/** What the page offers the user. The API decides; the page does not offer what it would refuse. */
export interface Rights {
  /** Create and change orders. */
  readonly write: boolean;
  readonly remove: boolean;
}

/** Viewers read, clerks write, admins delete. While the role is unknown everything is offered. */
export function rightsOf(me: Pick<Me, "role"> | null): Rights {
  const role = me?.role ?? "admin";
  return { write: role !== "viewer", remove: role === "admin" };
}
