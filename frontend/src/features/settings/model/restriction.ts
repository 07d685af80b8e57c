/**
 * The rows that a user or program may see, in the form's terms: columns, each with one value per line.
 */
import type { Column } from "real-time-orders";
import { MAINTAINED } from "@/lib/schema";
import { words } from "@/words";
import type { RowValues } from "../api/people";

export interface Condition {
  readonly column: string;
  /** One value per line. */
  readonly values: string;
}

/**
 * Returns the columns of all tables that may restrict rows, each name once: columns whose old values
 * are in events.
 */
export function restricting(tables: readonly { columns: readonly Column[] }[]): readonly Column[] {
  const found = new Map<string, Column>();
  for (const { columns } of tables)
    for (const column of columns)
      if (!MAINTAINED.includes(column.name) && !found.has(column.name))
        found.set(column.name, column);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** Sorts columns that usually distinguish rows to the front. */
const rank = ({ kind }: Column): number => (kind === "choice" ? 0 : kind === "text" ? 1 : 2);

export const conditionsOf = (rows: RowValues | null): readonly Condition[] =>
  Object.entries(rows ?? {}).map(([column, values]) => ({
    column,
    values: values.map(String).join("\n"),
  }));

/** Whether two forms have the same conditions. */
export const sameConditions = (a: readonly Condition[], b: readonly Condition[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Returns the conditions; null if there are none. Throws an error with a message for the user. */
export function rowsOf(
  conditions: readonly Condition[],
  columns: readonly Column[],
): RowValues | null {
  if (conditions.length === 0) return null;
  const rows: Record<string, unknown[]> = {};
  for (const { column, values } of conditions) {
    if (column in rows) throw new Error(words.settings.twice(column));
    const lines = values
      .split("\n")
      .map((line) => line.trim())
      .filter((line) => line !== "");
    if (lines.length === 0) throw new Error(words.settings.enterValue(column));
    const kind = columns.find(({ name }) => name === column)?.kind;
    rows[column] = [...new Set(lines)].map((line) => valueOf(line, column, kind));
  }
  return rows;
}

function valueOf(line: string, column: string, kind: Column["kind"] | undefined): unknown {
  if (kind === "integer" || kind === "number") {
    if (!/^-?\d+(\.\d+)?$/.test(line)) throw new Error(words.settings.noNumber(line, column));
    return Number(line);
  }
  if (kind === "boolean") {
    if (line !== "true" && line !== "false") throw new Error(words.settings.trueOrFalse(column));
    return line === "true";
  }
  return line;
}

/** Returns the permitted rows as text, such as "store: Berlin or Hamburg". */
export const restrictionText = (rows: RowValues | null): string =>
  rows === null
    ? words.settings.allRowsText
    : Object.entries(rows)
        .map(
          ([column, values]) =>
            `${column}: ${words.filters.or(values.map(String)) || words.settings.nothing}`,
        )
        .join("; ");
