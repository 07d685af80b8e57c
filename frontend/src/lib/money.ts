/**
 * Amounts with their currency. A number is an amount where its comment says so, as `currency: EUR` or
 * `currency: NAME_OF_A_COLUMN`, or where the next column of the table is a choice of currency codes.
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

/** A row's value in a column, amounts with their currency. */
export function formatCell(
  row: Row,
  name: string,
  column: Column | undefined,
  table: Table | undefined,
): string {
  const value = row[name];
  const currency = column && table && currenciesOf(table).get(column.name);
  const digits = rawNumber(value) ?? (typeof value === "string" ? null : String(value));
  if (!currency || value == null || digits === null || !/^-?\d+(\.\d+)?$/.test(digits))
    return formatValue(value, column);
  const code = "code" in currency ? currency.code : row[currency.column];
  if (typeof code !== "string" || !codes.has(code)) return formatValue(value, column);
  return formatOf(code).format(digits as `${number}`);
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
