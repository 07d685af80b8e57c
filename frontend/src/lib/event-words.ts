/**
 * Describes changes in the words of a shop: "moved to shipped", "quantity 4 to 6", "line added: 2 ×
 * Tea". Pure.
 */
import {
  type ChangeEvent,
  type Column,
  type Operation,
  ORDERS,
  type Row,
  toJson,
} from "real-time-orders";
import { words } from "@/words";
import { formatCell, type Parent } from "./money";
import type { OrderSchema } from "./schema";

/** A column that changed. null: the row had no value, or has none now. */
export interface ColumnChange {
  readonly label: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface EventWords {
  readonly did: Did;
  /** The new status; null if the status did not change. */
  readonly status: string | null;
  /** The status before the change. */
  readonly was: string | null;
  /** The other columns that changed. */
  readonly changes: readonly ColumnChange[];
  /** A short description of the row, such as "2 × Tea for Ann"; "" if there is none. */
  readonly about: string;
  /** What the row is called, such as "line"; null for an order. */
  readonly noun: string | null;
}

export type Did = "created" | "changed" | "deleted" | "removed" | "left" | "added" | "moved";

const DONE: Readonly<Record<Operation, Exclude<Did, "moved">>> = {
  INSERT: "created",
  UPDATE: "changed",
  DELETE: "deleted",
  TRUNCATE: "removed",
  LEAVE: "left",
};
const DONE_TO_CHILD: typeof DONE = { ...DONE, INSERT: "added", DELETE: "removed" };

/** Returns which verb describes changes of a table's rows. */
export const doneTo = (table: string, operation: Operation) =>
  (table === ORDERS ? DONE : DONE_TO_CHILD)[operation];

/**
 * Describes an event. `order`: the order of the row, if the page has it; lines use the currency of
 * their order.
 */
export function wordsOf(event: ChangeEvent, schema: OrderSchema, order?: Row | null): EventWords {
  const { table, operation, row, changed } = event;
  const own = schema.of(table);
  const parent = own?.table.parent ? { row: order ?? {}, table: schema.table } : undefined;
  const noun = table === ORDERS ? null : nounOf(table);
  const about = own ? rowInWords(row ?? changed, own, schema, parent) : "";
  const did = doneTo(table, operation);
  const told = { did, status: null, was: null, changes: [], about, noun };
  if (operation !== "UPDATE" || !row || !changed) return told;
  const status = statusColumn(own, schema);
  // Leave out the date of the last change of status: it changes whenever the status does.
  const rest = Object.keys(changed).filter(
    (name) => name !== status?.name && name !== status?.since,
  );
  const changes = rest.map((name) => changeOf(name, changed, row, own, parent));
  if (!status || !(status.name in changed)) return { ...told, changes };
  const [was, is] = [statusIn(changed, status), statusIn(row, status)];
  return { ...told, did: "moved", status: is, was, changes };
}

/**
 * Returns the column with a row's status. A table without that role uses the column that has the same
 * name as the orders' status.
 */
const statusColumn = (own: OrderSchema | undefined, orders: OrderSchema): Column | undefined =>
  own?.role("status") ?? own?.column(orders.role("status")?.name ?? "");

function statusIn(row: Row, { name }: Column): string {
  const status = row[name] ?? "";
  return typeof status === "string" ? status : toJson(status);
}

function changeOf(
  name: string,
  before: Row,
  after: Row,
  own: OrderSchema | undefined,
  parent: Parent | undefined,
): ColumnChange {
  const column = own?.column(name);
  const text = (row: Row) =>
    row[name] == null ? null : formatCell(row, name, column, own?.table, parent);
  return {
    label: words.midSentence(own?.label(name) ?? name.replaceAll("_", " ")),
    from: text({ ...after, ...before }),
    to: text(after),
  };
}

// --- rows ------------------------------------------------------------------------------------------

/** How many values describe a row without a title. */
const MOST_VALUES = 2;

function rowInWords(
  row: Row | null,
  own: OrderSchema,
  orders: OrderSchema,
  parent: Parent | undefined,
): string {
  if (!row) return "";
  const text = (column: Column | undefined) =>
    column && row[column.name] != null
      ? formatCell(row, column.name, column, own.table, parent)
      : "";
  const pieces = own.column(orders.role("quantity")?.name ?? "");
  const title = own.role("title") ?? titleOf(own, orders);
  const many = pieces && text(title) && text(pieces) !== "1" ? text(pieces) : "";
  const customer = own.role("customer");
  const named = [pieces, title, customer, statusColumn(own, orders)];
  const others = own.table.name === ORDERS ? [] : tellable(own);
  const values = others
    .filter((column) => !named.includes(column) && text(column))
    .slice(0, MOST_VALUES)
    .map((column) => `${words.midSentence(own.label(column.name))} ${text(column)}`);
  const what = [many && `${many} ×`, text(title)].filter(Boolean).join(" ");
  const whole = customer && text(customer) ? words.deeds.forCustomer(what, text(customer)) : what;
  return [whole, ...(title ? values.slice(0, 1) : values)].filter(Boolean).join(", ");
}

/** Returns the column with the name of the orders' title, otherwise the first text column. */
function titleOf(own: OrderSchema, orders: OrderSchema): Column | undefined {
  const same = own.column(orders.role("title")?.name ?? "");
  return same ?? tellable(own).find(({ kind }) => kind === "text" || kind === "choice");
}

/** Returns the columns that describe a row: no keys and no system columns. */
const tellable = ({ table, writable }: OrderSchema): readonly Column[] =>
  writable.filter(({ name }) => !table.key.includes(name) && name !== table.parent?.column);

// --- tables ----------------------------------------------------------------------------------------

/** Returns the name for several rows of a table: "lines" for `order_lines`. */
export function pluralOf(table: string): string {
  if (table === ORDERS) return words.deeds.orders;
  const text = (table.split(".").at(-1) ?? table).replaceAll("_", " ");
  return text.replace(/^orders? (?=.)/, "");
}

/** Returns the name for one row of a table: "line" for `order_lines`. */
export const nounOf = (table: string): string => words.deeds.one(pluralOf(table));
