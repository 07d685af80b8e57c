/** Changes in a shop's words: "moved to shipped", "quantity 4 to 6", "line added: 2 × Tea". Pure. */
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

/** A column that changed. A value is null where there was none, or is none now. */
export interface ColumnChange {
  readonly label: string;
  readonly from: string | null;
  readonly to: string | null;
}

export interface EventWords {
  readonly did: Did;
  /** The status that the row has now, where the change is one of the status. */
  readonly status: string | null;
  /** The status before. */
  readonly was: string | null;
  /** The columns that changed besides. */
  readonly changes: readonly ColumnChange[];
  /** The row in a few words: "2 × Tea for Ann"; "" where it has none. */
  readonly about: string;
  /** What the row is, if it is no order: "line". */
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

/** What was done with rows of a table, for sums of many changes. */
export const doneTo = (table: string, operation: Operation) =>
  (table === ORDERS ? DONE : DONE_TO_CHILD)[operation];

/** `order`: the order that the row belongs to, where the page has it; its currency is that of its lines. */
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
  // A date that the database keeps of the status says the same once more.
  const rest = Object.keys(changed).filter(
    (name) => name !== status?.name && name !== status?.since,
  );
  const changes = rest.map((name) => changeOf(name, changed, row, own, parent));
  if (!status || !(status.name in changed)) return { ...told, changes };
  const [was, is] = [statusIn(changed, status), statusIn(row, status)];
  return { ...told, did: "moved", status: is, was, changes };
}

/** The status of a table's rows: where no column is named as such, one with the name of the orders'. */
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

/** Most values of a row without a title that are told. */
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

/** The column with the title's name, else the first text. */
function titleOf(own: OrderSchema, orders: OrderSchema): Column | undefined {
  const same = own.column(orders.role("title")?.name ?? "");
  return same ?? tellable(own).find(({ kind }) => kind === "text" || kind === "choice");
}

/** Columns that say something about a row: no keys, no dates that the system keeps. */
const tellable = ({ table, writable }: OrderSchema): readonly Column[] =>
  writable.filter(({ name }) => !table.key.includes(name) && name !== table.parent?.column);

// --- tables ----------------------------------------------------------------------------------------

/** Several rows of a table: `order_lines` are "lines". */
export function pluralOf(table: string): string {
  if (table === ORDERS) return words.deeds.orders;
  const text = (table.split(".").at(-1) ?? table).replaceAll("_", " ");
  return text.replace(/^orders? (?=.)/, "");
}

/** One row of a table: one of `order_lines` is a "line". */
export const nounOf = (table: string): string => words.deeds.one(pluralOf(table));
