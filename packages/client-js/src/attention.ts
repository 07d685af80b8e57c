/** Which rows have had a value for longer than its threshold allows, decided as the API decides it. Pure. */
import type { Matcher } from "./filters.ts";
import type { Row } from "./row.ts";
import type { Column, Table } from "./schema.ts";

/** `warn`: past the first threshold of the value; `late`: past the second. */
export type Attention = "warn" | "late";

type Columns = Pick<Table, "columns">;

const STAND_IN = "updated_at";
const DATED = "timestamp with time zone";

/**
 * Tells since when a row has its value in a column, as the database writes it. Where that is not known,
 * `updated_at` stands in: it is never earlier. Null: there is neither.
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

/** The same for one row. */
export const sinceOf = (row: Row, column: Column, table: Columns): string | null =>
  sinceIn(column, table)(row);

/** How urgent a row is by one of its columns at a moment (epoch, ms); null: not at all. */
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

/** The rows that are at least as urgent, by any of their columns. */
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
