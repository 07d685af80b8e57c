/** Sums of columns of an order's lines, exact to the last digit. Pure. */
import { type Column, parseJson, rawNumber, type Row, type Table, toJson } from "real-time-orders";
import { currenciesOf, formatCell, type Parent } from "@/lib/money";
import { isCount, isSystem, type OrderSchema } from "@/lib/schema";

/**
 * Returns the columns whose sum has a meaning: counts, and amounts that the database computes. If a
 * table has such columns, its other amounts may be unit prices and are not summed; otherwise, as in a
 * table of payments, they are.
 */
export function summedColumns({ columns, table }: OrderSchema): readonly Column[] {
  const numeric = columns.filter(
    (column) =>
      (column.kind === "number" || isCount(column)) &&
      !isSystem(column) &&
      !table.key.includes(column.name) &&
      column.name !== table.parent?.column,
  );
  const sure = numeric.filter((column) => isCount(column) || !column.writable);
  return sure.length > 0 ? sure : numeric;
}

/**
 * Returns the sum of a column as text; null if there is no sum, as for amounts in several currencies.
 */
export function totalOf(
  rows: readonly Row[],
  column: Column,
  table: Table,
  parent?: Parent,
): string | null {
  const currency = currenciesOf(table).get(column.name);
  const codes = new Set(
    currency && "column" in currency ? rows.map((row) => row[currency.column]) : [],
  );
  const sum = codes.size > 1 ? null : sumOf(rows, column.name);
  return sum === null
    ? null
    : formatCell({ ...rows[0], [column.name]: sum }, column.name, column, table, parent);
}

/** Returns the sum of a column; null if a value is not a finite number. */
export function sumOf(rows: readonly Row[], name: string): unknown {
  const texts = rows.map((row) => rawNumber(row[name]) ?? toJson(row[name] ?? 0));
  if (!texts.every((text) => /^-?\d+(\.\d+)?$/.test(text))) return null;
  const scale = Math.max(0, ...texts.map((text) => (text.split(".")[1] ?? "").length));
  const scaled = texts.map((text) => {
    const [whole = "", fraction = ""] = text.split(".");
    return BigInt(whole + fraction.padEnd(scale, "0"));
  });
  const sum = scaled.reduce((total, each) => total + each, 0n);
  const digits = String(sum < 0n ? -sum : sum).padStart(scale + 1, "0");
  const at = digits.length - scale;
  const text = scale === 0 ? digits : `${digits.slice(0, at)}.${digits.slice(at)}`;
  return parseJson(`${sum < 0n ? "-" : ""}${text}`);
}
