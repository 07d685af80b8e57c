/** The description of the watched tables, as `GET /api/schema` returns it. */
import { isRow } from "./row.ts";

const KINDS = [
  "text",
  "choice",
  "integer",
  "number",
  "boolean",
  "date",
  "timestamp",
  "uuid",
  "json",
  "array",
  "binary",
  "other",
] as const;
export type Kind = (typeof KINDS)[number];

/** How long a row may have a value before it needs attention (`warn`), and before it is late. */
export interface Waiting {
  readonly warn_seconds: number;
  readonly late_seconds: number;
}

export interface Column {
  readonly name: string;
  /** The type's name in PostgreSQL, such as `numeric(12,2)`. */
  readonly type: string;
  readonly kind: Kind;
  readonly nullable: boolean;
  readonly writable: boolean;
  /** Whether PostgreSQL fills in a value if none is given. */
  readonly default: boolean;
  readonly choices: readonly string[] | null;
  /** For each choice, the choices that may follow it, the usual one first. */
  readonly next: Readonly<Record<string, readonly string[]>> | null;
  /** The thresholds of those choices that have thresholds. */
  readonly waiting: Readonly<Record<string, Waiting>> | null;
  /**
   * The column with the time since when a row has its value. If that column is null in a row: since
   * `updated_at` or earlier.
   */
  readonly since: string | null;
  readonly max_length: number | null;
  readonly comment: string | null;
}

export interface Table {
  readonly name: string;
  /** The columns of the primary key. */
  readonly key: readonly string[];
  /** The table to whose rows these rows belong, and the column that refers to it. */
  readonly parent: { readonly table: string; readonly column: string } | null;
  readonly columns: readonly Column[];
  /** The columns that a page shows as an order's status, customer, title and quantity. */
  readonly display?: Readonly<Record<string, string | null>> | null;
}

export interface Schema {
  readonly version: string;
  readonly tables: readonly Table[];
}

/**
 * Reads a schema; null if the value is not one. A member that cannot be read gets its default value.
 */
export function readSchema(value: unknown): Schema | null {
  if (!isRow(value) || typeof value.version !== "string" || !Array.isArray(value.tables))
    return null;
  return {
    version: value.version,
    tables: value.tables.map(readTable).filter((it) => it !== null),
  };
}

function readTable(value: unknown): Table | null {
  if (!isRow(value) || typeof value.name !== "string" || !Array.isArray(value.columns)) return null;
  const { key, parent, display } = value;
  return {
    name: value.name,
    key: isTexts(key) && key.length > 0 ? key : ["id"],
    parent: isRow(parent) ? (parent as Table["parent"]) : null,
    columns: value.columns.map(readColumn).filter((column) => column !== null),
    display: isRow(display) ? (display as Record<string, string | null>) : null,
  };
}

function readColumn(value: unknown): Column | null {
  if (!isRow(value) || typeof value.name !== "string") return null;
  const { kind, choices, next, waiting } = value;
  const read = {
    ...USUAL,
    ...value,
    kind: KINDS.includes(kind as Kind) ? kind : "other",
    choices: isTexts(choices) ? choices : null,
    next: isRow(next) && Object.values(next).every(isTexts) ? next : null,
    waiting: isRow(waiting) && Object.values(waiting).every(isWaiting) ? waiting : null,
  };
  return read as unknown as Column;
}

const USUAL = {
  type: "",
  nullable: true,
  writable: false,
  default: false,
  since: null,
  max_length: null,
  comment: null,
};

const isTexts = (value: unknown): value is string[] =>
  Array.isArray(value) && value.every((item) => typeof item === "string");

const isWaiting = (value: unknown): boolean =>
  isRow(value) && Number.isFinite(value.warn_seconds) && Number.isFinite(value.late_seconds);
