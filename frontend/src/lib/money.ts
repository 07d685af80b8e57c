/**
 * Amounts with their currency. A number is an amount where its comment says so, as `currency: EUR` or
 * `currency: NAME_OF_A_COLUMN`, or where the next column of the table is a choice of currency codes. In a
 * table of lines without a currency, what has the type of an amount of the order has the order's.
 */
import { type Column, rawNumber, type Row, type Table } from "real-time-orders";
import { formatValue } from "./format";
import { locale, perLocale } from "./locale";

/** A code that holds for all rows, or the column that has it. */
type Currency = { readonly code: string } | { readonly column: string };

const TOLD = /\bcurrency:\s*(?:"([^"]+)"|([\p{L}_][\p{L}\d_]*))/iu;
const MOST_DIGITS = 20;

/** Intl would take any three letters. */
const codes = new Set(Intl.supportedValuesOf("currency"));

const known = new WeakMap<Table, ReadonlyMap<string, Currency>>();

/** The columns that are amounts. */
export function currenciesOf(table: Table): ReadonlyMap<string, Currency> {
  const read = known.get(table) ?? new Map(table.columns.flatMap((_, at) => readAt(table, at)));
  known.set(table, read);
  return read;
}

function readAt({ columns }: Table, at: number): (readonly [string, Currency])[] {
  const column = columns[at];
  if (column?.kind !== "number" && column?.kind !== "integer") return [];
  const [, quoted, plain] = TOLD.exec(column.comment ?? "") ?? [];
  const named = quoted ?? plain;
  if (named !== undefined) {
    if (columns.some(({ name }) => name === named)) return [[column.name, { column: named }]];
    return codes.has(named) ? [[column.name, { code: named }]] : [];
  }
  const next = columns[at + 1];
  const isCurrency =
    (next?.choices ?? []).length > 0 && next?.choices?.every((it) => codes.has(it));
  return column.kind === "number" && next && isCurrency
    ? [[column.name, { column: next.name }]]
    : [];
}

/** The row that a row belongs to, such as the order of a line. */
export interface Parent {
  readonly row: Row;
  readonly table: Table;
}

/** A row's value in a column: amounts with their currency, keys as they are. */
export function formatCell(
  row: Row,
  name: string,
  column: Column | undefined,
  table: Table | undefined,
  parent?: Parent,
): string {
  const value = row[name];
  const isPlain = typeof value === "number" || typeof value === "bigint";
  const digits = rawNumber(value) ?? (isPlain ? String(value) : null);
  if (digits === null || !/^-?\d+(\.\d+)?$/.test(digits)) return formatValue(value, column);
  if (table && isKey(name, table)) return digits;
  const code = column && table && codeOf(row, column, table, parent);
  if (typeof code !== "string" || !codes.has(code)) return formatValue(value, column);
  return formatOf(code).format(digits as `${number}`);
}

/** Whether the column identifies a row: its digits are a name, and no amount. */
const isKey = (name: string, { key, parent }: Table): boolean =>
  key.includes(name) || parent?.column === name;

/** The currency of an amount: its own, else that of the row that it belongs to. */
function codeOf(row: Row, column: Column, table: Table, parent?: Parent): unknown {
  const own = currenciesOf(table);
  const currency = own.get(column.name);
  if (currency) return "code" in currency ? currency.code : row[currency.column];
  const above = parent && own.size === 0 && amountLike(column, parent.table);
  return above && ("code" in above ? above.code : parent.row[above.column]);
}

/** The currency of the parent's amounts of the column's type: a weight has another one. */
function amountLike({ kind, type }: Column, table: Table): Currency | undefined {
  if (kind !== "number" || !type.includes("(")) return undefined;
  const like = table.columns.find(
    (each) => each.type === type && currenciesOf(table).has(each.name),
  );
  return like && currenciesOf(table).get(like.name);
}

const formats = perLocale(() => new Map<string, Intl.NumberFormat>());

/** Digits are never rounded. */
function formatOf(code: string): Intl.NumberFormat {
  const found = formats().get(code);
  if (found) return found;
  const { minimumFractionDigits } = new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: code,
  }).resolvedOptions();
  const format = new Intl.NumberFormat(locale(), {
    style: "currency",
    currency: code,
    ...(minimumFractionDigits !== undefined && { minimumFractionDigits }),
    maximumFractionDigits: MOST_DIGITS,
  });
  formats().set(code, format);
  return format;
}
