/**
 * Which changes the activity shows, and the filter's text in the page's address, such as
 * `deleted yesterday by:Anna`. Pure.
 */
import type { ChangeEvent, Operation } from "real-time-orders";
import { midnight } from "@/lib/days";
import type { Seen } from "./visits";

export const KINDS = ["all", "created", "changed", "deleted"] as const;
export type Kind = (typeof KINDS)[number];

/** The operations to request from the API; none: all. */
const OPERATIONS: Readonly<Record<Kind, readonly Operation[]>> = {
  all: [],
  created: ["INSERT"],
  changed: ["UPDATE"],
  deleted: ["DELETE", "TRUNCATE"],
};

export const TIMES = ["any", "hour", "today", "yesterday", "visit"] as const;
/**
 * A named time, or a range of local times in the format of an input field: `2026-11-22T10:00`; "" for
 * no bound.
 */
export type When = (typeof TIMES)[number] | { readonly from: string; readonly to: string };

export interface ActivityFilter {
  readonly kind: Kind;
  readonly when: When;
  /** Null: made by anyone. */
  readonly by: string | null;
}

export const EVERY_CHANGE: ActivityFilter = { kind: "all", when: "any", by: null };

/**
 * The filter in the form for the API and the stream. Times are epoch milliseconds; `until` is excluded.
 */
export interface Wanted {
  readonly operations: readonly Operation[];
  readonly actor: string | null;
  /** Only changes after this position. */
  readonly after: number;
  readonly since: number | null;
  readonly until: number | null;
}

export const EVERYTHING: Wanted = {
  operations: [],
  actor: null,
  after: 0,
  since: null,
  until: null,
};

const HOUR_MS = 3_600_000;
const BY = "by:";
const LOCAL_TIME = /^(\d{4}-\d\d-\d\dT\d\d:\d\d)?$/;

/** Returns the filter as text for an address; null if every change is shown. */
export function toText({ kind, when, by }: ActivityFilter): string | null {
  const words = [
    kind === "all" ? "" : kind,
    typeof when === "object" ? `${when.from}..${when.to}` : when === "any" ? "" : when,
    by === null ? "" : BY + by,
  ];
  return words.filter(Boolean).join(" ") || null;
}

/** Reads a filter from an address. Unknown words are ignored. */
export function fromText(text: string | null): ActivityFilter {
  const [head = "", by] = splitAt(text ?? "", BY);
  const words = head.split(" ");
  const range = words.map((word) => word.split("..")).find(isRange);
  const time = TIMES.find((each) => words.includes(each));
  return {
    kind: KINDS.find((each) => words.includes(each)) ?? "all",
    when: range ? { from: range[0] ?? "", to: range[1] ?? "" } : (time ?? "any"),
    by: by === undefined || by === "" ? null : by,
  };
}

const isRange = (ends: readonly string[]): boolean =>
  ends.length === 2 && ends.every((end) => LOCAL_TIME.test(end));

function splitAt(text: string, mark: string): readonly string[] {
  const at = text.search(/(^| )by:/);
  if (at < 0) return [text];
  return [text.slice(0, at), text.slice(text.indexOf(mark, at) + mark.length)];
}

/**
 * Returns the filter with times and positions. `visit`: where the user's last visit ended; `stream`:
 * the present stream.
 */
export function wantedOf(
  { kind, when, by }: ActivityFilter,
  now: number,
  visit: Seen | null,
  stream: string | null,
): Wanted {
  const wanted = { ...EVERYTHING, operations: OPERATIONS[kind], actor: by };
  if (typeof when === "object") {
    return { ...wanted, since: timeOf(when.from), until: timeOf(when.to) };
  }
  switch (when) {
    case "any":
      return wanted;
    case "hour":
      return { ...wanted, since: now - HOUR_MS };
    case "today":
      return { ...wanted, since: midnight(0, now).getTime() };
    case "yesterday":
      return {
        ...wanted,
        since: midnight(-1, now).getTime(),
        until: midnight(0, now).getTime(),
      };
    case "visit":
      if (visit === null) return wanted;
      // Positions of another stream cannot be compared.
      return visit.stream === stream
        ? { ...wanted, after: visit.position }
        : { ...wanted, since: Date.parse(visit.at) };
  }
}

const timeOf = (local: string): number | null => {
  const time = Date.parse(local);
  return Number.isNaN(time) ? null : time;
};

/** Whether a live event matches the filter. */
export function isWanted(event: ChangeEvent, wanted: Wanted): boolean {
  const { operations, actor, after, since, until } = wanted;
  if (event.position <= after || (actor !== null && event.actor !== actor)) return false;
  const time = Date.parse(event.changed_at);
  if ((since !== null && time < since) || (until !== null && time >= until)) return false;
  return operations.length === 0 || operations.includes(asStored(event.operation));
}

/**
 * Returns the operation in the log. The stream delivers a LEAVE if a row no longer matches its filter.
 */
const asStored = (operation: Operation): Operation =>
  operation === "LEAVE" ? "DELETE" : operation;
