/** The rows that a user or a program may see, as a form edits them: columns, and values line by line. */
import type { Column } from "real-time-orders";
import { MAINTAINED } from "@/lib/schema";
import { words } from "@/words";
import type { RowValues } from "../api/people";

export interface Condition {
  readonly column: string;
  /** One value a line. */
  readonly values: string;
}

/** The columns of all tables that may restrict rows, each name once: those whose old values events hold. */
export function restricting(tables: readonly { columns: readonly Column[] }[]): readonly Column[] {
  const found = new Map<string, Column>();
  for (const { columns } of tables)
    for (const column of columns)
      if (!MAINTAINED.includes(column.name) && !found.has(column.name))
        found.set(column.name, column);
  return [...found.values()].sort((a, b) => rank(a) - rank(b));
}

/** What usually tells rows apart comes first. */
const rank = ({ kind }: Column): number => (kind === "choice" ? 0 : kind === "text" ? 1 : 2);

export const conditionsOf = (rows: RowValues | null): readonly Condition[] =>
  Object.entries(rows ?? {}).map(([column, values]) => ({
    column,
    values: values.map(String).join("\n"),
  }));

/** Whether two forms say the same. */
export const sameConditions = (a: readonly Condition[], b: readonly Condition[]): boolean =>
  JSON.stringify(a) === JSON.stringify(b);

/** Null without a condition. Throws an error with a sentence for people. */
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

/** `store: Berlin or Hamburg`. */
export const restrictionText = (rows: RowValues | null): string =>
  rows === null
    ? words.settings.allRowsText
    : Object.entries(rows)
        .map(
          ([column, values]) =>
            `${column}: ${words.filters.or(values.map(String)) || words.settings.nothing}`,
        )
        .join("; ");
