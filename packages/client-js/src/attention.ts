/**
 * Decides which rows have had a value for longer than its threshold allows, by the same rules as the
 * API. Pure.
 */
import type { Matcher } from "./filters.ts";
import type { Row } from "./row.ts";
import type { Column, Table } from "./schema.ts";

/** `warn`: past the first threshold of the value; `late`: past the second. */
export type Attention = "warn" | "late";

type Columns = Pick<Table, "columns">;

const STAND_IN = "updated_at";
const DATED = "timestamp with time zone";

/**
 * Returns a function that tells since when a row has its value in a column, in the database's notation.
 * If that date is not known, it returns `updated_at`, which is never earlier; null if the row has
 * neither.
 */
export function sinceIn(column: Column, { columns }: Columns): (row: Row) => string | null {
  const dates = [column.since, STAND_IN].flatMap((name) =>
    name !== null && columns.some((each) => each.name === name && each.type === DATED)
      ? [name]
      : [],
  );
  return (row) => {
    for (const name of dates) {
      const date = row[name];
      if (typeof date === "string") return date;
    }
    return null;
  };
}

/** Returns since when one row has its value; see `sinceIn`. */
export const sinceOf = (row: Row, column: Column, table: Columns): string | null =>
  sinceIn(column, table)(row);

/**
 * Returns how urgent a row is by one of its columns at a given time (epoch, ms); null if it is not
 * urgent.
 */
export function attentionOf(
  row: Row,
  column: Column,
  table: Columns,
  now: number,
): Attention | null {
  const threshold = column.waiting?.[String(row[column.name])];
  const since = threshold && sinceOf(row, column, table);
  if (!since) return null;
  const seconds = (now - Date.parse(since)) / 1000;
  if (seconds >= threshold.late_seconds) return "late";
  return seconds >= threshold.warn_seconds ? "warn" : null;
}

/**
 * Returns a test for rows with at least this urgency in any of their columns; undefined if no urgency
 * is wanted.
 */
export function attends(
  wanted: Attention | undefined,
  table: Columns,
  now: () => number,
): Matcher | undefined {
  if (wanted === undefined) return undefined;
  const columns = table.columns.filter(({ waiting }) => waiting);
  return (row) =>
    columns.some((column) => {
      const found = attentionOf(row, column, table, now());
      return found === "late" || (found !== null && found === wanted);
    });
}
