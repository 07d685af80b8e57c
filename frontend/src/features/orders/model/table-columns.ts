/** The columns that the table can show, and which of them are shown. */
import { type Column, ORDERS } from "real-time-orders";
import type { OrderSchema, Role } from "@/lib/schema";
import { type Words, words } from "@/words";
import { inOrder, type TableLayout, USUAL_LAYOUT } from "./table-layout";

export interface TableColumn {
  readonly name: string;
  readonly label: string;
  /** The column's role in the page; undefined for a column without one. */
  readonly role: Role | "id" | "age" | "created" | undefined;
  readonly column: Column | undefined;
  /** Whether the table shows it until the user chooses otherwise. */
  readonly atFirst: boolean;
}

/** Only programs need this column, so it is not offered. */
const VERSION = "version";
const CREATED = "created_at";
/** How many columns are shown at first: of orders if no column has a role, and of other tables. */
const FIRST_WITHOUT_ROLES = 5;
const FIRST_OF_OTHERS = 8;

/** Returns every column that the table can show, in the default order. */
export function offeredColumns(schema: OrderSchema): readonly TableColumn[] {
  const roles = (["customer", "title", "quantity"] as const).flatMap((role) => {
    const column = schema.role(role);
    return column ? [{ role, column }] : [];
  });
  const status = schema.role("status");
  const age = schema.date;
  const created = schema.column(CREATED);
  const placed = [...roles.map(({ column }) => column), status, age, created];
  const isOrders = schema.table.name === ORDERS;
  const first = !isOrders ? FIRST_OF_OTHERS : roles.length > 0 || status ? 0 : FIRST_WITHOUT_ROLES;
  const unoffered = [schema.key, VERSION, ...(isOrders ? ["id"] : [])];
  const others = schema.columns.filter(
    (column) => !placed.includes(column) && !unoffered.includes(column.name),
  );
  return [
    ...roles,
    ...others.map((column) => ({ role: undefined, column })),
    ...(status ? [{ role: "status" as const, column: status }] : []),
    ...(created ? [{ role: "created" as const, column: created }] : []),
    ...(age ? [{ role: "age" as const, column: age }] : []),
  ].map(({ role, column }) => ({
    name: column.name,
    label: labelOf(column, role, schema),
    role,
    column,
    atFirst:
      role === "created"
        ? !isOrders || !age // one date leaves the names more room
        : role !== undefined || others.indexOf(column) < first,
  }));
}

function labelOf({ name }: Column, role: TableColumn["role"], schema: OrderSchema): string {
  const isSince = role === "age" && schema.role("status")?.since;
  return isSince ? words.columns.inStatus : schema.label(name);
}

/** Whether a column is shown. The user can switch each column from its default (`atFirst`). */
export const isShown = ({ name, atFirst }: TableColumn, { differing }: TableLayout): boolean =>
  atFirst !== differing.includes(name);

/**
 * Returns every column that can be shown, in the user's order. The key column is not included: it is
 * always first.
 */
export function arranged(schema: OrderSchema, layout: TableLayout): readonly TableColumn[] {
  const offered = offeredColumns(schema);
  const names = inOrder(
    offered.map(({ name }) => name),
    layout.order,
  );
  return names.flatMap((name) => offered.find((column) => column.name === name) ?? []);
}

export function shownColumns(
  schema: OrderSchema,
  layout: TableLayout = USUAL_LAYOUT,
  texts: Words = words,
): readonly TableColumn[] {
  const column = schema.column(schema.key);
  const isOrders = schema.table.name === ORDERS;
  const label = isOrders ? texts.columns.order : schema.label(schema.key);
  const name = isOrders ? "id" : schema.key;
  const id: TableColumn = { name, label, role: "id", column, atFirst: true };
  return [id, ...arranged(schema, layout).filter((column) => isShown(column, layout))];
}

/** Minimum width, and share of the remaining width, for CSS grid. */
const WIDTHS: Readonly<
  Partial<Record<Role | "id" | "age" | "created" | Column["kind"], readonly [string, number]>>
> = {
  id: ["var(--id)", 0],
  customer: ["var(--words)", 1.5],
  title: ["var(--words)", 1.3],
  quantity: ["var(--quantity)", 0],
  status: ["var(--status)", 0],
  age: ["var(--age)", 0],
  created: ["var(--age)", 0],
  integer: ["6rem", 0],
  number: ["6.5rem", 0],
  boolean: ["4.5rem", 0],
  date: ["6.5rem", 0],
  timestamp: ["11rem", 0],
};

/** Longer ids need a wider column than the style sheet defines. */
const USUAL_ID_CHARACTERS = 6;
/**
 * Width of a character. The unit `ch` would differ between heading and rows, which have different font
 * sizes.
 */
const ID_CHARACTER_REM = 0.53;

/** Returns the custom properties that define the widths of headings and rows. */
export function gridOf(
  columns: readonly TableColumn[],
  idCharacters = 0,
  chosen: TableLayout["widths"] = {},
): Readonly<Record<`--${string}`, string>> {
  const widths = columns.map(({ name, role, column }) => {
    const px = chosen[name];
    if (px !== undefined) return [`${px}px`, 0] as const;
    return WIDTHS[role ?? column?.kind ?? "other"] ?? (["var(--words)", 1] as const);
  });
  const least = widths.map(([width]) => width);
  const tracks = widths.map(([width, share]) =>
    share > 0 ? `minmax(${width}, ${share}fr)` : width,
  );
  return {
    ...(idCharacters > USUAL_ID_CHARACTERS && {
      "--id": `${((idCharacters + 1) * ID_CHARACTER_REM).toFixed(2)}rem`,
    }),
    "--columns": ["var(--pick)", ...tracks, "var(--actions)"].join(" "),
    "--least": `calc(${least.join(" + ")} + ${widths.length + 1} * var(--column-gap) + var(--edges))`,
  };
}
