/**
 * Checks the shapes of the API's answers. A missing member counts as null; members without a shape are
 * dropped. A schema library would add 6 kB to the page's first view.
 */
import { isRow, type Row } from "real-time-orders";

/** Reads a value; returns undefined if it has another shape. */
export type Shape<T> = (value: unknown) => T | undefined;
export type Read<S> = S extends Shape<infer T> ? T : never;

export const text: Shape<string> = (value) => (typeof value === "string" ? value : undefined);

export const count: Shape<number> = (value) =>
  Number.isSafeInteger(value) && Number(value) >= 0 ? Number(value) : undefined;

export const flag: Shape<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

export const row: Shape<Row> = (value) => (isRow(value) ? value : undefined);

export const oneOf =
  <const T extends string>(...values: readonly T[]): Shape<T> =>
  (value) =>
    values.find((each) => each === value);

export const nullable =
  <T>(shape: Shape<T>): Shape<T | null> =>
  (value) =>
    value === null || value === undefined ? null : shape(value);

export const list =
  <T>(shape: Shape<T>): Shape<T[]> =>
  (value) => {
    if (!Array.isArray(value)) return undefined;
    const read = value.map(shape);
    return read.every((item) => item !== undefined) ? read : undefined;
  };

/** Reads a list and drops the items that cannot be read: one odd row must not hide all others. */
export const readable =
  <T>(shape: Shape<T>): Shape<T[]> =>
  (value) => {
    if (!Array.isArray(value)) return undefined;
    const read = value.map(shape).filter((item) => item !== undefined);
    if (read.length < value.length) console.warn("Rows that could not be read are left out.");
    return read;
  };

export const record =
  <T>(shape: Shape<T>): Shape<Record<string, T>> =>
  (value) => {
    if (!isRow(value)) return undefined;
    const read = Object.entries(value).map(([name, each]) => [name, shape(each)] as const);
    return read.some(([, each]) => each === undefined)
      ? undefined
      : (Object.fromEntries(read) as Record<string, T>);
  };

/** Reads one member of an object and returns it in place of the object. */
export const member =
  <T>(name: string, shape: Shape<T>): Shape<T> =>
  (value) =>
    isRow(value) ? shape(value[name]) : undefined;

export const object =
  <S extends Record<string, Shape<unknown>>>(
    members: S,
  ): Shape<{ readonly [K in keyof S]: Read<S[K]> }> =>
  (value) => {
    if (!isRow(value)) return undefined;
    const read = Object.entries(members).map(
      ([name, shape]) => [name, shape(value[name])] as const,
    );
    return read.some(([, each]) => each === undefined)
      ? undefined
      : (Object.fromEntries(read) as { readonly [K in keyof S]: Read<S[K]> });
  };
