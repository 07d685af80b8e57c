import { expect, test } from "vitest";
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

test("another language replaces the texts and the way numbers are written", async () => {
  const { formatCount } = await import("@/lib/format");
  expect([words.page.orders, formatCount(1234)]).toEqual(["Orders", "1,234"]);
  await speak(["de-DE", "en"]);
  expect([words.page.orders, formatCount(1234)]).toEqual(["Bestellungen", "1.234"]);
  await speak(["fr", "en-GB"]);
  expect([words.page.orders, formatCount(1234)]).toEqual(["Orders", "1,234"]);
});
