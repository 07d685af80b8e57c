/** The data that a template of a packing slip can use, from an order and the schema. Pure. */
import { type Column, isRow, ORDERS, type Row, type Schema, type Table } from "real-time-orders";
import { formatCell, type Parent } from "@/lib/money";
import { isCount, MAINTAINED, OrderSchema } from "@/lib/schema";
import { type Words, words } from "@/words";

interface Fact {
  readonly name: string;
  readonly label: string;
  readonly value: string;
}

interface PrintedChild {
  readonly name: string;
  readonly label: string;
  readonly headings: readonly string[];
  readonly rows: readonly { readonly cells: readonly string[] }[];
  /** Whether rows are missing at the end of the list. */
  readonly more: boolean;
}

export interface SlipData {
  readonly title: string;
  readonly printed: string;
  /** The texts of the dashboard's own packing slip. */
  readonly words: Words["slip"];
  readonly order: Readonly<Record<string, string>>;
  readonly columns: readonly Fact[];
  /** `lines`: the child tables that list what is packed. `children`: all child tables. */
  readonly lines: readonly PrintedChild[];
  readonly children: readonly PrintedChild[];
  readonly [table: string]: unknown;
}

export const childrenOf = ({ tables }: Schema): readonly Table[] =>
  tables.filter(({ name, parent }) => name !== ORDERS && parent?.table === ORDERS);

export function slipData(order: Row, schema: Schema, printed: string): SlipData {
  const orders = OrderSchema.of(schema);
  const customer = orders.role("customer")?.name;
  const shown = orders.columns.filter(
    ({ name }) => name !== orders.key && name !== customer && !MAINTAINED.includes(name),
  );
  const parent = { row: order, table: orders.table };
  const listed = (tables: readonly Table[]) =>
    tables.flatMap((table) => {
      const rows = rowsOf(order, table);
      return rows.length > 0
        ? [child(table, rows, order[`${table.name}.more`] === true, parent)]
        : [];
    });
  return {
    ...Object.fromEntries(
      childrenOf(schema).map((table) => [
        table.name,
        rowsOf(order, table).map((row) => record(row, table, parent)),
      ]),
    ),
    title: words.page.order(String(order[orders.key])),
    customer: customer === undefined ? "" : textOf(order, orders.column(customer), orders.table),
    printed,
    words: words.slip,
    order: record(order, orders.table),
    columns: shown
      .filter(({ name }) => order[name] != null && order[name] !== "")
      .map((column) => ({
        name: column.name,
        label: orders.label(column.name),
        value: textOf(order, column, orders.table),
      })),
    lines: listed(itemsIn(schema)),
    children: listed(childrenOf(schema)),
  };
}

/**
 * Returns the tables of packed items: those with a column for a number of pieces, unlike payments and
 * notes.
 */
const itemsIn = (schema: Schema): readonly Table[] =>
  childrenOf(schema).filter(({ columns, key, parent }) =>
    columns.some(
      (column) =>
        isCount(column) &&
        column.writable &&
        !key.includes(column.name) &&
        column.name !== parent?.column,
    ),
  );

function child(table: Table, rows: readonly Row[], more: boolean, parent: Parent): PrintedChild {
  const described = new OrderSchema("", { ...table, display: {} });
  const left = [...table.key, table.parent?.column, ...MAINTAINED, "created_at"];
  const columns = table.columns.filter(
    ({ name }) => !left.includes(name) && rows.some((row) => row[name] != null),
  );
  return {
    name: table.name,
    label: described.label(table.name.split(".").at(-1) ?? table.name),
    headings: columns.map(({ name }) => described.label(name)),
    rows: rows.map((row) => ({
      cells: columns.map((column) => textOf(row, column, table, parent)),
    })),
    more,
  };
}

const rowsOf = (order: Row, { name }: Table): readonly Row[] => {
  const rows = order[name];
  return Array.isArray(rows) ? rows.filter(isRow) : [];
};

const record = (row: Row, table: Table, parent?: Parent): Record<string, string> =>
  Object.fromEntries(
    table.columns.map((column) => [column.name, textOf(row, column, table, parent)]),
  );

/** Returns a value as text; "" for null, so that a template can test for a value. */
const textOf = (row: Row, column: Column | undefined, table: Table, parent?: Parent): string => {
  const value = column && row[column.name];
  return column && value != null ? formatCell(row, column.name, column, table, parent) : "";
};
