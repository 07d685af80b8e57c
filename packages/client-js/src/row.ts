/** A row of a watched table: values by column name, as in the owner's schema. */
export type Row = Readonly<Record<string, unknown>>;

/** An order's id; a bigint if a double cannot represent it. */
export type Id = number | bigint;

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is Id =>
  typeof value === "bigint" || Number.isSafeInteger(value);

export const compareIds = (a: Id, b: Id): number => (a < b ? -1 : a > b ? 1 : 0);

/** Returns a row's version; 0 if the table has none. Then every event counts as newer. */
export const versionOf = ({ version }: Row): Id => (isId(version) ? version : 0);

/** Returns a key as one text, as in the API's paths: its parts in order, each URL-encoded. */
export function keyOf(row: Row, columns: readonly string[]): string {
  const [column] = columns;
  if (columns.length === 1 && column !== undefined) return partOf(row[column]);
  return columns.map((each) => partOf(row[each])).join(",");
}

const partOf = (value: unknown): string =>
  typeof value === "number" ? String(value) : encodeURIComponent(String(value));
