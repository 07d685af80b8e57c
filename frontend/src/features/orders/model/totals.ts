/** Sums of columns of an order's lines, exact to the last digit. Pure. */
import { type Column, parseJson, rawNumber, type Row, toJson } from "real-time-orders";
import { isSystem, type OrderSchema } from "@/lib/schema";

/**
 * The columns that have a meaningful sum: amounts that the database computes, if there are any, instead of
 * prices of one piece; and counts. (A bigint is more often a key of another table than a count.)
 */
export function summedColumns({ columns, table }: OrderSchema): readonly Column[] {
  const numeric = columns.filter(
    (column) =>
      (column.kind === "number" || (column.kind === "integer" && column.type !== "bigint")) &&
      !isSystem(column) &&
      !table.key.includes(column.name) &&
      column.name !== table.parent?.column,
  );
  const isComputed = ({ kind, writable }: Column) => kind === "number" && !writable;
  const computed = numeric.some(isComputed);
  return numeric.filter((column) => !computed || column.kind === "integer" || isComputed(column));
}

/** The sum of a column; null where a value is no finite number. */
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
