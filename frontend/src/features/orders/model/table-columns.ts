/** The columns that the table can show, and which of them the user has chosen. */
import { type Column, Observable } from "real-time-orders";
import type { OrderSchema, Role } from "@/lib/schema";
import { stored } from "@/lib/storage";

export interface TableColumn {
  readonly name: string;
  readonly label: string;
  /** The column's role in the page; undefined for a column without one. */
  readonly role: Role | "id" | "age" | undefined;
  readonly column: Column | undefined;
  /** Whether the table shows it until the user chooses otherwise. */
  readonly atFirst: boolean;
}

/** `id` identifies the row and `version` is of use to programs only. */
const NOT_OFFERED = ["id", "version"];
const AGE = "updated_at";
/** So many columns are shown of a table none of whose columns has a role. */
const FIRST_WITHOUT_ROLES = 5;

/** Every column that the table can show, in the order in which it shows them. */
export function offeredColumns(schema: OrderSchema): readonly TableColumn[] {
  const roles = (["customer", "title", "quantity"] as const).flatMap((role) => {
    const column = schema.role(role);
    return column ? [{ role, column }] : [];
  });
  const status = schema.role("status");
  const placed = [...roles.map(({ column }) => column), status, schema.column(AGE)];
  const others = schema.columns.filter(
    (column) =>
      !placed.includes(column) && column.name !== schema.key && !NOT_OFFERED.includes(column.name),
  );
  const age = schema.column(AGE);
  const first = roles.length > 0 || status ? 0 : FIRST_WITHOUT_ROLES;
  return [
    ...roles,
    ...others.map((column) => ({ role: undefined, column })),
    ...(status ? [{ role: "status" as const, column: status }] : []),
    ...(age ? [{ role: "age" as const, column: age }] : []),
  ].map(({ role, column }) => ({
    name: column.name,
    label: role === "age" ? "Changed" : schema.label(column.name),
    role,
    column,
    atFirst: role !== undefined || others.indexOf(column) < first,
  }));
}

export class ColumnChoice {
  /** The differences from the columns shown at first; kept when the page is closed. */
  readonly state: Observable<ReadonlySet<string>>;
  readonly #kept = stored("local", "orders.columns");

  constructor() {
    this.state = new Observable(new Set(this.#kept.get()?.split("\n").filter(Boolean)));
  }

  toggle({ name }: TableColumn): void {
    const differing = new Set(this.state.get());
    if (!differing.delete(name)) differing.add(name);
    this.state.set(differing);
    this.#kept.set(differing.size > 0 ? [...differing].join("\n") : null);
  }
}

/** At first the table shows the columns that play a part; the user may change that for each. */
export const isShown = ({ name, atFirst }: TableColumn, differing: ReadonlySet<string>): boolean =>
  atFirst !== differing.has(name);

export function shownColumns(
  schema: OrderSchema,
  differing: ReadonlySet<string>,
): readonly TableColumn[] {
  const column = schema.column(schema.key);
  const id: TableColumn = { name: "id", label: "Order", role: "id", column, atFirst: true };
  return [id, ...offeredColumns(schema).filter((column) => isShown(column, differing))];
}

/** The least width and the share of the rest, for CSS grid. */
const WIDTHS: Readonly<
  Partial<Record<Role | "id" | "age" | Column["kind"], readonly [string, number]>>
> = {
  id: ["var(--id)", 0],
  customer: ["var(--text)", 1.3],
  title: ["var(--text)", 1.5],
  quantity: ["var(--quantity)", 0],
  status: ["var(--status)", 0],
  age: ["var(--age)", 0],
  integer: ["6rem", 0],
  number: ["6.5rem", 0],
  boolean: ["4.5rem", 0],
  date: ["6.5rem", 0],
  timestamp: ["11rem", 0],
};

/** Longer ids need a wider column than the style sheet's. */
const USUAL_ID_CHARACTERS = 6;
/** Not `ch`: heading and rows have fonts of different sizes. */
const ID_CHARACTER_REM = 0.53;

/** The custom properties from which the style sheet lays out heading and rows. */
export function gridOf(
  columns: readonly TableColumn[],
  idCharacters = 0,
): Readonly<Record<`--${string}`, string>> {
  const widths = columns.map(
    ({ role, column }) => WIDTHS[role ?? column?.kind ?? "other"] ?? (["var(--text)", 1] as const),
  );
  const least = widths.map(([width]) => width);
  const tracks = widths.map(([width, share]) =>
    share > 0 ? `minmax(${width}, ${share}fr)` : width,
  );
  return {
    ...(idCharacters > USUAL_ID_CHARACTERS && {
      "--id": `${((idCharacters + 1) * ID_CHARACTER_REM).toFixed(2)}rem`,
    }),
    "--columns": ["var(--pick)", ...tracks, "var(--actions)"].join(" "),
    "--least": `calc(${least.join(" + ")} + ${widths.length + 1} * var(--column-gap) + 6rem)`,
  };
}
