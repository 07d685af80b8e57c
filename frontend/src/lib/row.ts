/** A row of a watched table: every column by its name, as the owner's schema has it. */
export type Row = Readonly<Record<string, unknown>>;

/** An order's id; a bigint where a double could not hold it. */
export type Id = number | bigint;

/** A row of the table of orders. `id` is its key, whatever that column is called. */
export type Order = Row & { readonly id: Id };

export const withId = (row: Row, id: Id): Order =>
  row.id === id ? (row as Order) : { ...row, id };

export const isRow = (value: unknown): value is Row =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const isId = (value: unknown): value is Id =>
  typeof value === "bigint" || Number.isSafeInteger(value);

export const compareIds = (a: Id, b: Id): number => (a < b ? -1 : a > b ? 1 : 0);

/** The id that a text names; null if it names none. */
export function idOf(text: string): Id | null {
  if (!/^-?\d{1,19}$/.test(text)) return null;
  return Number.isSafeInteger(Number(text)) ? Number(text) : BigInt(text);
}

/** 0 where a table has no `version`: then every event counts as newer. */
export const versionOf = ({ version }: Row): number => (typeof version === "number" ? version : 0);

/** A column's value if it is text. */
export const textIn = (row: Row | null | undefined, column: string): string | undefined => {
  const value = row?.[column];
  return typeof value === "string" ? value : undefined;
};
