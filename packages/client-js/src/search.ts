/**
 * Converts text to the form that search compares: without case and accents. Pure.
 *
 * The rules are those of the database's `order_search_text` and the gateways' `folding.py`. The cases
 * of `tests/vectors/rows.json` test all three.
 */
import { rawNumber } from "./json.ts";
import type { Row } from "./row.ts";
import type { Table } from "./schema.ts";
import { formOf } from "./values.ts";

const ASCII = /^[\0-\x7f]*$/;

export const folded = (text: string): string =>
  ASCII.test(text)
    ? text.toLowerCase()
    : text
        .normalize("NFKD")
        .replace(/[\u0300-\u036f]/g, "")
        .toLowerCase()
        .replaceAll("ς", "σ");

/** White space as Python defines it, because the API splits a search into words by it. */
// eslint-disable-next-line no-control-regex -- four separators of ASCII are among it
const SPACE = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** Returns the words of a search as they were typed. */
export const wordsOf = (search: string): readonly string[] => search.split(SPACE).filter(Boolean);

/** Whether columns of a kind are searched. */
export const isSearched = (kind: string): boolean => kind === "text" || kind === "choice";

/**
 * Returns a test whether each word occurs in a text of a row or in its key. `#17` matches only row 17.
 */
export function searchOf(search: string, table: Table | undefined): (row: Row) => boolean {
  const key =
    table?.key.length === 1 ? table.columns.find(({ name }) => name === table.key[0]) : undefined;
  const numbered = key?.kind === "integer" ? key.name : undefined;
  const searched = (table?.columns ?? []).filter(({ kind }) => isSearched(kind));
  const words = wordsOf(search).map((word) => {
    const digits = /^#?(\d{1,19})$/.exec(word)?.[1];
    const number = digits?.replace(/^0+(?=.)/, "");
    const isKeyOnly = numbered !== undefined && /^#\d+$/.test(word);
    return { part: isKeyOnly ? null : folded(word), number };
  });
  const textOf = (row: Row) => {
    const forms = searched.map((column) => formOf(row[column.name], column));
    return forms.map((form) => (typeof form === "string" ? form : "")).join("\n");
  };
  return (row) => {
    const key = numbered === undefined ? undefined : row[numbered];
    const id = rawNumber(key) ?? String(key);
    let text: string | undefined;
    return words.every(({ part, number }) => {
      if (number !== undefined && number === id) return true;
      if (part === null) return false;
      text ??= folded(textOf(row));
      return text.includes(part);
    });
  };
}
