import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { RefusedError, UnreachableError } from "real-time-orders";
import { LANGUAGES, speak, type Words, words } from "@/words";
import english from "@/words/en";

const texts = import.meta.glob<Words>(["../../src/words/*.ts", "!../../src/words/index.ts"], {
  import: "default",
  eager: true,
});

/** Every text by its path: `page.orders`. */
const entries = (of: object, path = ""): [string, unknown][] =>
  Object.entries(of).flatMap(([name, text]): [string, unknown][] =>
    typeof text === "object" && text !== null
      ? entries(text as object, `${path}${name}.`)
      : [[path + name, text]],
  );
/** Two sets of parameters that show each of them, one and many. */
const said = (text: unknown): unknown =>
  typeof text === "function" ? [text.length, text.toString()] : text;

/** What is written alike in both languages. */
const ALIKE = new Set([
  "direction",
  "page.product",
  "keyboard.enterKey",
  "keyboard.escapeKey",
  "connection.live",
  "connection.offline",
  "connection.liveBut",
  "connection.gateway",
  "connection.position",
  "connection.api",
  "takeAway.export",
  "deeds.rowsDone",
  "pulse.in60s",
  "pulse.in24h",
  "systemColumns.id",
  "systemColumns.version",
  "orders.status",
  "orders.withKey",
  "editing.label",
  "editing.optional",
  "lines.nth",
  "settings.sections.system",
  "settings.link",
  "settings.token",
  "print.rows",
]);

test("there is a file for English and German, English being the language of who prefers neither", () => {
  expect(LANGUAGES).toEqual(["en", "de"]);
});

const others = Object.entries(texts).filter(([, each]) => each !== english);

test.each(others)("%s has the texts of English, all of them translated", (_path, each) => {
  const original = new Map(entries(english));
  const translated = entries(each);
  expect(translated.map(([path]) => path).sort()).toEqual([...original.keys()].sort());
  const untranslated = translated.filter(
    ([path, text]) => !ALIKE.has(path) && String(said(text)) === String(said(original.get(path))),
  );
  expect(untranslated.map(([path]) => path)).toEqual([]);
});

test.each(others)("%s uses every parameter that the English texts use", (_path, each) => {
  const original = new Map(entries(english));
  const differing = entries(each).filter(
    ([path, text]) =>
      typeof text === "function" &&
      text.length !== (original.get(path) as (...all: never[]) => unknown).length,
  );
  expect(differing.map(([path]) => path)).toEqual([]);
});

/** Codes without a text: only programs meet them, the text is the owner's, or the fields tell it. */
const OF_THE_API = new Set([
  "conflict",
  "invalid",
  "invalid_input",
  "method_not_allowed",
  "not_json",
  "owner_rule",
  "path_not_found",
  "refused_by_trigger",
]);
const listed = readFileSync(new URL("../../../docs/problems.md", import.meta.url), "utf8");
const codes = [...listed.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(
  ([, code = "", text = ""]) => [code, text] as const,
);

test.each(others)("%s tells every problem and refused field that the API lists", (_path, each) => {
  expect(codes.length).toBeGreaterThan(60);
  for (const [code, text] of codes) {
    const names = [...text.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => name);
    const values = Object.fromEntries(names.map((name) => [name, `<${name}>`]));
    const told = each.errors.field({ code, retry_after: 5, ...values }, "is refused");
    if (OF_THE_API.has(code)) expect(told, code).toBe("is refused");
    else {
      expect(told, code).toMatch(/^\p{Lu}.*\.$/u);
      expect(told, code).not.toMatch(/undefined|NaN|\{/);
      for (const value of Object.values(values)) expect(told, code).toContain(value);
    }
  }
});

test("a refusal is told by its code; an unknown one, or English, has the API's own words", async () => {
  const { messageOf, fieldsOf } = await import("@/lib/format");
  const errors = [
    { field: "note", message: "must have at most 50 characters", code: "too_long", limit: 50 },
    { field: "total", message: "only in pairs (pairs)", code: "owner_rule", constraint: "pairs" },
  ];
  const fields = Object.fromEntries(errors.map(({ field, message }) => [field, message]));
  const body = { detail: "The request is not valid.", code: "invalid_input", errors };
  const invalid = new RefusedError(422, body.detail, fields, body);
  const unknown = new RefusedError(409, "Not on Sundays.", {}, { code: "sunday" });
  const away = new UnreachableError("The database is away.", {
    answered: true,
    code: "database_unavailable",
  });
  const busy = new RefusedError(429, "", {}, { code: "too_many_requests", retry_after: 300 });
  await speak(["en"]);
  expect([invalid, unknown, away].map(messageOf)).toEqual([
    "Note: must have at most 50 characters; Total: only in pairs (pairs).",
    "Not on Sundays.",
    "The database is away.",
  ]);
  expect(fieldsOf(invalid)).toEqual(fields);
  await speak(["de"]);
  expect([invalid, unknown, away, busy].map(messageOf)).toEqual([
    "Note: Darf höchstens 50 Zeichen haben; Total: only in pairs (pairs).",
    "Widerspruch zu anderen Daten: Not on Sundays.",
    "Die Datenbank antwortet gerade nicht. Gleich noch einmal versuchen.",
    "Zu viele Anfragen. In 5 Minuten noch einmal versuchen.",
  ]);
  expect(fieldsOf(invalid)).toEqual({ ...fields, note: "Darf höchstens 50 Zeichen haben." });
});

test("another language replaces the texts and the way numbers are written", async () => {
  await speak(["en"]);
  const { formatCount } = await import("@/lib/format");
  expect([words.page.orders, formatCount(1234)]).toEqual(["Orders", "1,234"]);
  await speak(["de-DE", "en"]);
  expect([words.page.orders, formatCount(1234)]).toEqual(["Bestellungen", "1.234"]);
  await speak(["fr", "en-GB"]);
  expect([words.page.orders, formatCount(1234)]).toEqual(["Orders", "1,234"]);
});
