/**
 * Amounts with their currency. A number column contains amounts if its comment says so, as in
 * `currency: EUR` or `currency: NAME_OF_A_COLUMN`, or if the next column is a choice of currency codes.
 * In a table of lines without any currency, a column of the same type as an amount of the order has the
 * order's currency.
 */
import { type Column, rawNumber, type Row, type Table } from "real-time-orders";
import { formatValue } from "./format";
import { locale, perLocale } from "./locale";

/** A currency code for all rows, or the column that contains the code. */
type Currency = { readonly code: string } | { readonly column: string };

const TOLD = /\bcurrency:\s*(?:"([^"]+)"|([\p{L}_][\p{L}\d_]*))/iu;
const MOST_DIGITS = 20;

/** Checked against this list because Intl accepts any three letters. */
const codes = new Set(Intl.supportedValuesOf("currency"));

const known = new WeakMap<Table, ReadonlyMap<string, Currency>>();

/** Returns the currencies of the columns that contain amounts, by column. */
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

/** The row to which another row belongs, such as the order of a line. */
export interface Parent {
  readonly row: Row;
  readonly table: Table;
}

/** Formats a row's value: amounts with their currency, keys without separators. */
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

/** Whether the column is part of a key. Its digits are an identifier, not a number to format. */
const isKey = (name: string, { key, parent }: Table): boolean =>
  key.includes(name) || parent?.column === name;

/**
 * Returns the currency code of an amount; if its own table has no currencies, the one of the parent
 * row.
 */
function codeOf(row: Row, column: Column, table: Table, parent?: Parent): unknown {
  const own = currenciesOf(table);
  const currency = own.get(column.name);
  if (currency) return "code" in currency ? currency.code : row[currency.column];
  const above = parent && own.size === 0 && amountLike(column, parent.table);
  return above && ("code" in above ? above.code : parent.row[above.column]);
}

/**
 * Returns the currency of the parent's amounts of the same type as this column. A weight has another
 * type.
 */
function amountLike({ kind, type }: Column, table: Table): Currency | undefined {
  if (kind !== "number" || !type.includes("(")) return undefined;
  const like = table.columns.find(
    (each) => each.type === type && currenciesOf(table).has(each.name),
  );
  return like && currenciesOf(table).get(like.name);
}

const formats = perLocale(() => new Map<string, Intl.NumberFormat>());

/** Returns a format that does not round. */
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
